"""KMS keys, and which of them a bucket encrypts with."""

from __future__ import annotations

from typing import NamedTuple

from model_evaluation.errors import AwsError

from .session import Aws, aws_errors


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


def default_key(aws: Aws, bucket: str) -> str | None:
    """The KMS key a bucket encrypts new objects with; ``None`` for S3's own keys or AWS's key for S3."""
    client = aws.client("s3")
    try:
        with aws_errors("reading the default encryption", resource=f"of {bucket}"):
            answer = client.get_bucket_encryption(Bucket=bucket)
    except AwsError as error:
        if error.details.get("aws_code") == "ServerSideEncryptionConfigurationNotFoundError":
            return None
        raise
    for rule in answer["ServerSideEncryptionConfiguration"].get("Rules", []):
        default = rule.get("ApplyServerSideEncryptionByDefault") or {}
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms") and default.get("KMSMasterKeyID"):
            return str(default["KMSMasterKeyID"])
    return None
