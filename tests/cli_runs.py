"""What the fixture ``run_cli`` is, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Result(NamedTuple):
    """One command's exit code, its JSON object, and what it said on stderr."""

    code: int
    json: dict[str, Any]
    stderr: str


RunCli = Callable[..., Result]
