"""How IAM's answers become passes, failures and warnings; and what the SDK's version says."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.conversation.context import Context
from model_evaluation.lookups.policies import Decision, Simulated, _decisions
from model_evaluation.preflight import permitted, sdk
from model_evaluation.preflight.documents import caller_policy, role_policy
from model_evaluation.preflight.permissions import Need, Plan, caller_needs, role_needs
from model_evaluation.preflight.result import Result
from model_evaluation.preflight.subject import Subject

ROLE = "arn:aws:iam::111122223333:role/team/Evaluation"
PLAN = Plan(
    partition="aws",
    region="us-west-2",
    account="111122223333",
    role=ROLE,
    dataset="data/rows.jsonl",
    dataset_bucket="data",
    output="results/evaluations",
    output_bucket="results",
    judge="amazon.nova-pro-v1:0",
    package="arn:aws:sagemaker:us-west-2:111122223333:model-package/tickets/3",
    base_model="arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/llama/1.0.0",
    hub="arn:aws:sagemaker:us-west-2:aws:hub/SageMakerPublicHub",
    weights="models/tickets/",
    mlflow="",
    mlflow_create=False,
)
NEED = Need("judge", ("bedrock:InvokeModel",), ("arn:model",), ("arn:model",), "scoring fails")


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject(Context(str(tmp_path), {"answers": {}}, now="2026-11-20T00:00:00+00:00"))


def result(subject: Subject, verdict: str, need: Need = NEED, **more: Any) -> Result:
    decision = Decision(need.actions[0], (need.asked or ("*",))[0], verdict, **more)
    return permitted._result(subject, ROLE, "role", need, Simulated((decision,)))


def test_what_is_allowed_passes(subject: Subject) -> None:
    assert result(subject, "allowed").status == "pass"


@pytest.mark.parametrize("verdict", ["implicitDeny", "explicitDeny"])
@pytest.mark.parametrize(("essential", "status"), [(True, "fail"), (False, "warn")])
def test_what_is_denied_fails_when_the_run_cannot_do_without(
    subject: Subject, verdict: str, essential: bool, status: str
) -> None:
    found = result(subject, verdict, NEED._replace(essential=essential), policies=("guard",))
    assert found.status == status
    assert "scoring fails" in found.message
    assert ("get-role-policy" if verdict == "explicitDeny" else "put-role-policy") in found.fix
    assert "--role-name Evaluation " in found.fix  # without the path


def test_a_refusal_that_nobody_can_know_beforehand_is_a_warning(subject: Subject) -> None:
    found = result(subject, "implicitDeny", missing=("aws:SourceVpc",))
    assert found.status == "warn"
    assert "aws:SourceVpc" in found.message
    assert result(subject, "explicitDeny", missing=("aws:SourceVpc",)).status == "fail"


@pytest.mark.parametrize("outside", ["permissions boundary", "organisation policy"])
def test_a_refusal_from_outside_the_role_is_a_warning(subject: Subject, outside: str) -> None:
    found = result(subject, "implicitDeny", boundary=outside)
    assert found.status == "warn"
    assert outside in found.message


def test_an_answer_that_is_missing_is_undecided(subject: Subject) -> None:
    assert permitted._result(subject, ROLE, "role", NEED, Simulated(())).status == "skip"


def test_the_sdks_own_check_can_be_switched_off_for_the_role_only(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = NEED._replace(part="sdk_check", asked=())
    assert result(subject, "implicitDeny", need).status == "fail"
    monkeypatch.setenv("SAGEMAKER_VALIDATE_ROLE", "false")
    assert result(subject, "implicitDeny", need).status == "warn"
    decision = Decision("bedrock:InvokeModel", "*", "implicitDeny")
    assert permitted._result(subject, ROLE, "you", need, Simulated((decision,))).status == "fail"


def test_iams_answers_are_read_in_both_shapes() -> None:
    answer = {"EvalActionName": "s3:GetObject", "EvalResourceName": "arn:x", "EvalDecision": "allowed"}
    assert _decisions(answer) == [Decision("s3:GetObject", "arn:x", "allowed")]
    answer |= {
        "PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False},
        "ResourceSpecificResults": [
            {"EvalResourceName": "arn:y", "EvalResourceDecision": "implicitDeny", "MissingContextValues": ["k"]},
            {"EvalResourceName": "arn:z", "EvalResourceDecision": "allowed"},
        ],
    }
    first, second = _decisions(answer)
    assert first == Decision("s3:GetObject", "arn:y", "implicitDeny", ("k",), (), "permissions boundary")
    assert (second.resource, second.allowed) == ("arn:z", True)


@pytest.mark.parametrize("needs", [role_needs, caller_needs])
def test_every_need_has_a_name_and_says_what_happens_without(needs: Any) -> None:
    found = needs(PLAN)
    assert len({need.part for need in found}) == len(found)
    assert all(need.actions and need.granted and need.otherwise for need in found)


def test_what_an_evaluation_does_not_have_is_in_no_policy() -> None:
    text = str(role_policy(PLAN)) + str(caller_policy(PLAN))
    assert "sagemaker-mlflow" not in text
    assert "kms:" not in text
    assert "CreateMlflowApp" not in text
    base_only = str(role_policy(PLAN._replace(package="", weights="")))
    assert "DescribeModelPackage" not in base_only
    assert "arn:aws:s3:::models" not in base_only
    assert "CreateMlflowApp" in str(caller_policy(PLAN._replace(mlflow_create=True)))


def test_other_partitions_keep_their_names() -> None:
    plan = PLAN._replace(partition="aws-us-gov", region="us-gov-west-1")
    text = str([need for need in role_needs(plan) if need.part not in ("pass_role", "pass_role_to_bedrock")])
    assert "arn:aws-us-gov:s3:::data/rows.jsonl" in text
    assert "'arn:aws:s3" not in text
    assert "'arn:aws:bedrock" not in text


@pytest.mark.parametrize(
    ("versions", "status", "words"),
    [
        ({"sagemaker": "3.27.0", "sagemaker-train": "1.27.0", "sagemaker-core": "2.27.0"}, "pass", "3.27.0"),
        ({"sagemaker": "3.30.1", "sagemaker-train": "1.30.0", "sagemaker-core": "2.40.0"}, "pass", "3.30.1"),
        ({"sagemaker": "2.245.0", "sagemaker-core": "1.0.0"}, "skip", "sagemaker is 2.245.0"),
        ({"sagemaker": "4.0.0", "sagemaker-train": "2.0.0", "sagemaker-core": "3.0.0"}, "skip", "sagemaker is 4.0.0"),
        ({"sagemaker": "3.27.0", "sagemaker-core": "2.27.0"}, "skip", "sagemaker-train is not installed"),
        ({}, "skip", "not installed"),
    ],
)
def test_the_sdk_is_looked_at_without_importing_it(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, versions: dict[str, str], status: str, words: str
) -> None:
    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    (found,) = sdk.version(subject)
    assert found.status == status
    assert words in found.message


@pytest.mark.parametrize("needs", [role_needs, caller_needs])
def test_every_file_must_be_readable(needs: Callable[[Plan], list[Need]]) -> None:
    plan = PLAN._replace(dataset="data/in/rows-*-of-002.jsonl")
    (need,) = (need for need in needs(plan) if need.part == "read_dataset")
    assert need.asked == tuple(f"arn:aws:s3:::data/in/rows-00{number}-of-002.jsonl" for number in (1, 2))
    assert need.statement()["Resource"] == "arn:aws:s3:::data/in/rows-*-of-002.jsonl"


def test_one_file_is_asked_for_as_it_is() -> None:
    (need,) = (need for need in role_needs(PLAN) if need.part == "read_dataset")
    assert need.asked == need.granted == ("arn:aws:s3:::data/rows.jsonl",)
