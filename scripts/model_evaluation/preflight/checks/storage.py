"""Buckets and KMS keys: whether what guards them refuses what the role will do, whatever its own policies say.

Object ownership is not an obstacle: nothing here sets an ACL but the owner's own, which every setting takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from model_evaluation.errors import AccessDenied, EvaluationError, NotFound
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.permissions import allow, document
from model_evaluation.lookups.arns import parse_arn
from model_evaluation.lookups.iam import Match, Policy, certain, matching, simulate, statements_of
from model_evaluation.lookups.kms import describe_key, key_policy
from model_evaluation.lookups.s3.dataset_files import recorded_files
from model_evaluation.lookups.s3.objects import default_key, default_lock, head_object, is_foreign_bucket
from model_evaluation.lookups.session import outcome, together
from model_evaluation.preflight.configuration import Configuration
from model_evaluation.preflight.fixes import command, lines, put_policy
from model_evaluation.preflight.results import Result, failed, missing, passed, skipped, warned
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.s3_uri import S3Uri


def bucket_policies(subject: Subject) -> Iterator[Result]:
    """Deny statements about reading the dataset and writing results. Everything goes over TLS, so a statement
    against plain HTTP is none of them; Block Public Access does not matter, since nothing here is public."""
    for bucket in subject.buckets():
        yield _bucket_policy(subject, bucket).about(bucket)


def _bucket_policy(subject: Subject, bucket: str) -> Result:
    config = subject.configuration
    try:
        policy = subject.bucket_policy(bucket)
    except NotFound:
        return missing(bucket)
    except EvaluationError as error:
        unknown = f"Whether a bucket policy of {bucket} refuses the role is not known. {error.message}"
        return skipped(unknown, "Ask for s3:GetBucketPolicy on the bucket.", bucket=bucket)
    foreign = is_foreign_bucket(subject.aws, bucket, config.account)
    return (_unlet(config, bucket, policy) if foreign else None) or _refusing(config, bucket, policy)


def _requests(config: Configuration, bucket: str) -> list[tuple[str, str]]:
    """What the role does in a bucket: action and ARN."""
    requests = []
    if bucket == config.dataset_bucket:
        requests += [("s3:GetObject", arn) for arn in config.dataset_objects] + [("s3:ListBucket", config.s3(bucket))]
    if bucket == config.output_bucket:
        requests += [(action, config.s3(f"{config.output}/x")) for action in ("s3:PutObject", "s3:GetObject")]
    return requests


def _elsewhere(config: Configuration, bucket: str) -> str:
    return f"evaluate.py revise {'dataset' if bucket == config.dataset_bucket else 'output'}"


def _unlet(config: Configuration, bucket: str, policy: Policy) -> Result | None:
    """A bucket of another account must grant in its own policy what the role does there; a finding if it does not."""
    actions = {
        action
        for action, resource in _requests(config, bucket)
        if not certain(policy, "Allow", config.requester, action, resource)
    }
    if not actions:
        return None
    resources = (config.s3(bucket), config.s3(f"{bucket}/*"))
    statement = {**allow(tuple(actions), resources), "Principal": {"AWS": config.role}}
    whole = document([*map(dict, statements_of(policy)), statement])
    return failed(
        f"The bucket {bucket} belongs to another account, and its policy does not let {config.role} "
        f"{', '.join(sorted(actions))}; the role's own policies are not enough there.",
        "Its owner must attach this, with credentials of that account (the whole policy with the statement added):",
        command("s3api", "put-bucket-policy", bucket=bucket, policy=whole),
        "Or choose a bucket of your own:",
        _elsewhere(config, bucket),
        bucket=bucket,
    )


def _refusing(config: Configuration, bucket: str, policy: Policy) -> Result:
    matches: dict[str, tuple[Match, set[str]]] = {}
    for action, resource in _requests(config, bucket):
        for match in matching(policy, "Deny", config.requester, action, resource):
            matches.setdefault(match.sid, (match, set()))[1].add(action)
    refusing = [match.statement for match, _ in matches.values()]
    evidence = {"bucket": bucket, "policy": bool(policy), "statements": refusing}
    if not matches:
        harmless = f"The policy of {bucket} refuses nothing that the role does."
        return passed(harmless if policy else f"{bucket} has no policy.", evidence=evidence)
    # The worst first: one that certainly holds, in the order of the policy.
    match, actions = min(matches.values(), key=lambda item: not item[0].certain)
    fix = lines(
        f"The bucket's owner must except the role from {', '.join(matches)}; this is the whole policy with that done:",
        command("s3api", "put-bucket-policy", bucket=bucket, policy=_excepting(policy, refusing, config.role)),
        "Or choose another bucket:",
        _elsewhere(config, bucket),
    )
    denies = f"The bucket policy of {bucket} ({match.sid}) denies {', '.join(sorted(actions))}"
    if match.certain:
        return failed(f"{denies} to {config.role}; nothing else can allow it.", fix, evidence=evidence)
    keys = ", ".join(sorted({key for item, _ in matches.values() for key in item.undecided}))
    inside = " The evaluation's own steps run outside any VPC of yours." if "vpc" in keys.lower() else ""
    return warned(
        f"{denies} under a condition that cannot be checked beforehand ({keys}).{inside}",
        f"Make sure that the condition does not hold for {config.role}. Or:",
        fix,
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
        "Take the default lock off (single objects can still be locked):",
        command("s3api", "put-object-lock-configuration", bucket=bucket, object_lock_configuration=off),
        "Or write the results elsewhere:",
        "evaluate.py revise output",
        bucket=bucket,
        lock=lock,
    )


class Use(NamedTuple):
    """What a key is for: the finding's part, which is the step's id; what it encrypts, in words; what the role does
    with it; what happens where it may not."""

    part: str
    what: str
    actions: tuple[str, ...]
    otherwise: str


READ = ("kms:Decrypt",)
WRITE = ("kms:Decrypt", "kms:GenerateDataKey")


def keys(subject: Subject) -> Iterator[Result]:
    """The KMS keys of dataset and results: enabled, here, and usable by the role."""
    bucket, files = subject.facts("output")["bucket"], recorded_files(subject.facts("dataset"))

    def key_of(uri: S3Uri) -> str | None:
        return head_object(subject.aws, uri).kms_key

    default, *of_files = together(
        outcome(partial(default_key, subject.aws, bucket)), *[outcome(partial(key_of, uri)) for uri in files]
    )
    # The files of a set mostly share one key; an answer is told once, with the first file it is about.
    first_of = {str(key): (key, uri) for uri, key in reversed(list(zip(files, of_files, strict=True)))}
    uses = [
        (key, Use("dataset", f"the dataset {uri}", READ, "inference fails on reading it"))
        for key, uri in first_of.values()
    ]
    lost = "results cannot be written, after the answers were made"
    for key, use in (*uses, (default, Use("output", f"what is written to {bucket}", WRITE, lost))):
        yield _key(subject, key, use).about(use.part)


def _key(subject: Subject, key: str | EvaluationError | None, use: Use) -> Result:
    if isinstance(key, NotFound):
        return skipped(f"Not checked: {use.what} is not there, see `{use.part}`.")
    if isinstance(key, EvaluationError):
        return skipped(f"How {use.what} is encrypted is not known. {key.message}")
    if key is None:
        return passed(f"No key of yours encrypts {use.what}.")
    return _usable(subject, key, use)


def _usable(subject: Subject, key_id: str, use: Use) -> Result:
    arn = parse_arn(key_id)
    region = arn.region if arn else subject.region
    another = f"evaluate.py revise {use.part}"
    try:
        key = subject.once(("key", key_id), lambda: describe_key(subject.aws, key_id, region))
    except AccessDenied as error:
        return skipped(f"The key {key_id} of {use.what} could not be looked up. {error.message}", key=key_id)
    except NotFound:
        gone = f"The KMS key {key_id} that encrypts {use.what} does not exist: {use.otherwise}."
        return failed(gone, "Choose another place:", another, key=key_id)
    evidence = {"key": key.arn, "state": key.state}
    the_key = f"The KMS key {key.arn} that encrypts {use.what} is"
    if key.state != "Enabled":
        pending, short = key.state == "PendingDeletion", key.arn.rpartition("/")[2]
        return failed(
            f"{the_key} {key.state}.",
            "Take it back from deletion and enable it:" if pending else "Enable it:",
            command("kms", "cancel-key-deletion", key_id=short, region=region) if pending else "",
            command("kms", "enable-key", key_id=short, region=region),
            evidence=evidence,
        )
    if region != subject.region:
        message = f"{the_key} in {region}, the evaluation runs in {subject.region}."
        return failed(message, "Choose a place encrypted with a key of that region:", another, evidence=evidence)
    return _permitted(subject, key.arn, use).about(use.part, evidence)


def _permitted(subject: Subject, key: str, use: Use) -> Result:
    """A key's policy must allow the use: to the role itself, or to its account, whose policies then decide."""
    config = subject.configuration
    name, role = config.role_name, config.role
    simulated, policy = together(
        lambda: simulate(subject.aws, role, use.actions, (key,)),
        outcome(lambda: key_policy(subject.aws, key, key.split(":")[3])),
    )
    own = not simulated.unknown and not simulated.denied
    if isinstance(policy, EvaluationError):
        unread = f"{name}'s policies allow the key; its key policy could not be read"
        unknown = f"Whether {name} may use the key {key} is not known"
        return skipped(f"{unread if own else unknown}. {policy.message}")
    granted = [certain(policy, "Allow", config.requester, action, "*") for action in use.actions]
    denied = [certain(policy, "Deny", config.requester, action, "*") for action in use.actions]
    refusing = [match.statement for matches in denied for match in matches]
    direct = all(any(role in str(match.statement.get("Principal")) for match in matches) for matches in granted)
    allows = not refusing and all(granted)
    if allows and (direct or own):
        return passed(f"{name} may use the key of {use.what}.")
    if allows and simulated.unknown:
        return skipped(f"The key policy leaves {key} to IAM, and IAM could not be asked about {name}.")
    if allows:  # the key policy leaves it to IAM, and IAM is silent
        fix = ("Attach this statement:", put_policy("role", name, f"key-{use.part}", allow(use.actions, (key,))))
    else:
        others = [dict(item) for item in statements_of(policy) if item not in refusing]
        whole = document([*others, {**allow(use.actions, ("*",)), "Principal": {"AWS": role}}])
        fix = (
            "The key's administrator must let the role use it; this is the whole key policy with the statement added:",
            command("kms", "put-key-policy", key_id=key, policy_name="default", policy=whole, region=subject.region),
        )
    return failed(
        f"{role} may not use the KMS key {key} ({', '.join(use.actions)}) of {use.what}: {use.otherwise}.", *fix
    )
