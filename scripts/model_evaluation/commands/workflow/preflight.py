"""Check everything that can be known before money is spent; nothing is created, changed or uploaded.

Exit 0: nothing stands in the way (warnings and undecided checks may remain). Exit 3: at least one check failed;
each has a fix that can be pasted. "checks" lists what did not pass (--all: everything), "summary" counts all of it.
With --policy no check runs: it prints the least-privilege policies of this very evaluation (execution role, its
trust, and whoever runs the notebook) and the commands that attach them.

example:
  evaluate.py --project ./tickets preflight --all
  evaluate.py --project ./tickets preflight --policy
"""

from __future__ import annotations

import argparse

from model_evaluation import state
from model_evaluation.conversation.answers import utc_now
from model_evaluation.conversation.context import Context
from model_evaluation.json_types import JsonObject
from model_evaluation.preflight import run_preflight, summary
from model_evaluation.preflight.policy_documents import policies_for


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--policy", action="store_true", help="print the least-privilege policies instead of checking")
    parser.add_argument("--all", action="store_true", help="list the checks that passed, too")


def run(args: argparse.Namespace) -> tuple[JsonObject, int]:
    context = Context(args.project, state.load(args.project).document, now=utc_now())
    if args.policy:
        return policies_for(context), 0
    checks = run_preflight(context)
    body: JsonObject = {
        "summary": summary(checks),
        "checks": [check for check in checks if args.all or check["status"] != "pass"],
    }
    failed = [check for check in checks if check["status"] == "fail"]
    if not failed:
        return body, 0
    error = {
        "code": "preflight_failed",
        "message": f"{len(failed)} of {len(checks)} checks failed: " + " ".join(check["message"] for check in failed),
        "fix": "\n".join(dict.fromkeys(check["fix"] for check in failed if check["fix"])),
    }
    return {"error": error, **body}, 3
