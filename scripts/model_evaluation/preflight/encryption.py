"""KMS keys of dataset and results: enabled, here, and usable by the role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from model_evaluation.errors import AccessDenied, EvaluationError, NotFound
from model_evaluation.lookups.arns import parse_arn
from model_evaluation.lookups.dataset_files import recorded_files
from model_evaluation.lookups.keys import Key, default_key, describe_key
from model_evaluation.lookups.policies import Asker, key_policy, matching, simulate_decisions, statements_of
from model_evaluation.lookups.session import outcome, together
from model_evaluation.lookups.storage import head_object

from .permissions import statement
from .result import Result, command, failed, lines, passed, skipped
from .subject import Subject

READ = ("kms:Decrypt",)
WRITE = ("kms:Decrypt", "kms:GenerateDataKey")


def keys(subject: Subject) -> Iterator[Result]:
    output = subject.facts("output")
    files = recorded_files(subject.facts("dataset"))
    write, *read = together(
        outcome(lambda: default_key(subject.aws, output["bucket"])),
        *[outcome(lambda uri=uri: head_object(subject.aws, uri).kms_key) for uri in files],  # type: ignore[misc]
    )
    # The files of a set mostly share one key; an answer is told once, with the first file it is about.
    keys_of = {str(found): (found, uri) for uri, found in reversed(list(zip(files, read, strict=True)))}
    for part, found, actions, what in (
        *[("dataset", found, READ, f"the dataset {uri}") for found, uri in keys_of.values()],
        ("output", write, WRITE, f"what is written to {output['bucket']}"),
    ):
        if isinstance(found, NotFound):
            yield skipped(f"Not checked: {what} is not there, see `{part}`.", part=part)
        elif isinstance(found, EvaluationError):
            yield skipped(f"How {what} is encrypted is not known. {found.message}", part=part)
        elif found is None:
            yield passed(f"No key of yours encrypts {what}.", part=part)
        else:
            yield _usable(subject, part, str(found), actions, what)


def _usable(subject: Subject, part: str, key_id: str, actions: tuple[str, ...], what: str) -> Result:
    arn = parse_arn(key_id)
    region = arn.region if arn else subject.region
    try:
        key = subject.once(("key", key_id), lambda: describe_key(subject.aws, key_id, region))
    except AccessDenied as error:
        return skipped(f"The key {key_id} of {what} could not be looked up. {error.message}", part=part, key=key_id)
    except NotFound:
        return failed(
            f"The KMS key {key_id} that encrypts {what} does not exist.",
            lines("Choose another place:", f"evaluate.py revise {part}"),
            part=part,
            key=key_id,
        )
    evidence: dict[str, Any] = {"key": key.arn, "state": key.state}
    if key.state != "Enabled":
        pending, short = key.state == "PendingDeletion", key.arn.rpartition("/")[2]
        return failed(
            f"The KMS key {key.arn} that encrypts {what} is {key.state}.",
            lines(
                "Take it back from deletion and enable it:" if pending else "Enable it:",
                command("kms", "cancel-key-deletion", key_id=short, region=region) if pending else "",
                command("kms", "enable-key", key_id=short, region=region),
            ),
            part=part,
            **evidence,
        )
    if region != subject.region:
        return failed(
            f"The KMS key {key.arn} that encrypts {what} is in {region}, the evaluation runs in {subject.region}.",
            lines("Choose a place encrypted with a key of that region:", f"evaluate.py revise {part}"),
            part=part,
            **evidence,
        )
    return _permitted(subject, part, key, actions, what, evidence)


def _permitted(
    subject: Subject, part: str, key: Key, actions: tuple[str, ...], what: str, evidence: dict[str, Any]
) -> Result:
    """A key's policy must allow the use: to the role itself, or to its account, whose policies then decide."""
    plan = subject.plan()
    name = plan.role.rpartition("/")[2]
    answer, policy = together(
        outcome(lambda: simulate_decisions(subject.aws, plan.role, actions, (key.arn,))),
        outcome(lambda: key_policy(subject.aws, key.arn, key.arn.split(":")[3])),
    )
    by_iam = not isinstance(answer, EvaluationError) and not answer.unknown
    own = by_iam and all(item.allowed for item in answer.decisions)
    if isinstance(policy, EvaluationError):
        if own:
            return skipped(
                f"{name}'s policies allow the key; its key policy could not be read. {policy.message}",
                part=part,
                **evidence,
            )
        return skipped(
            f"Whether {name} may use the key {key.arn} is not known. {policy.message}", part=part, **evidence
        )
    asker = Asker(plan.role, plan.account, {"aws:principalarn": plan.role, "kms:calleraccount": plan.account})
    granted = [
        [match for match in matching(policy, "Allow", asker, action, "*") if match.certain] for action in actions
    ]
    denied = [match for action in actions for match in matching(policy, "Deny", asker, action, "*") if match.certain]
    direct = all(any(plan.role in str(match.statement.get("Principal")) for match in found) for found in granted)
    if not denied and all(granted) and (direct or own):
        return passed(f"{name} may use the key of {what}.", part=part, **evidence)
    if not denied and all(granted) and not by_iam:
        return skipped(
            f"The key policy leaves {key.arn} to IAM, and IAM could not be asked about {name}.", part=part, **evidence
        )
    if not denied and all(granted):  # the key policy leaves it to IAM, and IAM is silent
        document = {"Version": "2012-10-17", "Statement": [statement(actions, (key.arn,), {})]}
        fix = lines(
            "Attach this statement:",
            command(
                "iam",
                "put-role-policy",
                role_name=name,
                policy_name=f"model-evaluation-key-{part}",
                policy_document=document,
            ),
        )
    else:
        kept = [item for item in statements_of(policy) if item not in [match.statement for match in denied]]
        added = {"Effect": "Allow", "Principal": {"AWS": plan.role}, "Action": list(actions), "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [*kept, added]}
        fix = lines(
            "The key's administrator must let the role use it; this is the whole key policy with the statement added:",
            command(
                "kms", "put-key-policy", key_id=key.arn, policy_name="default", policy=document, region=subject.region
            ),
        )
    late = (
        "inference fails on reading it"
        if part == "dataset"
        else "results cannot be written, after the answers were made"
    )
    return failed(
        f"{plan.role} may not use the KMS key {key.arn} ({', '.join(actions)}) of {what}: {late}.",
        fix,
        part=part,
        **evidence,
    )
