"""One configuration is started once, whatever is run twice, killed or stopped in between."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from model_evaluation.kinds.llm_as_judge.runtime.judge_runs import JudgeRuns
from model_evaluation.runtime.launch.launcher import Launch, RunInProgressError, launch_once
from model_evaluation.runtime.launch.ledger import LaunchError
from model_evaluation.runtime.launch.waiting import EvaluationRunError, FileChangedError, FinishedRun, wait_for_results
from model_evaluation.runtime.settings import SettingsError
from unit.runtime.fake_sagemaker import (
    ARN,
    PARAMETERS,
    START,
    Clock,
    FakeS3,
    FakeSageMaker,
    all_steps,
    client_error,
    clients,
    definition_for,
    result_keys,
    settings_with,
    step,
)

RUNNING = ("Executing", all_steps()[:2])


class Status:
    def __init__(self, failure_reason: str | None = None) -> None:
        self.failure_reason = failure_reason


@dataclass
class Execution:
    """What the SDK's evaluate() gives back, as far as it is looked at."""

    arn: str | None
    status: Status = field(default_factory=Status)


class Evaluator:
    """The SDK's evaluator, as far as it is looked at; ``edited`` arguments are not those of the settings."""

    def __init__(self, settings: Any, evaluate: Callable[[], Any], **edited: Any) -> None:
        arguments = JudgeRuns().named_in_parameters(settings) | {"mlflow_resource_arn": settings.mlflow_resource_arn}
        self.__dict__.update(arguments | edited)
        self.evaluate = evaluate


class World:
    """A SageMaker in which executions can be started, and a folder for the records."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        self.settings = settings_with(RESULTS_DIR=str(folder), **changes)
        self.sagemaker = FakeSageMaker(RUNNING)
        self.s3 = FakeS3()
        self.clock = Clock()
        self.started: list[str] = []
        self.lines: list[str] = []
        self.instead: Callable[[str], Any] | None = None
        self.edited: dict[str, Any] = {}

    def create(self, name: str) -> str:
        """What StartPipelineExecution does in AWS."""
        arn = f"{ARN}run{len(self.sagemaker.names)}"
        self.sagemaker.names[f"{name}-1772366400"] = arn
        self.sagemaker.definitions[arn] = definition_for(self.settings, name)
        return arn

    def create_as_somebody_else(self, name: str, **replaced: str) -> str:
        """The same, right after somebody else's UpdatePipeline."""
        arn = self.create(name)
        self.sagemaker.definitions[arn] = definition_for(self.settings, name, **replaced)
        return arn

    def start(self, settings: Any, name: str) -> Any:
        return Evaluator(settings, lambda: self.evaluate(name), **self.edited)

    def evaluate(self, name: str) -> Any:
        self.started.append(name)
        return self.instead(name) if self.instead else Execution(self.create(name))

    def die_after_the_call(self, name: str) -> None:
        self.create(name)
        raise KeyboardInterrupt

    def launch(self, **changes: Any) -> str:
        if changes:
            self.settings = settings_with(RESULTS_DIR=str(self.folder), **changes)
        return self.launch_with(clients(self.sagemaker, self.s3))

    def launch_with(self, aws: Any, start: Any = None) -> str:
        return launch_once(
            start or self.start,
            self.settings,
            aws,
            now=self.clock.now,
            sleep=self.clock.sleep,
            out=self.lines.append,
        ).arn

    def records(self) -> list[dict[str, Any]]:
        files = sorted((self.folder / "launches").glob("*.json"))
        return [json.loads(file.read_text(encoding="utf-8")) for file in files]

    def attempts(self) -> list[dict[str, Any]]:
        (record,) = self.records()
        return list(record["attempts"])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_intent_is_on_disk_before_the_call_and_the_arn_after(world: World) -> None:
    def start(name: str) -> Execution:
        (attempt,) = world.attempts()
        assert attempt == {
            "name": name,
            "intended_at": START.isoformat(),
            "execution_arn": None,
            "outcome": None,
            "verified": False,
            "call": ANY,
        }
        return Execution(world.create(name))

    world.instead = start
    assert world.launch() == ARN + "run0"
    (attempt,) = world.attempts()
    assert (attempt["execution_arn"], attempt["verified"]) == (ARN + "run0", True)
    assert sorted(path.suffix for path in (world.folder / "launches").iterdir()) == [".json", ".lock"]


