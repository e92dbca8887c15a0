"""Two runs on the same rows: is the newer fine-tuned model better than the one before?"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from model_evaluation.runtime.statistics.intervals import paired_interval

from .examples import read_examples
from .history import Group, trends
from .words import execution_id, finite_number, signed

SEED = 20260101


def change_since_last(group: Group) -> dict[str, Any] | None:
    """The newest run's fine-tuned scores minus the previous run's on the newest primary metric, row by row.

    Rows are put together by prompt, reference and occurrence. ``None`` when there are not two runs whose rows are at
    hand and which have the metric on one scale.
    """
    if len(group.runs) < 2 or group.runs[-1].dataset is None:
        return None
    trend = trends(group)[0]
    if trend.entries[-1] is None or trend.entries[-2] is None:
        return None
    newer, older = (_tuned_scores(run.folder, trend.metric) for run in (group.runs[-1], group.runs[-2]))
    shared = sorted(newer.keys() & older.keys())
    limits = trend.entries[-1].get("limits")
    interval = paired_interval(
        np.array([newer[key] for key in shared], float),
        np.array([older[key] for key in shared], float),
        rng=np.random.default_rng([SEED, zlib.crc32(trend.metric.encode())]),
        limits=(limits[0], limits[1]) if limits else None,
    )
    change = {
        "metric": trend.metric, "direction": trend.direction,
        "newer": execution_id(group.runs[-1].summary), "older": execution_id(group.runs[-2].summary),
        "mean": interval.mean, "ci_low": interval.low, "ci_high": interval.high, "confidence": interval.confidence,
        "method": interval.method, "n_paired": len(shared),
    }  # fmt: skip
    return change | {"sentence": _sentence(change)}


def _tuned_scores(folder: str, metric: str) -> dict[tuple[str, str, str], float]:
    scores = {}
    for row in read_examples(folder):
        score = finite_number(row.get(f"{metric}__tuned", ""))
        if score is not None:
            scores[row["prompt"], row["reference"], row["occurrence"]] = score
    return scores


def _sentence(change: dict[str, Any]) -> str:
    low, high = change["ci_low"], change["ci_high"]
    rows = f"{change['n_paired']} rows that both runs scored"
    if low is None:
        return f"The two newest fine-tuned models share too few scored rows to compare ({rows})."
    found = f"{signed(change['mean'])} ({signed(low, '')} to {signed(high, '')}, {rows})"
    if low <= 0 <= high:
        return f"No difference between the two newest fine-tuned models is shown on {change['metric']}: {found}."
    better = (low > 0) == (change["direction"] == "higher")
    return f"The newest fine-tuned model is {'better' if better else 'worse'} than the one before: {found}."
