"""The conversation about a predictive model in an account: what predicts, what is settled, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from account_access import use_account
from cli_runs import RunCli, answer
from model_evaluation.kinds.predictive.kind import KIND
from model_evaluation.kinds.predictive.localaws.world import World
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import Seeder
from trouble import Trouble

Account = tuple[LocalAws, World]


@pytest.fixture(scope="module")
def shared() -> Iterator[Account]:
    with LocalAws(step_seconds=0) as aws:
        seed = Seeder(aws.cloud, aws.region)
        world = KIND.player().seed_world(seed)
        assert isinstance(world, World)
        body = aws.client("s3").get_object(Bucket=world.bucket, Key="digits/test.csv")["Body"].read()
        lines = body.splitlines(keepends=True)
        seed.object(f"s3://{world.bucket}/parts/part-0.csv", b"".join(lines[:300]))
        seed.object(f"s3://{world.bucket}/parts/part-1.csv", lines[0] + b"".join(lines[300:]))
        seed.object(f"s3://{world.bucket}/parts/_SUCCESS", b"")
        seed.object(f"s3://{world.bucket}/empty.csv", b"")
        seed.object(f"s3://{world.bucket_elsewhere}/test.csv", body)
        yield aws, world


@pytest.fixture(scope="module")
def begun() -> dict[str, bytes]:
    """State files with every answer before a step, by that step."""
    return {}


@pytest.fixture
def account(shared: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    use_account(monkeypatch, shared[0])
    yield shared
    shared[0].scenario = Scenario()


def answers(world: World, **changes: str) -> dict[str, str]:
    return {
        "evaluation": "predictive",
        "task": "Find the eights among digits",
        "dataset": world.test_uri,
        "data": "ok",
        "columns": "label=label,id=scan_id,ignore=source",
        "problem": "binary positive=1",
        "model": world.scanner_group,
        "reference": world.champion_arn,
        "threshold": "0.2",
        "primary_metric": "average_precision",
        "confirm": "yes",
    } | changes


def test_a_model_package_and_the_version_in_use_are_settled_up_to_the_yes(
    run_cli: RunCli, account: Account, tmp_path: Path
) -> None:
    aws, world = account
    before = len(aws.calls)
    result = answer(run_cli, tmp_path, answers(world))
    known: Any = result.json["known"]
    assert known["model"]["value"] == world.scanner_arn
    assert known["predictions"] == {"value": "batch", "origin": "lookup"}
    assert known["inference"] == {"value": "ml.m5.large 1", "origin": "default"}
    assert known["region"]["value"] == "us-west-2"
    assert known["role"] == {"value": world.role_arn, "origin": "lookup"}
    assert known["output"]["value"] == f"s3://{world.bucket}/model-evaluation/{tmp_path.name.replace('_', '-')}"
    assert known["mlflow"]["value"] == "none"
    assert result.json["next"] == "render"
    changing = ("Create", "Put", "Start", "Delete", "Update", "Invoke")
    assert not [call.operation for call in aws.calls[before:] if call.operation.startswith(changing)]


def test_the_version_in_use_is_suggested_and_the_card_has_its_price(
    run_cli: RunCli, account: Account, tmp_path: Path
) -> None:
    _, world = account
    said = answers(world)
    step = answer(run_cli, tmp_path, said, until="reference").json["step"]
    assert step["suggested"] == world.champion_arn
    for name in ("reference", "threshold", "primary_metric"):
        result = run_cli("answer", name, said[name], project=tmp_path)
    card = result.json["step"]["question"]
    assert "Cost            SIMULATED prices: $0.02 to $0.05 (ml.m5.large at $0.115 an hour)" in card
    assert "for 2 jobs one after another" in card
    assert "64 columns are sent to the model, never the label" in card
    assert "Can detect" in card


def test_a_training_job_is_asked_with_its_own_role_and_its_rows_are_compared(
    run_cli: RunCli, account: Account, tmp_path: Path
) -> None:
    _, world = account
    result = answer(run_cli, tmp_path, answers(world, model=world.scanner_job, reference="constant"), until="confirm")
    known = result.json["known"]
    assert known["model"]["value"].endswith(f"training-job/{world.scanner_job}")
    assert known["train_data"] == {"value": world.train_uri, "origin": "lookup"}
    assert known["role"]["value"] == world.role_arn
    assert "no test row is in it" in result.json["step"]["question"]


def test_a_sagemaker_model_has_a_role_of_its_own(run_cli: RunCli, account: Account, tmp_path: Path) -> None:
    _, world = account
    said = answers(world, model="fernway-eights-v2", reference="none")
    assert answer(run_cli, tmp_path, said, until="confirm").json["known"]["role"]["value"] == "none"


def test_text_for_a_container_of_numbers_is_told_at_once_and_stops_the_yes(
    run_cli: RunCli, account: Account, tmp_path: Path
) -> None:
    _, world = account
    said = answers(world, columns="label=label,id=scan_id")
    found = answer(run_cli, tmp_path, said, until="reference").json["findings"]
    (warned,) = [item for item in found if item["kind"] == "text_features"]
    assert "answer columns label=label,id=scan_id,ignore=source" in warned["fix"]
    answer(run_cli, tmp_path, said, until="confirm")
    refused = run_cli("answer", "confirm", "yes", project=tmp_path)
    assert refused.json["error"]["code"] == "preflight_failed"
    assert "takes numbers only" in refused.json["error"]["message"]


def test_parts_below_a_prefix_are_one_table(run_cli: RunCli, account: Account, tmp_path: Path) -> None:
    _, world = account
    result = answer(run_cli, tmp_path, answers(world, dataset=f"s3://{world.bucket}/parts"), until="confirm")
    assert "(898 rows)" in result.json["step"]["question"]


REFUSED: list[tuple[str, Callable[[World], str], str, str]] = [
    ("dataset", lambda w: f"s3://{w.bucket_elsewhere}/test.csv", "other_region", "needs one region"),
    ("dataset", lambda w: "s3://there-is-no-such-bucket/test.csv", "not_found", "There is no bucket"),
    ("dataset", lambda w: f"s3://{w.bucket}/nothing.csv", "not_found", "no object"),
    ("dataset", lambda w: f"s3://{w.bucket}/empty.csv", "empty_object", "0 bytes"),
    ("model", lambda w: f"endpoint {w.endpoint_down}", "not_in_service", "is Creating, not InService"),
    ("model", lambda w: w.group_name, "other_kind", "a fine-tuned language model"),
    ("model", lambda w: "eights-live", "choose", "names hold"),
    ("model", lambda w: "nothing-like-it", "not_found", "is not a model, endpoint, training job"),
    ("model", lambda w: w.role_arn, "wrong_kind", "IAM role"),
    ("model", lambda w: w.scanner_arn.replace("us-west-2", "eu-west-1"), "other_region", "eu-west-1"),
    ("model", lambda w: w.scanner_arn.replace("/2", "/9"), "not_found", "no model package"),
    ("reference", lambda w: w.scanner_arn, "same_model", "the candidate itself"),
    ("reference", lambda w: "fernway-eights-v2", "same_model", "the candidate itself (equal)"),
    ("inference", lambda w: "ml.p4d.24xlarge 1", "quota", "is 0 in us-west-2; 1 is needed"),
    ("inference", lambda w: "ml.m5.large 21", "quota", "is 20 in us-west-2; 21 are needed"),
    ("inference", lambda w: "a big one", "refused", "an instance type"),
    ("inference", lambda w: "ml.m5.huge 1", "unknown_instance", "not an instance type"),
    ("predictions", lambda w: "endpoint", "other_source", "asked by batch"),
    ("role", lambda w: "none", "needed", "needs a role"),
]


@pytest.mark.parametrize(
    ("step", "value", "code", "words"), REFUSED, ids=lambda item: item if isinstance(item, str) else ""
)
def test_what_cannot_be_is_refused(
    run_cli: RunCli, account: Account, begun: dict[str, bytes], tmp_path: Path,
    step: str, value: Callable[[World], str], code: str, words: str,
) -> None:  # fmt: skip
    _, world = account
    said = answers(world)
    until = step if step in said else "confirm"
    if until not in begun:
        answer(run_cli, tmp_path, said, until=until)
        begun[until] = (tmp_path / "workflow_state.json").read_bytes()
    before = begun[until]
    (tmp_path / "workflow_state.json").write_bytes(before)
    result = run_cli("answer", step, value(world), project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (3, code), result.json
    assert words in result.json["error"]["message"]
    assert (tmp_path / "workflow_state.json").read_bytes() == before


def test_denied_lookups_leave_quota_and_price_unknown(run_cli: RunCli, account: Account, tmp_path: Path) -> None:
    aws, world = account
    aws.scenario = Trouble(deny={"service-quotas:*": "", "pricing:*": ""})
    result = answer(run_cli, tmp_path, answers(world), until="confirm")
    assert "Cost            unknown" in result.json["step"]["question"]


def test_instances_are_asked_for_where_the_quota_of_the_usual_one_is_zero(
    run_cli: RunCli, account: Account, tmp_path: Path
) -> None:
    aws, world = account
    aws.scenario = Scenario(quotas={"L-LOCAL001": 0.0})
    step = answer(run_cli, tmp_path, answers(world), until="confirm").json["step"]
    assert (step["id"], "suggested" in step) == ("inference", False)
    assert "ml.m5.large 1 is beyond the account's quota" in step["question"]


def test_a_local_test_set_goes_to_sagemakers_own_bucket_after_the_yes(
    run_cli: RunCli, account: Account, tmp_path: Path
) -> None:
    aws, world = account
    body = aws.client("s3").get_object(Bucket=world.bucket, Key="digits/test.csv")["Body"].read()
    (tmp_path / "here.csv").write_bytes(body)
    said = answers(world, dataset="here.csv")
    step = answer(run_cli, tmp_path, said, until="confirm").json["step"]
    assert (step["id"], step["suggested"].split("/")[2]) == ("output", f"sagemaker-us-west-2-{world.account}")
    uploads = len(aws.calls.of("PutObject"))
    result = run_cli("answer", "output", f"s3://{world.bucket}/evaluations/digits", project=tmp_path)
    assert result.code == 0, result.json
    assert "rows without labels" in result.json["step"]["question"]
    assert run_cli("answer", "confirm", "yes", project=tmp_path).code == 0
    assert len(aws.calls.of("PutObject")) == uploads


def test_the_policy_names_what_a_transform_takes(run_cli: RunCli, account: Account, tmp_path: Path) -> None:
    _, world = account
    answer(run_cli, tmp_path, answers(world), until="confirm")
    policy = str(run_cli("preflight", "--policy", project=tmp_path).json)
    for action in ("sagemaker:CreateTransformJob", "sagemaker:CreateModel", "iam:PassRole", "s3:PutObject"):
        assert action in policy
