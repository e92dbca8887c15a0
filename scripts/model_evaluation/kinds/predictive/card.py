"""What stands on the card before the user's yes: the configuration, and what it takes."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.dataset.power import minimum_detectable_rate_difference
from model_evaluation.json_types import Facts
from model_evaluation.kinds.kind import Expectation
from model_evaluation.runtime.launch.durations import in_words
from model_evaluation.steps.confirm import with_reason

from .recorded import (
    CONSTANT,
    NO_REFERENCE,
    features_of,
    primary_of,
    problem_of,
    sides_of,
    threshold_of,
    uses_batch,
    uses_jobs,
)

JOB_MINUTES = (4.0, 12.0)  # a machine has to start and load the model; an assumption, no source publishes it
DISCORDANT = (0.02, 0.20)  # shares of rows on which exactly one of two models is right
AGAINST = {CONSTANT: "a constant answer", NO_REFERENCE: "nothing: the model alone"}


def configuration(context: Context) -> list[tuple[str, str]]:
    problem = problem_of(context)
    facts = context.facts("problem")
    reference = str(context.value("reference"))
    rows = int(context.facts("data")["profile"]["rows"])
    lines = [
        ("Task", str(context.value("task"))),
        ("Test set", f"{context.value('dataset')} ({rows:,} rows)"),
        ("Columns", with_reason(context, "columns")),
        ("Problem", f"{problem}{_classes(problem.positive, facts)}"),
        ("Model", f"{context.value('model')} ({sides_of(context)['model']})"),
        ("Reference", AGAINST.get(reference, reference)),
        ("Training set", _training(context)),
    ]
    if problem.type == "binary":
        lines.append(("Threshold", f"{context.value('threshold')}{_never_on_test(context)}"))
    metric = primary_of(context)
    margin = "" if metric.margin is None else f", differences from {metric.margin:g} on matter"
    reason = context.facts("primary_metric").get("reason", "")
    decides = f"{metric.name} decides ({metric.direction} is better{margin})"
    lines.append(("Primary metric", f"{decides}: {reason}" if reason else decides))
    lines.append(("Slices", ", ".join(context.value("slices")) or "none"))
    if uses_jobs(context):
        lines.append(("Features", f"{len(features_of(context))} columns are sent to the model, never the label"))
        lines.append(("Region", str(context.value("region"))))
    if uses_batch(context):
        lines += [("Instances", with_reason(context, "inference")), ("Role", with_reason(context, "role")),
                  ("To S3", f"rows without labels, predictions: below {with_reason(context, 'output')}")]  # fmt: skip
    else:
        lines.append(("Writes", "results into a folder here; nothing to AWS"))
    return lines


def _classes(positive: str, facts: Facts) -> str:
    classes = facts.get("classes", {})
    if positive:
        return f" ({classes[positive]:,} of {sum(classes.values()):,} rows: {facts['prevalence']:.1%})"
    return f" ({len(classes)} classes)" if classes else ""


def _training(context: Context) -> str:
    notes = context.facts("train_data").get("notes", [])
    value = str(context.value("train_data"))
    if value == "none":
        return str(notes[0]) if notes else "not compared"
    return f"{value}: {notes[0] if notes else 'no test row is in it'}"


def _never_on_test(context: Context) -> str:
    rule = threshold_of(context)
    return " (found on other folds than those it is used on)" if rule.is_chosen and not rule.validation else ""


def detectable(rows: int) -> tuple[float, float]:
    """The smallest differences of accuracy between two models that ``rows`` rows show four times in five, where the
    models disagree on few and on many of them. Where not even the latter would do, that all go one way, it is these."""
    few, many = DISCORDANT
    return minimum_detectable_rate_difference(rows, few) or few, minimum_detectable_rate_difference(rows, many) or many


def expectation(context: Context) -> Expectation:
    """What it can show, and what it costs and takes."""
    problem, rows = problem_of(context), int(context.facts("problem").get("rows", 0))
    lines = []
    if problem.type in ("binary", "multiclass") and sides_of(context).get("reference") and rows > 1:
        low, high = detectable(rows)
        text = f"differences of accuracy of about {low:.1%} (models that mostly agree) to {high:.1%}"
        lines.append(("Can detect", text))
    lines += [("Cost", _cost(context)), ("Duration", _duration(context))]
    return Expectation(tuple(lines))


def _duration(context: Context) -> str:
    if uses_batch(context):
        jobs = list(sides_of(context).values()).count("batch")
        each = f", for {jobs} jobs one after another" if jobs > 1 else ""
        return f"{in_words(minutes_of(context))}{each}, an assumption: most of it is the machine's start"
    return "some minutes, by how fast the endpoint answers" if uses_jobs(context) else "a minute or two: no job runs"


def minutes_of(context: Context) -> tuple[float, float]:
    jobs = list(sides_of(context).values()).count("batch")
    return (JOB_MINUTES[0] * jobs, JOB_MINUTES[1] * jobs) if jobs else (0.2, 2.0)


def _cost(context: Context) -> str:
    from model_evaluation.lookups.price_list import instances_cost

    if not uses_jobs(context):
        return "none in AWS"
    if not uses_batch(context):
        return "the endpoint's own, which runs anyway"
    instance, count = str(context.value("inference")).split()
    minutes, region = minutes_of(context), str(context.value("region"))
    return instances_cost(context.aws, region, instance, int(count), "Batch Transform", minutes)
