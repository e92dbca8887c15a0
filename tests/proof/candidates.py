"""Other intervals on the designs where intervals differ: the comparison that the choice rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from model_evaluation.runtime.statistics import intervals
from model_evaluation.runtime.statistics.counts import Floats, distinct_counts

Method = Callable[[Floats, NDArray[np.int64], np.random.Generator], tuple[float, float]]
LIMITS = (0.0, 1.0)
DRAWS = 1_000
NOTES = """
Coverage of other methods on the hard designs, pass@4 and one ordinary one: {evaluations:,} evaluations each, {draws:,}
resamples, all methods on the same data; in bold what is used at this number of rows. *Widened*: not narrower than
what few rows that differ can say (`sparse_interval`), unless the heading says otherwise with half the scale for changes
never seen. Without it every method falls short where changes are rare: 95% ties, or large gains that a small sample
does not show. Among the widened ones, sign-flips agree with the test that the verdict rests on, so that neither costs
the other power, and below 100 rows they hold where BCa is too short: a few large differences among many ties (pass@4).
BCa from 100 rows on comes nearest to 95% where large changes go one way; for pass@4 it is still a little short there.
"""


def student(values: Floats, counts: NDArray[np.int64], rng: np.random.Generator) -> tuple[float, float]:
    found = intervals.student_interval(values, counts)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def flips(values: Floats, counts: NDArray[np.int64], rng: np.random.Generator) -> tuple[float, float]:
    found = intervals.sign_flip_interval(values, counts, rng=rng, resamples=DRAWS)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def bca(values: Floats, counts: NDArray[np.int64], rng: np.random.Generator) -> tuple[float, float]:
    found = intervals.bootstrap_interval(values, counts, rng=rng, resamples=DRAWS)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def percentile(values: Floats, counts: NDArray[np.int64], rng: np.random.Generator) -> tuple[float, float]:
    """Expanded percentile bootstrap (Hesterberg, 2015)."""
    n = int(counts.sum())
    means = rng.multinomial(n, counts / n, size=DRAWS) @ values / n
    tail = intervals.NormalDist().cdf(-scipy.stats.t.ppf(0.975, n - 1) * math.sqrt(n / (n - 1)))
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def bootstrap_t(values: Floats, counts: NDArray[np.int64], rng: np.random.Generator) -> tuple[float, float]:
    """Studentised bootstrap (Efron and Tibshirani, 1993, chapter 12); resamples without spread count as infinite."""
    n = int(counts.sum())
    mean = float(values @ counts) / n
    error = math.sqrt(float(counts @ (values - mean) ** 2) / n)
    weights = rng.multinomial(n, counts / n, size=DRAWS) / n
    means = weights @ values
    errors = np.sqrt(np.maximum(weights @ values**2 - means**2, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(means == mean, 0.0, (means - mean) / errors)
    low, high = np.quantile(scores, [0.025, 0.975], method="inverted_cdf")
    return max(-1.0, mean - float(high) * error), min(1.0, mean - float(low) * error)


def widened(method: Method, limits: tuple[float, float] | None) -> Method:
    """With the ends of ``sparse_interval`` where these are farther out; ``limits`` is what it knows of the scale."""

    def both(values: Floats, counts: NDArray[np.int64], rng: np.random.Generator) -> tuple[float, float]:
        low, high = method(values, counts, rng)
        wide = intervals.sparse_interval(values, counts, limits=limits)
        return min(low, wide[0]), max(high, wide[1])

    return both


METHODS: dict[str, Method] = {
    "Student t": student,
    "sign-flip": flips,
    "percentile": percentile,
    "BCa": bca,
    "bootstrap-t": bootstrap_t,
    "t, widened": widened(student, LIMITS),
    "sign-flip, widened but for unseen": widened(flips, None),
    "sign-flip, widened": widened(flips, LIMITS),
    "percentile, widened": widened(percentile, LIMITS),
    "BCa, widened": widened(bca, LIMITS),
}


def candidates_table(designs: Sequence[Any], evaluations: int, *, seed: int = 2) -> str:
    """Coverage of every method on the same data of each design; equal differences get our bound from all of them."""
    rows = []
    for design in sorted(designs, key=lambda design: (design.n, design.name)):
        rng = np.random.default_rng([seed, design.n, len(design.name)])
        held = dict.fromkeys(METHODS, 0)
        for _ in range(evaluations):
            tuned, base = design.draw(rng, design.n)
            values, counts = distinct_counts(tuned - base)
            for name, method in METHODS.items():
                if len(values) == 1:
                    bound = intervals.constant_interval(float(values[0]), design.n, limits=LIMITS)
                    low, high = bound.low or 0.0, bound.high or 0.0
                else:
                    low, high = method(values, counts, rng)
                held[name] += low - 1e-12 <= design.truth <= high + 1e-12
        ours = "sign-flip, widened" if design.n < intervals.SMALL_SAMPLE else "BCa, widened"
        cells = (f"**{k / evaluations:.1%}**" if name == ours else f"{k / evaluations:.1%}" for name, k in held.items())
        rows.append(f"| {design.name} | {design.n:,} | {' | '.join(cells)} |")
    return "\n".join(
        (
            "## Why these intervals",
            NOTES.format(evaluations=evaluations, draws=DRAWS),
            "| design | rows | " + " | ".join(METHODS) + " |",
            "|---|--:|" + "--:|" * len(METHODS),
            *rows,
        )
    )
