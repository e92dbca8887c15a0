"""Batch transform jobs are launched once: after a kill between the call and its record, with a lost folder, beside
another configuration; and what a model is made of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.kinds.predictive.kind import KIND
from model_evaluation.kinds.predictive.localaws.world import World
from model_evaluation.kinds.predictive.runtime.settings import PredictiveSettings
from model_evaluation.kinds.predictive.runtime.transform_runs import container_family, model_name
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import Seeder
from model_evaluation.runtime.launch.launcher import Launch, RunInProgressError, launch_once
from model_evaluation.runtime.launch.progress import ProgressView
from model_evaluation.runtime.launch.waiting import EvaluationRunError, wait_for_run
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.settings import SettingsError

Account = tuple[LocalAws, World]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with LocalAws(step_seconds=0) as aws:
        world = KIND.player().seed_world(Seeder(aws.cloud, aws.region))
        assert isinstance(world, World)
        Seeder(aws.cloud, aws.region).object(f"s3://{world.bucket}/rows/rows-00000.csv", b"a" + b",0" * 64 + b"\n")
        yield aws, world


class _Session:
    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws

    def client(self, service: str, **_: Any) -> Any:
        return self._aws.client(service)


class Place:
    def __init__(self, account: Account, folder: Path) -> None:
        self.local, self.world = account
        self.folder = folder
        self.aws = AwsClients("us-west-2", _Session(self.local))
        self.lines: list[str] = []
        self.kill = False

    def settings(self, **changes: Any) -> PredictiveSettings:
        values = {
            "REGION": "us-west-2",
            "ROLE_ARN": self.world.role_arn,
            "DATASET": self.world.test_uri,
            "DATASET_FORMAT": {"type": "csv"},
            "COLUMNS": "label=label,id=scan_id,ignore=source",
            "PROBLEM": "binary positive=1",
            "MODEL": self.world.scanner_arn,
            "MODEL_SOURCE": "batch",
            "REFERENCE": "none",
            "THRESHOLD": "0.5",
            "PRIMARY_METRIC": "roc_auc",
            "S3_OUTPUT": f"s3://{self.world.bucket}/out/{self.folder.parent.name}",
            "INSTANCE_TYPE": "ml.m5.large",
            "INSTANCE_COUNT": 1,
            "RUN_LABEL": self.folder.parent.name.replace("_", "-"),
            "RESULTS_DIR": str(self.folder),
            "POLL_SECONDS": 0.01,
            "TIMEOUT_MINUTES": None,
            "FORCE_NEW_RUN": False,
        }
        return PredictiveSettings.from_parameters(values | changes)

    def start(self, settings: PredictiveSettings, run_name: str) -> Any:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.world.bucket}/rows/"}
        answer = self.aws.sagemaker.create_transform_job(
            TransformJobName=run_name,
            ModelName=model_name(settings, self.aws),
            TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "text/csv", "SplitType": "Line"},
            TransformOutput={"S3OutputPath": f"{settings.s3_output}/{run_name}", "Accept": "text/csv"},
            TransformResources={"InstanceType": settings.instance_type, "InstanceCount": 1},
            DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input"},
        )
        if self.kill:
            raise KeyboardInterrupt

        class Started:
            transform_job_arn = answer["TransformJobArn"]

        return Started()

    def launch(self, **changes: Any) -> Launch:
        return launch_once(self.start, self.settings(**changes), self.aws, sleep=lambda _: None, out=self.lines.append)

    @property
    def starts(self) -> int:
        label = self.settings().run_label
        calls = self.local.calls.of("CreateTransformJob")
        return sum(call.params["TransformJobName"].startswith(f"{label}-") for call in calls)


@pytest.fixture
def place(account: Account, tmp_path: Path) -> Iterator[Place]:
    yield Place(account, tmp_path / "results")
    account[0].scenario = Scenario()


def quiet(place: Place) -> ProgressView:
    return ProgressView(jupyter=False, out=place.lines.append)


def test_a_kill_between_the_call_and_its_record_leads_back_to_the_job(place: Place) -> None:
    place.kill = True
    with pytest.raises(KeyboardInterrupt):
        place.launch()
    place.kill = False
    launch = place.launch()
    assert place.launch().arn == launch.arn
    assert place.starts == 1
    assert wait_for_run(launch.arn, launch.settings, place.aws, view=quiet(place)).status == "Succeeded"


def test_a_lost_folder_leads_back_and_another_configuration_asks(place: Place) -> None:
    place.local.scenario = Scenario(hold_step=place.settings().run_label)
    arn = place.launch().arn
    shutil.rmtree(place.folder)
    assert place.launch().arn == arn
    with pytest.raises(RunInProgressError, match="model-package/fernway-eights/2 is running") as raised:
        place.launch(MODEL=place.world.champion_arn)
    assert "aws sagemaker stop-transform-job --transform-job-name" in raised.value.fix
    assert place.starts == 1


def test_a_failure_is_explained_and_followed_by_a_new_job(place: Place) -> None:
    place.local.scenario = Scenario(fail_step={place.settings().run_label: "ClientError: 413 payload too large"})
    launch = place.launch()
    with pytest.raises(EvaluationRunError, match="too large or took too long"):
        wait_for_run(launch.arn, launch.settings, place.aws, view=quiet(place))
    place.local.scenario = Scenario()
    assert place.launch().arn != launch.arn
    assert place.starts == 2


def test_a_package_and_a_training_job_become_a_model_once(place: Place) -> None:
    package = model_name(place.settings(), place.aws)
    assert model_name(place.settings(), place.aws) == package
    job = place.local.cloud.arn("us-west-2", f"training-job/{place.world.scanner_job}")
    trained = place.settings(MODEL=job)
    container = place.aws.sagemaker.describe_model(ModelName=model_name(trained, place.aws))["Containers"][0]
    assert container["ModelDataUrl"].endswith("models/eights/2/model.tar.gz")
    assert container_family(trained, place.aws).name == "xgboost"
    own = place.settings(MODEL=place.local.cloud.arn("us-west-2", "model/fernway-wine-lightgbm"))
    family = container_family(own, place.aws)
    assert (family.join_source, family.batch_strategy, family.accept) == ("None", "SingleRecord", "application/json")


def test_each_model_of_a_batch_is_a_part_of_its_own(place: Place) -> None:
    settings = place.settings(REFERENCE=place.world.champion_arn, REFERENCE_SOURCE="batch")
    parts = settings.parts
    assert [(part.side, part.model) for part in parts] == [
        ("tuned", place.world.scanner_arn),
        ("base", place.world.champion_arn),
    ]
    assert [part.parts for part in parts] == [(part,) for part in parts]
    assert len({part.run_label for part in parts}) == 2
    assert all(len(part.run_label) + 18 <= 63 for part in parts)


FAULTS = [
    ({"PROBLEM": "binary"}, "needs the positive class"),
    ({"THRESHOLD": "cost 1"}, "cost needs two numbers"),
    ({"COLUMNS": "id=scan_id"}, "must name the label"),
    ({"S3_OUTPUT": None}, "S3_OUTPUT and INSTANCE_TYPE must be set"),
    ({"MODEL_SOURCE": "magic"}, "batch, endpoint or file"),
    ({"MODEL_SOURCE": "file", "MODEL_FORMAT": {"type": "csv"}, "COLUMNS": "label=label"}, "must name the id"),
    ({"MODEL_SOURCE": "file"}, "MODEL_FORMAT is missing; expected a format"),
    ({"DATASET_FORMAT": {"type": "xls"}}, "expected csv, parquet, jsonl or libsvm"),
    ({"PRIMARY_METRIC": "bleu"}, "is not a metric"),
]


@pytest.mark.parametrize(("changes", "words"), FAULTS)
def test_parameters_that_cannot_be_used_are_named(place: Place, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        place.settings(**changes)
