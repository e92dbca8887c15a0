"""Preflight and the card as a user meets them: `preflight`, `preflight --policy`, the question before the yes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from cli_runs import RunCli
from model_evaluation.localaws import LocalAws
from model_evaluation.preflight import runner
from trouble import wait_for_all_but
from unit.preflight.aws_cli import run_aws
from unit.preflight.fault_player import READING, Stage, answers, configured, stage


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(step_seconds=0) as aws:
        yield aws


@pytest.fixture
def scene(aws: LocalAws, tmp_path: Path) -> Iterator[Stage]:
    """A configured project that only awaits its confirmation."""
    state = configured(aws)
    with stage(aws, tmp_path) as scene:
        scene.state.write_text(state, "utf-8")
        yield scene


def by_id(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {entry["id"]: entry["status"] for entry in entries}


def troubles(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is wrong, but for the stand-in itself, which `endpoint` names."""
    return [entry for entry in entries if entry["status"] in ("fail", "warn") and entry["id"] != "endpoint"]


def test_an_account_in_order_has_nothing_to_complain_about(run_cli: RunCli, scene: Stage) -> None:
    result = run_cli("preflight", "--all", project=scene.project)
    assert result.code == 0
    assert troubles(result.json["checks"]) == []
    assert "passed" in result.json["summary"]
    for entry in result.json["checks"]:
        assert set(entry) == {"id", "status", "message", "fix", "evidence"}
        assert entry["message"]


def test_preflight_lists_what_did_not_pass_and_all_of_it_on_request(run_cli: RunCli, scene: Stage) -> None:
    short, whole = (run_cli("preflight", *options, project=scene.project).json for options in ((), ("--all",)))
    assert short["checks"] == [entry for entry in whole["checks"] if entry["status"] != "pass"]
    assert short["summary"] == whole["summary"]
    assert f"{len(whole['checks']) - len(short['checks'])} passed" in short["summary"]
    for entry in short["checks"]:
        assert entry["status"] != "skip" or entry["id"] in short["summary"]


def test_preflight_names_an_endpoint_that_is_not_awss_own(run_cli: RunCli, scene: Stage) -> None:
    result = run_cli("preflight", project=scene.project).json
    assert result["simulated"] is True
    (entry,) = (entry for entry in result["checks"] if entry["id"] == "endpoint")
    assert scene.aws.env["AWS_ENDPOINT_URL"] in entry["message"]


def test_a_judge_behind_a_profile_needs_more_than_its_own_region_allows(scene: Stage) -> None:
    """A role that may call the model of this region and start evaluation jobs under their own name only."""
    judge, region, account = scene.world.judge, scene.world.region, scene.world.account
    scene.aws.scenario = scene.scenario_with({"judges": {judge: {"on_demand": False}}})
    role = scene.names["role"]
    policy = run_aws(scene.aws, f"aws iam get-role-policy --role-name {role} --policy-name evaluation")
    (everything,) = policy["PolicyDocument"]["Statement"]
    others = {**everything, "Action": [action for action in everything["Action"] if action != "bedrock:*"]}
    here = f"arn:aws:bedrock:{region}::foundation-model/{judge}"
    jobs = f"arn:aws:bedrock:{region}:{account}:evaluation-job/*"
    bedrock = {"Effect": "Allow", "Action": "bedrock:*", "Resource": [here, jobs]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [others, bedrock]})
    put = f"aws iam put-role-policy --role-name {role} --policy-name evaluation --policy-document '{document}'"
    run_aws(scene.aws, put)
    statuses = by_id(scene.preflight({"role_may"}))
    parts = ("judge", "judge_profile", "evaluation_jobs", "evaluation_jobs_profile")
    assert [statuses[f"role_may.{part}"] for part in parts] == ["fail", "fail", "pass", "fail"]


def test_an_evaluation_of_a_profile_judge_passes_with_the_printed_policy(run_cli: RunCli, scene: Stage) -> None:
    scene.aws.scenario = scene.scenario_with({"judges": {scene.world.judge: {"on_demand": False}}})
    result = run_cli("preflight", "--policy", project=scene.project).json
    run_aws(scene.aws, f"aws iam delete-role-policy --role-name {scene.names['role']} --policy-name evaluation")
    for text in result["commands"]:
        run_aws(scene.aws, text)
    assert {entry["status"] for entry in scene.preflight({"role_may", "role"})} == {"pass"}


