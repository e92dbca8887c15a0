"""role: the execution role that the evaluation's jobs work with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import AccessDenied, EvaluationError, NotFound, Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.permissions import SDK_CHECK, TrustedService
from model_evaluation.lookups.arns import a_kind_of, kind_of, parse_arn
from model_evaluation.lookups.iam import SAGEMAKER, Role, Simulated, describe_role, list_roles, simulate_needs
from model_evaluation.lookups.identity import who_am_i
from model_evaluation.lookups.session import Aws, outcome, together

T = TypeVar("T")
MOST_CHOICES = 12
MOST_SIMULATED = 6  # roles tried before the question is asked


def check(text: str, context: Context) -> Answer:
    aws = context.aws
    name, account = _named(text, aws)
    is_role = text.startswith("arn:") and ":role/" in text  # then everything can be asked at once
    caller, described, simulated = together(
        lambda: who_am_i(aws),
        outcome(lambda: describe_role(aws, name)),
        outcome(lambda: _simulation(context, text) if is_role else None),
    )
    if account not in ("", caller.account):
        raise Refused(
            f"The role is of account {account}; these credentials are of account {caller.account}.",
            fix="Choose a role of the account that the evaluation runs in.",
            code="other_account",
        )
    if isinstance(described, NotFound):
        raise Refused(
            f"There is no role {name} in account {caller.account}.",
            fix="List the roles: aws iam list-roles --query 'Roles[].RoleName'",
            code="not_found",
        ) from described
    role = _or_raise(described)
    if is_role and role.arn != text:
        raise Refused(
            f"{text} does not exist; the role of that name is {role.arn}.", fix=f"Answer {role.arn}.", code="not_found"
        )
    sagemaker = TrustedService(SAGEMAKER, "SageMaker", "")
    services = context.kind.permissions(context, role.arn).trusted
    for service in (sagemaker, *services):
        if not service.contested and service.principal not in role.trusted:
            raise Refused(
                f"{service.name} may not assume {role.arn}: its trust policy allows "
                f"{', '.join(sorted(role.trusted)) or 'no service'}. {service.otherwise}".rstrip(),
                fix=f"Add {service.principal} to the trust policy of {name}, or choose another role.",
                code="not_trusted",
            )
    asked = _or_raise(simulated)
    simulation = _simulation(context, role.arn) if asked is None else asked
    findings = [*_trust(role, services), *_permissions(role, simulation)]
    return Answer(role.arn, facts={"arn": role.arn, "trusts": sorted(role.trusted)}, findings=findings)


def _or_raise(result: T | EvaluationError) -> T:
    if isinstance(result, EvaluationError):
        raise result
    return result


def _named(text: str, aws: Aws) -> tuple[str, str]:
    """A role's name, and its account where the text says that."""
    if text.lower() == "auto":
        own_role = who_am_i(aws).role_name
        if own_role is None:
            raise Refused(
                "`auto` takes the role of the current session, but these credentials are not of a role.",
                fix="Give the execution role's ARN or name.",
                code="no_own_role",
            )
        return own_role, ""
    if not text.startswith("arn:"):
        return text.rpartition("/")[2], ""
    arn = parse_arn(text)
    if arn is None:
        fix = "It looks like arn:aws:iam::ACCOUNT:role/NAME."
        raise Refused(f"{text[:200]!r} is not a complete ARN.", fix=fix, code="bad_arn")
    kind = kind_of(arn)
    if kind not in ("IAM role", "role session"):
        message = f"That is the ARN of {a_kind_of(arn)}, not of an IAM role: {text}"
        raise Refused(message, fix="Give arn:aws:iam::ACCOUNT:role/NAME.", code="wrong_kind")
    return arn.resource.split("/")[1 if kind == "role session" else -1], arn.account


def _trust(role: Role, services: Sequence[TrustedService]) -> list[JsonObject]:
    """A warning for each service that may not assume the role, where AWS's own sources disagree on the need."""
    return [
        finding(
            f"no_{service.part}",
            f"{service.name} may not assume {role.name}. {service.otherwise}",
            level="warning",
            fix="Add to the role's trust policy: "
            f'{{"Effect": "Allow", "Principal": {{"Service": "{service.principal}"}}, "Action": "sts:AssumeRole"}}',
        )
        for service in services
        if service.contested and service.principal not in role.trusted
    ]


def _simulation(context: Context, role_arn: str) -> list[Simulated]:
    """What IAM says of everything without which the run fails for certain, as far as the answers go; preflight asks for
    the rest."""
    needs = context.kind.permissions(context, role_arn).role
    required = [need for need in needs if need.necessity == "required" and need.part != SDK_CHECK]
    return simulate_needs(context.aws, role_arn, required)


def _permissions(role: Role, simulated: list[Simulated]) -> list[JsonObject]:
    unknown = next((item.unknown for item in simulated if item.unknown), "")
    if unknown:
        return [finding("role_not_simulated", f"What {role.name} may do could not be simulated. {unknown}")]
    denied = sorted({action for item in simulated for action in item.denied})
    if not denied:
        return [finding("role", f"{role.name} is trusted by SageMaker; the simulated permissions are there.")]
    return [
        finding(
            "role_denied",
            f"A policy simulation says that {role.name} may not call {', '.join(denied)}.",
            level="warning",
            fix="When all questions are answered, this prints the policy to attach: evaluate.py preflight --policy",
        )
    ]


def offer(context: Context) -> Offer:
    """The roles that SageMaker may assume, the session's own first; the only one is suggested."""
    own, names = _trusted_roles(context)
    choices = [{"value": name, "label": name} for name in names[: MOST_CHOICES + 1]]
    if own in names:
        choices[0] = {"value": "auto", "label": f"The role of this session: {own}"}
    return Offer(choices=choices, suggested=choices[0]["value"] if own in names or len(choices) == 1 else None)


def _trusted_roles(context: Context) -> tuple[str | None, list[str]]:
    """The session's own role, if it has one, and the names of the roles that SageMaker may assume, the own one first,
    as far as they may be listed."""
    own = who_am_i(context.aws).role_name
    try:
        roles = context.aws.once("roles", lambda: list_roles(context.aws))
    except AccessDenied:
        return own, [own] if own else []
    names = sorted(role.name for role in roles if SAGEMAKER in role.trusted)
    return own, sorted(names, key=lambda name: name != own)


def settle(context: Context) -> Answer | None:
    """The session's own role if it passes the simulation, else the only role of the account that does."""
    own, names = _trusted_roles(context)
    usable: dict[str, Answer] = {}
    for name in names[:MOST_SIMULATED]:
        try:
            answer = check(name, context)
        except EvaluationError:
            continue
        if [item["kind"] for item in answer.findings] == ["role"]:
            usable[name] = answer
            if name == own:
                break
    if own not in usable and (len(usable) != 1 or len(names) > MOST_SIMULATED):
        return None
    ((name, answer),) = usable.items()
    reason = "this session's own role" if name == own else "the only role that passes the policy simulation"
    note = f"{name} is the execution role: {reason}."
    return replace(answer, origin="lookup", facts={**answer.facts, "reason": reason}, findings=[finding("role", note)])


STEP = Step(
    "role",
    title="Execution role",
    question="Which execution role should be used (the IAM role that SageMaker and the services behind it work with)?",
    expects="an IAM role's ARN or name, or `auto` for the role of this session",
    example="arn:aws:iam::111122223333:role/SageMakerExecutionRole",
    reference="references/iam.md",
    check=check,
    offer=offer,
    settle=settle,
    in_turn=True,
)