def test_running_again_attaches(world: World) -> None:
    assert world.launch() == world.launch()
    assert len(world.started) == 1
    assert world.lines[-1].startswith("Attached to the evaluation that is already there (Executing).")


def test_another_configuration_is_another_run(world: World) -> None:
    first = world.launch()
    world.sagemaker.answers = [("Succeeded", all_steps())]
    assert world.launch(PRIMARY_METRIC="Helpfulness", BUILTIN_METRICS=["Helpfulness"]) != first
    assert len(world.records()) == 2


def test_beside_a_running_evaluation_another_configuration_asks(world: World) -> None:
    first = world.launch()
    with pytest.raises(RunInProgressError) as raised:
        world.launch(JUDGE_MODEL="amazon.nova-pro-v1:0")
    assert first in raised.value.message
    assert "judge: anthropic.claude-sonnet-4-5-20250929-v1:0 is running, amazon.nova-pro-v1:0 is asked for" in str(
        raised.value
    )
    for way in ("earlier values back", f"stop-pipeline-execution --region us-west-2 --pipeline-execution-arn {first}"):
        assert way in raised.value.fix
    assert len(world.started) == 1
    assert world.launch(JUDGE_MODEL="amazon.nova-pro-v1:0", FORCE_NEW_RUN=True) != first
    assert "Set FORCE_NEW_RUN back" in world.lines[-1]


def test_a_start_that_was_killed_counts_as_running_beside_another_configuration(world: World) -> None:
    world.instead = world.die_after_the_call
    with pytest.raises(KeyboardInterrupt):
        world.launch()
    world.instead = None
    with pytest.raises(RunInProgressError, match="run0"):
        world.launch(DATASET="s3://acme-data/evaluation/other.jsonl")


@pytest.mark.parametrize(
    "answer",
    [("Succeeded", []), ("Failed", []), ("Stopped", []), client_error("ResourceNotFound")],
    ids=lambda answer: answer[0] if isinstance(answer, tuple) else "gone",
)
def test_a_run_that_has_ended_is_in_nobodys_way(world: World, answer: Any) -> None:
    world.launch()
    world.sagemaker.answers = [answer]
    world.launch(DATASET="s3://acme-data/evaluation/other.jsonl")
    assert len(world.started) == 2


def test_a_run_whose_state_cannot_be_told_is_taken_for_running(world: World) -> None:
    world.launch()
    world.sagemaker.answers = [client_error("AccessDeniedException")]
    with pytest.raises(RunInProgressError, match="its status is unknown: AccessDeniedException"):
        world.launch(DATASET="s3://acme-data/evaluation/other.jsonl")


def test_a_run_of_last_month_is_not_even_asked_about(world: World) -> None:
    world.launch()
    world.clock.seconds = 30 * 86400.0
    calls = len(world.sagemaker.calls)
    world.launch(DATASET="s3://acme-data/evaluation/other.jsonl")
    assert "describe" not in world.sagemaker.calls[calls:]


@pytest.mark.parametrize(
    "changes",
    [
        {"POLL_SECONDS": 1},
        {"TIMEOUT_MINUTES": None},
        {"PRIMARY_METRIC": "Builtin.Helpfulness"},
        {"BUILTIN_METRICS": ["Builtin.Helpfulness", "Correctness"]},
        {"S3_OUTPUT": "s3://acme-data/results/"},
    ],
)
def test_how_a_run_is_watched_does_not_make_it_another(world: World, changes: dict[str, Any]) -> None:
    assert world.launch() == world.launch(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"REGION": "us-east-1"},
        {"ROLE_ARN": "arn:aws:iam::123456789012:role/Other"},
        {"MODEL_PACKAGE_ARN": "arn:aws:sagemaker:us-west-2:123456789012:model-package/support-bot/4"},
        {"DATASET": "s3://acme-data/evaluation/other.jsonl"},
        {"DATASET_ETAG": "abc"},
        {"JUDGE_MODEL": "amazon.nova-pro-v1:0"},
        {"BUILTIN_METRICS": ["Correctness"]},
        {"CUSTOM_METRICS": '[{"customMetricDefinition": {"name": "Tone", "instructions": "x"}}]'},
        {"EVALUATE_BASE_MODEL": False},
        {"S3_OUTPUT": "s3://acme-data/elsewhere"},
        {"MLFLOW_RESOURCE_ARN": "arn:aws:sagemaker:us-west-2:123456789012:mlflow-app/app-2"},
        {"MLFLOW_EXPERIMENT": "support"},
        {"RUN_LABEL": "second"},
    ],
)
def test_what_defines_a_run_makes_it_another(tmp_path: Path, changes: dict[str, Any]) -> None:
    world = World(tmp_path)
    world.launch()
    world.sagemaker.answers = [("Succeeded", all_steps())]
    world.launch(**changes)
    assert len(world.started) == 2


