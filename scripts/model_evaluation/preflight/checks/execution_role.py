"""The execution role: it exists, and the services that work with it may assume it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from model_evaluation.errors import NotFound
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.permissions import TrustedService, document
from model_evaluation.lookups.iam.policy_evaluation import Policy, Requester, matching, statements_of
from model_evaluation.lookups.iam.roles import Role
from model_evaluation.preflight.fixes import command, lines
from model_evaluation.preflight.policy_documents import trust_statement
from model_evaluation.preflight.results import Result, failed, passed, warned
from model_evaluation.preflight.subject import Subject

ASSUME = "sts:AssumeRole"


def role(subject: Subject) -> Iterator[Result]:
    name = subject.configuration.role_name
    try:
        execution_role = subject.role()
    except NotFound:
        yield failed(
            f"There is no role {name} (any more).",
            lines(
                "Choose one that SageMaker may assume; these roles exist:",
                "aws iam list-roles --query 'Roles[].Arn'",
                "evaluate.py revise role",
            ),
            role=name,
        )
        return
    arn = execution_role.arn
    answer = str(subject.facts("role").get("arn", arn))
    if arn != answer:
        yield failed(
            f"{answer} does not exist; the role of that name is {arn}.",
            lines("Answer it anew:", f"evaluate.py answer role {arn}"),
            arn=arn,
        )
        return
    trusted = subject.permissions().trusted
    if not trusted:
        yield passed(f"The role {name} exists.", arn=arn)
    for service in trusted:
        yield _trust(execution_role, service)


def _trust(role: Role, service: TrustedService) -> Result:
    """Whether the service may assume the role."""
    account = role.arn.split(":")[4]
    context = {
        "aws:sourceaccount": [account],
        "aws:principalservicename": [service.principal],
        "aws:principalisawsservice": ["true"],
    }
    requester = Requester(service.principal, account, context, service=True)
    allowed = matching(role.trust, "Allow", requester, ASSUME, None)
    denied = [match for match in matching(role.trust, "Deny", requester, ASSUME, None) if match.certain]
    if any(match.certain for match in allowed) and not denied:
        return passed(f"{service.name} may assume {role.name}.", part=service.part, arn=role.arn)
    evidence: dict[str, object] = {"arn": role.arn, "trusts": sorted(role.trusted), "trust": role.trust}
    fix = lines(
        "Add the service to the role's trust policy; this is the whole policy with the statement added:",
        command(
            "iam",
            "update-assume-role-policy",
            role_name=role.name,
            policy_document=_with_trust(role.trust, service, account),
        ),
    )
    if allowed and not denied:
        keys = ", ".join(sorted({key for match in allowed for key in match.undecided}))
        return warned(
            f"{service.name} may assume {role.name} only under a condition that cannot be checked beforehand ({keys}).",
            fix,
            part=service.part,
            evidence=evidence,
        )
    if denied:
        message = f"{service.name} may not assume {role.name}: its trust policy denies it ({denied[0].sid})."
    elif service.principal in role.trusted:
        message = (
            f"{service.name} may not assume {role.name} for account {account}: a condition in its trust policy "
            "excludes it."
        )
    else:
        names = ", ".join(sorted(role.trusted)) or "no service"
        message = f"{service.name} may not assume {role.name}: its trust policy names {names}."
    make = warned if service.contested else failed
    return make(f"{message} {service.otherwise}", fix, part=service.part, evidence=evidence)


def _with_trust(trust: Policy, service: TrustedService, account: str) -> JsonObject:
    others = [dict(statement) for statement in statements_of(trust) if not _denies(statement, service.principal)]
    return document([*others, trust_statement([service.principal], account, service.actions)])


def _denies(statement: Policy, service: str) -> bool:
    return statement.get("Effect") == "Deny" and service in json.dumps(statement.get("Principal", ""))
