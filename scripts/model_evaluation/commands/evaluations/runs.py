"""This project's evaluations, newest first, each with its state in AWS now.

They are known from the records that the notebook keeps beside itself, wherever they were started with this project's
notebook folder, and from `run`. What AWS cannot be asked about is listed with status `unknown` and the reason.

example:
  evaluate.py --project ./tickets runs
"""

from __future__ import annotations

import argparse
import os

from model_evaluation import state
from model_evaluation.conversation.workflow import finding
from model_evaluation.kinds.registry import load_kind
from model_evaluation.lookups.session import Aws
from model_evaluation.runs.launches import known_launches
from model_evaluation.runs.statuses import RunStatus, run_statuses
from model_evaluation.runtime.settings import Json

SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """No flags of its own."""


def run(args: argparse.Namespace) -> tuple[Json, int]:
    record = known_launches(args.project, state.load(args.project).document)
    runs = run_statuses(Aws(), record.launches[:SHOWN])
    findings = [
        finding(
            "damaged_record", f"{path} cannot be read.", level="warning", fix="Delete it if nothing of it still runs."
        )
        for path in record.damaged
    ]
    if len(record.launches) > SHOWN:
        findings.append(finding("more", f"{len(record.launches) - SHOWN} older ones are not shown."))
    reasons = {run.reason: run.fix for run in runs if run.status == "unknown"}
    findings += [finding("unknown_status", reason, level="warning", fix=fix) for reason, fix in reasons.items()]
    return {
        "runs": [row(run) for run in runs],
        "running": [run.id for run in runs if run.running],
        "findings": findings,
    }, 0


def row(run: RunStatus) -> Json:
    """What is told of a run."""
    launch = run.launch
    kind = load_kind(launch.kind)
    results = os.path.join(launch.results_dir, run.id)
    return {
        "id": run.id,
        "name": launch.name,
        "kind": kind.id,
        "status": run.status,
        "running": run.running,
        "reason": run.reason,
        "started": launch.intended_at,
        "execution_arn": run.arn,
        **{key: launch.configuration.get(key) for key in kind.run_columns},
        "notebook": launch.notebook,
        "results": results if os.path.isfile(os.path.join(results, "summary.json")) else None,
    }