def test_our_direction_key_does_not_make_another_run(world: World) -> None:
    metric = {"customMetricDefinition": {"name": "Tone", "instructions": "x"}}
    world.launch(CUSTOM_METRICS=json.dumps([metric]))
    world.launch(CUSTOM_METRICS=json.dumps([{"direction": "lower", **metric}], indent=2))
    assert len(world.started) == 1


def test_a_kernel_that_died_between_call_and_record_attaches(world: World) -> None:
    world.instead = world.die_after_the_call
    with pytest.raises(KeyboardInterrupt):
        world.launch()
    world.instead = None
    assert world.launch() == ARN + "run0"
    assert len(world.started) == 1
    assert world.attempts()[0]["execution_arn"] == ARN + "run0"


def test_an_execution_that_is_listed_late_is_found(world: World) -> None:
    def die(_: str) -> None:
        raise KeyboardInterrupt

    world.instead = die
    with pytest.raises(KeyboardInterrupt):
        world.launch()
    world.instead = None
    world.clock.on_sleep = lambda: None if world.sagemaker.names else world.create(world.started[0]) and None
    assert world.launch() == ARN + "run0"
    assert len(world.started) == 1


def test_a_kernel_that_died_before_the_call_starts_anew(world: World) -> None:
    def die(_: str) -> None:
        raise KeyboardInterrupt

    world.instead = die
    with pytest.raises(KeyboardInterrupt):
        world.launch()
    world.instead = None
    world.launch()
    assert len(world.started) == 2
    assert [attempt["outcome"] for attempt in world.attempts()] == ["never reached AWS", None]


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Stopping", "CompletedWithFailures"])
def test_after_a_run_that_failed_a_new_one_is_started_and_said_so(world: World, status: str) -> None:
    first = world.launch()
    world.sagemaker.answers = [(status, [step("EvaluateBaseModelMetrics", "Failed")])]
    assert world.launch() != first
    assert f"The earlier run ended as {status}: starting a new evaluation." in world.lines[-2]
    assert [attempt["outcome"] for attempt in world.attempts()] == [status, None]


@pytest.mark.parametrize("status", ["Failed", "CompletedWithFailures"])
def test_a_failed_run_with_complete_results_is_attached_to(world: World, status: str) -> None:
    first = world.launch()
    world.sagemaker.answers = [(status, all_steps(AssociateLineage=step("AssociateLineage", "Failed")))]
    world.s3 = FakeS3(*result_keys("run0", "custom", "base"))
    assert world.launch() == first


def test_a_run_that_is_gone_is_started_anew(world: World) -> None:
    first = world.launch()
    world.sagemaker.answers = [client_error("ResourceNotFound"), RUNNING]
    assert world.launch() != first
    assert "no longer exists" in world.lines[-2]


def test_force_new_run_starts_another_one_each_time(world: World) -> None:
    arns = {world.launch(), world.launch(FORCE_NEW_RUN=True), world.launch(FORCE_NEW_RUN=True)}
    assert len(arns) == 3
    assert world.launch(FORCE_NEW_RUN=False) == ARN + "run2"


def test_an_object_without_arn_raises_with_the_services_words(world: World) -> None:
    world.instead = lambda _: Execution(None, Status("AWS service error: The account-level limit is 0 (quota)"))
    with pytest.raises(LaunchError, match="account-level limit is 0") as raised:
        world.launch()
    assert "Service Quotas" in raised.value.fix
    world.instead = None
    world.launch()
    assert [attempt["outcome"] for attempt in world.attempts()] == ["not started", None]


def test_an_object_without_arn_whose_run_started_after_all_is_attached_to(world: World) -> None:
    def lose_the_answer(name: str) -> Execution:
        world.create(name)
        return Execution(None, Status("Unexpected error: Read timeout"))

    world.instead = lose_the_answer
    assert world.launch() == ARN + "run0"


