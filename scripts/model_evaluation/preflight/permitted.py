"""What role and caller may do, by IAM's simulation with the very resources of this evaluation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from model_evaluation.errors import AccessDenied, EvaluationError, NotFound
from model_evaluation.lookups.arns import parse_arn
from model_evaluation.lookups.policies import Asker, Decision, Simulated, matching, simulate_decisions
from model_evaluation.lookups.roles import describe_role
from model_evaluation.lookups.session import outcome, together

from .permissions import SDK_CALLER_GATE, SDK_ROLE_GATE, Need, caller_needs, role_needs, statement
from .result import Result, command, failed, lines, passed, skipped, warned
from .subject import Subject


def role(subject: Subject) -> Iterator[Result]:
    plan = subject.plan()
    needs = role_needs(plan)
    gate = Need("sdk_check", SDK_ROLE_GATE, (), ("*",), "the SDK refuses the role before anything starts")
    yield from _judge(subject, plan.role, "role", [*needs, gate])


def caller(subject: Subject) -> Iterator[Result]:
    plan = subject.plan()
    found = subject.caller()
    arn = found.arn
    if found.role_name is not None:
        try:
            same = found.role_name == subject.role_name()
            arn = plan.role if same else describe_role(subject.aws, found.role_name).arn
        except (AccessDenied, NotFound) as error:
            yield skipped(
                f"What you may do could not be simulated: {error.message}",
                "Ask for iam:GetRole and iam:SimulatePrincipalPolicy on your own role.",
            )
            return
    elif arn.endswith(":root"):
        yield passed("The root user may do everything.", principal=arn)
        return
    needs = caller_needs(plan)
    if ":role/" in arn:  # the SDK asks about roles only
        needs.append(Need("sdk_check", SDK_CALLER_GATE, (), ("*",), "the SDK refuses you before anything starts"))
    yield from _judge(subject, arn, "you", needs)


def _judge(subject: Subject, principal: str, who: str, needs: list[Need]) -> Iterator[Result]:
    """Simulate every need and judge the answers.

    IAM takes a list of actions and a list of resources and answers for each pair; so one question is asked per
    service, and each need picks its pairs.
    """
    groups: dict[Any, list[Need]] = {}
    for need in needs:
        groups.setdefault((need.actions[0].partition(":")[0], need.context, bool(need.asked)), []).append(need)

    def ask(group: list[Need]) -> Callable[[], Simulated | EvaluationError]:
        actions = [action for need in group for action in need.actions]
        resources = [resource for need in group for resource in need.asked]
        return outcome(lambda: simulate_decisions(subject.aws, principal, actions, resources, dict(group[0].context)))

    answers = together(*[ask(group) for group in groups.values()])
    answer_to = {need.part: answer for group, answer in zip(groups.values(), answers, strict=True) for need in group}
    unknown: dict[str, list[str]] = {}
    said: set[str] = set()  # actions refused on everything, with a fix that allows them on everything
    for need in needs:
        answer = answer_to[need.part]
        if isinstance(answer, EvaluationError):
            unknown.setdefault(answer.message, []).append(need.part)
        elif answer.unknown:
            unknown.setdefault(answer.unknown, []).append(need.part)
        else:
            if need.part == "sdk_check":
                need = need._replace(actions=tuple(action for action in need.actions if action not in said))
                if not need.actions:
                    continue
            result = _result(subject, principal, who, need, answer)
            if result.status == "fail" and need.granted == ("*",):
                said |= {str(item["action"]) for item in result.evidence.get("denied", ())}
            yield result
    for reason, parts in unknown.items():
        yield skipped(
            f"What {_name(principal, who)} may do could not be simulated ({', '.join(parts)}). {reason}",
            "Ask for iam:SimulatePrincipalPolicy, or compare by hand with: evaluate.py preflight --policy",
            principal=principal,
        )


def _about(item: Decision, need: Need) -> bool:
    return item.action in need.actions and item.resource in (need.asked or ("*",))


def _name(principal: str, who: str) -> str:
    name = principal.rpartition("/")[2]
    return f"the role {name}" if who == "role" else f"you ({name})"


def _result(subject: Subject, principal: str, who: str, need: Need, answer: Simulated) -> Result:
    mine = [item for item in answer.decisions if _about(item, need)]
    if len({(item.action, item.resource) for item in mine}) < len(need.actions) * len(need.asked or ("*",)):
        return skipped(
            f"IAM did not answer for all of {', '.join(need.actions)}.",
            "Compare by hand with: evaluate.py preflight --policy",
            part=need.part,
        )
    denied = [item for item in mine if not item.allowed and not _granted(subject, principal, item)]
    evidence: dict[str, Any] = {"principal": principal, "actions": need.actions, "resources": need.asked or ("*",)}
    name = _name(principal, who)
    if not denied:
        return passed(f"{name[0].upper()}{name[1:]} may {', '.join(need.actions)}.", part=need.part)
    evidence["denied"] = [item._asdict() for item in denied]
    actions = tuple(sorted({item.action for item in denied}))
    where = "" if need.granted == ("*",) else f" on {', '.join(need.granted)}"
    message = f"{name[0].upper()}{name[1:]} may not {', '.join(actions)}{where}: {need.otherwise}."
    fix = _fix(principal, need, actions, denied)
    outside = sorted({item.boundary for item in denied} - {""})
    missing = sorted({key for item in denied for key in item.missing})
    if outside:
        return warned(f"{message} It is the {' and '.join(outside)} that refuses.", fix, part=need.part, **evidence)
    if missing and all(item.verdict == "implicitDeny" for item in denied):
        keys = ", ".join(missing)
        return warned(
            f"{message} Its policy allows that under conditions which cannot be simulated ({keys}), so this may be a "
            "false alarm.",
            fix,
            part=need.part,
            **evidence,
        )
    if need.part == "sdk_check":
        return _gate(who, message, fix, evidence)
    make = failed if need.essential else warned
    return make(message, fix, part=need.part, **evidence)


def _gate(who: str, message: str, fix: str, evidence: Mapping[str, Any]) -> Result:
    """The SDK's own check, which asks without resources and so refuses narrower policies that would do."""
    message += " (The SageMaker SDK asks IAM without naming resources: a policy for certain resources does not count.)"
    status = "fail"
    if who == "role":
        if os.environ.get("SAGEMAKER_VALIDATE_ROLE", "true").lower() in ("false", "0", "no"):
            status, message = "warn", message + " SAGEMAKER_VALIDATE_ROLE switches it off here."
        fix = lines(
            fix, "Or switch the SDK's check off where the notebook runs:", "export SAGEMAKER_VALIDATE_ROLE=false"
        )
    return Result(status, message, fix, evidence, "sdk_check")


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
    asker = Asker(principal, arn.account if arn else "", {"aws:securetransport": "true", "aws:principalarn": principal})
    found = matching(policy, "Allow", asker, item.action, item.resource)
    # A grant to the whole account only lets its own policies decide, and those are silent.
    return any(match.certain and principal in str(match.statement.get("Principal")) for match in found)


