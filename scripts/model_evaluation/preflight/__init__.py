"""Every check that can be made before money is spent. Nothing is created, changed or uploaded.

A check is a function of a Subject that yields Results, and a line in registry.CHECKS. What a lookup could not
decide is ``skip`` with the reason, never ``pass``; requirements on which AWS's own sources disagree are ``warn``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


def run_preflight(context: Context, only: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Run all checks (or those whose ids are in ``only``) side by side.

    Each entry is ``{"id", "status", "message", "fix", "evidence"}``; ``status`` is pass, warn, fail or skip.
    """
    from .runner import run_checks
    from .subject import Subject

    context.aws  # noqa: B018 - created before the threads share it
    return run_checks(Subject(context), only)


def summary(checks: list[dict[str, Any]]) -> str:
    """ "31 passed, 1 warning, 3 could not be decided"."""
    counts = {status: sum(check["status"] == status for check in checks) for status in ("pass", "warn", "fail", "skip")}
    parts = [f"{counts['pass']} passed"]
    if counts["fail"]:
        parts.append(f"{counts['fail']} FAILED")
    if counts["warn"]:
        parts.append(f"{counts['warn']} warning{'s' if counts['warn'] > 1 else ''}")
    if counts["skip"]:
        parts.append(f"{counts['skip']} not decided")
    return ", ".join(parts)
