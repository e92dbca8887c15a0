"""KMS keys."""

from __future__ import annotations

from typing import NamedTuple

from .iam import Policy, parse_policy
from .session import Aws, ask


class Key(NamedTuple):
    """A KMS key; ``state`` is Enabled, Disabled, PendingDeletion, ..."""

    arn: str
    state: str


def describe_key(aws: Aws, key_id: str, region: str) -> Key:
    """One key by id, alias or ARN. Raises NotFound, AccessDenied."""
    answer = ask(aws, "kms.describe_key", "looking up the KMS key", key_id, region=region, KeyId=key_id)["KeyMetadata"]
    return Key(str(answer["Arn"]), str(answer.get("KeyState", "")))


def key_policy(aws: Aws, key_id: str, region: str) -> Policy:
    """A KMS key's policy. Raises AccessDenied, NotFound."""
    request = {"KeyId": key_id, "PolicyName": "default"}
    answer = ask(aws, "kms.get_key_policy", "reading the key policy", f"of {key_id}", region=region, **request)
    return parse_policy(answer["Policy"])
