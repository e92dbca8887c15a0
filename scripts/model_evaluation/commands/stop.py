"""End one of this project's evaluations in AWS. What was spent on it is spent; a later run starts anew.

Without RUN it is the one that is running. It needs --yes, which stands for the user's own yes.

example:
  evaluate.py --project ./tickets stop --yes
"""

from __future__ import annotations

import argparse
from typing import Any

from model_evaluation import state
from model_evaluation.errors import Choose, Refused

from .runs import SHOWN, listed


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", metavar="RUN", help="id, name or ARN, as `runs` lists them")
    parser.add_argument("--yes", action="store_true", help="the user has agreed to end it")


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.lookups.sagemaker.executions import stop_execution
    from model_evaluation.lookups.session import Aws
    from model_evaluation.runs.launches import known_launches

    known = known_launches(args.project, state.load(args.project).document)
    aws = Aws()
    rows = listed(aws, known.launches[: None if args.run else SHOWN])
    row = _chosen(rows, args.run)
    if not args.yes:
        raise Refused(
            f"This ends the evaluation {row['id']} ({row['status']}, started {row['started']}). What it has done "
            "is lost, what it has cost is spent.",
            fix=f"Ask the user; on a yes: evaluate.py stop {row['id']} --yes",
            code="needs_consent",
            details={"run": {key: row[key] for key in ("id", "name", "status", "started", "execution_arn")}},
        )
    stop_execution(aws, row["execution_arn"])
    return {"stopped": row["id"], "execution_arn": row["execution_arn"], "status": "Stopping"}, 0


def _chosen(rows: list[dict[str, Any]], wanted: str | None) -> dict[str, Any]:
    """The run that is meant, if it can be ended."""
    running = [row for row in rows if row["running"] and row["status"] != "Stopping"]
    choices = [
        {"value": row["id"], "label": f"{row['name']}, {row['status']}", "note": f"started {row['started']}"}
        for row in running
    ]
    if wanted is None:
        if len(running) == 1:
            return running[0]
        if running:
            raise Choose(
                f"{len(running)} evaluations of this project are running.",
                fix="Name the one to end: evaluate.py stop RUN --yes",
                choices=choices,
            )
        unknown = [row for row in rows if row["status"] == "unknown"]
        raise Refused(
            "No evaluation of this project is running" + (", as far as AWS could be asked." if unknown else "."),
            fix=unknown[0]["fix"] if unknown else "See: evaluate.py runs",
            code="nothing_to_stop",
        )
    for row in rows:
        if wanted in (row["id"], row["name"], row["execution_arn"]):
            if row in running:
                return row
            raise Refused(
                f"{wanted} cannot be ended: it is {row['status']}. {row['reason']}".strip(),
                fix=row["fix"] or "See: evaluate.py runs",
                code="nothing_to_stop",
            )
    raise Refused(f"{wanted} is none of this project's evaluations.", fix="See: evaluate.py runs", code="unknown_run")