def test_an_arn_counts_although_the_sdk_says_failed(world: World) -> None:
    world.instead = lambda name: Execution(world.create(name), Status("its own Describe was throttled"))
    assert world.launch() == ARN + "run0"


@pytest.mark.parametrize(
    ("execution", "said"),
    [
        (None, "the start was interrupted"),
        (Execution(None, Status("Unexpected error: Read timeout on endpoint URL")), "Read timeout"),
        (Execution(None, Status("AWS service error: An internal error occurred")), "internal error"),
        (Execution(None, Status(None)), "no reason"),
    ],
)
def test_a_start_of_unknown_outcome_is_looked_for_again_before_another(
    world: World, execution: Execution | None, said: str
) -> None:
    world.instead = lambda _: execution
    with pytest.raises(LaunchError, match="not known whether") as raised:
        world.launch()
    assert said in raised.value.message
    world.create(world.started[0])  # it was started after all, and is listed now
    world.instead = None
    assert world.launch() == ARN + "run0"
    assert len(world.started) == 1


def test_what_the_sdk_refuses_is_passed_on_with_a_fix(world: World) -> None:
    def refuse(_: str) -> None:
        raise ValueError("evaluator_model 'x' has reached end of life")

    world.instead = refuse
    with pytest.raises(LaunchError, match="reached end of life") as raised:
        world.launch()
    assert "in service" in raised.value.fix
    assert world.attempts()[0]["outcome"] == "refused before the start"


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("model-package/support-bot/3", "model-package/someone-else/1", "its model is .*someone-else"),
        ("evaluation/support.jsonl", "evaluation/theirs.jsonl", "its dataset is .*theirs"),
        ("claude-sonnet-4-5-20250929", "claude-3-haiku", "its judge is .*haiku"),
        ("Helpfulness", "Refusal", "its built-in metrics are Correctness, Refusal"),
        ("EvaluationRole", "TheirRole", "its role is .*TheirRole"),
        ("s3://acme-data/results", "s3://theirs/out", "its results go to s3://theirs/out"),
        ("EvaluateBaseInferenceModel", "Other", "it leaves the base model out"),
        ("EvaluateCustomInferenceModel", "Other", "which is not this evaluation"),
    ],
)
def test_somebody_elses_definition_is_stopped_and_the_start_repeated(
    world: World, old: str, new: str, difference: str
) -> None:
    def overwritten(name: str) -> Execution:
        first = len(world.started) == 1
        return Execution(world.create_as_somebody_else(name, **{old: new}) if first else world.create(name))

    world.instead = overwritten
    assert world.launch() == ARN + "run1"
    assert world.sagemaker.stopped == [ARN + "run0"]
    assert re.search(difference, world.lines[0])
    assert [attempt["outcome"] for attempt in world.attempts()] == ["ran another definition", None]
    assert 1.5 <= sum(world.clock.naps) <= 4.5


def test_after_three_starts_that_ran_somebody_elses_definition_it_is_given_up(world: World) -> None:
    world.instead = lambda name: Execution(world.create_as_somebody_else(name, Helpfulness="Refusal"))
    with pytest.raises(LaunchError, match="somebody else's evaluation 3 times"):
        world.launch()
    assert world.sagemaker.stopped == [ARN + "run0", ARN + "run1", ARN + "run2"]
    world.instead = None
    assert world.launch() == ARN + "run3"


def test_somebody_elses_definition_that_cannot_be_stopped_is_named(world: World) -> None:
    world.instead = lambda name: Execution(world.create_as_somebody_else(name, Helpfulness="Refusal"))
    world.sagemaker.denied["stop"] = client_error("AccessDeniedException")
    with pytest.raises(LaunchError, match="could not be stopped") as raised:
        world.launch()
    assert ARN + "run0" in raised.value.message
    assert len(world.started) == 1


def test_a_kernel_that_died_before_the_definition_was_read_back_reads_it_when_it_attaches(world: World) -> None:
    def die(name: str) -> None:
        world.create_as_somebody_else(name, Helpfulness="Refusal")
        raise KeyboardInterrupt

    world.instead = die
    with pytest.raises(KeyboardInterrupt):
        world.launch()
    world.instead = None
    assert world.launch() == ARN + "run1"
    assert world.sagemaker.stopped == [ARN + "run0"]


