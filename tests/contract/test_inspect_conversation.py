"""The conversation about Inspect tasks against local AWS: what is read before money is spent, and what is refused; and
logs that are there already."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from account_access import use_account
from cli_runs import RunCli, Talk, answer
from model_evaluation.kinds.inspect_ai.kind import KIND
from model_evaluation.kinds.inspect_ai.localaws.player import InspectPlayer, InspectWorld
from model_evaluation.kinds.inspect_ai.runtime.settings import InspectSettings
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import Seeder
from model_evaluation.localaws.services.models import PACKAGES
from trouble import Trouble

Account = tuple[LocalAws, InspectWorld]
LOGS = Path(__file__).parents[1] / "data" / "inspect_logs"
TASK = "from inspect_ai import Task, task\n@task\ndef {name}():\n    return Task(dataset=[{samples}], {more})\n"
SAMPLES = 'Sample(id="a", input="x", target="y")'


@pytest.fixture(scope="module")
def running() -> Iterator[Account]:
    with LocalAws(step_seconds=0) as aws:
        yield aws, InspectPlayer().seed_world(Seeder(aws.cloud, aws.region))


@pytest.fixture
def aws(running: Account, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    aws = running[0]
    aws.scenario = Scenario()
    use_account(monkeypatch, aws)
    return aws


@pytest.fixture
def world(running: Account, aws: LocalAws) -> InspectWorld:
    return running[1]


@pytest.fixture
def talk(run_cli: RunCli, world: InspectWorld, tmp_path: Path) -> Talk:
    talk = Talk(run_cli, tmp_path)
    assert talk.say("evaluation", "inspect_ai").code == 0
    return talk


def until(talk: Talk, world: InspectWorld, stop: str = "", **changes: str) -> None:
    answers = {
        "benchmarks": world.tasks_uri,
        "tasks": "capitals limit=20 epochs=2",
        "model": "fernway-assistant-v3",
        "reference": "fernway-assistant-v2",
        "primary_metric": "includes",
        "role": world.role_arn,
        "mlflow": world.mlflow_app_arn,
        "output": world.output_uri,
        "confirm": "yes",
    } | changes
    answer(talk.run, talk.project, answers, until=stop)


def folder(aws: LocalAws, world: InspectWorld, **files: str) -> str:
    uri = f"s3://{world.bucket}/tasks-{abs(hash(tuple(files.items())))}/"
    for name, source in files.items():
        Seeder(aws.cloud, aws.region).object(f"{uri}{name}.py", source.encode())
    return uri


def test_the_whole_conversation(talk: Talk, world: InspectWorld) -> None:
    until(talk, world)
    envelope = talk.command("status").json
    assert set(envelope["known"]) == set(KIND.steps)
    assert envelope["next"] == "render"
    notebook = json.loads(Path(talk.command("render").json["notebook"]).read_text(encoding="utf-8"))
    cells = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
    assert "InspectAIEvaluator(" in cells["launch"]
    names = {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in ast.parse(cells["parameters"]).body
        if isinstance(node, ast.Assign)
    }
    assert names["MODEL"] == {"endpoint": "fernway-assistant-v3"}
    assert names["TASKS"] == [{"name": "capitals", "path": "geography.py", "limit": 20, "epochs": 2}]
    assert names["PRIMARY_METRIC"] == "includes"
    assert InspectSettings.from_parameters(names).samples == 40


def test_the_card_says_what_is_paid_and_that_the_price_is_not_known(talk: Talk, world: InspectWorld) -> None:
    until(talk, world, "confirm")
    card = talk.command("status").json["step"]["question"]
    assert "Cost              unknown; what is paid: an ml.m5.large per run" in card
    assert "at most 40, for each of 2 model(s)" in card
    assert "counted as missing, never as zero" in card
    assert "FAILED" not in card


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("capitals limt=5", "unknown_setting"),
        ("capitals limit=0", "bad_setting"),
        ("capitals limit=many", "bad_setting"),
        ("capitols", "no_such_task"),
        ("capitals, capitals", "named_twice"),
        (", ,", "no_tasks"),
    ],
)
def test_tasks_that_are_refused(talk: Talk, world: InspectWorld, text: str, code: str) -> None:
    until(talk, world, "tasks")
    result = talk.say("tasks", text)
    assert (result.code, result.json["error"]["code"]) == (3, code), result.json


def test_a_misspelt_limit_is_recognised(talk: Talk, world: InspectWorld) -> None:
    until(talk, world, "tasks")
    assert "Did you mean limit?" in talk.say("tasks", "capitals limt=5").json["error"]["message"]


def test_all_tasks_with_one_setting(talk: Talk, world: InspectWorld) -> None:
    until(talk, world, "tasks")
    assert talk.say("tasks", "all limit=5").json["recorded"]["value"] == "capitals limit=5, currencies limit=5"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "no_tasks"),
        ({"a": "def t(): ..."}, "no_tasks"),
        ({"a": "def broken(:"}, "file_damaged"),
        ({"a": TASK.format(name="t", samples=SAMPLES, more="sandbox='docker'")}, "sandbox"),
        ({n: TASK.format(name="t", samples=SAMPLES, more="") for n in "ab"}, "same_name"),
    ],
)
def test_folders_that_are_refused(
    talk: Talk, aws: LocalAws, world: InspectWorld, files: dict[str, str], code: str
) -> None:
    result = talk.say("benchmarks", folder(aws, world, **files))
    assert (result.code, result.json["error"]["code"]) == (3, code), result.json


def test_a_folder_here_is_not_uploaded_unasked(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    error = talk.say("benchmarks", str(tmp_path / "tasks")).json["error"]
    assert error["code"] == "local_file"
    assert "aws s3 cp --recursive" in error["fix"]


def test_one_file_is_answered_with_its_folder(talk: Talk, world: InspectWorld) -> None:
    error = talk.say("benchmarks", f"{world.tasks_uri}geography.py").json["error"]
    assert (error["code"], world.tasks_uri in error["fix"]) == ("one_file", True)


def test_samples_without_ids_and_names_within_names_are_told(talk: Talk, aws: LocalAws, world: InspectWorld) -> None:
    uri = folder(
        aws, world, a=TASK.format(name="math", samples='Sample(input="x")', more=""),
        b=TASK.format(name="math_hard", samples=SAMPLES, more=""),
        c=TASK.format(name="boxed", samples=SAMPLES, more='sandbox="docker"'),
    )  # fmt: skip
    said = talk.say("benchmarks", uri).json
    assert [item["kind"] for item in said["findings"]] == ["tasks", "sandbox"]
    kinds = [item["kind"] for item in talk.say("tasks", "math").json["findings"]]
    assert kinds[:2] == ["no_ids", "part_of_name"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nothing-here", "not_found"),
        ("fernway-assistant-v4", "not_in_service"),
        ("amazon.nothing-v1:0", "not_found"),
        ("us.amazon.nothing-v1:0", "not_found"),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "not_usable"),  # through a profile only
        ("fernway-support-assistant/3", "no_image"),
        ("fernway-support-assistant/99", "not_found"),
        ("fernway-support-assistant/2", "not_usable"),
        ("endpoint fernway-assistant-v3 on ml.g5.xlarge", "no_instance"),
        ("arn:aws:s3:::bucket", "wrong_kind"),
    ],
)
def test_models_that_are_refused(talk: Talk, world: InspectWorld, text: str, code: str) -> None:
    until(talk, world, "model")
    result = talk.say("model", text)
    assert (result.code, result.json["error"]["code"]) == (3, code), result.json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("us.amazon.nova-lite-v1:0", "bedrock us.amazon.nova-lite-v1:0"),
        ("bedrock amazon.nova-pro-v1:0", "bedrock amazon.nova-pro-v1:0"),
        ("amazon.nova-pro-v1:0", "bedrock amazon.nova-pro-v1:0"),
        ("endpoint fernway-assistant-v3", "endpoint fernway-assistant-v3"),
    ],
)
def test_models_that_are_taken(talk: Talk, world: InspectWorld, text: str, value: str) -> None:
    until(talk, world, "model")
    assert talk.say("model", text).json["recorded"]["value"] == value


def test_a_package_becomes_weights_image_and_instance(talk: Talk, aws: LocalAws, world: InspectWorld) -> None:
    seed = Seeder(aws.cloud, aws.region)
    seed.group("fernway-served", "With an image")
    seed.package("fernway-served", 1)
    record = PACKAGES.table(aws.cloud, aws.region).get(PACKAGES.arn(aws.cloud, aws.region, "fernway-served/1"))
    assert record is not None
    container = record["InferenceSpecification"]["Containers"][0]
    container["Image"] = f"{world.account}.dkr.ecr.{aws.region}.amazonaws.com/serving:1"
    until(talk, world, "model")
    refused = talk.say("model", "fernway-served/1").json["error"]
    assert refused["code"] == "no_instance"
    said = talk.say("model", "fernway-served/1 on ml.g5.2xlarge").json
    assert said["recorded"]["value"].endswith("fernway-served/1 on ml.g5.2xlarge")
    assert "endpoint_left" in [item["kind"] for item in said["findings"]]
    until(talk, world, "confirm", model="fernway-served/1 on ml.g5.2xlarge")
    card = talk.command("status").json["step"]["question"]
    assert "an endpoint on ml.g5.2xlarge while the run lasts" in card
    policy = json.dumps(talk.command("preflight", "--policy").json)
    assert "sagemaker:DeleteEndpoint" in policy
    assert "fernway-models/fernway-served/1" in policy


def test_the_reference_is_another_model(talk: Talk, world: InspectWorld) -> None:
    until(talk, world, "reference")
    assert talk.say("reference", "fernway-assistant-v3").json["error"]["code"] == "same_model"


def test_one_model_alone_has_no_verdict(talk: Talk, world: InspectWorld) -> None:
    until(talk, world, "confirm", reference="none")
    assert "the model is evaluated alone" in talk.command("status").json["step"]["question"]


@pytest.mark.parametrize(
    ("text", "code"),
    [("temperture=0.5", "unknown_setting"), ("temperature=3", "bad_setting"), ("max_tokens=1.5", "bad_setting")],
)
def test_decoding_that_is_refused(talk: Talk, world: InspectWorld, text: str, code: str) -> None:
    until(talk, world, "reference")
    assert talk.say("decoding", text).json["error"]["code"] == code


def test_epochs_at_temperature_zero_are_told(talk: Talk, world: InspectWorld) -> None:
    until(talk, world, "reference")
    assert [item["kind"] for item in talk.say("decoding", "default").json["findings"]] == ["epochs_alike"]
    assert talk.say("decoding", "temperature=0.7").json["findings"] == []


def test_what_cannot_be_looked_up_is_told_and_taken(talk: Talk, aws: LocalAws, world: InspectWorld) -> None:
    until(talk, world, "model")
    aws.scenario = Trouble(deny={"bedrock:GetFoundationModel": ""})
    said = talk.say("model", "amazon.nova-pro-v1:0").json
    assert said["recorded"]["value"] == "bedrock amazon.nova-pro-v1:0"
    assert "not_looked_up" in [item["kind"] for item in said["findings"]]


# -- logs that are there already ---------------------------------------------------------------------------------------


def report(run_cli: RunCli, project: Path, *paths: Path) -> dict[str, object]:
    result = run_cli("report", "--results", *map(str, paths), project=project)
    return {"code": result.code, **result.json}


@pytest.mark.parametrize("reference", ["reference.eval", "reference.json"])
def test_two_logs_give_the_verdict_without_aws(run_cli: RunCli, tmp_path: Path, reference: str) -> None:
    body = report(run_cli, tmp_path, LOGS / "candidate.eval", LOGS / reference)
    assert body["code"] == 0, body
    assert body["rows"] == {"dataset": 12, "tuned": 12, "base": 12, "paired": 12, "distinct": 6}
    assert body["verdict"]["decision"] == "inconclusive"  # type: ignore[index]  # two of twelve samples failed
    assert body["simulated"] is False
    files = body["files"]
    assert isinstance(files, dict)
    assert "inspect view --log-dir" in Path(files["report.html"]).read_text(encoding="utf-8")
    again = run_cli("report", project=tmp_path)
    assert again.json["verdict"] == body["verdict"], "the results are among the project's"


def test_two_folders_of_logs(run_cli: RunCli, tmp_path: Path) -> None:
    for name, log in (("new", "candidate.eval"), ("old", "reference.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / log).write_bytes((LOGS / log).read_bytes())
    assert report(run_cli, tmp_path, tmp_path / "new", tmp_path / "old")["code"] == 0


def test_one_log_alone_has_numbers_and_no_verdict(run_cli: RunCli, tmp_path: Path) -> None:
    body = report(run_cli, tmp_path, LOGS / "reference.eval")
    assert body["verdict"]["decision"] == "none"  # type: ignore[index]


def test_the_gate_is_for_logs_as_well(run_cli: RunCli, tmp_path: Path) -> None:
    paths = [str(LOGS / "candidate.eval"), str(LOGS / "reference.eval")]
    assert run_cli("report", "--gate", "--results", *paths, project=tmp_path).code == 11


def test_what_is_no_log_is_told(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "b.eval").write_bytes(b"PK\x03\x04 damaged")
    for paths, code in (
        ((tmp_path / "a.json", tmp_path / "a.json"), "unknown_files"),
        ((tmp_path / "b.eval", tmp_path / "b.eval"), "invalid_results"),
        ((LOGS / "reference.eval", tmp_path / "gone.eval"), "no_results"),
    ):
        body = report(run_cli, tmp_path, *paths)
        assert (body["code"], body["error"]["code"]) == (3, code), body  # type: ignore[index]
    assert run_cli("report", "--results", "a", "b", "c", project=tmp_path).code == 2
