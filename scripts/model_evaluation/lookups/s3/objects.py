"""Amazon S3: buckets, their region and what they do to what is written to them; objects, what S3 says of them, their
bytes, which outlive a broken connection, and putting them there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import botocore.exceptions as boto
from botocore.response import StreamingBody
from urllib3.exceptions import HTTPError

from model_evaluation.errors import AccessDenied, AwsError, NotFound, Refused, Unreachable
from model_evaluation.lookups.failures import Unless, aws_errors
from model_evaluation.lookups.iam import Policy, parse_policy
from model_evaluation.lookups.identity import who_am_i
from model_evaluation.lookups.session import Aws, Client, ask
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.settings import Json


def bucket_region(aws: Aws, bucket: str) -> str:
    """The region a bucket lives in. Raises NotFound, AccessDenied, or another AwsError."""
    return aws.once(("bucket region", bucket), lambda: _ask_bucket_region(aws, bucket))


def _ask_bucket_region(aws: Aws, bucket: str) -> str:
    client = aws.client("s3")
    with aws_errors("looking up the bucket", resource=bucket, no_words=lambda: who_am_i(aws)):
        try:
            answer: Json = client.head_bucket(Bucket=bucket)
        except boto.ClientError as error:
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


CHUNK_BYTES = 480 << 10  # what the dataset check takes at a time
ATTEMPTS = 4
FIRST_PAUSE = 0.25  # seconds before a broken connection is replaced; doubles
_BROKEN = (boto.IncompleteReadError, boto.ReadTimeoutError, boto.ResponseStreamingError, HTTPError, OSError)


class S3Object(NamedTuple):
    """One object as HeadObject shows it; ``size`` in bytes, ``etag`` without quotes."""

    uri: S3Uri
    size: int
    etag: str
    version_id: str | None
    kms_key: str | None


def parse_s3_uri(text: str) -> S3Uri:
    """Take a user's S3 URI apart. Raises Refused for anything else."""
    try:
        return S3Uri.parse(text)
    except ValueError as error:
        raise Refused(str(error), fix="Give the URI of an object: s3://bucket/key") from error


def head_object(aws: Aws, uri: S3Uri) -> S3Object:
    """Describe one object. Raises NotFound, AccessDenied, or another AwsError."""
    client = aws.client("s3")
    with aws_errors("looking up", resource=str(uri), no_words=lambda: who_am_i(aws)):
        answer = client.head_object(Bucket=uri.bucket, Key=uri.key)
    return S3Object(
        uri,
        int(answer["ContentLength"]),
        str(answer.get("ETag", "")).strip('"'),
        answer.get("VersionId"),
        answer.get("SSEKMSKeyId"),
    )


def list_some(aws: Aws, uri: S3Uri, *, limit: int = 1000) -> list[tuple[str, int]]:
    """The first keys below a prefix and their sizes in bytes; empty when listing is denied."""
    try:
        answer = ask(aws, "s3.list_objects_v2", "listing", str(uri), Bucket=uri.bucket, Prefix=uri.key, MaxKeys=limit)
    except (AccessDenied, NotFound):
        return []
    return [(item["Key"], int(item["Size"])) for item in answer.get("Contents", [])]


def anything_under(aws: Aws, uri: S3Uri) -> bool:
    """Whether an object's key begins with the URI's. Raises NotFound (no such bucket), AccessDenied."""
    call, doing = "s3.list_objects_v2", "looking for objects under"
    return bool(ask(aws, call, doing, str(uri), Bucket=uri.bucket, Prefix=uri.key, MaxKeys=1).get("KeyCount"))


def read_start(aws: Aws, uri: S3Uri, size: int) -> bytes:
    """The first ``size`` bytes of an object, fewer when it is smaller."""
    client, part = aws.client("s3"), f"bytes=0-{size - 1}"
    with Unless("InvalidRange"), aws_errors("reading the beginning of", resource=str(uri)):
        return bytes(client.get_object(Bucket=uri.bucket, Key=uri.key, Range=part)["Body"].read())
    return b""  # an empty object has no first byte


def read_chunks(aws: Aws, item: S3Object) -> Iterator[bytes]:
    """The object's bytes in order; the very version that was described.

    Raises AwsError with code ``changed_while_read`` when the object is replaced meanwhile, Unreachable when the
    connection breaks ATTEMPTS times without a byte in between.
    """
    client = aws.client("s3")
    start = failures = 0
    with aws_errors("reading", resource=str(item.uri)):
        while True:
            body = _open(client, item, start)
            try:
                for chunk in body.iter_chunks(CHUNK_BYTES):
                    start += len(chunk)
                    failures = 0
                    yield chunk
                return
            except _BROKEN as error:  # botocore repeats requests, but not the reading of what they return
                if start >= item.size:
                    return
                failures += 1
                if failures == ATTEMPTS:
                    raise Unreachable(
                        f"The connection broke {ATTEMPTS} times while reading {item.uri}: {error}",
                        fix="Check the network, then run the command again.",
                    ) from error
            finally:
                body.close()
            time.sleep(FIRST_PAUSE * 2 ** (failures - 1))


def _open(client: Client, item: S3Object, start: int) -> StreamingBody:
    part = {"Range": f"bytes={start}-"} if start else {}
    try:
        return client.get_object(Bucket=item.uri.bucket, Key=item.uri.key, IfMatch=item.etag, **part)["Body"]
    except boto.ClientError as error:
        if not condition_failed(error):
            raise
        raise AwsError(
            f"{item.uri} was replaced while it was read.",
            fix="Wait until the upload has ended, then answer again.",
            code="changed_while_read",
        ) from error


def condition_failed(error: boto.ClientError) -> bool:
    """Whether a request was refused because its condition (``IfMatch``, ``IfNoneMatch``) is not met."""
    return str(error.response.get("Error", {}).get("Code")) in {"PreconditionFailed", "412"}


def upload(aws: Aws, path: str, uri: S3Uri) -> S3Object:
    """Put a local file at ``uri``; describe what is there now. Raises Refused when an object is there already."""
    if not uri.key or uri.key.endswith("/"):
        raise Refused(f"{uri} is not an object's URI.", fix="Give the file a name: s3://bucket/folder/name.jsonl")
    client = aws.client("s3")
    with open(path, "rb") as file, aws_errors("uploading to", resource=str(uri)):
        try:
            client.put_object(Bucket=uri.bucket, Key=uri.key, Body=file, IfNoneMatch="*")
        except boto.ClientError as error:
            if not condition_failed(error):
                raise
            raise Refused(
                f"There is an object {uri} already; nothing was uploaded.", fix="Give it another name.", code="exists"
            ) from error
    return head_object(aws, uri)
