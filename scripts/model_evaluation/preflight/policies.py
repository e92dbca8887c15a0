"""Bucket policies: whether one refuses what the role will do, whatever the role's own policies say."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.errors import EvaluationError, NotFound
from model_evaluation.lookups.policies import Asker, Match, matching

from .result import Result, command, failed, lines, passed, skipped, warned
from .subject import Subject


def bucket_policies(subject: Subject) -> Iterator[Result]:
    """Deny statements about reading the dataset and writing results. Everything goes over TLS, so a statement
    against plain HTTP is none of them; Block Public Access does not matter, since nothing here is public."""
    for bucket in subject.buckets():
        try:
            policy = subject.bucket_policy(bucket)
        except NotFound as error:
            yield failed(error.message, error.fix, part=bucket)
            continue
        except EvaluationError as error:
            yield skipped(
                f"Whether a bucket policy of {bucket} refuses the role is not known. {error.message}",
                "Ask for s3:GetBucketPolicy on the bucket.",
                part=bucket,
                bucket=bucket,
            )
            continue
        yield _one(subject, bucket, policy)


def _one(subject: Subject, bucket: str, policy: object) -> Result:
    assert isinstance(policy, dict)
    plan = subject.plan()
    known = {
        "aws:securetransport": "true",
        "aws:principalarn": plan.role,
        "aws:principalaccount": plan.account,
        "aws:principaltype": "AssumedRole",
        "s3:tlsversion": "1.2",
        "aws:requestedregion": plan.region,
    }
    asker = Asker(plan.role, plan.account, known)
    wanted = []
    if bucket == plan.dataset_bucket:
        wanted += [("s3:GetObject", plan.s3(plan.dataset)), ("s3:ListBucket", plan.s3(bucket))]
    if bucket == plan.output_bucket:
        wanted += [("s3:PutObject", plan.s3(f"{plan.output}/x")), ("s3:GetObject", plan.s3(f"{plan.output}/x"))]
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
    look = command("s3api", "get-bucket-policy", bucket=bucket)
    match, actions = (certain or list(found.values()))[0]
    denied = ", ".join(sorted(set(actions)))
    if certain:
        return failed(
            f"The bucket policy of {bucket} ({match.sid}) denies {denied} to {plan.role}; nothing else can allow it.",
            lines(
                f"The bucket's owner must except the role from {match.sid}: "
                f'"Condition": {{"ArnNotEquals": {{"aws:PrincipalArn": "{plan.role}"}}}}. The policy as it is:',
                look,
                "Or choose another bucket:",
                f"evaluate.py revise {'dataset' if bucket == plan.dataset_bucket else 'output'}",
            ),
            part=bucket,
            **evidence,
        )
    keys = ", ".join(sorted({key for item, _ in found.values() for key in item.unknown}))
    inside = " The scoring steps run outside any VPC." if "vpc" in keys.lower() else ""
    return warned(
        f"The bucket policy of {bucket} ({match.sid}) denies {denied} under a condition that cannot be checked "
        f"beforehand ({keys}).{inside}",
        lines(f"Make sure that {match.sid} does not hold for {plan.role}. The policy as it is:", look),
        part=bucket,
        **evidence,
    )