def _fix(principal: str, need: Need, actions: tuple[str, ...], denied: list[Decision]) -> str:
    kind, _, name = principal.rpartition(":")[2].partition("/")
    name = name.rpartition("/")[2]
    explicit = [item for item in denied if item.verdict == "explicitDeny"]
    if explicit:
        policies = sorted({policy for item in explicit for policy in item.policies})
        return lines(
            f'A statement with "Effect": "Deny" in {", ".join(policies) or "one of its policies"} forbids it, and no '
            "other statement can allow it. Look at it, and write the policy back without it (put-"
            + kind
            + "-policy, or "
            "a new version of a managed policy):",
            *(
                command("iam", f"get-{kind}-policy", **{f"{kind}_name": name}, policy_name=policy)
                for policy in policies
            ),
            "If it is none of its own policies, it is one of the attached ones:",
            command("iam", f"list-attached-{kind}-policies", **{f"{kind}_name": name}),
        )
    document = {"Version": "2012-10-17", "Statement": [statement(actions, need.granted, dict(need.context))]}
    return lines(
        "Attach this statement (somebody who may change IAM must do it):",
        command(
            "iam",
            f"put-{kind}-policy",
            **{f"{kind}_name": name},
            policy_name=f"model-evaluation-{need.part.replace('_', '-')}",
            policy_document=document,
        ),
    )
