"""The bytes of an S3 object as a stream that outlives a broken connection."""

from __future__ import annotations

import time
from collections.abc import Iterator

import botocore.exceptions as boto
from botocore.response import StreamingBody
from urllib3.exceptions import HTTPError

from model_evaluation.errors import AwsError, Unreachable
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws
from model_evaluation.runtime.session import Client

from .objects import S3Object, condition_failed

CHUNK_BYTES = 480 << 10  # what the dataset check takes at a time
ATTEMPTS = 4
FIRST_PAUSE = 0.25  # seconds before a broken connection is replaced; doubles
_BROKEN = (boto.IncompleteReadError, boto.ReadTimeoutError, boto.ResponseStreamingError, HTTPError, OSError)


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
