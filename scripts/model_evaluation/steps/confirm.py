"""confirm: the whole configuration on one card, checked again before the yes counts."""

from __future__ import annotations

from model_evaluation.errors import Refused
from model_evaluation.workflow import Answer, Offer, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from model_evaluation.context import Context


def check(text: str, context: Context) -> Answer:
    if text.lower().strip(" .!") != "yes":
        raise Refused(
            f"{text[:100]!r} is no clear yes.",
            fix="Only `yes` to this card goes on. To change something: evaluate.py answer STEP VALUE",
            code="not_confirmed",
        )
    from model_evaluation.preflight import run_preflight

    result = run_preflight(context)
    failed = [item for item in result if item["status"] == "fail"]
    if failed:
        raise Refused(
            "Something has changed since it was answered: " + " ".join(item["message"] for item in failed),
            fix=" ".join(item["fix"] for item in failed if item["fix"]),
            code="preflight_failed",
            details={"checks": result},
        )
    return Answer("yes", facts={"checks": {item["id"]: item["status"] for item in result}})


def offer(context: Context) -> Offer:
    return Offer(text=card(context))


def card(context: Context) -> str:
    """The configuration as text, one line a decision, with what it will cost in judge calls."""
    from model_evaluation.metrics.custom import directions

    custom = context.value("custom_metrics")
    builtin = context.value("builtin_metrics")
    model, profile = context.facts("model"), context.facts("data")["profile"]
    rows, scope = int(profile["rows"]), context.value("scope")
    models = 2 if scope == "compare" else 1
    metrics = len(custom) + len(builtin)
    declared = {item["customMetricDefinition"]["name"] for item in custom if item.get("direction")}
    described = [
        f"{name} ({direction} is better{'' if name in declared else ', assumed: none was declared'})"
        for name, direction in directions(custom).items()
    ]
    versus = {
        "compare": f"compared with its base model {model['base_model']}",
        "tuned": "alone, without its base model",
        "base": f"left out: only its base model {model['base_model']} is evaluated",
    }[str(scope)]
    task = str(context.value("task"))
    lines = [
        ("Task", task if len(task) <= 200 else task[:199] + "…"),
        ("Dataset", f"{context.value('dataset')} ({rows:,} rows)"),
        ("Custom metrics", ", ".join(described) or "none"),
        ("Built-in metrics", ", ".join(builtin) or "none"),
        ("Primary metric", f"{context.value('primary_metric')} decides"),
        ("Model", f"{context.value('model')}, {versus}"),
        ("Region", str(context.value("region"))),
        ("Judge", str(context.value("judge"))),
        ("Role", str(context.value("role"))),
        ("MLflow", str(context.value("mlflow"))),
        ("Output", str(context.value("output"))),
        ("Judge calls", f"{rows:,} rows × {models} model(s) × {metrics} metric(s) = {rows * models * metrics:,}"),
        ("Can detect", _detectable(rows)),
        ("Cost", "Bedrock's price for the judge's tokens plus SageMaker's for serverless inference; not estimated"),
        ("Duration", "usually 25 to 60 minutes" + (", both models" if models > 1 else "")),
    ]
    width = max(len(name) for name, _ in lines)
    text = "\n".join(f"{name:<{width}}  {value}" for name, value in lines)
    warnings = [
        f"  ! {step_id}: {warning['message']}"
        for step_id, answer in context.document["answers"].items()
        for warning in answer.get("warnings", [])
    ]
    return text + ("\n\nOpen warnings:\n" + "\n".join(warnings) if warnings else "")


def _detectable(rows: int) -> str:
    from model_evaluation.dataset.power import minimum_detectable_difference

    low = minimum_detectable_difference(rows, 0.25)
    high = minimum_detectable_difference(rows, 0.45)
    if low is None or high is None:
        return "nothing: at least two rows are needed"
    return (
        f"differences of about {low:.2f} to {high:.2f} on a 0–1 score with {rows:,} rows "
        "(80% power; paired differences spread 0.25 to 0.45)"
    )


STEP = Step(
    "confirm",
    title="Confirm",
    question="Does this look right?",
    expects="`yes`; anything else changes nothing",
    example="yes",
    check=check,
    offer=offer,
    consent=True,
)