def test_a_failed_check_is_exit_three_with_every_fix_to_paste(run_cli: RunCli, scene: Stage) -> None:
    run_aws(scene.aws, f"aws iam delete-role-policy --role-name {scene.names['role']} --policy-name evaluation")
    result = run_cli("preflight", project=scene.project)
    assert (result.code, result.json["error"]["code"]) == (3, "preflight_failed")
    assert "aws iam put-role-policy" in result.json["error"]["fix"]
    confirm = run_cli("answer", "confirm", "yes", project=scene.project)
    assert (confirm.code, confirm.json["error"]["code"]) == (3, "preflight_failed")


def test_before_the_answers_are_there_nothing_passes_for_checked(run_cli: RunCli, tmp_path: Path, scene: Stage) -> None:
    project = tmp_path / "new"
    project.mkdir()
    result = run_cli("preflight", project=project)
    assert result.code == 0
    result = run_cli("preflight", "--all", project=project)
    passes = {entry["id"] for entry in result.json["checks"] if entry["status"] == "pass"}
    assert passes <= {"identity", "clock", "sdk"}


# -- what is not a fault ----------------------------------------------------------------------------------------


def test_what_looks_like_trouble_and_is_none(scene: Stage) -> None:
    """Plain HTTP denied, public access blocked, a key that may be used: as most companies have it."""
    statement = (
        '{{"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::{0}", '
        '"arn:aws:s3:::{0}/*"], "Condition": {{"Bool": {{"aws:SecureTransport": "false"}}}}}}'
    )
    for bucket in (scene.world.bucket, scene.names["results"]):
        policy = '{"Version": "2012-10-17", "Statement": [' + statement.format(bucket) + "]}"
        run_aws(scene.aws, f"aws s3api put-bucket-policy --bucket {bucket} --policy '{policy}'")
        block = '{"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true}'
        run_aws(
            scene.aws,
            f"aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration '{block}'",
        )
    key = run_aws(scene.aws, "aws kms create-key")["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = json.dumps({"Rules": [{"ApplyServerSideEncryptionByDefault": default}]})
    run_aws(
        scene.aws,
        f"aws s3api put-bucket-encryption --bucket {scene.names['results']} "
        f"--server-side-encryption-configuration '{rules}'",
    )
    entries = scene.preflight()
    assert troubles(entries) == []
    assert by_id(entries)["encryption.output"] == "pass"


def test_a_bucket_policy_that_grants_makes_up_for_silent_role_policies(scene: Stage) -> None:
    role, bucket = scene.world.role_arn, scene.world.bucket
    policy = {"Effect": "Allow", "NotAction": ["s3:GetObject"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    attach = f"aws iam put-role-policy --role-name {scene.names['role']} --policy-name evaluation"
    run_aws(scene.aws, f"{attach} --policy-document '{document}'")
    assert by_id(scene.preflight({"role_may"}))["role_may.read_dataset"] == "fail"
    grant = {
        "Effect": "Allow",
        "Principal": {"AWS": role},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    run_aws(scene.aws, f"aws s3api put-bucket-policy --bucket {bucket} --policy '{document}'")
    assert by_id(scene.preflight({"role_may"}))["role_may.read_dataset"] == "pass"


# -- what could not be decided -------------------------------------------------------------------------------


def operations(scene: Stage) -> list[str]:
    before = len(scene.aws.calls)
    scene.preflight()
    return sorted({f"{call.service}:{call.operation}" for call in list(scene.aws.calls)[before:]})


def test_whatever_may_not_be_read_is_undecided_and_neither_passed_nor_failed(scene: Stage) -> None:
    """Every operation preflight calls is denied in turn."""
    in_order = scene.preflight()
    usual, said = by_id(in_order), {entry["message"] for entry in in_order}
    called = operations(scene)
    assert len(called) >= 15
    for operation in called:
        scene.aws.scenario = scene.scenario_with({"deny": {operation: ""}})
        entries = scene.preflight()
        now = by_id(entries)
        assert "fail" not in now.values(), (operation, [entry for entry in entries if entry["status"] == "fail"])
        lost = [name for name, status in usual.items() if status == "pass" and now.get(name) != "pass"]
        assert lost or {entry["message"] for entry in entries} - said, f"{operation} was denied, and nothing was said"


def test_preflight_only_reads(scene: Stage) -> None:
    called = operations(scene)
    assert [name for name in called if not name.partition(":")[2].startswith(READING)] == []


def test_a_service_that_hangs_is_left_behind(scene: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = Event()
    wait_for_all_but(2, monkeypatch)
    monkeypatch.setattr(runner, "CHECK_SECONDS", 0.1)
    scene.aws.scenario = scene.scenario_with({"held": {"ListDomains": answered, "ListServiceQuotas": answered}})
    statuses = by_id(scene.preflight())
    answered.set()
    assert (statuses["network"], statuses["quota_judge"]) == ("skip", "skip")
    assert statuses["role"] == "pass"


def test_throttling_is_waited_out(scene: Stage) -> None:
    scene.aws.scenario = scene.scenario_with({"throttle": {"SimulatePrincipalPolicy": 3, "GetRole": 1}})
    assert troubles(scene.preflight()) == []


def test_unpublished_quotas_are_said_to_be_unknown(scene: Stage) -> None:
    scene.aws.scenario = scene.scenario_with({"quotas": {"L-619D690E": None, "L-10CA1001": None, "L-10CA1002": None}})
    entries = {entry["id"]: entry for entry in scene.preflight({"quota_jobs", "quota_judge"})}
    assert by_id(list(entries.values())) == {"quota_jobs": "skip", "quota_judge": "skip"}
    assert "does not publish" in entries["quota_jobs"]["message"]


# -- preflight --policy --------------------------------------------------------------------------------------


def test_the_printed_policies_are_enough_for_everything_that_is_checked(run_cli: RunCli, scene: Stage) -> None:
    """Role and caller get exactly what is printed, and nothing else."""
    result = run_cli("preflight", "--policy", project=scene.project)
    assert result.code == 0, result.json
    policy, role = result.json["policy"], scene.names["role"]
    run_aws(scene.aws, f"aws iam delete-role-policy --role-name {role} --policy-name evaluation")
    for text in result.json["commands"]:
        run_aws(scene.aws, text)
    client = scene.aws.client("iam")
    client.create_role(RoleName="Me", AssumeRolePolicyDocument=json.dumps(policy["trust"]))
    for name in ("caller", "caller_sdk_check"):
        client.put_role_policy(RoleName="Me", PolicyName=name, PolicyDocument=json.dumps(policy[name]))
    scene.aws.cloud.caller_arn = f"arn:aws:sts::{scene.world.account}:assumed-role/Me/session"
    entries = scene.preflight()
    assert troubles(entries) == []
    assert by_id(entries)["caller_may.pass_role"] == "pass"


def test_the_printed_policies_name_the_things_of_this_evaluation(run_cli: RunCli, scene: Stage) -> None:
    before = len(scene.aws.calls)
    policy = run_cli("preflight", "--policy", project=scene.project).json["policy"]
    assert all(call.operation.startswith(READING) for call in list(scene.aws.calls)[before:])
    text = json.dumps(policy["role"])
    for name in (scene.world.dataset_uri[5:], scene.names["results"], scene.world.judge, scene.world.mlflow_app_arn):
        assert name in text
    writing = [item for item in policy["role"]["Statement"] if "s3:PutObject" in item["Action"]]
    assert [item["Resource"] for item in writing] == [f"arn:aws:s3:::{scene.names['results']}/evaluations/*"]


def test_a_key_in_use_stands_in_the_printed_policy(run_cli: RunCli, scene: Stage) -> None:
    for move in next(fault for fault in _faults() if fault["id"] == "output-key-disabled")["play"][:2]:
        scene.move(move)
    policy = run_cli("preflight", "--policy", project=scene.project).json["policy"]
    keys = [item["Resource"] for item in policy["role"]["Statement"] if "kms:GenerateDataKey" in item["Action"]]
    assert keys == [scene.names["key"]]


def _faults() -> tuple[dict[str, Any], ...]:
    from unit.preflight.fault_player import load_faults

    return load_faults()


def test_policies_before_the_answers_are_too_early(run_cli: RunCli, tmp_path: Path, scene: Stage) -> None:
    project = tmp_path / "new"
    project.mkdir()
    result = run_cli("preflight", "--policy", project=project)
    assert (result.code, result.json["error"]["code"]) == (3, "too_early")
    assert "role" in result.json["error"]["details"]["missing"]


# -- the card ------------------------------------------------------------------------------------------------


def card(run_cli: RunCli, scene: Stage) -> str:
    """The card, made anew by answering the last question before it."""
    result = run_cli("answer", "output", answers(scene.world)["output"], project=scene.project)
    assert result.code == 0, result.json
    assert result.json["step"]["id"] == "confirm"
    text: str = result.json["step"]["question"]
    return text.removesuffix("\n\nDoes this look right?")


def test_the_card_shows_what_it_takes_on_one_screen(run_cli: RunCli, scene: Stage) -> None:
    text = card(run_cli, scene)
    assert "60 rows × 2 model(s) × 3 metric(s) = 360" in text
    assert "SIMULATED prices: USD" in text
    assert "to USD" in text
    assert "minutes" in text
    assert "Can detect" in text
    assert "passed" in text.partition("Preflight")[2]
    assert len(text.splitlines()) <= 30


def test_the_card_of_one_model_alone_promises_no_comparison(run_cli: RunCli, scene: Stage) -> None:
    assert run_cli("answer", "scope", "tuned", project=scene.project).code == 0
    text = card(run_cli, scene)
    assert "alone, without its base model" in text
    assert "Can detect" not in text
    assert "decides" not in text


def test_the_card_says_nothing_twice(run_cli: RunCli, scene: Stage) -> None:
    for step, value in (("mlflow", "create"), ("role", scene.world.role_without_bedrock_trust)):
        assert run_cli("answer", step, value, project=scene.project).code == 0
    text = card(run_cli, scene)
    assert text.count("MLflow app") == 1
    assert text.count("Bedrock may not assume") == 1


def test_the_card_does_not_warn_of_what_was_mended_since(run_cli: RunCli, scene: Stage) -> None:
    role = scene.world.role_without_bedrock_trust
    assert "Bedrock may not" in run_cli("answer", "role", role, project=scene.project).json["warnings"][-1]["message"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["sagemaker.amazonaws.com", "bedrock.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    name = role.rpartition("/")[2]
    run_aws(scene.aws, f"aws iam update-assume-role-policy --role-name {name} --policy-document '{json.dumps(trust)}'")
    assert "Bedrock may not" not in card(run_cli, scene)


def test_an_unknown_price_has_a_bound_on_the_card(run_cli: RunCli, scene: Stage) -> None:
    scene.aws.scenario = scene.scenario_with({"deny": {"pricing:GetProducts": ""}})
    line = next(line for line in card(run_cli, scene).splitlines() if line.startswith("Cost"))
    assert re.search(r"USD \d+\.\d\d to USD \d+\.\d\d for the judge, as the cheapest and the dearest", line)
    assert "SIMULATED" not in line  # these bounds are published, not played


def test_the_card_stays_on_one_screen_however_much_is_wrong(run_cli: RunCli, scene: Stage) -> None:
    run_aws(scene.aws, f"aws iam delete-role-policy --role-name {scene.names['role']} --policy-name evaluation")
    text = card(run_cli, scene)
    lines = text.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 200
    assert "✗ role_may.evaluation_jobs" in text
    assert "FAILED" in text
    assert "more: evaluate.py preflight" in lines[-1]


# Operations whose permission has another name.
PERMISSION_OF = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "sts:GetCallerIdentity": "",  # needs none
}


def test_the_printed_caller_policy_covers_what_preflight_itself_calls(run_cli: RunCli, scene: Stage) -> None:
    policy = run_cli("preflight", "--policy", project=scene.project).json["policy"]["caller"]
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    called = {PERMISSION_OF.get(name, name.replace("service-quotas:", "servicequotas:")) for name in operations(scene)}
    assert called - allowed - {""} == set()
