"""What stands on the card before the user's yes: the configuration, and what it takes."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.kind import Expectation
from model_evaluation.runtime.launch.durations import in_words
from model_evaluation.steps.evaluator.card import evaluations_of, model_line, settled_lines
from model_evaluation.steps.rows.card import can_show, overlap_line, question_notes, questions_of
from model_evaluation.steps.scope import is_compared

from .cost import cost_line, estimate, estimate_minutes, token_line, work_of
from .metrics.custom import directions


def configuration(context: Context) -> list[tuple[str, str]]:
    custom, builtin = context.value("custom_metrics"), context.value("builtin_metrics")
    rows = int(context.facts("data")["profile"]["rows"])
    declared = {item["customMetricDefinition"]["name"] for item in custom if item.get("direction")}
    described = [
        f"{name} ({direction} is better{'' if name in declared else ', assumed: none was declared'})"
        for name, direction in directions(custom).items()
    ]
    return [
        ("Task", str(context.value("task"))),
        ("Dataset", f"{context.value('dataset')} ({rows:,} rows{_jobs(context)})"),
        ("Rows", _rows(context)),
        *(("Questions", note) for note in question_notes(context.facts("data")["profile"])),
        ("Overlap", overlap_line(context.facts("data").get("overlap"))),
        ("Custom metrics", ", ".join(described) or "none"),
        ("Built-in metrics", ", ".join(builtin) or "none"),
        ("Primary metric", f"{context.value('primary_metric')}{' decides' if is_compared(context) else ''}"),
        model_line(context, each="an evaluation of each, on the same rows"),
        ("Region", str(context.value("region"))),
        ("Judge", str(context.value("judge"))),
        *settled_lines(context, "Role", "MLflow", "Output"),
    ]


def _rows(context: Context) -> str:
    """What the dataset holds, in short; whether anybody was asked about it."""
    profile = context.facts("data")["profile"]
    held = f"{profile.get('with_reference', 0):,} with a reference answer, format {profile.get('format')}"
    settled = context.document["answers"]["data"]["origin"] == "lookup"
    return f"{held}{'; no problems found (to see them: revise data)' if settled else ''}"


def _jobs(context: Context) -> str:
    files = int(context.facts("dataset").get("files", 1))
    return f" in {files} files: {files} jobs, one after another" if files > 1 else ""


def expectation(context: Context) -> Expectation:
    """Judge calls, tokens, cost, duration, and the smallest difference that can be shown."""
    estimated = estimate(context)
    work = estimated.work
    jobs = work.jobs * evaluations_of(context)
    each = f" for {jobs} jobs, one after another" if jobs > 1 else ""
    calls = f"{work.rows:,} rows × {work.models} model(s) × {len(work.metric_prompts)} metric(s) = {work.calls:,}"
    lines = [
        *(
            [("Can detect", can_show(questions_of(context.facts("data")["profile"])))] if work.models > 1 else []
        ),  # one model alone is not compared
        ("Judge calls", calls),
        ("Tokens", token_line(estimated)),
        ("Cost", cost_line(estimated)),
        ("Duration", f"{in_words(minutes_of(context))}{each}, estimated from {_origin(estimated.own_runs)}"),
    ]
    return Expectation(tuple(lines))


def minutes_of(context: Context) -> tuple[float, float]:
    """From start to results; two evaluations run one after another."""
    low, high = estimate_minutes(context, work_of(context))
    times = evaluations_of(context)
    return low * times, high * times


def _origin(own_runs: int) -> str:
    return f"{own_runs} earlier run(s) of this project" if own_runs else "few published runs"
