"""What human labels say about the judge, and about the difference the judge found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model_evaluation.json_types import JsonObject
from model_evaluation.reporting.words import interval, signed
from model_evaluation.runtime.statistics.counts import Floats
from model_evaluation.runtime.summary import Difference, Entry, Summary

from .correction import Corrected, corrected_mean, judge_bias, yes_no_error
from .sheet import Example, Labelled

FEW_LABELS = 50


def judge_error_report(
    summary: Summary, metric: str, examples: Sequence[Example], labelled: Sequence[Labelled], sheet_rows: int
) -> JsonObject:
    """The judge's error on ``metric`` and the corrected difference (tuned minus base), as JSON.

    ``examples`` are all records the judge scored for both models, ``labelled`` those of them with human scores,
    ``asked`` how many the sheet held.
    """
    keys = {label.example.key for label in labelled}
    human = np.array([label.scores["tuned"] - label.scores["base"] for label in labelled], float)
    judge = np.array([_difference(label.example) for label in labelled], float)
    elsewhere = np.array([_difference(example) for example in examples if example.key not in keys], float)
    corrected = corrected_mean(human, judge, elsewhere)
    raw = summary["metrics"][metric]["difference"]
    assert raw is not None, "there are rows that the judge scored for both models"
    return {
        "metric": metric,
        **({"labels": summary["labels"]} if summary.get("labels") else {}),
        "labelled": len(labelled),
        "scored_by_judge": len(examples),
        "corrected_difference": _plain(corrected, "prediction-powered (PPI++)") | {"judge_weight": corrected.weight},
        "people_only": _plain(corrected_mean(human, judge, elsewhere, weight=0.0)),
        "judge_only": {key: raw[key] for key in ("mean", "ci_low", "ci_high", "confidence", "method")},
        "judge_minus_people": {side: _plain(judge_bias(*_sides(labelled, side))) for side in ("tuned", "base")},
        "yes_no": _yes_no(summary["metrics"][metric], examples, labelled),
        "sentence": _sentence(metric, corrected, raw, len(labelled), len(examples)),
        "warnings": _warnings(summary["metrics"][metric], labelled, sheet_rows),
    }


def _difference(example: Example) -> float:
    return example.scores["tuned"] - example.scores["base"]


def _sides(labelled: Sequence[Labelled], side: str) -> tuple[Floats, Floats]:
    human = np.array([label.scores[side] for label in labelled], float)
    return human, np.array([label.example.scores[side] for label in labelled], float)


def _plain(result: Corrected, method: str = "Student t") -> JsonObject:
    return {
        "mean": result.mean, "ci_low": result.low, "ci_high": result.high, "confidence": result.confidence,
        "method": method,
    }  # fmt: skip


def _yes_no(entry: Entry, examples: Sequence[Example], labelled: Sequence[Labelled]) -> JsonObject | None:
    """Per model (its answers are independent rows; both together would not be); ``None`` on other scales."""
    low, high = entry.get("limits") or (0.0, 1.0)
    scores = {score for example in examples for score in example.scores.values()}
    scores |= {score for label in labelled for score in label.scores.values()}
    if not scores <= {low, high} or not labelled:
        return None
    return {
        side: {name: rate._asdict() for name, rate in yes_no_error(*_sides(labelled, side), yes=high).items()}
        for side in ("tuned", "base")
    }


def _sentence(metric: str, corrected: Corrected, raw: Difference, n: int, total: int) -> str:
    alone = f"the judge alone says {signed(raw['mean'])} ({interval(raw)})"
    if corrected.low is None or corrected.high is None:
        return f"{n} labelled rows are too few to correct the difference on {metric}; {alone}."
    ends = f"{signed(corrected.low, '')} to {signed(corrected.high, '')}"
    text = (
        f"Corrected by people's scores of {n} of {total} rows, the difference on {metric} is "
        f"{signed(corrected.mean)} ({corrected.confidence:.0%} CI {ends}); {alone}."
    )
    if raw["ci_low"] is None or raw["ci_high"] is None or raw["ci_low"] <= 0 <= raw["ci_high"]:
        return text
    if corrected.low <= 0 <= corrected.high:
        return f"{text} What the judge shows, these labels do not."
    disagree = (corrected.low > 0) != (raw["ci_low"] > 0)
    return f"{text} People and judge disagree on which model is better." if disagree else text


def _warnings(entry: Entry, labelled: Sequence[Labelled], sheet_rows: int) -> list[str]:
    warnings = []
    if len(labelled) < sheet_rows:
        warnings.append(
            f"{sheet_rows - len(labelled)} of the sheet's {sheet_rows} rows carry no pair of scores. If they were left "
            "out because they are hard, the correction is off."
        )
    if len(labelled) < FEW_LABELS:
        warnings.append(
            f"Only {len(labelled)} labelled rows: the interval rests on few, and on rare errors of the judge."
        )
    if entry.get("n_clusters"):
        warnings.append("Rows that belong together are taken as independent here, so this interval may be too narrow.")
    return warnings
