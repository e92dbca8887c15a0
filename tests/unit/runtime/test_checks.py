"""Each check: what passes, what warns, what fails with which fix; and settings that cannot be used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from model_evaluation.kinds.llm_as_judge.runtime.settings import JudgeSettings
from model_evaluation.runtime.checks import CheckError, run_checks
from model_evaluation.runtime.dataset_files import dataset_lines, dataset_object
from model_evaluation.runtime.models import NoVersionError, resolved_model
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.settings import SettingsError
from unit.runtime.fake_sagemaker import PARAMETERS, client_error, settings_with

NOW = datetime.now(UTC)
PAST, FUTURE = NOW - timedelta(days=30), NOW + timedelta(days=30)
HUB = "arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/meta-llama/1.2.0"
DATASET_ARN = "arn:aws:sagemaker:us-west-2:123456789012:hub-content/HUB/DataSet/tickets/1.0.0"


def answering(answer: Any) -> Any:
    def call(**arguments: Any) -> Any:
        result = answer(**arguments) if callable(answer) else answer
        if isinstance(result, Exception):
            raise result
        return result

    return call


class Account:
    """An account in which everything is fine; every answer can be replaced."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "get_caller_identity": {"Account": "123456789012", "Arn": "arn:aws:sts::123456789012:assumed-role/R/me"},
            "describe_model_package": {
                "ModelPackageStatus": "Completed",
                "ModelApprovalStatus": "PendingManualApproval",
                "InferenceSpecification": {
                    "Containers": [
                        {
                            "BaseModel": {"HubContentName": "meta-llama"},
                            "ModelDataSource": {"S3DataSource": {"S3Uri": "s3://acme-models/support-bot/3/"}},
                        }
                    ]
                },
            },
            "list_objects_v2": {"KeyCount": 1},
            "describe_hub_content": {
                "HubContentVersion": "1.2.0",
                "HubContentDocument": '{"DatasetS3Bucket": "acme-data", "DatasetS3Prefix": "air/tickets.jsonl"}',
            },
            "head_object": {"ETag": '"abc"', "ContentLength": 2_500_000},
            "head_bucket": {"ResponseMetadata": {"HTTPHeaders": {"x-amz-bucket-region": "us-west-2"}}},
            "get_object": lambda **_: {"Body": SimpleNamespace(read=lambda: b'{"query": 1}\n{"query": 2}\n')},
            "get_foundation_model": {"modelDetails": {"modelLifecycle": {"status": "ACTIVE"}}},
            "describe_mlflow_app": {"Status": "Created"},
            "describe_mlflow_tracking_server": {"TrackingServerStatus": "Created"},
        }

    def clients(self) -> AwsClients:
        client = SimpleNamespace(**{name: answering(answer) for name, answer in self.answers.items()})
        session = SimpleNamespace(region_name="us-west-2", client=lambda *_, **__: client)
        return AwsClients("us-west-2", session)

    def check(self, **changes: Any) -> list[str]:
        """The lines that are printed, which `self.lines` holds if it fails."""
        self.lines: list[str] = []
        run_checks(settings_with(**changes), self.clients(), out=self.lines.append)
        return self.lines


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    for name in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):  # where the SDK looks for a file of defaults
        monkeypatch.setenv(name, str(tmp_path))
    return Account()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAGEMAKER_HUB_NAME", "TeamHub"),
        ("SAGEMAKER_REGION", "eu-west-1"),
        ("SAGEMAKER_USER_CONFIG_OVERRIDE", "/nowhere/config.yaml"),
    ],
)
def test_an_environment_that_changes_the_sdk_is_told_before_the_start(
    account: Account, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    (warning,) = warnings_of(account.check())
    assert warning.startswith("! SDK: ")
    assert name in warning


def warnings_of(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("✓")]


def test_a_sound_configuration_passes_with_one_line_per_check(account: Account) -> None:
    assert account.check(DATASET_ETAG='"abc"') == [
        "✓ Credentials: arn:aws:sts::123456789012:assumed-role/R/me",
        "✓ Region: us-west-2",
        "✓ SDK: no variable and no file of defaults changes it",
        "✓ Model: support-bot/3, Completed",
        "✓ Dataset: support.jsonl, 2.5 MB, unchanged",
        "✓ Dataset bucket: acme-data, us-west-2",
        "✓ Judge: anthropic.claude-sonnet-4-5-20250929-v1:0, ACTIVE",
        "✓ Output bucket: acme-data, us-west-2",
        "✓ MLflow: mlflow-app/app-1, Created",
    ]


@pytest.mark.parametrize(
    ("operation", "answer", "message", "fix"),
    [
        ("describe_model_package", {"ModelPackageStatus": "Failed"}, "is Failed, not Completed", "usable version"),
        ("describe_model_package", {"ModelPackageStatus": "Completed"}, "does not name its base model", "fine-tuning"),
        ("describe_model_package", client_error("ValidationException"), "not found", "parameters cell"),
        ("list_objects_v2", {"KeyCount": 0}, "weights that the model package names are gone", "another version"),
        ("list_objects_v2", client_error("NoSuchBucket"), "weights that the model package names are gone", "another"),
        ("head_object", client_error("404"), "not found", "parameters cell"),
        ("head_object", {"ETag": '"new"', "ContentLength": 5}, "has changed since it was confirmed", "DATASET_ETAG"),
        ("head_object", {"ETag": '"abc"', "ContentLength": 0}, "empty", "rows"),
        ("head_bucket", client_error("404"), "does not exist", "bucket"),
        (
            "head_bucket",
            {"ResponseMetadata": {"HTTPHeaders": {"x-amz-bucket-region": "eu-west-1"}}},
            "acme-data is in eu-west-1, not in us-west-2",
            "bucket in REGION",
        ),
        ("get_foundation_model", client_error("ResourceNotFoundException"), "not available", "in service"),
        (
            "get_foundation_model",
            {"modelDetails": {"modelLifecycle": {"status": "LEGACY", "endOfLifeTime": PAST}}},
            f"was retired on {PAST:%Y-%m-%d}",
            "in service",
        ),
        ("describe_mlflow_app", {"Status": "CreateFailed"}, "is CreateFailed", "another one"),
        ("describe_mlflow_app", client_error("ResourceNotFound"), "not found", "parameters cell"),
    ],
)
def test_what_would_fail_later_fails_now(account: Account, operation: str, answer: Any, message: str, fix: str) -> None:
    account.answers[operation] = answer
    with pytest.raises(CheckError, match=message) as raised:
        account.check(DATASET_ETAG="abc")
    assert fix in raised.value.fix
    assert any(line.startswith("✗") and message in line for line in account.lines)


@pytest.mark.parametrize(
    ("operation", "answer", "message"),
    [
        ("get_foundation_model", client_error("AccessDeniedException"), "access denied"),
        ("get_foundation_model", client_error("ThrottlingException"), "could not be checked"),
        ("head_object", client_error("403"), "access denied"),
        ("describe_mlflow_app", client_error("AccessDeniedException"), "access denied"),
        ("get_caller_identity", {"Account": "999999999999", "Arn": "arn"}, "is in account 123456789012"),
        (
            "get_foundation_model",
            {"modelDetails": {"modelLifecycle": {"status": "LEGACY", "endOfLifeTime": FUTURE}}},
            f"LEGACY, to be retired on {FUTURE:%Y-%m-%d}",
        ),
    ],
)
def test_what_cannot_be_decided_warns_and_does_not_block(
    account: Account, operation: str, answer: Any, message: str
) -> None:
    account.answers[operation] = answer
    warnings = warnings_of(account.check())
    assert warnings
    assert all(warning.startswith("!") and message in warning and "\n" in warning for warning in warnings)


def test_weights_that_only_sagemaker_can_see_are_no_obstacle(account: Account) -> None:
    account.answers["list_objects_v2"] = client_error("AccessDenied")
    assert not warnings_of(account.check())


def test_all_failures_are_reported_together(account: Account) -> None:
    account.answers["head_object"] = client_error("404")
    account.answers["get_foundation_model"] = client_error("ResourceNotFoundException")
    with pytest.raises(CheckError, match="2 checks failed") as raised:
        account.check()
    assert "Dataset:" in raised.value.message
    assert "Judge:" in raised.value.message


def test_expired_credentials_end_the_checks(account: Account) -> None:
    account.answers["get_caller_identity"] = client_error("ExpiredToken")
    with pytest.raises(CheckError, match="not accepted"):
        account.check()
    assert len(account.lines) == 1


def test_a_thing_of_another_region_is_named(account: Account) -> None:
    with pytest.raises(CheckError, match="the model is in eu-west-1"):
        account.check(MODEL_PACKAGE_ARN="arn:aws:sagemaker:eu-west-1:123456789012:model-package/support-bot/3")


def test_a_bucket_that_may_not_be_headed_still_tells_its_region(account: Account) -> None:
    denied = client_error("403")
    denied.response["ResponseMetadata"]["HTTPHeaders"] = {"x-amz-bucket-region": "us-west-2"}
    account.answers["head_bucket"] = denied
    assert not warnings_of(account.check())


def test_no_etag_accepts_the_file_as_it_is(account: Account) -> None:
    assert "✓ Dataset: support.jsonl, 2.5 MB" in account.check(DATASET_ETAG="")


def test_a_dataset_that_is_neither_is_named(account: Account) -> None:
    with pytest.raises(CheckError, match="expected s3://bucket/key or a DataSet ARN"):
        account.check(DATASET="support.jsonl")


def test_files_of_a_set_are_looked_at_one_by_one(account: Account) -> None:
    assert "✓ Dataset: 3 files, 7.5 MB" in account.check(DATASET="s3://acme-data/rows-*-of-003.jsonl")


def test_a_registry_dataset_is_looked_up(account: Account) -> None:
    assert any(line.startswith("✓ Dataset: tickets.jsonl") for line in account.check(DATASET=DATASET_ARN))


def test_no_mlflow_app_warns(account: Account) -> None:
    (warning,) = warnings_of(account.check(MLFLOW_RESOURCE_ARN=None))
    assert "creates one" in warning


def test_a_tracking_server_is_asked_by_name(account: Account) -> None:
    server = "arn:aws:sagemaker:us-west-2:123456789012:mlflow-tracking-server/ours"
    assert not warnings_of(account.check(MLFLOW_RESOURCE_ARN=server))


@pytest.mark.parametrize("model", ["meta-llama", HUB])
def test_a_base_model_is_looked_up_in_the_hub(account: Account, model: str) -> None:
    assert "✓ Model: base model meta-llama, version 1.2.0" in account.check(MODEL_PACKAGE_ARN=model)


# The newest version of a group


def with_versions(account: Account, *versions: tuple[int, str, str]) -> AwsClients:
    """The group's versions with their status and approval, newest first as the service lists them."""
    packages = [
        {
            "ModelPackageArn": f"{PARAMETERS['MODEL_PACKAGE_ARN'].rsplit('/', 1)[0]}/{version}",
            "ModelPackageStatus": status,
            "ModelApprovalStatus": approval,
        }
        for version, status, approval in versions
    ]

    def paginate(**asked: str) -> list[dict[str, Any]]:
        assert asked == {"ModelPackageGroupName": "support-bot", "SortBy": "CreationTime", "SortOrder": "Descending"}
        return [{"ModelPackageSummaryList": []}, {"ModelPackageSummaryList": packages}]

    account.answers["get_paginator"] = lambda operation: SimpleNamespace(paginate=paginate)
    aws = account.clients()
    aws.sagemaker.get_paginator = account.answers["get_paginator"]
    return aws


@pytest.mark.parametrize("name", ["support-bot/newest", PARAMETERS["MODEL_PACKAGE_ARN"].rsplit("/", 1)[0] + "/newest"])
def test_the_newest_version_is_complete_and_not_rejected(account: Account, name: str) -> None:
    versions = [(6, "Failed", ""), (5, "Completed", "Rejected"), (4, "Completed", "Approved"), (3, "Completed", "")]
    assert resolved_model(name, with_versions(account, *versions)).endswith("model-package/support-bot/4")
    assert settings_with(MODEL_PACKAGE_ARN=name).scope == "compare"


def test_a_group_without_a_usable_version_is_named(account: Account) -> None:
    with pytest.raises(NoVersionError, match="support-bot has no version"):
        resolved_model("support-bot/newest", with_versions(account, (1, "InProgress", "")))


@pytest.mark.parametrize("name", ["meta-llama", HUB, PARAMETERS["MODEL_PACKAGE_ARN"], "support-bot/3"])
def test_any_other_name_stays_as_it_is(account: Account, name: str) -> None:
    assert resolved_model(name, account.clients()) == name


# The parameters cell


def test_settings_name_every_fault_at_once() -> None:
    faulty = PARAMETERS | {
        "REGION": "",
        "BUILTIN_METRICS": "Correctness",
        "CUSTOM_METRICS": '{"customMetricDefinition": {}}',
        "EVALUATE_BASE_MODEL": "False",
        "S3_OUTPUT": "bucket/prefix",
        "POLL_SECONDS": 0,
        "TIMEOUT_MINUTES": True,
        "FORCE_NEW_RUN": 1,
    }
    del faulty["JUDGE_MODEL"]
    with pytest.raises(SettingsError) as raised:
        JudgeSettings.from_parameters(faulty)
    assert "- JUDGE_MODEL is missing" in raised.value.message
    for name, value in faulty.items():
        assert (f"- {name} must be" in raised.value.message) == (value != PARAMETERS[name])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, "30", None, False])
