"""Calls that several threads ask for and one of them makes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Once:
    """Results by key, for what cannot change meanwhile. Safe to share between threads.

    A failure is raised to everybody who waits; only with ``keep_failures`` to those who ask later, too.
    """

    def __init__(self, *, keep_failures: bool = False) -> None:
        self._keep_failures = keep_failures
        self._lock = threading.Lock()
        self._made: dict[Any, Future[Any]] = {}

    def __call__(self, key: Any, call: Callable[[], T]) -> T:
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
                if not self._keep_failures:
                    with self._lock:
                        del self._made[key]
                future.set_exception(error)
        result: T = future.result()
        return result
