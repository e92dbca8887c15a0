"""A bucket: its region, its owner, and what it does to everything that is written to it."""

from __future__ import annotations

import botocore.exceptions

from model_evaluation.errors import AccessDenied
from model_evaluation.lookups.failures import Unless, aws_errors
from model_evaluation.lookups.iam.policy_evaluation import Policy, parse_policy
from model_evaluation.lookups.identity import who_am_i
from model_evaluation.lookups.session import Aws, ask
from model_evaluation.runtime.settings import Json


def bucket_region(aws: Aws, bucket: str) -> str:
    """The region a bucket lives in. Raises NotFound, AccessDenied, or another AwsError."""
    return aws.once(("bucket region", bucket), lambda: _ask_bucket_region(aws, bucket))


def _ask_bucket_region(aws: Aws, bucket: str) -> str:
    client = aws.client("s3")
    with aws_errors("looking up the bucket", resource=bucket, no_words=lambda: who_am_i(aws)):
        try:
            answer: Json = client.head_bucket(Bucket=bucket)
        except botocore.exceptions.ClientError as error:
            # A bucket that denies us, or that lives elsewhere, still says where it is.
            answer = error.response
            region = _region_header(answer)
            if region is None or answer.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                raise
            return region
    region = _region_header(answer)
    if region is None:
        doing = "asking for the bucket's region"
        location = ask(aws, "s3.get_bucket_location", doing, bucket, Bucket=bucket).get("LocationConstraint")
        region = {None: "us-east-1", "EU": "eu-west-1"}.get(location, location)
    return str(region)


def _region_header(answer: Json) -> str | None:
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = answer.get("BucketRegion") or headers.get("x-amz-bucket-region")
    return str(region) if region else None


def is_foreign_bucket(aws: Aws, bucket: str, account: str) -> bool | None:
    """Whether a bucket belongs to another account than ``account``; ``None`` when it may not be looked at at all."""

    def may_look(**expected: str) -> bool:
        try:
            ask(aws, "s3.head_bucket", "looking up the owner of", bucket, Bucket=bucket, **expected)
        except AccessDenied:
            return False
        return True

    if may_look(ExpectedBucketOwner=account):
        return False
    return True if may_look() else None


def bucket_policy(aws: Aws, bucket: str) -> Policy:
    """A bucket's policy, empty when it has none. Raises AccessDenied, NotFound (no such bucket)."""
    with Unless("NoSuchBucketPolicy"):
        policy = ask(aws, "s3.get_bucket_policy", "reading the bucket policy", f"of {bucket}", Bucket=bucket)
        return parse_policy(policy["Policy"])
    return {}


def default_key(aws: Aws, bucket: str) -> str | None:
    """The KMS key a bucket encrypts new objects with; ``None`` for S3's own keys or AWS's key for S3."""
    with Unless("ServerSideEncryptionConfigurationNotFoundError"):
        answer = ask(aws, "s3.get_bucket_encryption", "reading the default encryption", f"of {bucket}", Bucket=bucket)
        for rule in answer["ServerSideEncryptionConfiguration"].get("Rules", []):
            default = rule.get("ApplyServerSideEncryptionByDefault") or {}
            if str(default.get("SSEAlgorithm", "")).startswith("aws:kms") and default.get("KMSMasterKeyID"):
                return str(default["KMSMasterKeyID"])
    return None


def default_lock(aws: Aws, bucket: str) -> str:
    """How long a bucket's Object Lock keeps every new object, as "30 days (COMPLIANCE)"; empty when it keeps none."""
    call, doing = "s3.get_object_lock_configuration", "reading the Object Lock"
    with Unless("ObjectLockConfigurationNotFoundError"):
        lock = ask(aws, call, doing, f"of {bucket}", Bucket=bucket)["ObjectLockConfiguration"]
        if retention := lock.get("Rule", {}).get("DefaultRetention", {}):
            length = f"{retention['Years']} years" if retention.get("Years") else f"{retention.get('Days')} days"
            return f"{length} ({retention.get('Mode')})"
    return ""