def test_custom_metrics_of_another_run_are_noticed(tmp_path: Path) -> None:
    world = World(tmp_path, CUSTOM_METRICS='[{"customMetricDefinition": {"name": "Tone", "instructions": "x"}}]')

    def overwritten(name: str) -> Execution:
        arn = world.create(name)
        world.sagemaker.definitions[arn] = definition_for(world.settings, "their-run")
        return Execution(arn)

    world.instead = overwritten
    with pytest.raises(LaunchError, match=r"its custom metrics are .*their-run"):
        world.launch()


@pytest.mark.parametrize(
    "changes",
    [
        {"EVALUATE_BASE_MODEL": False},
        {"MODEL_PACKAGE_ARN": "llama"},
        {"CUSTOM_METRICS": '[{"customMetricDefinition": {"name": "Tone", "instructions": "x"}}]'},
        {"CUSTOM_METRICS": '[{"customMetricDefinition": {"name": "T"}}]', "BUILTIN_METRICS": [], "PRIMARY_METRIC": "T"},
    ],
)
def test_the_right_definition_passes_in_every_scope(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert World(tmp_path, **changes).launch() == ARN + "run0"


def test_a_definition_that_cannot_be_read_back_is_said_to_be_unverified(world: World) -> None:
    world.sagemaker.denied["definition"] = client_error("AccessDeniedException")
    assert world.launch() == ARN + "run0"
    assert "not verified" in world.lines[0]


def test_a_damaged_record_is_not_taken_for_no_record(world: World) -> None:
    world.launch()
    (file,) = (world.folder / "launches").glob("*.json")
    file.write_text("{", encoding="utf-8")
    with pytest.raises(LaunchError, match="cannot be read"):
        world.launch()
    assert len(world.started) == 1


def test_expired_credentials_are_named(world: World) -> None:
    world.launch()
    world.sagemaker.answers = [client_error("ExpiredTokenException")]
    with pytest.raises(LaunchError, match="ExpiredTokenException") as raised:
        world.launch()
    assert "Renew" in raised.value.fix


def test_a_results_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    world = World(tmp_path / "file")
    with pytest.raises(LaunchError, match="cannot be kept"):
        world.launch()
    assert not world.started


def test_a_dataset_in_three_files_is_three_evaluations_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    settings = settings_with(
        RESULTS_DIR=str(tmp_path), DATASET="s3://acme-data/rows-*-of-003.jsonl", DATASET_ETAG='"a", b,c'
    )
    assert [(shard.dataset, shard.dataset_etag, shard.run_label) for shard in settings.shards] == [
        ("s3://acme-data/rows-001-of-003.jsonl", "a", "support-bot-1of3"),
        ("s3://acme-data/rows-002-of-003.jsonl", "b", "support-bot-2of3"),
        ("s3://acme-data/rows-003-of-003.jsonl", "c", "support-bot-3of3"),
    ]
    running: list[str] = []
    failures: list[str] = []
    etags = {f"rows-{number:03d}-of-003.jsonl": f'"{etag}"' for number, etag in enumerate("abc", 1)}
    monkeypatch.setattr(world.s3, "head_object", lambda **what: {"ETag": etags[what["Key"]]}, raising=False)
    aws = clients(world.sagemaker, world.s3)

    def launch(start: Any, shard: Any, aws: Any) -> Launch:
        world.settings = shard
        result = launch_once(start, shard, aws, now=world.clock.now, out=world.lines.append)
        running.append(result.arn)
        world.sagemaker.answers = [RUNNING]
        return result

    def wait(arn: str, shard: Any, aws: Any) -> FinishedRun:
        assert running[-1] == arn
        if shard == settings.shards[1]:
            failures.append(arn)
            if len(failures) == 1:
                raise EvaluationRunError("It failed.", fix="Run again.")
        world.sagemaker.answers = [("Succeeded", all_steps())]
        return FinishedRun(arn, "Succeeded", START, ())

    def run_notebook() -> list[FinishedRun]:
        first = Launch(launch(world.start, settings.shards[0], aws).arn, world.start, settings)
        return wait_for_results(first, aws, launch_next=launch, wait=wait, out=world.lines.append)

    with pytest.raises(EvaluationRunError):
        run_notebook()
    assert len(world.started) == 2  # the third waits until the second has succeeded
    world.sagemaker.answers = [("Succeeded", all_steps())]
    etags["rows-003-of-003.jsonl"] = '"other"'
    with pytest.raises(FileChangedError, match=r"rows-003-of-003\.jsonl has changed"):
        run_notebook()
    assert len(world.started) == 2
    etags["rows-003-of-003.jsonl"] = '"c"'
    assert [run.execution_arn for run in run_notebook()] == [ARN + "run0", ARN + "run1", ARN + "run2"]
    assert len(world.started) == 3


def test_two_fine_tuned_models_are_a_run_each_on_each_file() -> None:
    reference = PARAMETERS["MODEL_PACKAGE_ARN"].replace("/3", "/2")
    both = {"EVALUATE_BASE_MODEL": False, "REFERENCE_MODEL_ARN": reference}
    settings = settings_with(DATASET="s3://acme-data/rows-*-of-002.jsonl", **both)
    assert [(part.model[-1], part.dataset[-16:], part.scope, part.run_label) for part in settings.parts] == [
        ("3", "001-of-002.jsonl", "tuned", "support-bot-1of2"),
        ("3", "002-of-002.jsonl", "tuned", "support-bot-2of2"),
        ("2", "001-of-002.jsonl", "tuned", "support-bot-reference-1of2"),
        ("2", "002-of-002.jsonl", "tuned", "support-bot-reference-2of2"),
    ]
    assert settings.scope == "compare"
    # The model's own run is the one that an evaluation of it alone has: it is not paid for twice.
    assert settings_with(**both).parts[0] == settings_with(EVALUATE_BASE_MODEL=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"EVALUATE_BASE_MODEL": True},
        {"EVALUATE_BASE_MODEL": False, "REFERENCE_MODEL_ARN": "meta-llama"},
        {"EVALUATE_BASE_MODEL": False, "MODEL_PACKAGE_ARN": "meta-llama"},
    ],
)
def test_a_reference_that_cannot_be_compared_is_refused(changes: dict[str, Any]) -> None:
    reference = PARAMETERS["MODEL_PACKAGE_ARN"].replace("/3", "/2")
    with pytest.raises(SettingsError, match="REFERENCE_MODEL_ARN must be"):
        settings_with(**{"REFERENCE_MODEL_ARN": reference} | changes)


