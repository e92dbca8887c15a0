"""What to do about a finding: prose, and lines that can be pasted into a shell."""

from __future__ import annotations

import json
import re
import shlex

from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.permissions import document

COMMANDS = ("aws ", "evaluate.py ", "export ", "unset ")
_BEGINNINGS = "|".join(word.strip().replace(".", r"\.") for word in COMMANDS)


def command(*words: str, **options: object) -> str:
    """An AWS CLI call that can be pasted: ``command("iam", "get-role", role_name="x")``. Objects become JSON."""
    parts = ["aws", *words]
    for name, value in options.items():
        parts.append(f"--{name.replace('_', '-')}")
        if value is not True:
            parts.append(shlex.quote(value if isinstance(value, str) else json.dumps(value)))
    return " ".join(parts)


def put_policy(kind: str, name: str, policy: str, statement: JsonObject) -> str:
    """The call that gives a role or user (``kind``) a policy of ours with one statement."""
    options = {
        f"{kind}_name": name,
        "policy_name": f"model-evaluation-{policy}",
        "policy_document": document([statement]),
    }
    return command("iam", f"put-{kind}-policy", **options)


def commands_in(fix: str) -> list[str]:
    """The lines of a fix that can be pasted into a shell."""
    return [line for line in fix.splitlines() if line.startswith(COMMANDS)]


def pasteable(fix: str) -> str:
    """The fix with every command that stands in the middle of prose on a line of its own."""
    fix = re.sub(rf"(?<=:) (?=({_BEGINNINGS}) )", "\n", fix)
    return re.sub(rf"^((?:{_BEGINNINGS}) [^'\n]*?)(?: - |\. )(?=\S)", r"\1\n", fix, flags=re.MULTILINE)


def lines(*parts: str) -> str:
    """Prose and commands below one another."""
    return "\n".join(part for part in parts if part)
