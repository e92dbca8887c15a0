"""The parameters cell of an evaluation of agents, what is sent of it, and what is read of a rollout."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evaluator_parameters import EVALUATOR
from model_evaluation.kinds.multi_turn.runtime.multi_turn_runs import MultiTurnRuns
from model_evaluation.kinds.multi_turn.runtime.recipe import send_hyperparameters, with_hyperparameters
from model_evaluation.kinds.multi_turn.runtime.settings import MultiTurnSettings
from model_evaluation.kinds.multi_turn.runtime.tracked_rollouts import Rollout, read_rollout
from model_evaluation.runtime.settings import SettingsError

AGENT = "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/desk-a1B2c3D4e5"
PARAMETERS: dict[str, Any] = EVALUATOR | {
    "DATASET": "s3://acme-data/evaluation/tickets.jsonl",
    "DATASET_ETAG": "",
    "DATASET_NOTES": [],
    "AGENT": AGENT,
    "AGENT_QUALIFIER": "PROD",
    "ROLLOUTS": 8,
    "PASS_K": [1, 4],
    "SUCCESS_THRESHOLD": 0.5,
    "SAMPLING": {"temperature": 0.7, "sampling_max_tokens": 2048},
    "PRIMARY_METRIC": "pass_at_4",
}
SENT = {
    "eval_group_size": "8",
    "success_threshold": "0.5",
    "pass_k_values": "[1, 4]",
    "temperature": "0.7",
    "sampling_max_tokens": "2048",
}


def settings(**changes: Any) -> MultiTurnSettings:
    return MultiTurnSettings.from_parameters(PARAMETERS | changes)


def test_everything_is_sent_under_the_recipes_names() -> None:
    assert settings().hyperparameters == SENT


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SAMPLING": {}}, "pass@4 at temperature 0 is meaningless"),
        ({"SAMPLING": {"temperature": 0}}, "pass@4 at temperature 0 is meaningless"),
        ({"PASS_K": [16]}, "pass@16 needs at least 16 rollouts"),
        ({"ROLLOUTS": 200}, "ROLLOUTS must be integer, from 1 to 128"),
        ({"PASS_K": []}, "PASS_K must be a list"),
        ({"SAMPLING": {"sampling_temperature": 0.7}}, "the recipe's names are"),
        ({"SAMPLING": {"top_p": 0.7, "temperature": 1}}, "the recipe's names are"),
        ({"PRIMARY_METRIC": "pass_at_2"}, "PRIMARY_METRIC must be one of pass_at_1, pass_at_4, reward"),
        ({"AGENT": "desk-a1B2c3D4e5"}, "AGENT must be the ARN"),
        ({"MLFLOW_RESOURCE_ARN": None}, "all results of this evaluation are in MLflow"),
        ({"SUCCESS_THRESHOLD": "much"}, "SUCCESS_THRESHOLD must be"),
    ],
)
def test_a_cell_that_cannot_be_used_says_why(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as error:
        settings(**changes)
    assert words in str(error.value)


# -- the definition ------------------------------------------------------------------------------------------------


def document(**changes: Any) -> str:
    configuration = {
        "AgentConfig": {"BedrockAgentCoreConfig": {"AgentRuntimeArn": AGENT, "Qualifier": "PROD"}},
        "InputDataConfig": [
            {"ChannelName": "evaluation", "DataSource": {"S3DataSource": {"S3Uri": PARAMETERS["DATASET"]}}}
        ],
        "OutputDataConfig": {"S3OutputPath": PARAMETERS["S3_OUTPUT"]},
        "EvaluationConfig": {"BaseModelArn": "arn:x", "HyperParameters": {"eval_group_size": "8"}},
        "ModelPackageConfig": {"InputModelPackageArn": PARAMETERS["MODEL_PACKAGE_ARN"]},
    }
    return json.dumps({**configuration, **changes})


def definition(text: str, steps: tuple[str, ...] = ("EvaluateBaseModel", "EvaluateFineTunedModel")) -> str:
    arguments = {"RoleArn": PARAMETERS["ROLE_ARN"], "JobConfigDocument": text}
    return json.dumps({"Steps": [{"Name": name, "Type": "Job", "Arguments": arguments} for name in steps]})


def test_what_the_sdk_sends_by_itself_is_found_out_when_it_is_read_back() -> None:
    differences = MultiTurnRuns().definition_differences(definition(document()), "name", settings())
    assert "its temperature is not set, not 0.7" in differences
    assert "its pass_k_values is not set, not [1, 4]" in differences


def test_with_our_settings_nothing_differs() -> None:
    sent = with_hyperparameters(document(), SENT)
    assert MultiTurnRuns().definition_differences(definition(sent), "name", settings()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"AgentConfig": {"CustomAgentLambdaConfig": {"LambdaArn": "arn:other"}}}, "its agent is arn:other"),
        (
            {"AgentConfig": {"BedrockAgentCoreConfig": {"AgentRuntimeArn": AGENT, "Qualifier": "DEV"}}},
            "its agent's qualifier is DEV",
        ),
        ({"ModelPackageConfig": {"InputModelPackageArn": "arn:another"}}, "its model is arn:another"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://else/where"}}, "its output is s3://else/where"),
    ],
)
def test_a_colleagues_definition_is_told_apart(changes: dict[str, Any], words: str) -> None:
    """The SDK updates whatever pipeline has its prefix, and reads no tag."""
    sent = with_hyperparameters(document(**changes), SENT)
    assert words in MultiTurnRuns().definition_differences(definition(sent), "name", settings())


def test_other_steps_than_those_that_were_asked_for() -> None:
    sent = with_hyperparameters(document(), SENT)
    found = MultiTurnRuns().definition_differences(definition(sent, ("EvaluateFineTunedModel",)), "name", settings())
    assert found == ["it has the steps EvaluateFineTunedModel"]
    assert "cannot be read" in MultiTurnRuns().definition_differences("{}", "name", settings())[0]


def test_the_wrapper_changes_hyperparameters_and_nothing_else() -> None:
    class Evaluator:
        def _render_pipeline_definition(self, template_str: str, context: dict[str, Any]) -> str:
            return template_str + json.dumps(context)

    evaluator = Evaluator()
    send_hyperparameters(evaluator, SENT)
    context = {"job_config_document_str": document(), "job_config_document_ft_str": document(), "role_arn": "r"}
    rendered = json.loads(evaluator._render_pipeline_definition("", context))
    for name in ("job_config_document_str", "job_config_document_ft_str"):
        before, after = json.loads(context[name]), json.loads(rendered[name])
        assert after["EvaluationConfig"].pop("HyperParameters") == SENT
        before["EvaluationConfig"].pop("HyperParameters")
        assert after == before
    assert rendered["role_arn"] == "r"


# -- a rollout's spans ---------------------------------------------------------------------------------------------


def spans(attributes: dict[str, Any], *turns: Any) -> dict[str, Any]:
    further = [
        {"name": f"turn-{number}", "attributes": {"mlflow.spanOutputs": output}}
        for number, output in enumerate(turns, 1)
    ]
    return {"spans": [{"name": "trajectory", "attributes": attributes}, *further, {"name": "search_tickets"}]}


PROMPT = '{"prompt": "Resolve ticket 17."}'


@pytest.mark.parametrize(
    ("reward", "number"),
    [("0.75", 0.75), ('"0.75"', 0.75), (0.75, 0.75), ("-1", -1.0), ("none", None), ("NaN", None), (None, None)],
)
def test_a_reward_is_text_and_may_be_missing(reward: Any, number: float | None) -> None:
    found = read_rollout(spans({"mlflow.spanInputs": PROMPT, "reward": reward}))
    assert found == Rollout("Resolve ticket 17.", number)


def test_the_last_turn_is_what_the_agent_said_last() -> None:
    found = read_rollout(spans({"mlflow.spanInputs": PROMPT}, '{"thinking": "hm"}', '"done"'))
    assert found == Rollout("Resolve ticket 17.", None, "done", 2)


@pytest.mark.parametrize("trace", [None, [], {}, {"spans": None}, {"spans": [1]}, {"spans": [{"name": "trajectory"}]}])
def test_a_trace_without_a_prompt_is_no_rollout(trace: Any) -> None:
    assert read_rollout(trace) is None
