"""Bucket policies and locks: whether one refuses what the role will do, whatever the role's own policies say.

Object ownership is no obstacle: nothing here sets an ACL but the owner's own, which every setting takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from model_evaluation.errors import EvaluationError, NotFound
from model_evaluation.lookups.objects import default_lock
from model_evaluation.lookups.policies import Asker, Match, is_foreign_bucket, matching, statements_of

from .permissions import Plan
from .result import Result, command, failed, lines, missing, passed, skipped, warned
from .subject import Subject


def bucket_policies(subject: Subject) -> Iterator[Result]:
    """Deny statements about reading the dataset and writing results. Everything goes over TLS, so a statement
    against plain HTTP is none of them; Block Public Access does not matter, since nothing here is public."""
    for bucket in subject.buckets():
        try:
            policy = subject.bucket_policy(bucket)
        except NotFound:
            yield missing(bucket, part=bucket)
            continue
        except EvaluationError as error:
            yield skipped(
                f"Whether a bucket policy of {bucket} refuses the role is not known. {error.message}",
                "Ask for s3:GetBucketPolicy on the bucket.",
                part=bucket,
                bucket=bucket,
            )
            continue
        yield _foreign(subject, bucket, policy) or _one(subject, bucket, policy)


def object_lock(subject: Subject) -> Iterator[Result]:
    """A lock on every new object refuses uploads without a checksum; not every service sends one: a warning."""
    bucket = str(subject.facts("output")["bucket"])
    try:
        kept = default_lock(subject.aws, bucket)
    except NotFound:
        yield missing(bucket)
        return
    if not kept:
        yield passed(f"{bucket} locks nothing that is written to it.")
        return
    off = {"ObjectLockEnabled": "Enabled"}
    yield warned(
        f"{bucket} locks every new object for {kept}: uploads without a checksum are refused, which may end the run "
        "when the first answers are written, and results cannot be deleted before that.",
        lines(
            "Take the default lock off (single objects can still be locked):",
            command("s3api", "put-object-lock-configuration", bucket=bucket, object_lock_configuration=off),
            "Or write the results elsewhere:",
            "evaluate.py revise output",
        ),
        bucket=bucket,
        lock=kept,
    )


def _foreign(subject: Subject, bucket: str, policy: Mapping[str, Any]) -> Result | None:
    """A bucket of another account must grant in its own policy what the role does there; a finding if it does not."""
    plan = subject.plan()
    if not is_foreign_bucket(subject.aws, bucket, plan.account):
        return None
    asker = Asker(plan.role, plan.account, _known(plan))
    lacking = [
        (action, resource)
        for action, resource in _wanted(plan, bucket)
        if not any(match.certain for match in matching(policy, "Allow", asker, action, resource))
    ]
    if not lacking:
        return None
    added = {
        "Effect": "Allow",
        "Principal": {"AWS": plan.role},
        "Action": sorted({action for action, _ in lacking}),
        "Resource": [plan.s3(bucket), plan.s3(f"{bucket}/*")],
    }
    document = {"Version": "2012-10-17", "Statement": [*statements_of(policy), added]}
    return failed(
        f"The bucket {bucket} belongs to another account, and its policy does not let {plan.role} "
        f"{', '.join(sorted({action for action, _ in lacking}))}; the role's own policies are not enough there.",
        lines(
            "Its owner must attach this, with credentials of that account (the whole policy with the statement added):",
            command("s3api", "put-bucket-policy", bucket=bucket, policy=document),
            "Or choose a bucket of your own:",
            f"evaluate.py revise {'dataset' if bucket == plan.dataset_bucket else 'output'}",
        ),
        part=bucket,
        bucket=bucket,
    )


def _known(plan: Plan) -> dict[str, str]:
    """Condition keys of the role's requests whose values are known beforehand."""
    return {
        "aws:securetransport": "true",
        "aws:principalarn": plan.role,
        "aws:principalaccount": plan.account,
        "aws:principaltype": "AssumedRole",
        "s3:tlsversion": "1.2",
        "aws:requestedregion": plan.region,
    }


def _wanted(plan: Plan, bucket: str) -> list[tuple[str, str]]:
    """What the role does in a bucket: action and ARN."""
    wanted = []
    if bucket == plan.dataset_bucket:
        wanted += [("s3:GetObject", arn) for arn in plan.dataset_objects] + [("s3:ListBucket", plan.s3(bucket))]
    if bucket == plan.output_bucket:
        wanted += [("s3:PutObject", plan.s3(f"{plan.output}/x")), ("s3:GetObject", plan.s3(f"{plan.output}/x"))]
    return wanted


def _one(subject: Subject, bucket: str, policy: Mapping[str, Any]) -> Result:
    plan = subject.plan()
    asker = Asker(plan.role, plan.account, _known(plan))
    wanted = _wanted(plan, bucket)
    found: dict[str, tuple[Match, list[str]]] = {}
    for action, resource in wanted:
        for match in matching(policy, "Deny", asker, action, resource):
            found.setdefault(match.sid, (match, []))[1].append(action)
    evidence = {
        "bucket": bucket,
        "policy": bool(policy),
        "statements": [match.statement for match, _ in found.values()],
    }
    if not found:
        said = f"The policy of {bucket} refuses nothing that the role does." if policy else f"{bucket} has no policy."
        return passed(said, part=bucket, **evidence)
    certain = [(match, actions) for match, actions in found.values() if match.certain]
    match, actions = (certain or list(found.values()))[0]
    denied = ", ".join(sorted(set(actions)))
    step = "dataset" if bucket == plan.dataset_bucket else "output"
    excepted = command("s3api", "put-bucket-policy", bucket=bucket, policy=_excepting(policy, found, plan.role))
    fix = lines(
        f"The bucket's owner must except the role from {', '.join(found)}; this is the whole policy with that done:",
        excepted,
        "Or choose another bucket:",
        f"evaluate.py revise {step}",
    )
    if certain:
        return failed(
            f"The bucket policy of {bucket} ({match.sid}) denies {denied} to {plan.role}; nothing else can allow it.",
            fix,
            part=bucket,
            **evidence,
        )
    keys = ", ".join(sorted({key for item, _ in found.values() for key in item.unknown}))
    inside = " The scoring steps run outside any VPC." if "vpc" in keys.lower() else ""
    return warned(
        f"The bucket policy of {bucket} ({match.sid}) denies {denied} under a condition that cannot be checked "
        f"beforehand ({keys}).{inside}",
        lines(f"Make sure that the condition does not hold for {plan.role}. Or:", fix),
        part=bucket,
        **evidence,
    )


def _excepting(policy: Mapping[str, Any], found: Mapping[str, Any], role: str) -> dict[str, Any]:
    """The policy with a condition in each of the ``found`` statements that leaves the role out."""
    hit = [match.statement for match, _ in found.values()]
    statements = []
    for statement in statements_of(policy):
        if statement in hit:
            condition = {name: dict(wanted) for name, wanted in (statement.get("Condition") or {}).items()}
            named = condition.setdefault("ArnNotEquals", {})
            key = next((key for key in named if key.lower() == "aws:principalarn"), "aws:PrincipalArn")
            others = named.get(key, [])
            named[key] = [*(others if isinstance(others, list) else [others]), role]
            statement = {**statement, "Condition": condition}
        statements.append(statement)
    return {"Version": "2012-10-17", **policy, "Statement": statements}
