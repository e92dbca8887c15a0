"""This project's runs in AWS: how each is now, and ending one. How a run is looked at is its kind's business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from model_evaluation.errors import EvaluationError, NotFound
from model_evaluation.kinds.registry import load_kind
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws, outcome, runtime_clients, together
from model_evaluation.runtime.settings import Settings

if TYPE_CHECKING:
    from model_evaluation.runtime.launch.service import Runs

    from .launches import Launch

SLACK = timedelta(minutes=10)  # clocks of two machines may differ


@dataclass(frozen=True)
class RunStatus:
    """A launch, and its run in AWS now. ``reason`` says why it has this status, ``fix`` what to do where AWS could not
    be asked (status ``unknown``)."""

    launch: Launch
    arn: str | None
    status: str
    running: bool = False
    reason: str = ""
    fix: str = ""

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[-1] if self.arn else self.launch.name


def run_statuses(aws: Aws, launches: Sequence[Launch]) -> list[RunStatus]:
    """The launches' runs, looked up side by side."""
    answers = together(*[outcome(partial(_look_up, aws, launch)) for launch in launches])
    return [
        answer if isinstance(answer, RunStatus) else _unanswered(launch, answer)
        for launch, answer in zip(launches, answers, strict=True)
    ]


def stop_run(aws: Aws, run: RunStatus) -> None:
    """Begins to end it; its running jobs end within a minute or two."""
    assert run.arn is not None
    with aws_errors("stopping", resource=run.arn):
        _runs(run.launch).stop(runtime_clients(aws, _region(run.arn)), run.arn)


def _look_up(aws: Aws, launch: Launch) -> RunStatus:
    """Without an ARN the run is looked for by its name."""
    arn = launch.execution_arn
    if arn is None and launch.outcome is None:
        after = datetime.fromisoformat(launch.intended_at) - SLACK
        with aws_errors("looking for the run", resource=launch.name):
            arn = _runs(launch).named(runtime_clients(aws, launch.configuration.get("region")), launch.name, after)
    if arn is None:
        return RunStatus(launch, None, "not started", reason=launch.outcome or "")
    with aws_errors("reading the state of", resource=arn):
        state = _runs(launch).status(runtime_clients(aws, _region(arn)), arn)
    return RunStatus(launch, arn, state.status, state.running, state.reason or launch.outcome or "")


def _unanswered(launch: Launch, error: EvaluationError) -> RunStatus:
    if isinstance(error, NotFound):
        reason = "AWS no longer knows this run, or it belongs to another account."
        return RunStatus(launch, launch.execution_arn, "gone", reason=reason)
    return RunStatus(launch, launch.execution_arn, "unknown", reason=error.message, fix=error.fix)


def _runs(launch: Launch) -> Runs[Settings]:
    return load_kind(launch.kind).settings_class().runs


def _region(arn: str) -> str | None:
    """The ARN's region; ``None`` (the configured one) for a record that was damaged by hand: AWS then says so."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 and parts[3] else None
