"""What every test stands on: a clean environment, and no way out of this machine."""

from __future__ import annotations

import functools
import gc
import ipaddress
import json
import os
import socket
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.loaders
import botocore.session
import pytest
from hypothesis import HealthCheck, settings

from cli_runs import Result, RunCli
from model_evaluation.packages import without_grammars

if TYPE_CHECKING:
    from model_evaluation.kinds.llm_as_judge.localaws.player import World
    from model_evaluation.localaws import LocalAws

# `make unit` tries few random examples, `make test` many; how quick the machine is decides nothing.
for _profile, _examples in (("quick", 10), ("thorough", 100)):
    settings.register_profile(
        _profile, max_examples=_examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# Every botocore session parses the services' models, megabytes of JSON, anew; here all share what was parsed once.
_shared_loader = functools.cache(botocore.loaders.create_loader)
botocore.loaders.create_loader = botocore.session.create_loader = _shared_loader

without_grammars()

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

for _name in list(os.environ):
    if _name.startswith(("AWS_", "SAGEMAKER_")) or _name.upper().endswith("_PROXY"):
        del os.environ[_name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
# What kernels unpack and write, and prices: nothing goes into the home of whoever runs the tests, or comes from there.
_cache = tempfile.TemporaryDirectory(prefix="tests-cache-", ignore_cleanup_errors=True)
os.environ["XDG_CACHE_HOME"] = _cache.name
for _name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
    os.environ[_name] = os.path.join(_cache.name, _name.lower())
os.environ["AWS_CONFIG_FILE"] = os.devnull
os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


# What imports and collection make stays: the garbage collector need not walk through it again and again.
gc.set_threshold(20_000)


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees another test's region, profile, credentials or proxy."""
    monkeypatch.setattr(urllib.request, "_opener", None)  # keeps the proxies of the first request
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        if name not in {"AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}:
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[LocalAws, World]]:
    """A local AWS of the module's own, with everything an evaluation needs. No time passes between its steps."""
    from model_evaluation.kinds.llm_as_judge.localaws.player import seed_demo_world
    from model_evaluation.localaws import LocalAws

    with LocalAws(step_seconds=0) as aws:
        yield aws, seed_demo_world(aws, region="us-west-2")


@pytest.fixture
def world(account: tuple[LocalAws, World]) -> World:
    return account[1]


@pytest.fixture
def run_cli(capfd: pytest.CaptureFixture[str]) -> RunCli:
    """Runs a command in this process: ``run_cli("answer", "task", "x", project=tmp_path)``."""

    def run(*arguments: str, project: Path) -> Result:
        from model_evaluation.cli import main

        capfd.readouterr()
        code = main(["--project", str(project), *arguments])
        captured = capfd.readouterr()
        lines = captured.out.splitlines()
        assert len(lines) == 1, f"exactly one JSON object is expected on stdout, found {captured.out!r}"
        return Result(code, json.loads(lines[0]), captured.err)

    return run