def test_a_poll_interval_is_a_number_above_zero(value: Any) -> None:
    with pytest.raises(SettingsError, match="POLL_SECONDS"):
        settings_with(POLL_SECONDS=value)


def test_the_primary_metric_must_be_one_of_the_metrics() -> None:
    with pytest.raises(SettingsError, match="PRIMARY_METRIC must be one of Correctness, Helpfulness"):
        settings_with(PRIMARY_METRIC="Correctnes")


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("s3://acme-data/results", "s3://acme-data/results"),
        ("s3://acme-data/results//", "s3://acme-data/results"),
        ("s3://acme-data", "s3://acme-data/model-evaluation"),
        ("s3://acme-data/", "s3://acme-data/model-evaluation"),
    ],
)
def test_the_output_prefix_has_no_trailing_slash_and_is_no_whole_bucket(given: str, used: str) -> None:
    assert settings_with(S3_OUTPUT=given).s3_output == used


@pytest.mark.parametrize(
    ("model", "evaluate_base", "scope"),
    [
        (PARAMETERS["MODEL_PACKAGE_ARN"], True, "compare"),
        (PARAMETERS["MODEL_PACKAGE_ARN"], False, "tuned"),
        ("meta-llama", False, "base"),
        (HUB, True, "base"),
    ],
)
def test_the_scope_follows_from_model_and_flag(account: Account, model: str, evaluate_base: bool, scope: str) -> None:
    settings = settings_with(MODEL_PACKAGE_ARN=model, EVALUATE_BASE_MODEL=evaluate_base)
    assert settings.scope == scope
    names = settings.model_names(account.clients())
    assert (names["tuned"] is None) == (scope == "base")
    assert (names["base"] is None) == (scope == "tuned")


