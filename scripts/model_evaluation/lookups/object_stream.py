"""The bytes of an S3 object as a stream: read in parts, a few of them ahead of whoever takes them.

Each part has a connection and a thread of its own, so the network works while the caller does. A caller that
computes keeps Python's lock, and the threads hardly run then; but the parts asked for arrive in the system's
buffers meanwhile.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import Any

import botocore.exceptions as boto
from urllib3.exceptions import HTTPError

from model_evaluation.errors import AwsError, Unreachable

from .session import Aws, aws_errors
from .storage import S3Object

PART_BYTES = 4 << 20
CHUNK_BYTES = 1 << 18
PARTS_AHEAD = 4  # memory is this many parts, and the one being taken
ATTEMPTS = 4
FIRST_PAUSE = 0.25  # seconds before a broken part is asked for again; doubles
_BROKEN = (boto.IncompleteReadError, boto.ReadTimeoutError, boto.ResponseStreamingError, HTTPError, OSError)


def read_chunks(aws: Aws, item: S3Object) -> Iterator[bytes]:
    """The object's bytes in order; the very version that was described.

    Raises AwsError with code ``changed_while_read`` when the object is replaced meanwhile.
    """
    client = aws.client("s3")
    ahead: deque[Future[list[bytes]]] = deque()
    with aws_errors("reading", resource=str(item.uri)):
        for start in range(0, max(1, item.size), PART_BYTES):
            ahead.append(_in_background(partial(_read_part, client, item, start)))
            if len(ahead) == PARTS_AHEAD:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


def _read_part(client: Any, item: S3Object, start: int) -> list[bytes]:
    end = min(item.size, start + PART_BYTES)
    asked = {"Range": f"bytes={start}-{end - 1}"} if end - start < item.size else {}
    for attempt in range(ATTEMPTS):
        try:
            answer = client.get_object(Bucket=item.uri.bucket, Key=item.uri.key, IfMatch=item.etag, **asked)
        except boto.ClientError as error:
            if str(error.response.get("Error", {}).get("Code")) not in {"PreconditionFailed", "412"}:
                raise
            raise AwsError(
                f"{item.uri} was replaced while it was read.",
                fix="Wait until the upload has ended, then answer again.",
                code="changed_while_read",
            ) from error
        try:
            return list(answer["Body"].iter_chunks(CHUNK_BYTES))
        except _BROKEN as error:  # botocore repeats requests, but not the reading of what they return
            broken = error
        time.sleep(FIRST_PAUSE * 2**attempt)
    raise Unreachable(
        f"The connection broke {ATTEMPTS} times while reading {item.uri}: {broken}",
        fix="Check the network, then run the command again.",
    ) from broken


def _in_background(call: Callable[[], list[bytes]]) -> Future[list[bytes]]:
    """The call's result, which a thread of its own brings. Nobody waits for it at exit."""
    future: Future[list[bytes]] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=work, daemon=True).start()
    return future
