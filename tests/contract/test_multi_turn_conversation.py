"""The conversation about an agent against local AWS: looked up, settings checked, both trusts of the role required."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from account_access import use_account
from cli_runs import RunCli, Talk, answer
from model_evaluation.kinds.multi_turn.kind import KIND
from model_evaluation.kinds.multi_turn.localaws.agents import AgentFunction, AgentRuntime, Agents
from model_evaluation.kinds.multi_turn.localaws.player import MultiTurnPlayer, MultiTurnWorld
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import ROLE_ACTIONS, Seeder

Account = tuple[LocalAws, MultiTurnWorld]


@pytest.fixture(scope="module")
def running() -> Iterator[Account]:
    with LocalAws(step_seconds=0) as aws:
        yield aws, MultiTurnPlayer().seed_world(Seeder(aws.cloud, aws.region))


@pytest.fixture
def aws(running: Account, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    aws = running[0]
    aws.scenario = Scenario()
    use_account(monkeypatch, aws)
    return aws


@pytest.fixture
def world(running: Account, aws: LocalAws) -> MultiTurnWorld:
    return running[1]


def until(talk: Talk, world: MultiTurnWorld, stop: str = "", **changes: str) -> None:
    answers = {
        "dataset": world.prompts_uri,
        "data": "ok",
        "model": world.group_name,
        "agent": f"{world.agent_arn} PROD",
        "rollouts": "4 k=1,4",
        "sampling": "temperature=0.7",
        "primary_metric": "pass@4",
        "role": world.role_arn,
        "mlflow": world.mlflow_app_arn,
        "confirm": "yes",
    } | changes
    answer(talk.run, talk.project, answers, until=stop)


@pytest.fixture
def talk(run_cli: RunCli, world: MultiTurnWorld, tmp_path: Path) -> Talk:
    talk = Talk(run_cli, tmp_path)
    assert talk.say("evaluation", "multi_turn").code == 0
    return talk


def parameters_of(path: str) -> dict[str, Any]:
    notebook = json.loads(Path(path).read_text(encoding="utf-8"))
    cells = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
    assert "MultiTurnRLEvaluator(" in cells["launch"]
    return {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in ast.parse(cells["parameters"]).body
        if isinstance(node, ast.Assign)
    }


def test_the_whole_conversation(talk: Talk, world: MultiTurnWorld) -> None:
    until(talk, world)
    envelope = talk.command("status").json
    assert set(envelope["known"]) == set(KIND.steps)
    assert envelope["next"] == "render"
    values = parameters_of(talk.command("render").json["notebook"])
    wanted = {
        "AGENT": world.agent_arn,
        "AGENT_QUALIFIER": "PROD",
        "ROLLOUTS": 4,
        "PASS_K": [1, 4],
        "SUCCESS_THRESHOLD": 1.0,
        "SAMPLING": {"temperature": 0.7},
        "PRIMARY_METRIC": "pass_at_4",
    }
    assert {name: values[name] for name in wanted} == wanted


def test_the_card_shows_what_will_be_sent_and_how_many_sessions(talk: Talk, world: MultiTurnWorld) -> None:
    until(talk, world, "confirm")
    text = json.dumps(talk.command("status").json["step"], ensure_ascii=False)
    assert "temperature=0.7" in text
    assert "60 prompts × 4 × 2 model(s) = 480" in text
    assert "is really done" in text
    assert "side_effects" in text


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("nobody", "choose", "not an agent runtime"),
        ("fernway_triage", "not_usable", "CREATE_FAILED, not READY"),
        ("{agent_arn} STAGING", "no_endpoint", "no endpoint STAGING"),
        ("{agent_arn} STAGE/ING", "refused", "not an endpoint's name"),
        ("arn:aws:bedrock-agentcore:eu-west-1:111122223333:runtime/desk-a1B2c3D4e5", "other_region", "eu-west-1"),
        ("arn:aws:s3:::bucket", "wrong_kind", "neither"),
        ("arn:aws:lambda:us-west-2:111122223333:function:Nothing", "not_found", "no function"),
        ("{agent_function_arn} PROD", "refused", "takes no endpoint"),
    ],
)
def test_what_cannot_be_the_agent(talk: Talk, world: MultiTurnWorld, text: str, code: str, words: str) -> None:
    until(talk, world, "agent")
    result = talk.say("agent", text.format(**world.names()))
    assert (result.code, result.json["error"]["code"]) == (3, code)
    assert words in result.json["error"]["message"]


def test_a_name_or_an_id_becomes_the_arn_that_the_sdk_takes(talk: Talk, world: MultiTurnWorld) -> None:
    until(talk, world, "agent")
    for text in ("fernway_desk", AgentRuntime().id):
        assert talk.say("agent", text).json["recorded"]["value"] == world.agent_arn


def test_a_function_with_the_default_timeout_is_warned_of(talk: Talk, world: MultiTurnWorld, aws: LocalAws) -> None:
    until(talk, world, "agent")
    aws.scenario = Scenario().with_part(Agents(functions=(AgentFunction(timeout=3),)))
    findings = {item["kind"]: item for item in talk.say("agent", world.agent_function_arn).json["findings"]}
    assert "may run 3 s" in findings["short_timeout"]["message"]


@pytest.mark.parametrize(
    ("text", "code"),
    [("129", "refused"), ("0", "refused"), ("2 k=4", "k_above_rollouts"), ("4 k=0", "refused"), ("many", "refused")],
)
def test_rollouts_and_k_that_cannot_be(talk: Talk, world: MultiTurnWorld, text: str, code: str) -> None:
    until(talk, world, "rollouts")
    result = talk.say("rollouts", text)
    assert (result.code, result.json["error"]["code"]) == (3, code), result.json


@pytest.mark.parametrize("text", ["temperature=0", "defaults", "sampling_top_p=0.9"])
def test_k_above_1_at_temperature_0_is_refused_as_meaningless(talk: Talk, world: MultiTurnWorld, text: str) -> None:
    until(talk, world, "sampling")
    error = talk.say("sampling", text).json["error"]
    assert error["code"] == "meaningless_k"
    assert "pass@4 at temperature 0 is meaningless" in error["message"]


def test_more_rollouts_reopen_the_temperature(talk: Talk, world: MultiTurnWorld) -> None:
    until(talk, world, "sampling", rollouts="1")
    assert talk.command("status").json["known"]["sampling"]["value"] == "defaults", "settled: temperature 0"
    result = talk.say("rollouts", "8 k=8")
    assert "sampling" not in result.json["known"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("sampling_temperature=0.7", "unknown_setting"),
        ("top_p=0.9 temperature=1", "unknown_setting"),
        ("max_tokens=100", "unknown_setting"),
        ("pass_k_values=4", "unknown_setting"),
        ("temperature=3", "bad_setting"),
        ("sampling_max_tokens=100 temperature=1", "bad_setting"),
        ("temperature=warm", "bad_setting"),
    ],
)
def test_only_the_recipes_own_names_and_bounds_are_taken(
    talk: Talk, world: MultiTurnWorld, text: str, code: str
) -> None:
    until(talk, world, "sampling")
    result = talk.say("sampling", text)
    assert (result.code, result.json["error"]["code"]) == (3, code), result.json


def test_a_model_without_such_a_recipe_is_refused(talk: Talk, world: MultiTurnWorld) -> None:
    until(talk, world, "rollouts", model="fernway-support-triage")
    error = talk.say("rollouts", "1").json["error"]
    assert error["code"] == "no_recipe"
    assert "llama-3-2-1b" in error["message"]


@pytest.mark.parametrize(
    ("services", "words"),
    [
        (("sagemaker",), "SageMaker's job service may not assume"),
        (("job.sagemaker",), "SageMaker may not assume"),
    ],
)
def test_the_role_must_trust_both_services(
    talk: Talk, world: MultiTurnWorld, aws: LocalAws, services: tuple[str, ...], words: str
) -> None:
    arn = f"arn:aws:iam::{world.account}:role/Trusts{services[0].replace('.', '')}"
    Seeder(aws.cloud, aws.region).role(arn, services, ROLE_ACTIONS)
    until(talk, world, "mlflow")
    error = talk.say("role", arn).json["error"]
    assert error["code"] == "not_trusted"
    assert words in error["message"]


def test_preflight_finds_a_trust_that_was_taken_away(talk: Talk, world: MultiTurnWorld, aws: LocalAws) -> None:
    arn = f"arn:aws:iam::{world.account}:role/LosesItsTrust"
    Seeder(aws.cloud, aws.region).role(arn, ("sagemaker", "job.sagemaker"), (*ROLE_ACTIONS, *MultiTurnPlayer.actions))
    until(talk, world, "confirm", role=arn)
    statement = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("iam").update_assume_role_policy(RoleName="LosesItsTrust", PolicyDocument=policy)
    result = talk.command("preflight")
    assert (result.code, result.json["error"]["code"]) == (3, "preflight_failed")
    failed = {check["id"]: check["message"] for check in result.json["checks"] if check["status"] == "fail"}
    assert "sts:TagSession" in failed["role.jobs"]
    (mend,) = [check["fix"] for check in result.json["checks"] if check["id"] == "role.jobs"]
    assert "sts:TagSession" in mend, "the fix to paste grants both"


def test_a_role_that_may_not_call_the_agent_is_found_out(talk: Talk, world: MultiTurnWorld, aws: LocalAws) -> None:
    arn = f"arn:aws:iam::{world.account}:role/KnowsNoAgent"
    Seeder(aws.cloud, aws.region).role(arn, ("sagemaker", "job.sagemaker"), ROLE_ACTIONS)
    until(talk, world, "mlflow")
    findings = {item["kind"]: item for item in talk.say("role", arn).json["findings"]}
    assert "bedrock-agentcore:InvokeAgentRuntime" in findings["role_denied"]["message"]


def test_the_policies_name_the_agent_and_the_jobs(talk: Talk, world: MultiTurnWorld) -> None:
    until(talk, world, "confirm")
    printed = json.dumps(talk.command("preflight", "--policy").json)
    for action in ("sagemaker:CreateJob", "bedrock-agentcore:InvokeAgentRuntime", "sagemaker-mlflow:StartTrace"):
        assert action in printed
    assert '"Action": ["sts:AssumeRole", "sts:TagSession"]' in printed, "the job service tags its sessions"
    assert "job.sagemaker.amazonaws.com" in printed


@pytest.mark.parametrize("service", ["bedrock-agentcore", "lambda"])
def test_a_rehearsal_makes_the_configured_agent_exist(aws: LocalAws, service: str) -> None:
    name = "runtime/mine-q1W2e3R4t5" if service == "bedrock-agentcore" else "function:Mine"
    agent = f"arn:aws:{service}:us-west-2:{aws.account}:{name}"
    MultiTurnPlayer().seed_rehearsal(Seeder(aws.cloud, aws.region), {"AGENT": agent})
    if service == "lambda":
        assert aws.client("lambda").get_function_configuration(FunctionName=agent)["State"] == "Active"
    else:
        found = aws.client("bedrock-agentcore-control").get_agent_runtime(agentRuntimeId="mine-q1W2e3R4t5")
        assert (found["agentRuntimeArn"], found["status"]) == (agent, "READY")


def test_an_mlflow_app_that_the_sdk_would_make_is_refused(talk: Talk, world: MultiTurnWorld) -> None:
    until(talk, world, "mlflow")
    refused = talk.say("mlflow", "create").json
    assert refused["error"]["code"] == "mlflow_needed"
    assert "create" not in [choice["value"] for choice in refused["step"]["choices"]]


def test_where_no_mlflow_app_is_the_question_says_how_to_make_one(
    talk: Talk, world: MultiTurnWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_evaluation.steps.mlflow.list_trackers", lambda *_: ([], ""))
    until(talk, world, "mlflow")
    step = talk.command("status").json["step"]
    assert "create-mlflow-app" in step["question"]
    assert not step.keys() & {"choices", "suggested"}