def test_our_direction_key_is_not_sent() -> None:
    metrics = '[{"customMetricDefinition": {"name": "Tone", "instructions": "é"}, "direction": "lower"}]'
    settings = settings_with(CUSTOM_METRICS=metrics)
    assert settings.custom_metrics_json == '[{"customMetricDefinition": {"name": "Tone", "instructions": "é"}}]'
    assert settings.metric_names == ("Correctness", "Helpfulness", "Tone")


@pytest.mark.parametrize("text", ["[]", "", "  ", None])
def test_no_custom_metrics_are_no_custom_metrics(text: str | None) -> None:
    settings = settings_with(CUSTOM_METRICS=text)
    assert settings.custom_metrics == []
    assert settings.custom_metrics_json is None


def test_the_dataset_is_read_line_by_line(account: Account) -> None:
    lines = list(dataset_lines(settings_with(DATASET=DATASET_ARN), account.clients()))
    assert lines == [b'{"query": 1}', b'{"query": 2}']


def test_a_key_may_hold_anything(account: Account) -> None:
    settings = settings_with(DATASET='s3://acme-data/a {{b}}\n?#%20"/c.jsonl')
    assert dataset_object(settings, account.clients()) == ("acme-data", 'a {{b}}\n?#%20"/c.jsonl')
