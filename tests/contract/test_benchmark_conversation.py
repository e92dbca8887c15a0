"""A benchmark's conversation against local AWS: what is offered, settled, refused, checked before money is spent."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from account_access import use_account
from cli_runs import RunCli, Talk, answer
from model_evaluation.kinds.registry import load_kind
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import Company, Seeder
from trouble import Trouble

Account = tuple[LocalAws, Company]


@pytest.fixture(scope="module")
def running() -> Iterator[Account]:
    with LocalAws(step_seconds=0) as aws:
        yield aws, load_kind("benchmark").player().seed_world(Seeder(aws.cloud, aws.region))  # type: ignore[union-attr]


@pytest.fixture
def company(running: Account, monkeypatch: pytest.MonkeyPatch) -> Company:
    aws, company = running
    aws.scenario = Scenario()
    use_account(monkeypatch, aws)
    return company


@pytest.fixture
def talk(run_cli: RunCli, company: Company, tmp_path: Path) -> Talk:
    talk = Talk(run_cli, tmp_path)
    assert talk.say("evaluation", "benchmark").code == 0
    return talk


def answered(talk: Talk, company: Company, until: str = "") -> None:
    answers = {
        "model": company.group_name,
        "benchmark": "math",
        "smallest_effect": "2",
        "role": company.role_arn,
        "mlflow": company.mlflow_app_arn,
        "output": company.output_uri,
        "confirm": "yes",
    }
    answer(talk.run, talk.project, answers, until=until)


def test_what_a_lookup_settles_is_not_asked(talk: Talk, company: Company) -> None:
    answered(talk, company)
    envelope = talk.command("status").json
    known = {step: (entry["value"], entry["origin"]) for step, entry in envelope["known"].items()}
    assert known["scope"] == ("compare", "default")
    assert known["region"] == ("us-west-2", "lookup")
    assert known["subtasks"] == ("ALL", "default")
    assert known["decoding"] == ("defaults", "default")
    assert known["notebook"] == ("new", "default")
    assert envelope["next"] == "render"


def test_the_benchmarks_offered_are_those_of_the_models_recipe(talk: Talk, company: Company) -> None:
    choices = talk.say("model", company.group_name).json["step"]["choices"]
    assert [choice["value"] for choice in choices] == [
        "mmlu", "mmlu_pro", "bbh", "gpqa", "math", "ifeval", "strong_reject",
    ]  # fmt: skip
    assert "5,000 questions" in choices[4]["note"]
    assert "±1.4 points" in choices[4]["note"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("llm_judge", "no evaluation recipe of an open-weight model runs it"),
        ("mmmu", "Amazon Nova"),
        ("gen_qa", "dataset of yours"),
        ("gsm8k", "not a benchmark that SageMaker runs"),
    ],
)
def test_what_is_no_benchmark_of_the_recipe_leads_to_a_choice(
    talk: Talk, company: Company, text: str, words: str
) -> None:
    answered(talk, company, "benchmark")
    refused = talk.say("benchmark", text)
    assert (refused.code, refused.json["error"]["code"]) == (3, "choose")
    assert words in refused.json["error"]["message"]


def test_several_benchmarks_are_refused(talk: Talk, company: Company) -> None:
    answered(talk, company, "benchmark")
    assert talk.say("benchmark", "math, mmlu").json["error"]["code"] == "several"


def test_an_unreadable_recipe_is_said_and_hinders_nobody(talk: Talk, company: Company, running: Account) -> None:
    answered(talk, company, "benchmark")
    running[0].scenario = Trouble(deny={"s3:GetObject": ""})
    result = talk.say("benchmark", "math")
    assert result.code == 0, result.json
    assert "not_looked_up" in [item["kind"] for item in result.json["findings"]]


def test_named_subtasks_become_runs_of_their_own(talk: Talk, company: Company) -> None:
    answered(talk, company, "smallest_effect")
    refused = talk.say("subtasks", "algebrae")
    assert "algebra" in refused.json["error"]["fix"]
    result = talk.say("subtasks", "algebra, Number Theory")
    assert result.json["recorded"]["value"] == ["algebra", "number_theory"]
    assert "several_runs" in [item["kind"] for item in result.json["findings"]]
    assert talk.say("smallest_effect", "2").code == 0


def test_a_benchmark_without_subtasks_takes_all(talk: Talk, company: Company) -> None:
    answered(talk, company, "benchmark")
    assert talk.say("benchmark", "ifeval").code == 0
    assert talk.say("subtasks", "algebra").json["error"]["code"] == "no_subtasks"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("temperature=0.7 max_new_tokens=99", "reset every setting"),
        ("reasoning_effort=high", "not a setting that reaches"),
        ("max_new_tokens=99999", "bounds"),
    ],
)
def test_one_bad_decoding_setting_is_refused(talk: Talk, company: Company, text: str, words: str) -> None:
    answered(talk, company, "smallest_effect")
    error = talk.say("decoding", text).json["error"]
    assert words in error["message"] + error["fix"]


def test_a_model_that_thinks_is_offered_room_to_finish(talk: Talk, company: Company, running: Account) -> None:
    seed = Seeder(running[0].cloud, running[0].region)
    seed.group("fernway-thinker", "Thinks before it answers")
    seed.package("fernway-thinker", 1, base="huggingface-reasoning-qwen3-8b")
    assert talk.say("model", "fernway-thinker").code == 0
    envelope = talk.say("benchmark", "math").json
    assert "decoding" not in envelope["settled"]
    assert envelope["step"]["id"] == "decoding"
    assert envelope["step"]["suggested"] == "max_new_tokens=16384 max_model_len=32768"
    assert talk.say("decoding", "--accept").code == 0
    assert talk.say("decoding", "default").json["recorded"]["value"] == "defaults"
    refused = talk.say("decoding", "defaults")
    assert "thinks" in [item["kind"] for item in refused.json["findings"]]


@pytest.mark.parametrize("text", ["0", "-1", "a lot", "51"])
def test_a_smallest_difference_is_a_number_of_points(talk: Talk, company: Company, text: str) -> None:
    answered(talk, company, "smallest_effect")
    assert talk.say("smallest_effect", text).code == 3


def test_too_few_questions_for_what_matters_is_a_warning(talk: Talk, company: Company) -> None:
    answered(talk, company, "benchmark")
    assert talk.say("benchmark", "gpqa").code == 0
    assert "too_few" in [item["kind"] for item in talk.say("smallest_effect", "1").json["findings"]]


def test_without_a_dataset_the_output_is_suggested_in_sagemakers_own_bucket(talk: Talk, company: Company) -> None:
    answered(talk, company, "output")
    step = talk.command("status").json["step"]
    assert step["suggested"].startswith(f"s3://sagemaker-us-west-2-{company.account}/model-evaluation/")
    assert f"aws s3 mb s3://sagemaker-us-west-2-{company.account}" in step["question"]
    refused = talk.say("output", "--accept")
    assert (refused.code, refused.json["error"]["code"]) == (3, "not_found")


def test_the_card_says_what_it_takes(talk: Talk, company: Company) -> None:
    answered(talk, company, "confirm")
    card = talk.command("status").json["step"]["question"]
    for words in (
        "math: competition",
        "5,000 questions × 2 model(s) = 10,000",
        "Can detect",
        "2 percentage points",
        "unknown: AWS",
    ):
        assert words in card


def test_of_one_model_alone_nobody_asks_which_difference_matters(talk: Talk, company: Company) -> None:
    answered(talk, company, "confirm")
    settled = talk.say("scope", "tuned").json
    assert settled["settled"]["smallest_effect"]["origin"] == "default"
    assert settled["step"]["id"] == "confirm"
    assert "Matters from" not in settled["step"]["question"]


def test_preflight_skips_nothing_for_want_of_a_dataset(talk: Talk, company: Company) -> None:
    answered(talk, company, "confirm")
    talk.say("subtasks", "algebra,geometry")
    result = talk.command("preflight", "--all")
    assert result.code == 0, result.json
    assert [check["id"] for check in result.json["checks"] if check["status"] == "skip"] == ["licence"]
    ids = {check["id"].partition(".")[0] for check in result.json["checks"]}
    assert {"benchmark", "decoding", "role_may", "caller_may", "output", "encryption"} <= ids


def test_preflight_finds_a_benchmark_that_the_recipe_lost(
    talk: Talk, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(talk, company, "confirm")
    from model_evaluation.localaws.services import models

    smaller = {**models.SETTINGS, "task": {"type": "string", "enum": ["mmlu"]}}
    monkeypatch.setattr(models, "SETTINGS", smaller)
    failed = [check for check in talk.command("preflight").json["checks"] if check["status"] == "fail"]
    assert [check["id"] for check in failed] == ["benchmark"]


def test_the_role_needs_what_the_sdk_simulates_for_it(talk: Talk, company: Company) -> None:
    answered(talk, company, "confirm")
    text = json.dumps(talk.command("preflight", "--policy").json)
    assert "ec2:CreateNetworkInterface" in text
    assert "bedrock" not in text


def test_the_notebook_holds_the_sdks_own_call_and_the_parameters(talk: Talk, company: Company) -> None:
    answered(talk, company)
    notebook = json.loads(Path(talk.command("render").json["notebook"]).read_text(encoding="utf-8"))
    cells = {cell["id"]: cell["source"] for cell in notebook["cells"]}
    launch = "".join(cells["launch"])
    assert "BenchMarkEvaluator(" in launch
    assert "overrides=settings.sdk_overrides" in launch
    names: dict[str, Any] = {}
    for node in ast.parse("".join(cells["parameters"])).body:
        assert isinstance(node, ast.Assign)
        names[ast.unparse(node.targets[0])] = ast.literal_eval(node.value)
    assert names["BENCHMARK"] == "math"
    assert names["SUBTASKS"] == []
    assert names["DECODING"] == {}
    assert names["SMALLEST_EFFECT"] == 2.0
    assert names["EVALUATE_BASE_MODEL"] is True


def test_a_nova_model_leads_elsewhere(talk: Talk, running: Account) -> None:
    seed = Seeder(running[0].cloud, running[0].region)
    seed.base_model("nova-textgeneration-lite", "1.0.0")
    seed.group("fernway-nova", "Nova")
    seed.package("fernway-nova", 1, base="nova-textgeneration-lite", base_version="1.0.0")
    assert talk.say("model", "fernway-nova").json["error"]["code"] == "other_kind"


def test_changing_the_kind_keeps_what_both_have(talk: Talk, company: Company) -> None:
    answered(talk, company, "smallest_effect")
    result = talk.say("evaluation", "llm_as_judge")
    assert result.code == 0
    assert "model" in result.json["known"]
    assert "benchmark" not in result.json["known"]
