"""End one of this project's evaluations in AWS. What was spent on it is spent; a later run starts anew.

Without RUN it is the one that is running. It needs --yes, which stands for the user's own yes.

example:
  evaluate.py --project ./tickets stop --yes
"""

from __future__ import annotations

import argparse

from model_evaluation import state
from model_evaluation.errors import Choose, Refused
from model_evaluation.lookups.session import Aws
from model_evaluation.runs.launches import known_launches
from model_evaluation.runs.statuses import RunStatus, run_statuses, stop_run
from model_evaluation.runtime.settings import Json

from .runs import SHOWN, row


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", metavar="RUN", help="id, name or ARN, as `runs` lists them")
    parser.add_argument("--yes", action="store_true", help="the user has agreed to end it")


def run(args: argparse.Namespace) -> tuple[Json, int]:
    record = known_launches(args.project, state.load(args.project).document)
    aws = Aws()
    target = _chosen(run_statuses(aws, record.launches[: None if args.run else SHOWN]), args.run)
    if not args.yes:
        raise Refused(
            f"This ends the evaluation {target.id} ({target.status}, started {target.launch.intended_at}). What it has "
            "done is lost, what it has cost is spent.",
            fix=f"Ask the user; on a yes: evaluate.py stop {target.id} --yes",
            code="needs_consent",
            details={"run": row(target)},
        )
    stop_run(aws, target)
    return {"stopped": target.id, "execution_arn": target.arn, "status": "Stopping"}, 0


def _chosen(runs: list[RunStatus], name: str | None) -> RunStatus:
    """The run that is meant, if it can be ended."""
    running = [run for run in runs if run.running and run.status != "Stopping"]
    if name is None:
        return _only(running, runs)
    for run in runs:
        if name in (run.id, run.launch.name, run.arn):
            if run in running:
                return run
            raise Refused(
                f"{name} cannot be ended: it is {run.status}. {run.reason}".strip(),
                fix=run.fix or "See: evaluate.py runs",
                code="nothing_to_stop",
            )
    raise Refused(f"{name} is none of this project's evaluations.", fix="See: evaluate.py runs", code="unknown_run")


def _only(running: list[RunStatus], runs: list[RunStatus]) -> RunStatus:
    """The one that is running."""
    if len(running) == 1:
        return running[0]
    if running:
        raise Choose(
            f"{len(running)} evaluations of this project are running.",
            fix="Name the one to end: evaluate.py stop RUN --yes",
            choices=[
                {
                    "value": run.id,
                    "label": f"{run.launch.name}, {run.status}",
                    "note": f"started {run.launch.intended_at}",
                }
                for run in running
            ],
        )
    unknown = [run for run in runs if run.status == "unknown"]
    raise Refused(
        "No evaluation of this project is running" + (", as far as AWS could be asked." if unknown else "."),
        fix=unknown[0].fix if unknown else "See: evaluate.py runs",
        code="nothing_to_stop",
    )
