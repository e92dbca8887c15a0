"""The execution role: it exists, and SageMaker and Bedrock may assume it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from model_evaluation.errors import NotFound
from model_evaluation.lookups.policies import Asker, matching, statements_of
from model_evaluation.lookups.roles import BEDROCK, SAGEMAKER, Role

from .result import Result, command, failed, lines, passed, warned
from .subject import Subject


def role(subject: Subject) -> Iterator[Result]:
    try:
        found = subject.role()
    except NotFound:
        yield failed(
            f"There is no role {subject.role_name()} (any more).",
            lines(
                "Choose one that SageMaker may assume; these roles exist:",
                "aws iam list-roles --query 'Roles[].Arn'",
                "evaluate.py revise role",
            ),
            role=subject.role_name(),
        )
        return
    answered = str(subject.facts("role").get("arn", found.arn))
    if found.arn != answered:
        yield failed(
            f"{answered} does not exist; the role of that name is {found.arn}.",
            lines("Answer it anew:", f"evaluate.py answer role {found.arn}"),
            arn=found.arn,
        )
        return
    account = found.arn.split(":")[4]
    yield _trust(found, SAGEMAKER, account, subject, essential=True)
    yield _trust(found, BEDROCK, account, subject, essential=False)


def _trust(found: Role, service: str, account: str, subject: Subject, *, essential: bool) -> Result:
    """Whether ``service`` may assume the role. Bedrock's trust is disputed between AWS's own sources."""
    name = "SageMaker" if service == SAGEMAKER else "Bedrock"
    part = "" if essential else "bedrock_trust"
    source = {
        "aws:sourceaccount": account,
        "aws:principalservicename": service,
        "aws:principalisawsservice": "true",
    }
    asker = Asker(service, account, source, service=True)
    allowed = matching(found.trust, "Allow", asker, "sts:AssumeRole", None)
    denied = [match for match in matching(found.trust, "Deny", asker, "sts:AssumeRole", None) if match.certain]
    trusted = any(match.certain for match in allowed) and not denied
    evidence: dict[str, Any] = {"arn": found.arn, "trusts": sorted(found.trusted), "trust": found.trust}
    if trusted:
        return passed(f"{name} may assume {found.name}.", part=part, arn=found.arn)
    fix = lines(
        "Add the service to the role's trust policy; this is the whole policy with the statement added:",
        command(
            "iam",
            "update-assume-role-policy",
            role_name=found.name,
            policy_document=_with_trust(found.trust, service, account),
        ),
    )
    if allowed and not denied:
        keys = ", ".join(sorted({key for match in allowed for key in match.unknown}))
        return warned(
            f"{name} may assume {found.name} only under a condition that cannot be checked beforehand ({keys}).",
            fix,
            part=part,
            **evidence,
        )
    listed = ", ".join(sorted(found.trusted)) or "no service"
    if denied:
        message = f"{name} may not assume {found.name}: its trust policy denies it ({denied[0].sid})."
    elif service in found.trusted:
        message = (
            f"{name} may not assume {found.name} for account {account}: a condition in its trust policy excludes it."
        )
    else:
        message = f"{name} may not assume {found.name}: its trust policy names {listed}."
    if essential:
        return failed(f"{message} No step can start.", fix, part=part, **evidence)
    return warned(
        f"{message} Scoring may fail about 25 minutes after the start (AWS's own sources disagree on the need).",
        fix,
        part=part,
        **evidence,
    )


def _with_trust(trust: Mapping[str, Any], service: str, account: str) -> dict[str, Any]:
    kept = [item for item in statements_of(trust) if not _denies(item, service)]
    added = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return {"Version": "2012-10-17", "Statement": [*kept, added]}


def _denies(statement: Mapping[str, Any], service: str) -> bool:
    return statement.get("Effect") == "Deny" and service in json.dumps(statement.get("Principal", ""))
