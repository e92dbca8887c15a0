"""The seam to AWS: the clients of one boto3 session, single calls and listings, and lookups side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from model_evaluation.errors import AwsError, EvaluationError, NoRegion
from model_evaluation.runtime.settings import Json

from .failures import ATTEMPTS, aws_errors

if TYPE_CHECKING:
    from botocore.credentials import Credentials

    from model_evaluation.runtime.session import AwsClients


A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
T = TypeVar("T")


@overload
def together(a: Callable[[], A], b: Callable[[], B], /) -> tuple[A, B]: ...


@overload
def together(a: Callable[[], A], b: Callable[[], B], c: Callable[[], C], /) -> tuple[A, B, C]: ...


@overload
def together(
    a: Callable[[], A], b: Callable[[], B], c: Callable[[], C], d: Callable[[], D], /
) -> tuple[A, B, C, D]: ...


@overload
def together(*calls: Callable[[], T]) -> list[T]: ...


def together(*calls: Callable[[], object]) -> object:
    """Run independent lookups side by side; return their results in order.

    The first failure, in the order of ``calls``, is raised after all have ended.
    """
    futures = _begin(calls, at_once=16)
    wait(futures)
    return [future.result() for future in futures]


class Late:
    """Stands for the result of a call that had not ended in time."""


def together_within(seconds: float, *calls: Callable[[], T]) -> list[T | Late]:
    """As :func:`together`, but whatever has not ended after ``seconds`` is left behind as :class:`Late`."""
    futures = _begin(calls, at_once=max(1, len(calls)))
    wait(futures, timeout=seconds)
    return [future.result() if future.done() else Late() for future in futures]


def _begin(calls: Sequence[Callable[[], T]], *, at_once: int) -> list[Future[T]]:
    """Start every call in a thread of its own, ``at_once`` of them working at the same time.

    Daemon threads: a command that has its answer must not wait at exit for a server that never replies.
    """
    slots = threading.Semaphore(at_once)
    futures: list[Future[T]] = []
    for call in calls:
        future: Future[T] = Future()
        threading.Thread(target=_work, args=(slots, call, future), daemon=True).start()
        futures.append(future)
    return futures


def _work(slots: threading.Semaphore, call: Callable[[], T], future: Future[T]) -> None:
    with slots:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)


def outcome(call: Callable[[], T]) -> Callable[[], T | EvaluationError]:
    """``call``, with an expected failure returned instead of raised."""

    def guarded() -> T | EvaluationError:
        try:
            return call()
        except EvaluationError as error:
            return error

    return guarded


class Once:
    """Results by key, and failures, for what cannot change meanwhile. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[Hashable, Future[object]] = {}

    def __call__(self, key: Hashable, call: Callable[[], T]) -> T:
        """``call``'s result; it is called by the first thread that asks for ``key``, and the others wait for it."""
        with self._lock:
            future = self._made.get(key)
            mine = future is None
            if future is None:
                future = self._made[key] = Future()
        if mine:
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)
        return cast(T, future.result())


Client = Any
"""A client of boto3, which has no types."""


class Aws:
    """Clients of one boto3 session, created once each. Safe to share between threads."""

    def __init__(self, region: str | None = None) -> None:
        import boto3  # noqa: TID251 - this is the seam, and loads what takes long only when it is needed
        from botocore.config import Config

        with aws_errors("reading the AWS configuration"):
            self._session = boto3.Session(region_name=region)
        # boto3 itself reads AWS_DEFAULT_REGION only; the AWS CLI and other SDKs read AWS_REGION first.
        self.region_or_none: str | None = region or os.environ.get("AWS_REGION") or self._session.region_name or None
        # Bounded on purpose: a person waits for the answer.
        self._config = Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=60,
            user_agent_extra="model-evaluation",
        )
        self._clients: dict[tuple[str, str], Client] = {}
        self._lock = threading.Lock()
        self.once = Once()  # for what cannot change while a command runs

    @property
    def credentials(self) -> Credentials | None:
        """The session's botocore credentials, ``None`` when there are none. They are never shown or stored."""
        with aws_errors("reading the AWS credentials"):
            credentials: Credentials | None = self._session.get_credentials()
        return credentials

    @property
    def region(self) -> str:
        """The configured region. Raises NoRegion; there is no silent default."""
        if self.region_or_none is None:
            raise NoRegion(
                "No AWS region is configured.",
                fix="Set it to the region of the fine-tuned model, for example: export AWS_REGION=us-west-2",
            )
        return self.region_or_none

    def client(self, service: str, region_name: str | None = None, *, config: object = None) -> Client:
        """The boto3 client of ``service`` in a region (default: the configured one), as a boto3 Session makes one;
        ``config`` is not heeded."""
        region = region_name or self.region
        with self._lock:  # creating clients from one session is not thread-safe; using them is
            key = (service, region)
            if key not in self._clients:
                try:
                    with aws_errors(f"creating the {service} client"):
                        self._clients[key] = self._session.client(service, region_name=region, config=self._config)
                except ValueError as error:  # which botocore raises for an address that is none
                    message = f"AWS cannot be called at the address that is set: {error}."
                    raise AwsError(message, fix="Correct or unset AWS_ENDPOINT_URL: https://HOST[:PORT]") from error
            return self._clients[key]


def ask(
    aws: Aws, call: str, doing: str, about: str | None = None, *, region: str | None = None, **request: object
) -> Json:
    """AWS's answer to one call, such as ``iam.get_role``. ``doing`` completes "while ..." in the words of a failure,
    and ``about`` is what was looked up."""
    service, _, operation = call.partition(".")
    with aws_errors(doing, resource=about):
        answer: Json = getattr(aws.client(service, region), operation)(**request)
    return answer


def listing(
    aws: Aws, call: str, key: str, doing: str, about: str | None = None, *, region: str | None = None, **request: object
) -> list[Json]:
    """What a listing of AWS holds on all its pages, of which ``key`` is the member with the entries; otherwise as
    :func:`ask`."""
    service, _, operation = call.partition(".")
    with aws_errors(doing, resource=about):
        pages = aws.client(service, region).get_paginator(operation).paginate(**request)
        return [entry for page in pages for entry in page[key]]


def runtime_clients(aws: Aws, region: str | None) -> AwsClients:
    """The clients in the shape that the notebook's library takes."""
    from model_evaluation.runtime.session import AwsClients

    return AwsClients(region or aws.region, aws)
