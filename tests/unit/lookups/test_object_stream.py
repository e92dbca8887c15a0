"""An object's bytes: each of them in order, a broken connection replaced, a replaced object named."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest

from model_evaluation import errors
from model_evaluation.lookups.s3 import objects
from model_evaluation.lookups.s3.objects import S3Object, head_object, parse_s3_uri, read_chunks
from model_evaluation.lookups.session import Aws

DATA = b"".join(b"line %d\n" % number for number in range(1000))
_NUMBERS = count()


class Store(ThreadingHTTPServer):
    """One object behind HTTP. ``before_part`` is told where a part starts and may change what is served."""

    daemon_threads = True

    def __init__(self) -> None:
        self.reset()
        super().__init__(("127.0.0.1", 0), _Handler)

    def reset(self) -> None:
        """For the next test; what an earlier one has left behind asks for another key."""
        self.key = f"rows-{next(_NUMBERS)}.jsonl"
        self.etag, self.data, self.kept_back = "first", DATA, dict[int, int]()
        self.sent_before_breaking = 600
        self.asked: list[tuple[str | None, str | None]] = []
        self.before_part: Callable[[int], None] = lambda start: None

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients may leave early."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Store

    def do_HEAD(self) -> None:
        self._answer(200, len(self.server.data))

    def do_GET(self) -> None:
        if not self.path.endswith(self.server.key):
            self._answer(404, 0)
            return
        part = self.headers["Range"]
        first = int(part.removeprefix("bytes=").removesuffix("-")) if part else 0
        self.server.asked.append((part, self.headers["If-Match"]))
        self.server.before_part(first)
        if self.headers["If-Match"] != self.server.etag:
            self._answer(412, 0)
            return
        body = self.server.data[first:]
        self._answer(206 if part else 200, len(body))
        if self.server.kept_back.get(first):
            self.server.kept_back[first] -= 1
            body = body[: self.server.sent_before_breaking]
            self.close_connection = True
        self.wfile.write(body)

    def _answer(self, status: int, size: int) -> None:
        self.send_response(status)
        self.send_header("ETag", f'"{self.server.etag}"')
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Store, Aws]]:
    """One server and one client for all tests here: they take longer to make than the tests run."""
    with Store() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_address[1]}")
        patch.setenv("AWS_ACCESS_KEY_ID", "x")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        aws = Aws("us-west-2")
        aws.client("s3")
        yield server, aws
        server.shutdown()
        thread.join()


@pytest.fixture
def aws(served: tuple[Store, Aws]) -> Aws:
    return served[1]


@pytest.fixture
def store(served: tuple[Store, Aws], monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(objects, "CHUNK_BYTES", 250)
    monkeypatch.setattr(objects, "FIRST_PAUSE", 0.0)
    served[0].reset()
    return served[0]


@pytest.fixture
def item(aws: Aws, store: Store) -> S3Object:
    return head_object(aws, parse_s3_uri(f"s3://bucket/{store.key}"))


@pytest.mark.parametrize("data", [b"", b"x", DATA])
def test_every_byte_comes_once_and_in_order(aws: Aws, store: Store, data: bytes) -> None:
    store.data = data
    item = head_object(aws, parse_s3_uri(f"s3://bucket/{store.key}"))
    assert b"".join(read_chunks(aws, item)) == data
    assert store.asked == [(None, "first")]


@pytest.mark.parametrize("breaks_at", [[0], [0, 600], [0, 600, 1200, 1800, 2400]])
def test_where_a_connection_breaks_another_goes_on(
    aws: Aws, store: Store, item: S3Object, breaks_at: list[int]
) -> None:
    store.kept_back = dict.fromkeys(breaks_at, 1)
    assert b"".join(read_chunks(aws, item)) == DATA
    assert [part for part, _ in store.asked] == [None, *(f"bytes={at + 600}-" for at in breaks_at)]


def test_a_connection_that_keeps_breaking_is_given_up(aws: Aws, store: Store, item: S3Object) -> None:
    store.kept_back, store.sent_before_breaking = {0: objects.ATTEMPTS}, 0
    with pytest.raises(errors.Unreachable, match=f"broke 4 times while reading {item.uri}"):
        b"".join(read_chunks(aws, item))


@pytest.mark.parametrize("breaks_at", [[], [0]])
def test_an_object_replaced_while_it_is_read_is_named(
    aws: Aws, store: Store, item: S3Object, breaks_at: list[int]
) -> None:
    store.kept_back = dict.fromkeys(breaks_at, 1)

    def replace(start: int) -> None:
        if start or not breaks_at:
            store.etag = "second"

    store.before_part = replace
    with pytest.raises(errors.AwsError, match=f"{item.uri} was replaced while it was read") as caught:
        b"".join(read_chunks(aws, item))
    assert caught.value.code == "changed_while_read"
