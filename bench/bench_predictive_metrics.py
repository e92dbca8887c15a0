"""Predictive metrics of two models, with intervals, differences and verdicts, beside scikit-learn's ROC-AUC of one.

Ten million rows, balanced and with 2% positives. Seconds are those of the processors, so that a busy machine does not
count; each case is the least of a few rounds in turn. ``python bench/bench_predictive_metrics.py [ROWS]``.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from timing import table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from model_evaluation.kinds.predictive.runtime.joined import Joined, Said
from model_evaluation.kinds.predictive.runtime.problem import PrimaryMetric, ThresholdRule
from model_evaluation.kinds.predictive.runtime.statistics.entries import settle
from model_evaluation.kinds.predictive.runtime.statistics.measures import measure

ROUNDS = 2
GOAL = 1.0


def two_models(rows: int, prevalence: float) -> Joined:
    """Two models whose scores go together, at a threshold of 0.3."""
    rng = np.random.default_rng(0)
    truth = (rng.random(rows) < prevalence).astype(np.int64)
    noise = rng.normal(size=rows)
    said = {}
    for side, strength, own in (("tuned", 1.5, 0.0), ("base", 1.3, 0.5)):
        score = 1 / (1 + np.exp(-(noise + own * rng.normal(size=rows) + strength * truth - 3)))
        said[side] = Said(score, (score >= 0.3).astype(np.int64), True, 0.3)
    counts = {"dataset": rows, "tuned": rows, "base": rows, "paired": rows}
    return Joined(np.empty(rows, "S1"), truth, ("0", "1"), said, counts)  # type: ignore[arg-type]


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def every_metric(joined: Joined) -> None:
    entries = measure(joined, "binary", ThresholdRule.parse("cost 1 50 cross-fit"))
    settle(entries, PrimaryMetric("roc_auc", 0.001))
    assert all(entry["verdict"] for entry in entries.values())
    assert len(entries) == 14


if __name__ == "__main__":
    rows = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000
    lines = []
    for prevalence in (0.5, 0.02):
        joined = two_models(rows, prevalence)
        score = joined.said["tuned"].score
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(seconds(lambda: roc_auc_score(joined.truth, score)))  # noqa: B023 - called at once
            ours.append(seconds(lambda: every_metric(joined)))  # noqa: B023
        ratio = min(ours) / min(theirs)
        name = f"14 metrics, two models, {rows:,} rows, {prevalence:.0%} positive"
        lines.append((name, min(ours), "roc_auc_score of one", ratio, GOAL))
    print(table(lines))
    print(f"\nLargest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")
