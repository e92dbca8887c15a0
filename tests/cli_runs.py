"""What the fixture ``run_cli`` is, what it returns, and conversations by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Result(NamedTuple):
    """One command's exit code, its JSON object, and what it said on stderr."""

    code: int
    json: dict[str, Any]
    stderr: str


RunCli = Callable[..., Result]


def answer(run_cli: RunCli, project: Path, said: Mapping[str, str], *, until: str = "") -> Result:
    """Gives the answers before ``until``, each of which must be accepted; the last one's result."""
    result = run_cli("status", project=project)
    for step, value in said.items():
        if step == until:
            break
        result = run_cli("answer", step, value, project=project)
        assert result.code == 0, (step, result.json)
    return result


class Talk(NamedTuple):
    """Commands given one after another in one project."""

    run: RunCli
    project: Path

    def say(self, step: str, *words: str) -> Result:
        return self.run("answer", step, *words, project=self.project)

    def command(self, *words: str) -> Result:
        return self.run(*words, project=self.project)
