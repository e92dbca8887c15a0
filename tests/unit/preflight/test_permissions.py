"""How IAM's answers become passes, failures and warnings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from model_evaluation.kinds.permissions import SDK_CHECK, Necessity, Need
from model_evaluation.lookups.iam import Decision, Simulated, decisions_of, simulate_needs
from model_evaluation.preflight.checks import permissions
from model_evaluation.preflight.results import Result
from model_evaluation.preflight.subject import Subject

from .configured import ROLE, a_context

NEED = Need("judge", ("bedrock:InvokeModel",), ("arn:model",), "scoring fails", "a guide", asked=("arn:model",))


@pytest.fixture
def subject() -> Subject:
    return Subject(a_context())


def result(subject: Subject, verdict: str, need: Need = NEED, *, is_role: bool = True, **more: Any) -> Result:
    decision = Decision(need.actions[0], (need.asked or ("*",))[0], verdict, **more)
    return permissions._result(subject, ROLE, "the role Evaluation", need, Simulated((decision,)), is_role=is_role)


def test_what_is_allowed_passes(subject: Subject) -> None:
    assert result(subject, "allowed").status == "pass"


@pytest.mark.parametrize("verdict", ["implicitDeny", "explicitDeny"])
@pytest.mark.parametrize(("necessity", "status"), [("required", "fail"), ("contested", "warn"), ("secondary", "warn")])
def test_what_is_denied_fails_when_the_run_cannot_do_without(
    subject: Subject, verdict: str, necessity: Necessity, status: str
) -> None:
    finding = result(subject, verdict, replace(NEED, necessity=necessity), policies=("guard",))
    assert finding.status == status
    assert "scoring fails" in finding.message
    assert finding.evidence["source"] == "a guide"
    assert ("contested" in finding.message) is (necessity == "contested")
    assert ("get-role-policy" if verdict == "explicitDeny" else "put-role-policy") in finding.fix
    assert "--role-name Evaluation " in finding.fix  # without the path


def test_a_refusal_that_nobody_can_know_beforehand_is_a_warning(subject: Subject) -> None:
    finding = result(subject, "implicitDeny", missing=("aws:SourceVpc",))
    assert finding.status == "warn"
    assert "aws:SourceVpc" in finding.message
    assert result(subject, "explicitDeny", missing=("aws:SourceVpc",)).status == "fail"


@pytest.mark.parametrize("outside", ["permissions boundary", "organisation policy"])
def test_a_refusal_from_outside_the_role_is_a_warning(subject: Subject, outside: str) -> None:
    finding = result(subject, "implicitDeny", boundary=outside)
    assert finding.status == "warn"
    assert outside in finding.message


def test_the_sdks_own_check_can_be_switched_off_for_the_role_only(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = replace(NEED, part=SDK_CHECK, asked=())
    assert result(subject, "implicitDeny", need).status == "fail"
    monkeypatch.setenv("SAGEMAKER_VALIDATE_ROLE", "false")
    assert result(subject, "implicitDeny", need).status == "warn"
    assert result(subject, "implicitDeny", need, is_role=False).status == "fail"


class Iam:
    """An AWS session whose IAM answers for every pair of action and resource but those with a silent action."""

    def __init__(self, *silent: str) -> None:
        self.silent = silent
        self.requests: list[dict[str, Any]] = []

    def client(self, service: str, region: str | None = None) -> Iam:
        assert service == "iam"
        return self

    def get_paginator(self, name: str) -> Iam:
        assert name == "simulate_principal_policy"
        return self

    def paginate(self, **request: Any) -> list[Any]:
        self.requests.append(request)
        results = [
            {"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": "allowed"}
            for action in request["ActionNames"]
            for resource in request.get("ResourceArns", ["*"])
            if action not in self.silent
        ]
        return [{"EvaluationResults": results}]


def test_needs_of_one_service_share_a_question_and_each_takes_its_own_answers() -> None:
    other = replace(NEED, part="other", actions=("bedrock:GetEvaluationJob",), asked=("arn:job",))
    on_all = replace(NEED, part="all", asked=())
    iam: Any = Iam()
    answers = simulate_needs(iam, ROLE, [NEED, other, on_all])
    assert [[(item.action, item.resource) for item in answer.decisions] for answer in answers] == [
        [("bedrock:InvokeModel", "arn:model")],
        [("bedrock:GetEvaluationJob", "arn:job")],
        [("bedrock:InvokeModel", "*")],
    ]
    assert len(iam.requests) == 2


def test_an_answer_that_is_missing_is_undecided() -> None:
    iam: Any = Iam("bedrock:InvokeModel")
    (answer,) = simulate_needs(iam, ROLE, [NEED])
    assert "bedrock:InvokeModel" in answer.unknown


def test_iams_answers_are_read_in_both_shapes() -> None:
    answer = {"EvalActionName": "s3:GetObject", "EvalResourceName": "arn:x", "EvalDecision": "allowed"}
    assert decisions_of(answer) == [Decision("s3:GetObject", "arn:x", "allowed")]
    answer |= {
        "PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False},
        "ResourceSpecificResults": [
            {"EvalResourceName": "arn:y", "EvalResourceDecision": "implicitDeny", "MissingContextValues": ["k"]},
            {"EvalResourceName": "arn:z", "EvalResourceDecision": "allowed"},
        ],
    }
    first, second = decisions_of(answer)
    assert first == Decision("s3:GetObject", "arn:y", "implicitDeny", ("k",), (), "permissions boundary")
    assert (second.resource, second.allowed) == ("arn:z", True)
