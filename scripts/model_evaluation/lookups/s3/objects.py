"""An object: what S3 says of it, its beginning, and putting it there."""

from __future__ import annotations

from typing import NamedTuple

import botocore.exceptions

from model_evaluation.errors import AccessDenied, NotFound, Refused
from model_evaluation.lookups.failures import Unless, aws_errors
from model_evaluation.lookups.identity import who_am_i
from model_evaluation.lookups.session import Aws
from model_evaluation.runtime.s3_uri import S3Uri


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
    client = aws.client("s3")
    try:
        with aws_errors("listing", resource=str(uri)):
            answer = client.list_objects_v2(Bucket=uri.bucket, Prefix=uri.key, MaxKeys=limit)
    except (AccessDenied, NotFound):
        return []
    return [(item["Key"], int(item["Size"])) for item in answer.get("Contents", [])]


def anything_under(aws: Aws, uri: S3Uri) -> bool:
    """Whether an object's key begins with the URI's. Raises NotFound (no such bucket), AccessDenied."""
    with aws_errors("looking for objects under", resource=str(uri)):
        return bool(aws.client("s3").list_objects_v2(Bucket=uri.bucket, Prefix=uri.key, MaxKeys=1).get("KeyCount"))


def read_start(aws: Aws, uri: S3Uri, size: int) -> bytes:
    """The first ``size`` bytes of an object, fewer when it is smaller."""
    client = aws.client("s3")
    with Unless("InvalidRange"), aws_errors("reading the beginning of", resource=str(uri)):
        return bytes(client.get_object(Bucket=uri.bucket, Key=uri.key, Range=f"bytes=0-{size - 1}")["Body"].read())
    return b""  # an empty object has no first byte


def condition_failed(error: botocore.exceptions.ClientError) -> bool:
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
        except botocore.exceptions.ClientError as error:
            if not condition_failed(error):
                raise
            raise Refused(
                f"There is an object {uri} already; nothing was uploaded.", fix="Give it another name.", code="exists"
            ) from error
    return head_object(aws, uri)
