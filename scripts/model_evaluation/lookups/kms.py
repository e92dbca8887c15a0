"""KMS keys."""

from __future__ import annotations

from typing import NamedTuple

from .failures import aws_errors
from .iam.policy_evaluation import Policy, parse_policy
from .session import Aws


class Key(NamedTuple):
    """A KMS key; ``state`` is Enabled, Disabled, PendingDeletion, ..."""

    arn: str
    state: str


def describe_key(aws: Aws, key_id: str, region: str) -> Key:
    """One key by id, alias or ARN. Raises NotFound, AccessDenied."""
    client = aws.client("kms", region)
    with aws_errors("looking up the KMS key", resource=key_id):
        answer = client.describe_key(KeyId=key_id)["KeyMetadata"]
    return Key(str(answer["Arn"]), str(answer.get("KeyState", "")))


def key_policy(aws: Aws, key_id: str, region: str) -> Policy:
    """A KMS key's policy. Raises AccessDenied, NotFound."""
    client = aws.client("kms", region)
    with aws_errors("reading the key policy", resource=f"of {key_id}"):
        return parse_policy(client.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])
