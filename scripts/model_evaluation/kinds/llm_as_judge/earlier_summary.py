"""``summary.json`` as the first version of this program wrote it: with ``judge``, without ``kind``, models as texts."""

from __future__ import annotations

from model_evaluation.json_types import JsonObject
from model_evaluation.runtime.results.evaluation import named_model
from model_evaluation.runtime.results.summary import SCHEMA_VERSION

from .runtime.metrics import SAFETY_METRICS


def upgraded(summary: JsonObject) -> JsonObject:
    """The same evaluation in the present version."""
    summary = {"kind": "llm_as_judge", "scope": _scope(summary), **summary, "schema_version": SCHEMA_VERSION}
    if "judge" in summary:
        summary["conditions"] = {"judge": summary.pop("judge")}
    models = summary.get("models")
    if isinstance(models, dict):
        summary["models"] = {side: named_model(m) if isinstance(m, str | None) else m for side, m in models.items()}
    summary["metrics"] = _with_guards(summary.get("metrics"))
    slices = summary.get("slices")
    if isinstance(slices, dict):
        summary["slices"] = {
            field: {value: _with_guards(cell) for value, cell in cells.items()} if isinstance(cells, dict) else cells
            for field, cells in slices.items()
        }
    return summary


def _scope(summary: JsonObject) -> str:
    """Which models were evaluated, where the summary does not say."""
    verdict, metrics = summary.get("verdict"), summary.get("metrics")
    if not isinstance(verdict, dict) or not isinstance(metrics, dict) or verdict.get("decision") != "none":
        return "compare"
    return "tuned" if any(isinstance(entry, dict) and entry.get("tuned") for entry in metrics.values()) else "base"


def _with_guards(metrics: object) -> object:
    if not isinstance(metrics, dict):
        return metrics
    return {
        name: {"guard": name in SAFETY_METRICS, **entry} if isinstance(entry, dict) else entry
        for name, entry in metrics.items()
    }
