"""The execution role exists and may be assumed, and what role and caller may do, by IAM's simulation with the very
resources of this evaluation."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence

from model_evaluation.errors import AccessDenied, EvaluationError, NotFound
from model_evaluation.kinds.permissions import SDK_CHECK, Need, TrustedService, allow, document
from model_evaluation.lookups.iam import (
    Decision,
    Requester,
    Role,
    Simulated,
    certain,
    describe_role,
    matching,
    simulate_needs,
    statements_of,
)
from model_evaluation.preflight.fixes import command, lines, put_policy
from model_evaluation.preflight.policy_documents import trust_statement
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject

ASSUME = "sts:AssumeRole"
BY_HAND = "compare by hand with: evaluate.py preflight --policy"


def execution_role(subject: Subject) -> Iterator[Result]:
    name = subject.configuration.role_name
    try:
        role = subject.role()
    except NotFound:
        yield failed(
            f"There is no role {name} (any more).",
            "Choose one that SageMaker may assume; these roles exist:",
            "aws iam list-roles --query 'Roles[].Arn'",
            "evaluate.py revise role",
            role=name,
        )
        return
    answer = str(subject.facts("role").get("arn", role.arn))
    if role.arn != answer:
        message = f"{answer} does not exist; the role of that name is {role.arn}."
        yield failed(message, "Answer it anew:", f"evaluate.py answer role {role.arn}", arn=role.arn)
        return
    trusted = subject.permissions().trusted
    if not trusted:
        yield passed(f"The role {name} exists.", arn=role.arn)
    for service in trusted:
        yield _trust(role, service).about(service.part)


def _trust(role: Role, service: TrustedService) -> Result:
    """Whether the service may assume the role."""
    account = role.arn.split(":")[4]
    context = {
        "aws:sourceaccount": account,
        "aws:principalservicename": service.principal,
        "aws:principalisawsservice": "true",
    }
    requester = Requester(service.principal, context)
    allowed = matching(role.trust, "Allow", requester, ASSUME, None)
    denied = certain(role.trust, "Deny", requester, ASSUME, None)
    if any(match.certain for match in allowed) and not denied:
        return passed(f"{service.name} may assume {role.name}.", arn=role.arn)
    others = [
        dict(statement)
        for statement in statements_of(role.trust)
        if statement.get("Effect") != "Deny" or service.principal not in json.dumps(statement.get("Principal", ""))
    ]
    whole = document([*others, trust_statement([service.principal], account, service.actions)])
    evidence = {"arn": role.arn, "trusts": sorted(role.trusted), "trust": role.trust}
    fix = lines(
        "Add the service to the role's trust policy; this is the whole policy with the statement added:",
        command("iam", "update-assume-role-policy", role_name=role.name, policy_document=whole),
    )
    no = f"{service.name} may not assume {role.name}"
    if denied:
        message = f"{no}: its trust policy denies it ({denied[0].sid})."
    elif allowed:
        keys = ", ".join(sorted({key for match in allowed for key in match.undecided}))
        condition = f"only under a condition that cannot be checked beforehand ({keys})."
        return warned(f"{service.name} may assume {role.name} {condition}", fix, evidence=evidence)
    elif service.principal in role.trusted:
        message = f"{no} for account {account}: a condition in its trust policy excludes it."
    else:
        message = f"{no}: its trust policy names {', '.join(sorted(role.trusted)) or 'no service'}."
    say = warned if service.contested else failed
    return say(f"{message} {service.otherwise}", fix, evidence=evidence)


def role(subject: Subject) -> Iterator[Result]:
    who = f"the role {subject.configuration.role_name}"
    yield from _simulate(subject, subject.configuration.role, who, subject.permissions().role, is_role=True)


def caller(subject: Subject) -> Iterator[Result]:
    config, identity = subject.configuration, subject.caller()
    arn = identity.arn
    if identity.role_name is not None:
        try:
            same = identity.role_name == config.role_name
            arn = config.role if same else describe_role(subject.aws, identity.role_name).arn
        except (AccessDenied, NotFound) as error:
            yield skipped(
                f"What you may do could not be simulated: {error.message}",
                "Ask for iam:GetRole and iam:SimulatePrincipalPolicy on your own role.",
            )
            return
    elif arn.endswith(":root"):
        yield passed("The root user may do everything.", principal=arn)
        return
    needs = subject.permissions().caller
    if ":role/" not in arn:  # the SDK asks about roles only
        needs = tuple(need for need in needs if need.part != SDK_CHECK)
    yield from _simulate(subject, arn, f"you ({arn.rpartition('/')[2]})", needs, is_role=False)


def _simulate(subject: Subject, principal: str, who: str, needs: Sequence[Need], *, is_role: bool) -> Iterator[Result]:
    """Simulate every need and say what the answers mean; ``who`` is the principal in words."""
    needs = [need for need in needs if need.necessity != "checks"]
    unknown: dict[str, list[str]] = {}
    refused: set[str] = set()  # actions refused on everything, with a fix that allows them on everything
    for need, answer in zip(needs, simulate_needs(subject.aws, principal, needs), strict=True):
        if answer.unknown:
            unknown.setdefault(answer.unknown, []).append(need.part)
            continue
        if need.part == SDK_CHECK:
            answer = Simulated(tuple(item for item in answer.decisions if item.action not in refused))
            if not answer.decisions:
                continue
        result = _result(subject, principal, who, need, answer, is_role=is_role)
        if result.status == "fail" and need.granted == ("*",):
            refused.update(answer.denied)
        yield result
    for reason, parts in unknown.items():
        yield skipped(
            f"What {who} may do could not be simulated ({', '.join(parts)}). {reason}",
            f"Ask for iam:SimulatePrincipalPolicy, or {BY_HAND}",
            principal=principal,
        )


def _result(subject: Subject, principal: str, who: str, need: Need, answer: Simulated, *, is_role: bool) -> Result:
    who = who[0].upper() + who[1:]
    denied = [item for item in answer.decisions if not item.allowed and not _granted(subject, principal, item)]
    if not denied:
        return passed(f"{who} may {', '.join(need.actions)}.", part=need.part)
    actions = tuple(sorted({item.action for item in denied}))
    where = "" if need.granted == ("*",) else f" on {', '.join(need.granted)}"
    message = f"{who} may not {', '.join(actions)}{where}: {need.otherwise}."
    if need.necessity == "contested":
        message += f" Whether it is needed is contested; it is named by: {need.source}."
    fix, say = _fix(principal, need, actions, denied), failed if need.necessity == "required" else warned
    outside = sorted({item.boundary for item in denied} - {""})
    missing = sorted({key for item in denied for key in item.missing})
    if outside:
        message, say = f"{message} It is the {' and '.join(outside)} that refuses.", warned
    elif missing and all(item.verdict == "implicitDeny" for item in denied):
        message += f" Its policy allows that under conditions which cannot be simulated ({', '.join(missing)}), so this"
        message, say = f"{message} may be a false alarm.", warned
    elif need.part == SDK_CHECK:
        # It asks without resources and so refuses narrower policies that would do.
        message += (
            " (The SageMaker SDK asks IAM without naming resources: a policy for certain resources does not count.)"
        )
        if is_role:
            off = "export SAGEMAKER_VALIDATE_ROLE=false"
            fix = lines(fix, "Or switch the SDK's check off where the notebook runs:", off)
            if os.environ.get("SAGEMAKER_VALIDATE_ROLE", "true").lower() in ("false", "0", "no"):
                message, say = f"{message} SAGEMAKER_VALIDATE_ROLE switches it off here.", warned
    return say(
        message,
        fix,
        part=need.part,
        principal=principal,
        actions=need.actions,
        resources=need.asked or ("*",),
        necessity=need.necessity,
        source=need.source,
        denied=[item._asdict() for item in denied],
    )


def _granted(subject: Subject, principal: str, item: Decision) -> bool:
    """Whether the bucket's own policy grants an S3 action that the principal's policies are silent about."""
    if item.verdict != "implicitDeny" or not item.action.startswith("s3:") or item.resource == "*":
        return False
    try:
        policy = subject.bucket_policy(item.resource.rpartition(":::")[2].partition("/")[0])
    except EvaluationError:
        return False
    requester = Requester(principal, {"aws:securetransport": "true", "aws:principalarn": principal})
    # A grant to the whole account only lets its own policies decide, and those are silent.
    grants = certain(policy, "Allow", requester, item.action, item.resource)
    return any(principal in str(match.statement.get("Principal")) for match in grants)


def _fix(principal: str, need: Need, actions: tuple[str, ...], denied: list[Decision]) -> str:
    kind, _, path = principal.rpartition(":")[2].partition("/")
    name = path.rpartition("/")[2]
    explicit = [item for item in denied if item.verdict == "explicitDeny"]
    if not explicit:
        attach = put_policy(kind, name, need.part.replace("_", "-"), allow(actions, need.granted, need.context))
        return lines("Attach this statement (somebody who may change IAM must do it):", attach)
    policies = sorted({policy for item in explicit for policy in item.policies})
    who = {f"{kind}_name": name}
    return lines(
        f'A statement with "Effect": "Deny" in {", ".join(policies) or "one of its policies"} forbids it, and no '
        f"other statement can allow it. Look at it, and write the policy back without it (put-{kind}-policy, or a "
        "new version of a managed policy):",
        *(command("iam", f"get-{kind}-policy", **who, policy_name=policy) for policy in policies),
        "If it is none of its own policies, it is one of the attached ones:",
        command("iam", f"list-attached-{kind}-policies", **who),
    )
