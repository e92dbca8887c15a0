"""What the charts of predictive models have in common: colours, and words about metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model_evaluation.runtime.report.charts import drawing as look

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

COLOURS = {"tuned": look.TUNED, "base": look.BASE}
DASHES = {"tuned": "-", "base": (0, (5, 2))}  # told apart in grey, too
MOST_SEGMENTS = 24


def named(analysis: PredictiveAnalysis, side: str) -> str:
    return str(analysis.labels[side])


def both_values(analysis: PredictiveAnalysis, name: str) -> str:
    """``ROC-AUC 0.993 against 0.973``, as far as there are numbers."""
    values = [number_text(own["value"]) for own in measured_sides(analysis, name).values() if own["value"] is not None]
    return " against ".join(values)


def measured_sides(analysis: PredictiveAnalysis, name: str) -> dict[str, Any]:
    entry = analysis.found["metrics"].get(name)
    return {side: entry[side] for side in analysis.joined.said if entry and entry[side]}


def number_text(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}" if abs(value) < 10_000 else f"{value:,.0f}"


def finding_text(analysis: PredictiveAnalysis, name: str) -> str:
    """Who is better on a metric, in words."""
    entry = analysis.found["metrics"].get(name)
    label = named(analysis, "tuned").capitalize() if "tuned" in analysis.joined.said else ""
    verdict = entry["verdict"] if entry else None
    return {
        "improved": f"{label} is better: ",
        "regressed": f"{label} is worse: ",
        "equivalent": "Practically the same: ",
        "no_worse": f"{label} is no worse: ",
        "inconclusive": "No difference is shown: ",
    }.get(verdict or "", "")
