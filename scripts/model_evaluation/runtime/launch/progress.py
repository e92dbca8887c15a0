"""How far an evaluation is: its steps as a table, how long they usually take, and which one is stuck."""

from __future__ import annotations

import html
from datetime import datetime

from .durations import UsualDurations
from .pipeline import ExecutionState, StepState, expected_steps

STATUS_SIGNS = {"Succeeded": "✓", "Failed": "✗", "Stopped": "■", "Stopping": "■", "Executing": "▶", "Starting": "▶"}
# Either model's step tells how long the other's will take: they do the same with the same rows.
TWINS = {
    "EvaluateBaseInferenceModel": "EvaluateCustomInferenceModel",
    "EvaluateCustomInferenceModel": "EvaluateBaseInferenceModel",
    "EvaluateBaseModelMetrics": "EvaluateCustomModelMetrics",
    "EvaluateCustomModelMetrics": "EvaluateBaseModelMetrics",
}


def step_seconds(step: StepState, now: datetime) -> float:
    """Seconds a step has run or took; 0 before it started."""
    return 0.0 if step.started is None else ((step.ended or now) - step.started).total_seconds()


def time_left(step: StepState, state: ExecutionState, now: datetime, usual: UsualDurations) -> str:
    """What is typically left of a running step, in words; empty when it is not running.

    Its twin's duration counts when that has succeeded already, else what is usual.
    """
    if step.started is None or step.ended is not None:
        return ""
    minutes = step_seconds(step, now) / 60
    twin = state.step(TWINS.get(step.name, ""))
    if twin is not None and twin.status == "Succeeded" and twin.started is not None:
        low = high = step_seconds(twin, now) / 60
    else:
        low, high = usual.minutes(step.name)
    if minutes >= high:
        return "longer than usual"
    at_least, at_most = round(low - minutes), max(1, round(high - minutes))
    if at_most <= max(1, at_least):
        return f"about {at_most} min left"
    return f"usually {at_least} to {at_most} min left" if at_least >= 1 else f"usually at most {at_most} min left"


def is_stuck(step: StepState, now: datetime, usual: UsualDurations) -> bool:
    """Whether a step has been running for so long that somebody should look at it."""
    running = step.started is not None and step.ended is None
    return running and step_seconds(step, now) > 60 * usual.stuck_after(step.name)


def progress_html(state: ExecutionState, scope: str, now: datetime, usual: UsualDurations) -> str:
    """The steps as a table: those of the scope in order, not yet started ones included."""
    known = {step.name: step for step in state.steps}
    names = dict.fromkeys((*expected_steps(scope), *known))
    if known and not known.keys() & set(expected_steps(scope)):
        names = dict.fromkeys(known)
    rows = "".join(_row_html(known.get(name) or StepState(name, "waiting"), state, now, usual) for name in names)
    title = f"{state.display_name or 'Evaluation'}: {state.status}"
    if state.created is not None and state.running:
        title += f", {duration((now - state.created).total_seconds())}"
    return (
        '<table style="border-collapse:collapse;text-align:left">'
        '<caption style="text-align:left;white-space:nowrap;font-weight:600;padding:4px 0">'
        f"{html.escape(title)}</caption>{rows}</table>"
    )


def _row_html(step: StepState, state: ExecutionState, now: datetime, usual: UsualDurations) -> str:
    dim = ";opacity:0.55" if step.started is None else ""
    cells = (
        (STATUS_SIGNS.get(step.status, "·"), "center"),
        (step.label, "left"),
        (step.status.lower(), "left"),
        (duration(step_seconds(step, now)) if step.started else "", "right"),
        (time_left(step, state, now, usual), "left"),
    )
    columns = "".join(
        f'<td style="padding:3px 12px 3px 0;text-align:{side}{dim}">{html.escape(text)}</td>' for text, side in cells
    )
    return f"<tr>{columns}</tr>"


def duration(seconds: float) -> str:
    """``42 s``, ``3 min 05 s``, ``1 h 12 min``; negative clocks count as zero."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
