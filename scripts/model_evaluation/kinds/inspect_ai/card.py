"""What stands on the card before the user's yes: the configuration, and what it takes."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.kind import Expectation
from model_evaluation.runtime.launch.durations import UsualDurations, in_words
from model_evaluation.steps.evaluator.card import own_runs, settled_lines
from model_evaluation.steps.rows.card import can_show

from .parameters import ERROR_SHARE, samples_of, target_of
from .runtime.inspect_runs import STEP, InspectRuns
from .runtime.settings import UNKNOWN_SAMPLES


def models_of(context: Context) -> int:
    return 1 if context.value("reference") == "none" else 2


def configuration(context: Context) -> list[tuple[str, str]]:
    reference = context.value("reference")
    return [
        ("Tasks", f"{context.value('tasks')}, from {context.value('benchmarks')}"),
        ("Model", _model(context, "model")),
        (
            "Reference",
            "none: the model is evaluated alone"
            if reference == "none"
            else f"{_model(context, 'reference')}, in a second run",
        ),
        ("Primary metric", f"{context.value('primary_metric')} decides"),
        (
            "Failed samples",
            f"counted as missing, never as zero; above {ERROR_SHARE:.0%} of them the run is called failed, and is read",
        ),
        ("Region", str(context.value("region"))),
        *settled_lines(context, "Decoding", "Role", "MLflow", "Output"),
    ]


def _model(context: Context, step_id: str) -> str:
    """A model as it was answered, and what becomes of an endpoint that is made for it."""
    made = ", an endpoint that is made for the run and deleted" if target_of(context, step_id).package else ""
    return f"{context.value(step_id)}{made}"


def expectation(context: Context) -> Expectation:
    """Samples, what they can show, cost and duration. How often a task calls the model is the task's affair."""
    samples, models = samples_of(context), models_of(context)
    counted = f"at most {samples:,}" if samples else "unknown: the tasks' source does not say how many"
    lines = [("Samples × epochs", f"{counted}, for each of {models} model(s)")]
    if samples and models > 1:
        lines.append(("Can detect", can_show(samples)))
    targets = [target_of(context, "model"), *([target_of(context, "reference")] if models > 1 else [])]
    parts = ["an ml.m5.large per run"]
    if any(target.bedrock for target in targets):
        parts.append("the model's tokens at Bedrock")
    parts += [f"an endpoint on {target.instance_type} while the run lasts" for target in targets if target.package]
    lines.append(("Cost", f"unknown; what is paid: {', '.join(parts)}"))
    lines.append(
        ("Duration", f"{in_words(minutes_of(context))}{'' if samples else f', if there are {UNKNOWN_SAMPLES} samples'}")
    )
    return Expectation(tuple(lines))


def minutes_of(context: Context) -> tuple[float, float]:
    """From start to results, the models one after another."""
    sizes = {"rows": samples_of(context) or UNKNOWN_SAMPLES}
    low, high = UsualDurations(InspectRuns.work, sizes, own_runs(context)).minutes(STEP)
    return models_of(context) * low, models_of(context) * (high + 1)
