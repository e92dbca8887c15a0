"""The parameters cell of a benchmark, what the SDK is told, and what is read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evaluator_parameters import EVALUATOR, PACKAGE
from model_evaluation.kinds.benchmark.runtime.benchmark_runs import BenchmarkRuns
from model_evaluation.kinds.benchmark.runtime.settings import BenchmarkSettings
from model_evaluation.runtime.dataset_files import DatasetSize
from model_evaluation.runtime.settings import SettingsError

PARAMETERS: dict[str, Any] = EVALUATOR | {
    "BENCHMARK": "math",
    "SUBTASKS": [],
    "DECODING": {},
    "SMALLEST_EFFECT": 2,
}


def settings_with(**changes: Any) -> BenchmarkSettings:
    return BenchmarkSettings.from_parameters(PARAMETERS | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"BENCHMARK": "llm_judge"}, "BENCHMARK must be one of mmlu"),
        ({"BENCHMARK": "mmmu"}, "BENCHMARK must be one of mmlu"),
        ({"SUBTASKS": ["algebra,geometry"]}, "SUBTASKS must be subtasks of math"),
        ({"BENCHMARK": "ifeval", "SUBTASKS": ["algebra"]}, "ifeval has no subtasks"),
        ({"DECODING": {"temperature": "0.1"}}, "DECODING must be a dictionary of numbers"),
        ({"DECODING": [1]}, "DECODING must be a dictionary of numbers"),
        ({"SMALLEST_EFFECT": -1}, "SMALLEST_EFFECT must be a number above 0"),
        ({"REFERENCE_MODEL_ARN": PACKAGE}, "REFERENCE_MODEL_ARN must be a model package"),
    ],
)
def test_parameters_that_cannot_be_used_say_so(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        settings_with(**changes)


def test_several_subtasks_are_a_run_each_and_never_one_text() -> None:
    settings = settings_with(SUBTASKS=["algebra", "geometry"])
    assert [part.sdk_subtasks for part in settings.parts] == ["algebra", "geometry"]
    assert [part.run_label for part in settings.parts] == ["support-bot-algebra", "support-bot-geometry"]
    assert settings.sizes(DatasetSize(0)) == {"rows": 1187 + 479}


def test_beside_a_reference_every_run_is_made_for_each_model() -> None:
    settings = settings_with(
        SUBTASKS=["algebra", "geometry"], EVALUATE_BASE_MODEL=False, REFERENCE_MODEL_ARN=PACKAGE.replace("/3", "/1")
    )
    assert [(part.model[-1], part.subtasks) for part in settings.parts] == [
        ("3", ("algebra",)),
        ("3", ("geometry",)),
        ("1", ("algebra",)),
        ("1", ("geometry",)),
    ]
    assert settings.scope == "compare"
    assert {part.scope for part in settings.parts} == {"tuned"}


@pytest.mark.parametrize(
    ("benchmark", "sent"), [("math", "ALL"), ("ifeval", None), ("mmlu_pro", None), ("strong_reject", "ALL")]
)
def test_all_subtasks_as_the_sdk_takes_them(benchmark: str, sent: str | None) -> None:
    assert settings_with(BENCHMARK=benchmark).sdk_subtasks == sent


def definition(**hyperparameters: Any) -> str:
    arguments = {
        "RoleArn": PARAMETERS["ROLE_ARN"],
        "ModelPackageConfig": {"SourceModelPackageArn": PACKAGE},
        "HyperParameters": {"task": "math", "temperature": "0", "max_new_tokens": "8192", **hyperparameters},
        "OutputDataConfig": {"S3OutputPath": PARAMETERS["S3_OUTPUT"]},
    }
    steps = [{"Name": name, "Arguments": arguments} for name in ("EvaluateBaseModel", "EvaluateCustomModel")]
    return json.dumps({"Steps": steps})


def differences(text: str, **changes: Any) -> list[str]:
    return BenchmarkRuns().definition_differences(text, "run", settings_with(**changes))


def test_what_was_asked_for_is_what_runs() -> None:
    assert differences(definition()) == []
    assert differences(definition(subtask="algebra"), SUBTASKS=["algebra"]) == []
    assert differences(definition(max_new_tokens="4096"), DECODING={"max_new_tokens": 4096}) == []
    assert differences(definition(temperature="0"), DECODING={"temperature": 0.0}) == []


def test_decoding_settings_that_vanished_are_found() -> None:
    """One bad value and the SDK sends the defaults of all; an unreadable recipe and it sends none."""
    asked = {"temperature": 1, "max_new_tokens": 99}
    assert differences(definition(), DECODING=asked) == [
        "its temperature is 0, not 1",
        "its max_new_tokens is 8192, not 99",
    ]
    bare = json.loads(definition())
    for step in bare["Steps"]:
        step["Arguments"]["HyperParameters"] = {"task": "math"}
    assert differences(json.dumps(bare), DECODING={"top_k": 1}) == ["its top_k is not set, not 1"]


def test_somebody_elses_definition_is_found() -> None:
    assert differences(definition(task="mmlu")) == ["its benchmark is mmlu"]
    assert differences(definition(subtask="algebra")) == ["its subtask is algebra"]
    assert differences(definition(subtask="algebra,geometry"), SUBTASKS=["algebra"]) == [
        "its subtask is algebra,geometry"
    ]
    only = json.loads(definition())
    del only["Steps"][0]
    assert differences(json.dumps(only)) == ["it evaluates EvaluateCustomModel"]
    assert differences("{}") == ["its definition cannot be read (KeyError('Steps'))"]
    other = definition().replace(PACKAGE, PACKAGE.replace("/3", "/2"))
    assert differences(other) == [f"its model is {PACKAGE.replace('/3', '/2')}"]
    assert "its results go to s3://else/where" in differences(
        definition().replace(PARAMETERS["S3_OUTPUT"], "s3://else/where")
    )
