"""What stands on the card before the user's yes: the configuration with its recipe, and what it takes."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from model_evaluation.kinds.kind import Expectation
from model_evaluation.runtime.launch.durations import in_words
from model_evaluation.steps.confirm import with_reason
from model_evaluation.steps.rows.card import can_show

from .chosen import family_of, task_of
from .runtime.nova_runs import ANSWERING
from .runtime.recipes.families import image_uri
from .runtime.recipes.recipe import JUDGES, recipe_of
from .runtime.report.words import inference_text
from .runtime.scores.answers import ACCURACY

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


def recipe(context: Context) -> dict[str, dict[str, object]]:
    """The container's recipe, as the answers make it."""
    family, task = family_of(context), context.facts("nova_task")
    return recipe_of(
        str(task["task"]),
        family,
        str(context.value("model")),
        replicas=int(context.facts("scale")["replicas"]),
        subtask=str(task.get("subtask") or ""),
        inference=context.facts("inference")["values"],
        processor=context.facts("processor").get("processor"),
    )


def reference(context: Context) -> str | None:
    """The second model, where one takes part."""
    found = context.facts("scope").get("reference")
    return str(found) if found else None


def configuration(context: Context) -> list[tuple[str, str]]:
    made, other = recipe(context), reference(context)
    rows = int(context.facts("data")["profile"]["rows"])
    dataset = f"{context.value('dataset')} ({rows:,} rows)" if rows else "the benchmark's own questions"
    versus = f"compared with {other}: a second job on the same rows" if other else "alone"
    if task_of(context) in JUDGES:
        versus = "whose recipe it is; the judge is a model of AWS's own, and compares response_B with response_A"
    region = str(context.value("region"))
    return [
        ("Task", str(context.value("task"))),
        ("Model", f"{context.value('model')} ({family_of(context).name}), {versus}"),
        ("Dataset", dataset),
        ("Primary metric", f"{context.value('primary_metric')}{_field(context)}"),
        *((f"Recipe: {section}", _section(content)) for section, content in made.items()),
        ("Instances", with_reason(context, "scale")),
        ("Image", image_uri(region)),
        ("Region", region),
        ("Role", with_reason(context, "role")),
        ("MLflow", with_reason(context, "mlflow")),
        ("Output", with_reason(context, "output")),
    ]


def _field(context: Context) -> str:
    name = context.facts("primary_metric").get("answer_field")
    return f" of {name}" if name and context.value("primary_metric") == ACCURACY else ""


def _section(content: dict[str, object]) -> str:
    shown = {key: value for key, value in content.items() if value != ""}
    shown = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in shown.items()}
    return inference_text(shown)


def jobs_of(context: Context) -> int:
    return 2 if reference(context) else 1


def minutes_of(context: Context) -> tuple[float, float] | None:
    """From start to results, of all jobs; ``None`` for a benchmark, of which no duration is published."""
    rows = int(context.facts("data")["profile"]["rows"])
    if not rows:
        return None
    each = math.ceil(rows / int(context.facts("scale")["replicas"]))
    low, high = ANSWERING.published({"rows": each})
    return low * jobs_of(context), high * jobs_of(context)


def expectation(context: Context) -> Expectation:
    """Duration, cost and the smallest difference that can be shown; what is not known is called unknown."""
    rows, minutes = int(context.facts("data")["profile"]["rows"]), minutes_of(context)
    jobs = jobs_of(context)
    each = f" for {jobs} jobs, one after another" if jobs > 1 else ""
    duration = f"{in_words(minutes)}{each}, from very few published runs" if minutes else "unknown for a benchmark"
    lines = [("Duration", duration), ("Cost", cost_line(context, minutes))]
    if rows and jobs > 1:
        lines.insert(0, ("Can detect", can_show(rows)))
    return Expectation(tuple(lines))


def cost_line(context: Context, minutes: tuple[float, float] | None) -> str:
    """The instances' price for that long, where the Price List has it."""
    from model_evaluation.lookups.price_list import instances_cost

    scale = context.facts("scale")
    instance, replicas = str(scale["instance"]), int(scale["replicas"])
    return instances_cost(context.aws, str(context.value("region")), instance, replicas, "Training", minutes)
