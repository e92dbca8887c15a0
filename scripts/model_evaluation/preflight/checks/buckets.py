"""Bucket policies and locks: whether one refuses what the role will do, whatever the role's own policies say.

Object ownership is no obstacle: nothing here sets an ACL but the owner's own, which every setting takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.errors import EvaluationError, NotFound
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.permissions import document
from model_evaluation.lookups.iam.policy_evaluation import Match, Policy, Requester, matching, statements_of
from model_evaluation.lookups.s3.buckets import default_lock, is_foreign_bucket
from model_evaluation.preflight.configuration import Configuration
from model_evaluation.preflight.fixes import command, lines
from model_evaluation.preflight.results import Result, failed, missing, passed, skipped, warned
from model_evaluation.preflight.subject import Subject


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
        yield _foreign(subject, bucket, policy) or _refusing(subject.configuration, bucket, policy)


def object_lock(subject: Subject) -> Iterator[Result]:
    """A lock on every new object refuses uploads without a checksum; not every service sends one: a warning."""
    bucket = str(subject.facts("output")["bucket"])
    try:
        lock = default_lock(subject.aws, bucket)
    except NotFound:
        yield missing(bucket)
        return
    if not lock:
        yield passed(f"{bucket} locks nothing that is written to it.")
        return
    off = {"ObjectLockEnabled": "Enabled"}
    yield warned(
        f"{bucket} locks every new object for {lock}: uploads without a checksum are refused, which may end the run "
        "when the first answers are written, and results cannot be deleted before that.",
        lines(
            "Take the default lock off (single objects can still be locked):",
            command("s3api", "put-object-lock-configuration", bucket=bucket, object_lock_configuration=off),
            "Or write the results elsewhere:",
            "evaluate.py revise output",
        ),
        bucket=bucket,
        lock=lock,
    )


def _foreign(subject: Subject, bucket: str, policy: Policy) -> Result | None:
    """A bucket of another account must grant in its own policy what the role does there; a finding if it does not."""
    config = subject.configuration
    if not is_foreign_bucket(subject.aws, bucket, config.account):
        return None
    requester = _requester(config)
    lacking = [
        action
        for action, resource in _wanted(config, bucket)
        if not any(match.certain for match in matching(policy, "Allow", requester, action, resource))
    ]
    if not lacking:
        return None
    actions = sorted(set(lacking))
    statement: JsonObject = {
        "Effect": "Allow",
        "Principal": {"AWS": config.role},
        "Action": actions,
        "Resource": [config.s3(bucket), config.s3(f"{bucket}/*")],
    }
    whole = document([*(dict(statement) for statement in statements_of(policy)), statement])
    return failed(
        f"The bucket {bucket} belongs to another account, and its policy does not let {config.role} "
        f"{', '.join(actions)}; the role's own policies are not enough there.",
        lines(
            "Its owner must attach this, with credentials of that account (the whole policy with the statement added):",
            command("s3api", "put-bucket-policy", bucket=bucket, policy=whole),
            "Or choose a bucket of your own:",
            f"evaluate.py revise {_step(config, bucket)}",
        ),
        part=bucket,
        bucket=bucket,
    )


def _requester(config: Configuration) -> Requester:
    """The role, and the condition keys of its requests whose values are known beforehand."""
    context = {
        "aws:securetransport": "true",
        "aws:principalarn": config.role,
        "aws:principalaccount": config.account,
        "aws:principaltype": "AssumedRole",
        "s3:tlsversion": "1.2",
        "aws:requestedregion": config.region,
    }
    return Requester(config.role, config.account, {key: [value] for key, value in context.items()})


def _wanted(config: Configuration, bucket: str) -> list[tuple[str, str]]:
    """What the role does in a bucket: action and ARN."""
    requests = []
    if bucket == config.dataset_bucket:
        requests += [("s3:GetObject", arn) for arn in config.dataset_objects] + [("s3:ListBucket", config.s3(bucket))]
    if bucket == config.output_bucket:
        requests += [
            ("s3:PutObject", config.s3(f"{config.output}/x")),
            ("s3:GetObject", config.s3(f"{config.output}/x")),
        ]
    return requests


def _step(config: Configuration, bucket: str) -> str:
    return "dataset" if bucket == config.dataset_bucket else "output"


def _refusing(config: Configuration, bucket: str, policy: Policy) -> Result:
    requester = _requester(config)
    matches: dict[str, tuple[Match, list[str]]] = {}
    for action, resource in _wanted(config, bucket):
        for match in matching(policy, "Deny", requester, action, resource):
            matches.setdefault(match.sid, (match, []))[1].append(action)
    evidence = {
        "bucket": bucket,
        "policy": bool(policy),
        "statements": [match.statement for match, _ in matches.values()],
    }
    if not matches:
        message = (
            f"The policy of {bucket} refuses nothing that the role does." if policy else f"{bucket} has no policy."
        )
        return passed(message, part=bucket, evidence=evidence)
    certain = [(match, actions) for match, actions in matches.values() if match.certain]
    match, actions = (certain or list(matches.values()))[0]
    denied = ", ".join(sorted(set(actions)))
    excepting = _excepting(policy, [match.statement for match, _ in matches.values()], config.role)
    fix = lines(
        f"The bucket's owner must except the role from {', '.join(matches)}; this is the whole policy with that done:",
        command("s3api", "put-bucket-policy", bucket=bucket, policy=excepting),
        "Or choose another bucket:",
        f"evaluate.py revise {_step(config, bucket)}",
    )
    if certain:
        return failed(
            f"The bucket policy of {bucket} ({match.sid}) denies {denied} to {config.role}; nothing else can allow it.",
            fix,
            part=bucket,
            evidence=evidence,
        )
    keys = ", ".join(sorted({key for item, _ in matches.values() for key in item.undecided}))
    inside = " The evaluation's own steps run outside any VPC of yours." if "vpc" in keys.lower() else ""
    return warned(
        f"The bucket policy of {bucket} ({match.sid}) denies {denied} under a condition that cannot be checked "
        f"beforehand ({keys}).{inside}",
        lines(f"Make sure that the condition does not hold for {config.role}. Or:", fix),
        part=bucket,
        evidence=evidence,
    )


def _excepting(policy: Policy, refusing: list[Policy], role: str) -> JsonObject:
    """The policy with a condition in each of the ``refusing`` statements that leaves the role out."""
    statements: list[Policy] = []
    for statement in statements_of(policy):
        if statement in refusing:
            condition = {name: dict(keys) for name, keys in (statement.get("Condition") or {}).items()}
            named = condition.setdefault("ArnNotEquals", {})
            key = next((key for key in named if key.lower() == "aws:principalarn"), "aws:PrincipalArn")
            others = named.get(key, [])
            named[key] = [*(others if isinstance(others, list) else [others]), role]
            statement = {**statement, "Condition": condition}
        statements.append(statement)
    return {"Version": "2012-10-17", **policy, "Statement": statements}
