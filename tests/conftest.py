"""What every test stands on: a clean environment, and no way out of this machine."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any

import pytest

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = str(address[0])
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if not _is_local(address):
        raise AssertionError(f"a test tried to reach {address!r}; tests reach this machine only")
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    if not _is_local(address):
        raise AssertionError(f"a test tried to reach {address!r}; tests reach this machine only")
    return _connect_ex(self, address)


# Process-wide and permanent: fixtures of any scope, and threads, are covered.
socket.socket.connect = _guarded_connect  # type: ignore[method-assign]
socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign]

for _name in [name for name in os.environ if name.startswith("AWS_") or name.endswith("_PROXY")]:
    if _name != "NO_PROXY":
        del os.environ[_name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.devnull
os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees another test's region, profile or credentials."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        if name not in {"AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}:
            monkeypatch.delenv(name)