def test_one_file_is_one_evaluation() -> None:
    settings = settings_with(DATASET="s3://acme-data/rows-001-of-003.jsonl", DATASET_ETAG="abc")
    assert settings.shards == (settings,)


def test_etags_of_another_number_of_files_are_refused() -> None:
    with pytest.raises(SettingsError, match="must hold 3 ETags"):
        settings_with(DATASET="s3://acme-data/rows-*-of-003.jsonl", DATASET_ETAG="a,b")


# The call in the launch cell


@pytest.mark.parametrize(
    "edited", [{"evaluator_model": "amazon.nova-pro-v1:0"}, {"dataset": "s3://theirs/x"}, {"builtin_metrics": []}]
)
def test_a_call_that_says_something_else_than_the_parameters_starts_nothing(
    world: World, edited: dict[str, Any]
) -> None:
    world.edited = edited
    (argument,) = edited
    with pytest.raises(LaunchError, match=f"The call passes {argument}=.* the parameters cell says") as raised:
        world.launch()
    assert "parameters cell" in raised.value.fix
    assert not world.started
    world.edited = {}
    assert world.launch() == ARN + "run0"


def test_without_an_mlflow_app_nothing_is_started(world: World) -> None:
    world.edited = {"mlflow_resource_arn": None}
    with pytest.raises(LaunchError, match="no MLflow app"):
        world.launch()
    assert not world.started


def test_a_call_that_was_edited_since_the_start_is_pointed_out(world: World) -> None:
    aws = clients(world.sagemaker, world.s3)

    def first(settings: Any, run_name: str) -> Any:
        return world.start(settings, run_name)

    def edited(settings: Any, run_name: str) -> Any:
        tags = [{"Key": "team", "Value": "support"}]
        return world.start(settings, run_name) or tags

    arn = world.launch_with(aws, first)
    assert world.launch_with(aws, first) == arn
    assert "has been edited" not in "".join(world.lines)
    assert world.launch_with(aws, edited) == arn
    assert "has been edited since" in world.lines[-1]
    assert len(world.started) == 1
