"""The bytes of an S3 object as a stream, over one connection or, where one is slow, several.

S3 limits how fast one connection is. Then parts are read ahead, each by a connection and a thread of its own. Where
one connection is fast it is read by whoever takes the bytes: threads would only compete for Python's lock with it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future
from threading import Thread
from typing import Any

import botocore.exceptions as boto
from urllib3.exceptions import HTTPError

from model_evaluation.errors import AwsError, Unreachable

from .session import Aws, aws_errors
from .storage import S3Object

CHUNK_BYTES = 480 << 10  # what the dataset check takes at a time
PROBE_BYTES = 8 << 20  # how fast the connection is, is known after these
FAST_ENOUGH = 150e6  # bytes per second
PART_BYTES = 4 << 20
PARTS_AHEAD = 4  # memory is this many parts, and the one being taken
ATTEMPTS = 4
FIRST_PAUSE = 0.25  # seconds before a broken connection is replaced; doubles
_BROKEN = (boto.IncompleteReadError, boto.ReadTimeoutError, boto.ResponseStreamingError, HTTPError, OSError)


def read_chunks(aws: Aws, item: S3Object) -> Generator[bytes, None, None]:
    """The object's bytes in order; the very version that was described.

    Raises AwsError with code ``changed_while_read`` when the object is replaced meanwhile.
    """
    client = aws.client("s3")
    with aws_errors("reading", resource=str(item.uri)):
        taken, waited = 0, 0.0
        stream = _read(client, item, 0, item.size)
        began = time.perf_counter()
        for chunk in stream:
            waited += time.perf_counter() - began
            taken += len(chunk)
            yield chunk
            if PROBE_BYTES <= taken < PROBE_BYTES + len(chunk) and taken < waited * FAST_ENOUGH:
                stream.close()
                yield from _read_ahead(client, item, taken)
                return
            began = time.perf_counter()


def _read_ahead(client: Any, item: S3Object, start: int) -> Generator[bytes, None, None]:
    """The bytes from ``start`` on, by several connections."""
    ahead: deque[Future[list[bytes]]] = deque()
    for at in range(start, item.size, PART_BYTES):
        part = _read(client, item, at, min(at + PART_BYTES, item.size))
        ahead.append(_in_background(part))
        if len(ahead) == PARTS_AHEAD:
            yield from ahead.popleft().result()
    while ahead:
        yield from ahead.popleft().result()


def _read(client: Any, item: S3Object, start: int, end: int) -> Generator[bytes, None, None]:
    """The bytes from ``start`` to ``end`` as they come; where the connection breaks another one goes on."""
    failures = 0  # since bytes came last
    while True:
        body = _open(client, item, start, end)
        try:
            for chunk in body.iter_chunks(CHUNK_BYTES):
                start += len(chunk)
                failures = 0
                yield chunk
            return
        except _BROKEN as error:  # botocore repeats requests, but not the reading of what they return
            failures += 1
            if failures == ATTEMPTS:
                raise Unreachable(
                    f"The connection broke {ATTEMPTS} times while reading {item.uri}: {error}",
                    fix="Check the network, then run the command again.",
                ) from error
        finally:
            body.close()
        time.sleep(FIRST_PAUSE * 2 ** (failures - 1))


def _open(client: Any, item: S3Object, start: int, end: int) -> Any:
    asked = {"Range": f"bytes={start}-{end - 1}"} if end - start < item.size else {}
    try:
        return client.get_object(Bucket=item.uri.bucket, Key=item.uri.key, IfMatch=item.etag, **asked)["Body"]
    except boto.ClientError as error:
        if str(error.response.get("Error", {}).get("Code")) not in {"PreconditionFailed", "412"}:
            raise
        raise AwsError(
            f"{item.uri} was replaced while it was read.",
            fix="Wait until the upload has ended, then answer again.",
            code="changed_while_read",
        ) from error


def _in_background(part: Generator[bytes, None, None]) -> Future[list[bytes]]:
    """All of the part, which a thread of its own brings. Nobody waits for it at exit."""
    future: Future[list[bytes]] = Future()

    def work() -> None:
        try:
            future.set_result(list(part))
        except BaseException as error:
            future.set_exception(error)

    Thread(target=work, daemon=True).start()
    return future
