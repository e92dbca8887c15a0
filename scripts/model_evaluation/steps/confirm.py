"""confirm: the whole configuration on one card, checked again before the yes counts."""

from __future__ import annotations

from model_evaluation.errors import Refused
from model_evaluation.workflow import Answer, Offer, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from model_evaluation.context import Context

# The card must fit on one screen: so many lines, each cut at so many characters.
CARD_LINES = 30
CARD_WIDTH = 200

# Whatever these answers warned of, preflight has looked at again: it says so anew, or it has been mended since.
CHECKED_AGAIN = ("role", "mlflow", "output")


def check(text: str, context: Context) -> Answer:
    if text.lower().strip(" .!") != "yes":
        raise Refused(
            f"{text[:100]!r} is no clear yes.",
            fix="Only `yes` to this card goes on. To change something: evaluate.py answer STEP VALUE",
            code="not_confirmed",
        )
    from model_evaluation.preflight import run_preflight, summary

    result = run_preflight(context)
    failed = [item for item in result if item["status"] == "fail"]
    if failed:
        raise Refused(
            "This would fail after the start: " + " ".join(item["message"] for item in failed),
            fix="\n".join(dict.fromkeys(item["fix"] for item in failed if item["fix"])),
            code="preflight_failed",
            details={"checks": failed},
        )
    undecided = {item["id"]: item["status"] for item in result if item["status"] != "pass"}
    return Answer("yes", facts={"preflight": summary(result), "open": undecided})


def offer(context: Context) -> Offer:
    from model_evaluation.cost.estimate import estimate
    from model_evaluation.lookups.session import together
    from model_evaluation.preflight import run_preflight

    context.aws  # noqa: B018 - created before the threads share it
    checks, found = together(lambda: run_preflight(context), lambda: estimate(context))
    return Offer(text=card(context, checks, found))


def card(context: Context, checks: list[dict[str, Any]], found: Any) -> str:
    """The configuration as text, one line a decision, with what it takes and what preflight says; at most
    CARD_LINES lines. ``found`` is a cost.estimate.Estimate."""
    lines = [*_configuration(context), *_expected(context, found)]
    width = max(len(name) for name, _ in lines)
    text = [f"{name:<{width}}  {_cut(value)}" for name, value in lines]
    return "\n".join([*text, *_open_matters(context, checks, width, CARD_LINES - len(text))])


def _configuration(context: Context) -> list[tuple[str, str]]:
    from model_evaluation.metrics.custom import directions

    from .data_card import overlap_line

    custom, builtin = context.value("custom_metrics"), context.value("builtin_metrics")
    model, rows = context.facts("model"), int(context.facts("data")["profile"]["rows"])
    declared = {item["customMetricDefinition"]["name"] for item in custom if item.get("direction")}
    described = [
        f"{name} ({direction} is better{'' if name in declared else ', assumed: none was declared'})"
        for name, direction in directions(custom).items()
    ]
    scope = str(context.value("scope"))
    versus = {
        "compare": f"compared with its base model {model['base_model']}",
        "tuned": "alone, without its base model",
        "base": f"left out: only its base model {model['base_model']} is evaluated",
    }[scope]
    return [
        ("Task", str(context.value("task"))),
        ("Dataset", f"{context.value('dataset')} ({rows:,} rows{_jobs(context)})"),
        ("Overlap", overlap_line(context.facts("data").get("overlap"))),
        ("Custom metrics", ", ".join(described) or "none"),
        ("Built-in metrics", ", ".join(builtin) or "none"),
        ("Primary metric", f"{context.value('primary_metric')}{' decides' if scope == 'compare' else ''}"),
        ("Model", f"{context.value('model')}, {versus}"),
        ("Region", str(context.value("region"))),
        ("Judge", str(context.value("judge"))),
        ("Role", str(context.value("role"))),
        ("MLflow", str(context.value("mlflow"))),
        ("Output", str(context.value("output"))),
    ]


def _jobs(context: Context) -> str:
    files = int(context.facts("dataset").get("files", 1))
    return f" in {files} files: {files} jobs, one after another" if files > 1 else ""


def _expected(context: Context, found: Any) -> list[tuple[str, str]]:
    from model_evaluation.cost.duration import in_words
    from model_evaluation.cost.estimate import cost_line, token_line

    from .data_card import can_show

    work = found.work
    each = f" for {work.jobs} jobs, one after another" if work.jobs > 1 else ""
    return [
        *([("Can detect", can_show(work.rows))] if work.models > 1 else []),  # one model alone is not compared
        (
            "Judge calls",
            f"{work.rows:,} rows × {work.models} model(s) × {len(work.metric_prompts)} metric(s) = {work.calls:,}",
        ),
        ("Tokens", token_line(found)),
        ("Cost", cost_line(found)),
        ("Duration", f"{in_words(found.minutes)}{each}, estimated from {_origin(found.own_runs)}"),
    ]


def _origin(own_runs: int) -> str:
    return f"{own_runs} earlier run(s) of this project" if own_runs else "few published runs"


def _open_matters(context: Context, checks: list[dict[str, Any]], width: int, room: int) -> list[str]:
    """What preflight found, worst first, then the warnings of earlier answers, in at most ``room`` lines."""
    from model_evaluation.preflight import summary

    signs = {"fail": "✗", "warn": "!"}
    told = [
        f"  {signs[status]} {check['id']}: {check['message']}"
        for status in ("fail", "warn")
        for check in checks
        if check["status"] == status
    ]
    seen = {check["message"] for check in checks}
    told += [
        f"  ! {step_id}: {warning['message']}"
        for step_id, answer in context.document["answers"].items()
        if step_id not in CHECKED_AGAIN
        for warning in answer.get("warnings", [])
        if warning["message"] not in seen
    ]
    undecided = ", ".join(check["id"] for check in checks if check["status"] == "skip")
    head = f"{'Preflight':<{width}}  {_cut(summary(checks) + (f': {undecided}' if undecided else ''))}"
    room -= 1
    if len(told) > room:
        more = len(told) - room + 1
        told = [*told[: room - 1], f"  … and {more} more: evaluate.py preflight"]
    return [head, *(_cut(line) for line in told)]


def _cut(text: str) -> str:
    text = " ".join(text.split()) if not text.startswith("  ") else "  " + " ".join(text.split())
    return text if len(text) <= CARD_WIDTH else text[: CARD_WIDTH - 1] + "…"


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
