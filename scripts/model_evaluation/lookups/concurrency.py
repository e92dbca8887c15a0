"""Lookups side by side, and those that several threads ask for and one of them makes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, wait
from typing import TypeVar, cast, overload

from model_evaluation.errors import EvaluationError

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
