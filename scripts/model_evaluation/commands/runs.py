"""This project's evaluations, newest first, each with its state in AWS now.

They are known from the records that the notebook keeps beside itself, wherever they were started with this project's
notebook folder, and from `run`. What AWS cannot be asked about is listed with status `unknown` and the reason.

example:
  evaluate.py --project ./tickets runs
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from model_evaluation import state

if TYPE_CHECKING:
    from model_evaluation.lookups.sagemaker.executions import ExecutionStatus
    from model_evaluation.lookups.session import Aws
    from model_evaluation.runs.launches import Launch


SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """No flags of its own."""


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.conversation.workflow import finding
    from model_evaluation.lookups.session import Aws
    from model_evaluation.runs.launches import known_launches

    known = known_launches(args.project, state.load(args.project).document)
    rows = listed(Aws(), known.launches[:SHOWN])
    findings = [
        finding(
            "damaged_record", f"{path} cannot be read.", level="warning", fix="Delete it if nothing of it still runs."
        )
        for path in known.damaged
    ]
    if len(known.launches) > SHOWN:
        findings.append(finding("more", f"{len(known.launches) - SHOWN} older ones are not shown."))
    reasons = {row["reason"]: row["fix"] for row in rows if row["status"] == "unknown"}
    findings += [finding("unknown_status", reason, level="warning", fix=fix) for reason, fix in reasons.items()]
    return {
        "runs": [{key: value for key, value in row.items() if key != "fix"} for row in rows],
        "running": [row["id"] for row in rows if row["running"]],
        "findings": findings,
    }, 0


def listed(aws: Aws, launches: list[Launch]) -> list[dict[str, Any]]:
    """The launches as rows, their states looked up side by side."""
    from functools import partial

    from model_evaluation.lookups.concurrency import outcome, together

    found = together(*[outcome(partial(_look_up, aws, launch)) for launch in launches])
    return [_row(launch, answer) for launch, answer in zip(launches, found, strict=True)]


def _look_up(aws: Aws, launch: Launch) -> tuple[str | None, ExecutionStatus | None]:
    """ARN and state; without an ARN the execution is looked for by its name."""
    from datetime import datetime, timedelta

    from model_evaluation.lookups.sagemaker.executions import execution_status, find_execution

    arn = launch.execution_arn
    if arn is None and launch.outcome is None:
        after = datetime.fromisoformat(launch.started) - timedelta(minutes=10)
        arn = find_execution(aws, launch.configuration.get("region") or aws.region, launch.name, after)
    return arn, execution_status(aws, arn) if arn else None


def _row(launch: Launch, answer: Any) -> dict[str, Any]:
    from model_evaluation.errors import EvaluationError, NotFound

    arn, status, reason, fix, running = launch.execution_arn, "not started", launch.outcome or "", "", False
    if isinstance(answer, NotFound):
        status, reason = "gone", "AWS no longer knows this execution, or it belongs to another account."
    elif isinstance(answer, EvaluationError):
        status, reason, fix = "unknown", answer.message, answer.fix
    elif answer[1] is not None:
        arn, (status, reason, _) = answer[0], answer[1]
        running = answer[1].running
        reason = reason or launch.outcome or ""
    identifier = arn.rsplit("/", 1)[-1] if arn else None
    results = os.path.join(launch.results_dir, identifier) if identifier else ""
    return {
        "id": identifier or launch.name,
        "name": launch.name,
        "status": status,
        "running": running,
        "reason": reason,
        "fix": fix,
        "started": launch.started,
        "execution_arn": arn,
        "model": launch.configuration.get("model"),
        "dataset": launch.configuration.get("dataset"),
        "judge": launch.configuration.get("judge"),
        "notebook": launch.notebook,
        "results": results if os.path.isfile(os.path.join(results, "summary.json")) else None,
    }
