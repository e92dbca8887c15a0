"""S3: buckets, objects, and their bytes as a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import botocore.exceptions

from model_evaluation.errors import AccessDenied, AwsError, NotFound, Refused

from .identity import who_am_i
from .session import Aws, aws_errors

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


class S3Uri(NamedTuple):
    """``s3://bucket/key``; ``key`` is empty for the bucket itself."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class S3Object(NamedTuple):
    """One object as HeadObject shows it; ``size`` in bytes, ``etag`` without quotes."""

    uri: S3Uri
    size: int
    etag: str
    version_id: str | None
    kms_key: str | None


def parse_s3_uri(text: str, *, step: str | None = None) -> S3Uri:
    """Take an S3 URI apart; the key is kept exactly. Raises Refused for anything else."""
    if not text.startswith("s3://"):
        raise Refused(
            f"{text[:200]!r} was received; an S3 URI is expected.", fix="It looks like s3://bucket/key.", step=step
        )
    bucket, _, key = text[len("s3://") :].partition("/")
    if not _BUCKET.fullmatch(bucket) or ".." in bucket:
        raise Refused(
            f"{bucket[:100]!r} is not a bucket name.",
            fix="A bucket name has 3 to 63 lower-case letters, digits, dots and hyphens.",
            step=step,
        )
    if len(key.encode("utf-8")) > 1024:
        raise Refused(
            f"The key has {len(key.encode('utf-8'))} bytes; S3 allows 1,024.", fix="Use a shorter key.", step=step
        )
    return S3Uri(bucket, key)


def bucket_region(aws: Aws, bucket: str) -> str:
    """The region a bucket lives in. Raises NotFound, AccessDenied, or another AwsError."""
    return aws.once(("bucket region", bucket), lambda: _ask_bucket_region(aws, bucket))


def _ask_bucket_region(aws: Aws, bucket: str) -> str:
    client = aws.client("s3")
    with _head_errors(aws), aws_errors("looking up the bucket", resource=bucket):
        try:
            answer: dict[str, Any] = client.head_bucket(Bucket=bucket)
        except botocore.exceptions.ClientError as error:
            # A bucket that denies us, or that lives elsewhere, still says where it is.
            answer = error.response
            region = _region_header(answer)
            status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if region is None or status == 404:
                raise
            return region
    region = _region_header(answer)
    if region is None:
        with aws_errors("asking for the bucket's region", resource=bucket):
            location = client.get_bucket_location(Bucket=bucket).get("LocationConstraint")
        region = {None: "us-east-1", "EU": "eu-west-1"}.get(location, location)
    return str(region)


@contextmanager
def _head_errors(aws: Aws) -> Iterator[None]:
    """HEAD answers have no body, so S3 says only "400" about expired credentials: let STS say it in words."""
    try:
        yield
    except AwsError as error:
        if error.details.get("aws_code") == "400":
            who_am_i(aws)
        raise


def _region_header(answer: dict[str, Any]) -> str | None:
    if answer.get("BucketRegion"):
        return str(answer["BucketRegion"])
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = headers.get("x-amz-bucket-region")
    return str(region) if region else None


def head_object(aws: Aws, uri: S3Uri) -> S3Object:
    """Describe one object. Raises NotFound, AccessDenied, or another AwsError."""
    client = aws.client("s3")
    with _head_errors(aws), aws_errors("looking up", resource=str(uri)):
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
    client = aws.client("s3")
    try:
        with aws_errors("listing", resource=str(uri)):
            answer = client.list_objects_v2(Bucket=uri.bucket, Prefix=uri.key, MaxKeys=limit)
    except (AccessDenied, NotFound):
        return []
    return [(item["Key"], int(item["Size"])) for item in answer.get("Contents", [])]


def upload(aws: Aws, path: str, uri: S3Uri) -> S3Object:
    """Put a local file at ``uri``; describe what is there now. Raises Refused when an object is there already."""
    if not uri.key or uri.key.endswith("/"):
        raise Refused(f"{uri} is no object's URI.", fix="Give the file a name: s3://bucket/folder/name.jsonl")
    client = aws.client("s3")
    with open(path, "rb") as file, aws_errors("uploading to", resource=str(uri)):
        try:
            client.put_object(Bucket=uri.bucket, Key=uri.key, Body=file, IfNoneMatch="*")
        except botocore.exceptions.ClientError as error:
            if str(error.response.get("Error", {}).get("Code")) not in {"PreconditionFailed", "412"}:
                raise
            raise Refused(
                f"There is an object {uri} already; nothing was uploaded.", fix="Give it another name.", code="exists"
            ) from error
    return head_object(aws, uri)


def read_start(aws: Aws, uri: S3Uri, size: int) -> bytes:
    """The first ``size`` bytes of an object, fewer when it is smaller."""
    client = aws.client("s3")
    with aws_errors("reading the beginning of", resource=str(uri)):
        try:
            answer = client.get_object(Bucket=uri.bucket, Key=uri.key, Range=f"bytes=0-{size - 1}")
        except botocore.exceptions.ClientError as error:
            if str(error.response.get("Error", {}).get("Code")) == "InvalidRange":
                return b""  # an empty object
            raise
        return bytes(answer["Body"].read())
