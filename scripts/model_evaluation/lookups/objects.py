"""S3 as others left it: whether something still lies under a prefix, and whether a bucket locks what is written."""

from __future__ import annotations

from model_evaluation.errors import AwsError

from .session import Aws, aws_errors
from .storage import S3Uri


def anything_under(aws: Aws, uri: S3Uri) -> bool:
    """Whether an object's key begins with the URI's. Raises NotFound (no such bucket), AccessDenied."""
    with aws_errors("looking for objects under", resource=str(uri)):
        return bool(aws.client("s3").list_objects_v2(Bucket=uri.bucket, Prefix=uri.key, MaxKeys=1).get("KeyCount"))


def default_lock(aws: Aws, bucket: str) -> str:
    """How long a bucket's Object Lock keeps every new object, as "30 days (COMPLIANCE)"; empty when it keeps none."""
    try:
        with aws_errors("reading the Object Lock", resource=f"of {bucket}"):
            answer = aws.client("s3").get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except AwsError as error:
        if error.details.get("aws_code") == "ObjectLockConfigurationNotFoundError":
            return ""
        raise
    kept = answer.get("Rule", {}).get("DefaultRetention", {})
    if not kept:
        return ""
    length = f"{kept['Years']} years" if kept.get("Years") else f"{kept.get('Days')} days"
    return f"{length} ({kept.get('Mode')})"
