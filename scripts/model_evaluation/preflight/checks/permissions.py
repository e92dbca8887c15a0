"""What role and caller may do, by IAM's simulation with the very resources of this evaluation."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from model_evaluation.errors import AccessDenied, EvaluationError, NotFound
from model_evaluation.kinds.permissions import SDK_CHECK, Need, allow, document
from model_evaluation.lookups.arns import parse_arn
from model_evaluation.lookups.iam.policy_evaluation import Requester, matching
from model_evaluation.lookups.iam.roles import describe_role
from model_evaluation.lookups.iam.simulation import Decision, Simulated, simulate_needs
from model_evaluation.preflight.fixes import command, lines
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject

BY_HAND = "compare by hand with: evaluate.py preflight --policy"


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
    yield from _simulate(subject, arn, f"you ({arn.rpartition('/')[2]})", needs)


def _simulate(
    subject: Subject, principal: str, who: str, needs: Sequence[Need], *, is_role: bool = False
) -> Iterator[Result]:
    """Simulate every need and say what the answers mean; ``who`` is the principal in words."""
    needs = [need for need in needs if need.necessity != "checks"]
    unknown: dict[str, list[str]] = {}
    refused: set[str] = set()  # actions refused on everything, with a fix that allows them on everything
    for need, answer in zip(needs, simulate_needs(subject.aws, principal, needs), strict=True):
        if answer.unknown:
            unknown.setdefault(answer.unknown, []).append(need.part)
            continue
        if need.part == SDK_CHECK:
            decisions = tuple(item for item in answer.decisions if item.action not in refused)
            if not decisions:
                continue
            answer = Simulated(decisions)
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


def _result(
    subject: Subject, principal: str, who: str, need: Need, answer: Simulated, *, is_role: bool = False
) -> Result:
    who = who[0].upper() + who[1:]
    denied = [item for item in answer.decisions if not item.allowed and not _granted(subject, principal, item)]
    if not denied:
        return passed(f"{who} may {', '.join(need.actions)}.", part=need.part)
    actions = tuple(sorted({item.action for item in denied}))
    where = "" if need.granted == ("*",) else f" on {', '.join(need.granted)}"
    message = f"{who} may not {', '.join(actions)}{where}: {need.otherwise}."
    if need.necessity == "contested":
        message += f" Whether it is needed is contested; it is named by: {need.source}."
    evidence: dict[str, object] = {
        "principal": principal,
        "actions": need.actions,
        "resources": need.asked or ("*",),
        "necessity": need.necessity,
        "source": need.source,
        "denied": [item._asdict() for item in denied],
    }
    fix = _fix(principal, need, actions, denied)
    outside = sorted({item.boundary for item in denied} - {""})
    missing = sorted({key for item in denied for key in item.missing})
    if outside:
        return warned(
            f"{message} It is the {' and '.join(outside)} that refuses.", fix, part=need.part, evidence=evidence
        )
    if missing and all(item.verdict == "implicitDeny" for item in denied):
        keys = ", ".join(missing)
        return warned(
            f"{message} Its policy allows that under conditions which cannot be simulated ({keys}), so this may be a "
            "false alarm.",
            fix,
            part=need.part,
            evidence=evidence,
        )
    if need.part == SDK_CHECK:
        return _refused_by_sdk(message, fix, evidence, is_role=is_role)
    make = failed if need.necessity == "required" else warned
    return make(message, fix, part=need.part, evidence=evidence)


def _refused_by_sdk(message: str, fix: str, evidence: dict[str, object], *, is_role: bool) -> Result:
    """The SDK's own check, which asks without resources and so refuses narrower policies that would do. It can be
    switched off for the role only."""
    message += " (The SageMaker SDK asks IAM without naming resources: a policy for certain resources does not count.)"
    if not is_role:
        return failed(message, fix, part=SDK_CHECK, evidence=evidence)
    off = lines("Or switch the SDK's check off where the notebook runs:", "export SAGEMAKER_VALIDATE_ROLE=false")
    if os.environ.get("SAGEMAKER_VALIDATE_ROLE", "true").lower() in ("false", "0", "no"):
        message += " SAGEMAKER_VALIDATE_ROLE switches it off here."
        return warned(message, lines(fix, off), part=SDK_CHECK, evidence=evidence)
    return failed(message, lines(fix, off), part=SDK_CHECK, evidence=evidence)


def _granted(subject: Subject, principal: str, item: Decision) -> bool:
    """Whether the bucket's own policy grants an S3 action that the principal's policies are silent about."""
    if item.verdict != "implicitDeny" or not item.action.startswith("s3:") or item.resource == "*":
        return False
    bucket = item.resource.rpartition(":::")[2].partition("/")[0]
    try:
        policy = subject.bucket_policy(bucket)
    except EvaluationError:
        return False
    arn = parse_arn(principal)
    context = {"aws:securetransport": ["true"], "aws:principalarn": [principal]}
    requester = Requester(principal, arn.account if arn else "", context)
    allowed = matching(policy, "Allow", requester, item.action, item.resource)
    # A grant to the whole account only lets its own policies decide, and those are silent.
    return any(match.certain and principal in str(match.statement.get("Principal")) for match in allowed)


def _fix(principal: str, need: Need, actions: tuple[str, ...], denied: list[Decision]) -> str:
    kind, _, name = principal.rpartition(":")[2].partition("/")
    who = {f"{kind}_name": name.rpartition("/")[2]}
    explicit = [item for item in denied if item.verdict == "explicitDeny"]
    if explicit:
        policies = sorted({policy for item in explicit for policy in item.policies})
        return lines(
            f'A statement with "Effect": "Deny" in {", ".join(policies) or "one of its policies"} forbids it, and no '
            f"other statement can allow it. Look at it, and write the policy back without it (put-{kind}-policy, or a "
            "new version of a managed policy):",
            *(command("iam", f"get-{kind}-policy", **who, policy_name=policy) for policy in policies),
            "If it is none of its own policies, it is one of the attached ones:",
            command("iam", f"list-attached-{kind}-policies", **who),
        )
    statement = document([allow(actions, need.granted, need.context)])
    attach = command(
        "iam",
        f"put-{kind}-policy",
        **who,
        policy_name=f"model-evaluation-{need.part.replace('_', '-')}",
        policy_document=statement,
    )
    return lines("Attach this statement (somebody who may change IAM must do it):", attach)
