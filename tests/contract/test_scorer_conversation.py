"""A scorer's conversation against local AWS: functions looked up, tried before money is spent, refused when wrong."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from account_access import use_account
from cli_runs import RunCli, Talk, answer
from model_evaluation.kinds.custom_scorer.kind import KIND
from model_evaluation.kinds.custom_scorer.localaws.functions import ScorerFunction, Scorers
from model_evaluation.kinds.custom_scorer.localaws.player import ScorerPlayer, ScorerWorld, seed_evaluator
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import ROLE_ACTIONS, Seeder
from model_evaluation.localaws.services.models import contents_of

Account = tuple[LocalAws, ScorerWorld]


@pytest.fixture(scope="module")
def running() -> Iterator[Account]:
    with LocalAws(step_seconds=0) as aws:
        yield aws, ScorerPlayer().seed_world(Seeder(aws.cloud, aws.region))


@pytest.fixture
def aws(running: Account, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    aws = running[0]
    aws.scenario = Scenario()
    use_account(monkeypatch, aws)
    return aws


@pytest.fixture
def world(running: Account, aws: LocalAws) -> ScorerWorld:
    return running[1]


def until(talk: Talk, world: ScorerWorld, stop: str = "", **changes: str) -> None:
    answers = {
        "dataset": world.scorer_dataset_uri,
        "data": "ok",
        "model": world.group_name,
        "scorer": world.evaluator_arn,
        "scorer_trial": "yes",
        "primary_metric": "team_correct",
        "role": world.role_arn,
        "mlflow": world.mlflow_app_arn,
        "confirm": "yes",
    } | changes
    answer(talk.run, talk.project, answers, until=stop)


@pytest.fixture
def talk(run_cli: RunCli, world: ScorerWorld, tmp_path: Path) -> Talk:
    talk = Talk(run_cli, tmp_path)
    assert talk.say("evaluation", "custom_scorer").code == 0
    return talk


def with_function(aws: LocalAws, **changes: Any) -> None:
    aws.scenario = Scenario().with_part(Scorers((ScorerFunction(**changes),)))


def test_the_whole_conversation(talk: Talk, world: ScorerWorld) -> None:
    until(talk, world)
    envelope = talk.command("status").json
    assert set(envelope["known"]) == set(KIND.steps)
    assert envelope["next"] == "render"
    notebook = json.loads(Path(talk.command("render").json["notebook"]).read_text(encoding="utf-8"))
    cells = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
    assert "CustomScorerEvaluator(" in cells["launch"]
    names = {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in ast.parse(cells["parameters"]).body
        if isinstance(node, ast.Assign)
    }
    assert (names["SCORER"], names["PRIMARY_METRIC"], names["BETTER"]) == (
        world.evaluator_arn,
        "team_correct",
        "higher",
    )


def test_registered_evaluators_and_presets_are_offered(talk: Talk, world: ScorerWorld) -> None:
    until(talk, world, "scorer")
    choices = [choice["value"] for choice in talk.command("status").json["step"]["choices"]]
    assert choices == [world.evaluator_arn, "prime_math", "prime_code"]


def test_a_lambda_function_is_refused_with_the_way_to_register_it(talk: Talk, world: ScorerWorld) -> None:
    until(talk, world, "scorer")
    error = talk.say("scorer", world.function_arn).json["error"]
    assert error["code"] == "not_registered"
    assert "Evaluator.create(" in error["fix"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("code_executions", "choose"),
        ("arn:aws:sagemaker:us-west-2:111122223333:model-package/g/1", "wrong_kind"),
        ("arn:aws:sagemaker:us-west-2:111122223333:hub-content/HUB/JsonDoc/nothing/1.0.0", "not_found"),
        ("arn:aws:sagemaker:eu-west-1:111122223333:hub-content/HUB/JsonDoc/nothing/1.0.0", "other_region"),
        ("prime_math", "rows_lack"),
        ("prime_code", "rows_lack"),
    ],
)
def test_what_cannot_be_the_scorer(talk: Talk, world: ScorerWorld, text: str, code: str) -> None:
    until(talk, world, "scorer")
    result = talk.say("scorer", text)
    assert (result.code, result.json["error"]["code"]) == (3, code), result.json


def test_a_name_leads_to_its_evaluator(talk: Talk, world: ScorerWorld) -> None:
    until(talk, world, "scorer")
    assert talk.say("scorer", "fernway-ticket-scorer").json["recorded"]["value"] == world.evaluator_arn


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"name": "another"}, "no_function", "does not exist"),
        ({"state": "Failed"}, "function_unusable", "it is Failed"),
    ],
)
def test_a_function_that_cannot_score_is_refused(
    talk: Talk, world: ScorerWorld, aws: LocalAws, changes: dict[str, Any], code: str, words: str
) -> None:
    until(talk, world, "scorer")
    with_function(aws, **changes)
    error = talk.say("scorer", world.evaluator_arn).json["error"]
    assert error["code"] == code
    assert words in error["message"]


def test_the_default_timeout_and_memory_are_warned_of(talk: Talk, world: ScorerWorld, aws: LocalAws) -> None:
    until(talk, world, "scorer")
    with_function(aws, timeout=3, memory=128)
    findings = {item["kind"]: item for item in talk.say("scorer", world.evaluator_arn).json["findings"]}
    message = findings["function_weak"]["message"]
    assert "timeout is 3 s" in message
    assert "128 MB" in message
    assert "--timeout 60" in findings["function_weak"]["fix"]


@pytest.mark.parametrize(
    ("type_", "function", "code"),
    [
        ("RewardPrompt", None, "wrong_kind"),
        ("RewardFunction", "arn:aws:lambda:eu-west-1:111122223333:function:FernwayTicketScorer", "other_region"),
        ("RewardFunction", "not an arn", "no_function"),
    ],
)
def test_evaluators_that_stand_for_something_else(
    talk: Talk, world: ScorerWorld, aws: LocalAws, type_: str, function: str | None, code: str
) -> None:
    arn = world.evaluator_arn.replace("fernway-ticket-scorer", f"other-{code.replace('_', '-')}")
    seed_evaluator(Seeder(aws.cloud, aws.region), arn, function or world.function_arn, type_)
    until(talk, world, "scorer")
    assert talk.say("scorer", arn).json["error"]["code"] == code


@pytest.mark.parametrize("status", ["Importing", "ImportFailed", "DeleteFailed"])
def test_an_evaluator_that_is_not_available_is_refused(
    talk: Talk, world: ScorerWorld, aws: LocalAws, status: str
) -> None:
    """The SDK's own `wait` loses the service's reason, and nothing looks at the status afterwards."""
    arn = world.evaluator_arn.replace("fernway-ticket-scorer", f"scorer-{status.lower()}")
    seed_evaluator(Seeder(aws.cloud, aws.region), arn, world.function_arn)
    record = contents_of(aws.cloud, aws.region).get(arn)
    assert record is not None
    record["HubContentStatus"] = status
    until(talk, world, "scorer")
    error = talk.say("scorer", arn).json["error"]
    assert error["code"] == "not_usable"
    assert f"is {status}, not Available" in error["message"]


def test_the_trial_needs_the_users_own_yes(talk: Talk, world: ScorerWorld, aws: LocalAws) -> None:
    until(talk, world, "scorer_trial")
    before = len(aws.calls.of("Invoke"))
    assert talk.say("scorer_trial", "--accept").json["error"]["code"] == "needs_consent"
    assert talk.say("scorer_trial", "sure").code == 3
    assert len(aws.calls.of("Invoke")) == before, "nothing was called"
    result = talk.say("scorer_trial", "yes")
    assert result.code == 0
    assert len(aws.calls.of("Invoke")) == before + 10
    assert "right 1; line" in next(item["message"] for item in result.json["findings"] if item["kind"] == "tried")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def lambda_handler(e, c): return [{'id': x['id'], 'aggregate_reward_score': 1} for x in e]", "Wrong answers"),
        ("def lambda_handler(e, c): return {'statusCode': 200, 'body': [1]}", "body is not JSON text"),
        ("def lambda_handler(e, c): return [{'aggregate_reward_score': 1}]", "id is None"),
        ("def lambda_handler(e, c): return e[0]['no_such_field']", "KeyError"),
        (
            (
                "def lambda_handler(e, c): return [{'id': x['id'], "
                "'aggregate_reward_score': float(x['response'] == x['reference_answer']['text'])} for x in e]"
            ),
            "`model_response`",
        ),
    ],
)
def test_a_wrong_scorer_is_refused_before_money_is_spent(
    talk: Talk, world: ScorerWorld, aws: LocalAws, source: str, words: str
) -> None:
    until(talk, world, "scorer_trial")
    with_function(aws, source=source)
    error = talk.say("scorer_trial", "yes").json["error"]
    assert error["code"] == "scorer_unusable"
    assert words in error["message"]
    assert error["details"]["calls"]


def test_its_file_can_be_tried_instead(talk: Talk, world: ScorerWorld, tmp_path: Path) -> None:
    from model_evaluation.kinds.custom_scorer.demo.script import demo_scorer

    until(talk, world, "scorer_trial")
    path = tmp_path / "my_scorer.py"
    path.write_text(demo_scorer(), encoding="utf-8")
    assert talk.say("scorer_trial", f"file {path}").json["recorded"]["value"] == "file"
    assert talk.say("primary_metric", "json_valid").code == 0
    assert talk.say("primary_metric", "f1").json["error"]["code"] == "no_such_metric"
    assert talk.say("primary_metric", "team_correct lower").json["recorded"]["value"] == "team_correct lower"


def test_without_a_trial_the_card_says_so(talk: Talk, world: ScorerWorld) -> None:
    until(talk, world, "confirm", scorer_trial="skip", primary_metric="team_correct")
    assert "NOT tried" in talk.command("status").json["step"]["question"]


def test_the_role_has_to_be_allowed_to_call_the_function(talk: Talk, world: ScorerWorld) -> None:
    until(talk, world, "confirm")
    policy = json.dumps(talk.command("preflight", "--policy").json)
    assert "lambda:InvokeFunction" in policy
    assert world.function_arn in policy
    checks = {check["id"] for check in talk.command("preflight", "--all").json["checks"]}
    assert {"scorer", "scorer_trial", "role_may"} <= {check.partition(".")[0] for check in checks}


def test_a_role_that_may_not_call_the_function_is_found(talk: Talk, world: ScorerWorld, aws: LocalAws) -> None:
    """Every row would fail, and the job would still succeed."""
    role = f"arn:aws:iam::{world.account}:role/FernwayWithoutLambda"
    allowed = tuple(action for action in ROLE_ACTIONS if not action.startswith("lambda:"))
    Seeder(aws.cloud, aws.region).role(role, ("sagemaker",), allowed)
    until(talk, world, "confirm", role=role)
    failed = [check for check in talk.command("preflight").json["checks"] if check["status"] == "fail"]
    assert "role_may.scorer" in [check["id"] for check in failed]
    assert talk.say("confirm", "yes").json["error"]["code"] == "preflight_failed"


def test_long_prompts_that_the_usual_length_cuts_are_warned_of(talk: Talk, world: ScorerWorld, aws: LocalAws) -> None:
    uri = f"s3://{world.bucket}/datasets/long.jsonl"
    rows = [{"query": f"{n} " + "word " * 9_000, "response": "a" if n % 2 else "b"} for n in range(3)]
    Seeder(aws.cloud, aws.region).object(uri, "".join(json.dumps(row) + "\n" for row in rows).encode())
    until(talk, world, "scorer", dataset=uri)
    found = talk.command("status").json["warnings"]
    assert [item["step"] for item in found if item["kind"] == "long_prompts"] == ["decoding"]


def test_metric_try_runs_a_file_on_rows_of_ones_own(talk: Talk, world: ScorerWorld, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("\n".join(json.dumps({"query": f"{n}?", "response": str(n)}) for n in range(5)), encoding="utf-8")
    good = tmp_path / "good.py"
    good.write_text(
        "def lambda_handler(e, c):\n"
        "    return [{'id': x['id'], 'aggregate_reward_score': float(x['model_response'] == x['response'])}\n"
        "            for x in e]\n",
        encoding="utf-8",
    )
    result = talk.command("metric", "try", str(good), "--rows", str(rows))
    assert result.code == 0, result.json
    assert [call["score"] for call in result.json["calls"]][:3] == [1.0, 0.0, 0.0]
    good.write_text("def lambda_handler(e, c): return []", encoding="utf-8")
    assert talk.command("metric", "lint", str(good)).json["error"]["code"] == "scorer_unusable"
    assert talk.command("metric", "try", world.function_arn).json["error"]["code"] == "needs_consent"
    assert talk.command("metric", "try", world.function_arn, "--yes").code == 0
