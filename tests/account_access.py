"""A local AWS as the account of this process. Its clients are made once: that takes longer than using them."""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

import boto3  # noqa: TID251 - as the seam does
import pytest

from model_evaluation.localaws import LocalAws


class _Session(boto3.Session):
    """A session that makes each client once."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str | None], Any] = {}

    def client(self, service_name: str, region_name: str | None = None, **named: Any) -> Any:  # type: ignore[override,unused-ignore]
        with self._lock:
            key = (service_name, region_name)
            if key not in self._made:
                self._made[key] = super().client(service_name, region_name=region_name, **named)
            return self._made[key]


@functools.lru_cache(16)
def _session_in(environment: frozenset[tuple[str, str]], **named: Any) -> _Session:
    return _Session(**named)


def _session(**named: Any) -> _Session:
    return _session_in(frozenset(item for item in os.environ.items() if item[0].startswith("AWS_")), **named)


def share_clients(patch: pytest.MonkeyPatch) -> None:
    """From now on, sessions that are made in the same AWS environment are one."""
    patch.setattr(boto3, "Session", _session)


def use_account(patch: pytest.MonkeyPatch, aws: LocalAws) -> None:
    """From now on, every client of this process reaches ``aws``."""
    for name, value in aws.env.items():
        patch.setenv(name, value)
    share_clients(patch)
