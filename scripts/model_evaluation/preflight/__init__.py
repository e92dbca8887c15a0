"""Every check that can be made before money is spent. Nothing is created, changed or uploaded.

A check is a function of a Subject that yields Results; a kind of evaluation lists its own and those of
:mod:`.shared_checks` that apply to it. What a lookup could not decide is ``skip`` with the reason, never ``pass``;
requirements on which AWS's own sources disagree are ``warn``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, cast

from model_evaluation.preflight.results import STATUSES, CheckEntry

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


def run_preflight(context: Context, only: Collection[str] | None = None) -> list[CheckEntry]:
    """Run all checks (or those whose ids are in ``only``) side by side."""
    from .runner import run_checks
    from .subject import Subject

    context.aws  # noqa: B018 - created before the threads share it
    return run_checks(Subject(context), only)


def summary(checks: Sequence[CheckEntry]) -> str:
    """ "31 passed, 1 warning, 2 not decided (no answer could be read, neither yes nor no): licence, network". Checks
    that wait for answers are counted apart, with the steps they wait for."""
    waits = {
        check["id"]: cast(list[str], check["evidence"]["unanswered"])
        for check in checks
        if "unanswered" in check["evidence"]
    }
    ids = {status: [check["id"] for check in checks if check["status"] == status] for status in STATUSES}
    undecided = [name for name in ids["skip"] if name not in waits]
    parts = [f"{len(ids['pass'])} passed"]
    if ids["fail"]:
        parts.append(f"{len(ids['fail'])} FAILED")
    if ids["warn"]:
        parts.append(f"{len(ids['warn'])} warning{'s' if len(ids['warn']) > 1 else ''}")
    if undecided:
        names = ", ".join(undecided)
        parts.append(f"{len(undecided)} not decided (no answer could be read, neither yes nor no): {names}")
    if waits:
        steps = ", ".join(dict.fromkeys(step for steps in waits.values() for step in steps))
        parts.append(f"{len(waits)} not checked yet, since these steps are not answered: {steps}")
    return ", ".join(parts)
