"""Check again, side by side, everything that AWS was asked about; nothing is created, changed or uploaded.

example:
  evaluate.py --project ./tickets preflight
"""

from __future__ import annotations

from model_evaluation import state
from model_evaluation.context import Context
from model_evaluation.conversation import utc_now

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    """`preflight` has no arguments of its own."""


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.preflight import run_preflight

    context = Context(args.project, state.load(args.project).document, now=utc_now())
    checks = run_preflight(context)
    failed = [check for check in checks if check["status"] == "fail"]
    if not failed:
        return {"checks": checks}, 0
    error = {
        "code": "preflight_failed",
        "message": f"{len(failed)} of {len(checks)} checks failed: " + " ".join(check["message"] for check in failed),
        "fix": " ".join(dict.fromkeys(check["fix"] for check in failed if check["fix"])),
    }
    return {"error": error, "checks": checks}, 3
