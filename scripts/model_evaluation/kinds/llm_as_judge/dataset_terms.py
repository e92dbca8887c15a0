"""What makes rows of a dataset usable for a judge job, and for one of an Amazon Nova model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import finding
from model_evaluation.dataset import Terms
from model_evaluation.errors import Refused
from model_evaluation.json_types import Facts, JsonObject
from model_evaluation.kinds.llm_as_judge.metrics.definitions import CustomMetric
from model_evaluation.steps.rows.card import where

SCORERS = ("judge",)


def is_nova(context: Context) -> bool:
    """Whether the model is known to be an Amazon Nova one, whose jobs take fewer formats."""
    return str(context.facts("model").get("base_model", "")).startswith("nova-")


def dataset_terms(context: Context | None) -> Terms:
    """Nova jobs refuse `messages` and use neither system text nor reference answer."""
    if context is None or not is_nova(context):
        return Terms(scorers=SCORERS)
    return Terms(refused_formats=("openai_chat",), unused=("system", "reference"), scorers=SCORERS)


GROUND_TRUTH = re.compile(r"\{\{\s*ground_truth\s*\}\}")


def metrics_that_compare(custom: Sequence[CustomMetric]) -> list[str]:
    """Names of the custom metrics whose instructions hold ``{{ground_truth}}``."""
    definitions = [item.get("customMetricDefinition", {}) for item in custom]
    return [str(item.get("name")) for item in definitions if GROUND_TRUTH.search(str(item.get("instructions", "")))]


def reference_findings(
    data: Facts, builtin: Sequence[str] | None, custom: Sequence[CustomMetric] | None
) -> list[JsonObject]:
    """What these metrics lack in the dataset that ``data``, the facts of the `data` step, describes; nothing before it
    is answered. Raises Refused when a metric compares with reference answers and no row has one.

    The findings are not kept with an answer: they would go on being shown after the other answer has changed.
    """
    lacking = data.get("without_reference") or {}
    if not lacking.get("count"):
        return []
    from model_evaluation.kinds.llm_as_judge.metrics.builtin import COMPARING

    compare = metrics_that_compare(custom or [])
    rows = int(data["profile"].get("usable_rows") or 0)
    if compare and lacking["count"] >= rows:
        raise Refused(
            f"{_named(compare)} {{{{ground_truth}}}}, and none of the {rows:,} rows has a reference answer.",
            fix="Answer with a dataset that has reference answers (evaluate.py revise dataset), or take "
            "{{ground_truth}} out of the metric.",
            code="missing_reference",
        )
    count = f"{lacking['count']:,} of {rows:,} rows {'has' if lacking['count'] == 1 else 'have'} none{where(lacking)}"
    findings = []
    if compare:
        findings.append(
            finding(
                "missing_reference",
                f"{_named(compare)} the reference answer: {count}. There the judge has nothing to compare with.",
                count=lacking["count"],
                lines=lacking["lines"],
                fix="Leave these rows out with `drop-invalid` (evaluate.py answer data drop-invalid), add the answers, "
                "or choose metrics that do without.",
            )
        )
    better = [name for name in builtin or [] if name in COMPARING]
    if better:
        message = f"{_named(better)} the reference answer where there is one; {count}."
        findings.append(finding("without_reference", message, count=lacking["count"], lines=lacking["lines"]))
    return findings


def _named(metrics: list[str]) -> str:
    return f"{', '.join(metrics)} {'uses' if len(metrics) == 1 else 'use'}"
