"""What a check says."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple


class Result(NamedTuple):
    """One finding of a check.

    ``fix`` is prose, followed by lines that can be pasted into a shell (they begin with aws, evaluate.py or
    export). ``part`` tells several findings of one check apart: it is appended to the check's id.
    """

    status: str
    message: str
    fix: str = ""
    evidence: Mapping[str, Any] = {}
    part: str = ""


def passed(message: str, *, part: str = "", **evidence: Any) -> Result:
    return Result("pass", message, "", evidence, part)


def warned(message: str, fix: str, *, part: str = "", **evidence: Any) -> Result:
    return Result("warn", message, fix, evidence, part)


def failed(message: str, fix: str, *, part: str = "", **evidence: Any) -> Result:
    return Result("fail", message, fix, evidence, part)


def skipped(message: str, fix: str = "", *, part: str = "", **evidence: Any) -> Result:
    return Result("skip", message, fix, evidence, part)


def missing(bucket: str, *, part: str = "") -> Result:
    """What depends on a bucket that is not there; that it is not there is said once, by the answer's own check."""
    return skipped(f"Not checked: there is no bucket {bucket}, see `dataset` and `output`.", part=part)


def command(*words: str, **options: Any) -> str:
    """An AWS CLI call that can be pasted: ``command("iam", "get-role", role_name="x")``. Objects become JSON."""
    parts = ["aws", *words]
    for name, value in options.items():
        parts.append(f"--{name.replace('_', '-')}")
        if value is not True:
            parts.append(shlex.quote(value if isinstance(value, str) else json.dumps(value)))
    return " ".join(parts)


COMMANDS = ("aws ", "evaluate.py ", "export ")


def commands_in(fix: str) -> list[str]:
    """The lines of a fix that can be pasted into a shell."""
    return [line for line in fix.splitlines() if line.startswith(COMMANDS)]


def pasteable(fix: str) -> str:
    """The fix with every command that stands in the middle of prose on a line of its own."""
    fix = re.sub(r"(?<=:) (?=(aws|evaluate\.py|export) )", "\n", fix)
    return re.sub(r"^((?:aws|evaluate\.py|export) [^'\n]*?)(?: - |\. )(?=\S)", r"\1\n", fix, flags=re.MULTILINE)


def lines(*parts: str) -> str:
    """Prose and commands below one another."""
    return "\n".join(part for part in parts if part)
