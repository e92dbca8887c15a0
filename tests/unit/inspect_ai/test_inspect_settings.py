"""The parameters cell: which model answers, which tasks, and what the SDK would drop or mistake without a word."""

from __future__ import annotations

from typing import Any

import pytest

from inspect_parameters import PARAMETERS
from model_evaluation.kinds.inspect_ai.runtime.inspect_runs import _departures
from model_evaluation.kinds.inspect_ai.runtime.settings import InspectSettings
from model_evaluation.kinds.inspect_ai.runtime.targets import Target
from model_evaluation.runtime.settings import SettingsError

PACKAGE = {
    "package": "arn:aws:sagemaker:us-west-2:123456789012:model-package/support-bot/3",
    "weights": "s3://models/support-bot/3/",
    "image": "123456789012.dkr.ecr.us-west-2.amazonaws.com/serving:1",
    "instance_type": "ml.g5.2xlarge",
}


def settings(**changes: Any) -> InspectSettings:
    return InspectSettings.from_parameters({**PARAMETERS, **changes})


def test_each_model_is_a_run_of_its_own() -> None:
    first, second = settings().parts
    assert (first.target.name, second.target.name) == ("fernway-assistant-v3", "fernway-assistant-v2")
    assert (first.reference, second.reference) == (None, None)
    assert first.run_label != second.run_label
    assert first.configuration() != second.configuration()


def test_one_model_alone_is_one_run() -> None:
    assert len(settings(REFERENCE=None).parts) == 1


def test_errors_do_not_vanish() -> None:
    assert settings().extra_args == ["--fail-on-error=0.1", "--continue-on-fail"]


def test_each_run_has_a_folder_of_its_own() -> None:
    assert settings().output_of("run-1") == "s3://acme-data/evaluation-results/run-1"


@pytest.mark.parametrize(
    "model",
    [
        {"bedrock": "a", "endpoint": "b"},  # the SDK takes the endpoint and says nothing
        {"endpoint": "b", "weights": "s3://x/"},
        {},
        None,
        "us.amazon.nova-lite-v1:0",
        {"package": PACKAGE["package"]},  # the SDK looks for a Bedrock model behind it
        {**PACKAGE, "image": ""},
        {**PACKAGE, "weights": "/local"},
        {**PACKAGE, "instance_type": "g5.2xlarge"},
        {**PACKAGE, "package": "support-bot"},
        {"Bedrock": "a"},
    ],
)
def test_a_model_that_is_not_exactly_one_thing_is_refused(model: object) -> None:
    with pytest.raises(SettingsError, match="MODEL"):
        settings(MODEL=model)


def test_models_as_the_definition_must_name_them() -> None:
    assert Target.read({"bedrock": "b"}).provider("r") == {"bedrock": {"model_id": "b", "region": "r"}}
    assert Target.read({"endpoint": "e"}).provider("r") == {"sagemaker_endpoint": {"endpoint_name": "e", "region": "r"}}
    made = Target.read(PACKAGE).provider("r")["sagemaker_endpoint"]
    assert made["endpoint_name"] is None
    assert made["cleanup_endpoint"] is True
    assert Target.read(Target.read(PACKAGE).as_parameter()) == Target.read(PACKAGE)


@pytest.mark.parametrize(
    "tasks",
    [
        [],
        None,
        [{"path": "a.py"}],
        [{"name": "a", "limt": 5}],  # the SDK drops it and runs the whole set
        [{"name": "a", "limit": 0}],
        [{"name": "a", "limit": "5"}],
        [{"name": "a", "epochs": True}],
        [{"name": "a", "path": "a.txt"}],
        [{"name": "a"}, {"name": "a"}],
        [{"name": "a", "task_args": "x=1"}],
        "capitals",
    ],
)
def test_tasks_that_the_sdk_would_drop_or_mistake_are_refused(tasks: object) -> None:
    with pytest.raises(SettingsError, match="TASKS"):
        settings(TASKS=tasks)


@pytest.mark.parametrize(
    "decoding",
    [{"temperature": 3}, {"temperture": 0.5}, {"max_tokens": 1.5}, {"top_p": True}, [0.5], {"temperature": "0.5"}],
)
def test_decoding_settings_are_checked(decoding: object) -> None:
    with pytest.raises(SettingsError, match="DECODING"):
        settings(DECODING=decoding)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"BENCHMARKS": "/tasks"}, "BENCHMARKS"),
        ({"ERROR_SHARE": 1.0}, "ERROR_SHARE"),
        ({"ERROR_SHARE": 0}, "ERROR_SHARE"),
        ({"REFERENCE": PARAMETERS["MODEL"]}, "another model than MODEL"),
        ({"HUB_MODEL": ""}, "HUB_MODEL"),
    ],
)
def test_further_faults(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        settings(**changes)


def test_what_was_sent_is_compared_with_what_was_meant() -> None:
    meant = {"benchmarks": {"tasks": [{"name": "a", "limit": 5}]}, "eval": {"extra_args": ["--x"]}}
    sent = {"benchmarks": {"tasks": [{"name": "a"}], "s3_path": "s3://b/"}, "eval": {"max_retries": 100}}
    assert [where for where, _, _ in _departures(meant, sent)] == ["benchmarks.tasks", "eval.extra_args"]
    assert _departures(meant, {**meant, "more": 1}) == []
    assert _departures(meant, None) != []
