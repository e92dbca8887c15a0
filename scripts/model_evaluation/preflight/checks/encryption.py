"""KMS keys of dataset and results: enabled, here, and usable by the role."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from model_evaluation.errors import AccessDenied, EvaluationError, NotFound
from model_evaluation.kinds.permissions import allow, document
from model_evaluation.lookups.arns import parse_arn
from model_evaluation.lookups.concurrency import outcome, together
from model_evaluation.lookups.iam.policy_evaluation import Match, Policy, Requester, matching, statements_of
from model_evaluation.lookups.iam.simulation import simulate
from model_evaluation.lookups.kms import describe_key, key_policy
from model_evaluation.lookups.s3.buckets import default_key
from model_evaluation.lookups.s3.dataset_files import recorded_files
from model_evaluation.lookups.s3.objects import head_object
from model_evaluation.preflight.fixes import command, lines
from model_evaluation.preflight.results import Result, failed, passed, skipped
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.s3_uri import S3Uri


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
    bucket = subject.facts("output")["bucket"]
    files = recorded_files(subject.facts("dataset"))
    default, of_files = together(
        outcome(lambda: default_key(subject.aws, bucket)),
        lambda: together(*[outcome(partial(_key_of, subject, uri)) for uri in files]),
    )
    # The files of a set mostly share one key; an answer is told once, with the first file it is about.
    first_of = {str(key): (key, uri) for uri, key in reversed(list(zip(files, of_files, strict=True)))}
    lost = "results cannot be written, after the answers were made"
    uses = [
        (key, Use("dataset", f"the dataset {uri}", READ, "inference fails on reading it"))
        for key, uri in first_of.values()
    ]
    for key, use in (*uses, (default, Use("output", f"what is written to {bucket}", WRITE, lost))):
        if isinstance(key, NotFound):
            yield skipped(f"Not checked: {use.what} is not there, see `{use.part}`.", part=use.part)
        elif isinstance(key, EvaluationError):
            yield skipped(f"How {use.what} is encrypted is not known. {key.message}", part=use.part)
        elif key is None:
            yield passed(f"No key of yours encrypts {use.what}.", part=use.part)
        else:
            yield _usable(subject, str(key), use)


def _key_of(subject: Subject, uri: S3Uri) -> str | None:
    return head_object(subject.aws, uri).kms_key


def _usable(subject: Subject, key_id: str, use: Use) -> Result:
    arn = parse_arn(key_id)
    region = arn.region if arn else subject.region
    try:
        key = subject.once(("key", key_id), lambda: describe_key(subject.aws, key_id, region))
    except AccessDenied as error:
        return skipped(
            f"The key {key_id} of {use.what} could not be looked up. {error.message}", part=use.part, key=key_id
        )
    except NotFound:
        return failed(
            f"The KMS key {key_id} that encrypts {use.what} does not exist: {use.otherwise}.",
            lines("Choose another place:", f"evaluate.py revise {use.part}"),
            part=use.part,
            key=key_id,
        )
    evidence: dict[str, object] = {"key": key.arn, "state": key.state}
    if key.state != "Enabled":
        pending, short = key.state == "PendingDeletion", key.arn.rpartition("/")[2]
        return failed(
            f"The KMS key {key.arn} that encrypts {use.what} is {key.state}.",
            lines(
                "Take it back from deletion and enable it:" if pending else "Enable it:",
                command("kms", "cancel-key-deletion", key_id=short, region=region) if pending else "",
                command("kms", "enable-key", key_id=short, region=region),
            ),
            part=use.part,
            evidence=evidence,
        )
    if region != subject.region:
        return failed(
            f"The KMS key {key.arn} that encrypts {use.what} is in {region}, the evaluation runs in {subject.region}.",
            lines("Choose a place encrypted with a key of that region:", f"evaluate.py revise {use.part}"),
            part=use.part,
            evidence=evidence,
        )
    return _permitted(subject, key.arn, use, evidence)


def _permitted(subject: Subject, key: str, use: Use, evidence: dict[str, object]) -> Result:
    """A key's policy must allow the use: to the role itself, or to its account, whose policies then decide."""
    config = subject.configuration
    name, role = config.role_name, config.role
    answer, policy = together(
        outcome(lambda: simulate(subject.aws, role, use.actions, (key,))),
        outcome(lambda: key_policy(subject.aws, key, key.split(":")[3])),
    )
    by_iam = not isinstance(answer, EvaluationError) and not answer.unknown
    own = not isinstance(answer, EvaluationError) and by_iam and not answer.denied
    if isinstance(policy, EvaluationError):
        unread = f"{name}'s policies allow the key; its key policy could not be read"
        unknown = f"Whether {name} may use the key {key} is not known"
        return skipped(f"{unread if own else unknown}. {policy.message}", part=use.part, evidence=evidence)
    requester = Requester(role, config.account, {"aws:principalarn": [role], "kms:calleraccount": [config.account]})
    granted = [_certain(policy, "Allow", requester, action) for action in use.actions]
    denied = [match for action in use.actions for match in _certain(policy, "Deny", requester, action)]
    direct = all(any(role in str(match.statement.get("Principal")) for match in matches) for matches in granted)
    allows = not denied and all(granted)
    if allows and (direct or own):
        return passed(f"{name} may use the key of {use.what}.", part=use.part, evidence=evidence)
    if allows and not by_iam:
        return skipped(
            f"The key policy leaves {key} to IAM, and IAM could not be asked about {name}.",
            part=use.part,
            evidence=evidence,
        )
    if allows:  # the key policy leaves it to IAM, and IAM is silent
        attach = command(
            "iam",
            "put-role-policy",
            role_name=name,
            policy_name=f"model-evaluation-key-{use.part}",
            policy_document=document([allow(use.actions, (key,))]),
        )
        fix = lines("Attach this statement:", attach)
    else:
        refusing = [match.statement for match in denied]
        others = [dict(item) for item in statements_of(policy) if item not in refusing]
        statement = {**allow(use.actions, ("*",)), "Principal": {"AWS": role}}
        replace = command(
            "kms",
            "put-key-policy",
            key_id=key,
            policy_name="default",
            policy=document([*others, statement]),
            region=subject.region,
        )
        fix = lines(
            "The key's administrator must let the role use it; this is the whole key policy with the statement added:",
            replace,
        )
    return failed(
        f"{role} may not use the KMS key {key} ({', '.join(use.actions)}) of {use.what}: {use.otherwise}.",
        fix,
        part=use.part,
        evidence=evidence,
    )


def _certain(policy: Policy, effect: str, requester: Requester, action: str) -> list[Match]:
    return [match for match in matching(policy, effect, requester, action, "*") if match.certain]
