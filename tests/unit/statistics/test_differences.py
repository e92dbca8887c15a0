"""A metric's entry once several are judged together: corrected p-values, and the rows that are still needed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from model_evaluation.runtime.statistics.adjustment import holm
from model_evaluation.runtime.statistics.differences import compare_paired, settle_verdicts
from model_evaluation.runtime.statistics.metrics import Metric

METRIC = Metric("M")  # without a scale there is no margin, and what is not shown is inconclusive


def entry_of(
    gains: int, losses: int, ties: int, *, size: float = 0.25, metric: Metric = METRIC, **more: Any
) -> dict[str, Any]:
    """An entry of changes by ``size`` up and down."""
    tuned = np.repeat([0.5 + size, 0.5 - size, 0.5], [gains, losses, ties])
    return compare_paired(metric, tuned, np.full(len(tuned), 0.5), rng=np.random.default_rng(1), **more)


def test_rows_needed_by_hand() -> None:
    # 14 up, 7 down, 39 the same: mean 7/240 = 0.0291667, deviation sqrt((21/16 - 60 * 0.0291667^2) / 59) = 0.146222;
    # one metric: ((1.959964 + 0.841621) * 0.146222 / 0.0291667)^2 = 197.3
    entry = entry_of(14, 7, 39)
    assert entry["difference"]["deviation"] == pytest.approx(0.146222, abs=1e-6)
    settle_verdicts([entry], [METRIC], holm)
    assert (entry["verdict"], entry["rows_needed"]) == ("inconclusive", 198)


def test_more_metrics_need_more_rows() -> None:
    # of two metrics the clearer one is tested at 0.05 / 2: ((2.241403 + 0.841621) * 0.146222 / 0.0291667)^2 = 238.9
    clearer, other = entry_of(14, 7, 39), entry_of(8, 8, 44)
    settle_verdicts([clearer, other], [METRIC, METRIC], holm)
    assert clearer["difference"]["p_adjusted"] == pytest.approx(2 * clearer["difference"]["p_value"])
    assert clearer["rows_needed"] == 239


def test_no_fewer_rows_than_there_are() -> None:
    # Five gains of 0.1, no loss: large losses cannot be ruled out. Mean 0.0416667, deviation 0.0514929, so the formula
    # says (2.801585 * 0.0514929 / 0.0416667)^2 = 11.99: the twelve rows there are.
    scaled = Metric("M", limits=(0.0, 1.0))
    entry = entry_of(5, 0, 7, size=0.1, metric=scaled)
    settle_verdicts([entry], [scaled], holm)
    assert (entry["verdict"], entry["rows_needed"]) == ("inconclusive", None)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_hardly_any_row(rows: int) -> None:
    entry = entry_of(rows, 0, 0)
    settle_verdicts([entry], [METRIC], holm)
    assert (entry["n_paired"], entry["verdict"], entry["rows_needed"]) == (rows, "inconclusive", None)
    assert entry["difference"]["mean"] == (0.25 if rows else None)
    assert (entry["strength"] or {"tuned": None})["tuned"] == (1.0 if rows else None)


@pytest.mark.parametrize("limits", [None, (0.0, 1.0)])
@pytest.mark.parametrize("scores", [[0.0, 1.0], [0.0, 0.5, 1.0], [math.nan, 0.1, 0.3, 0.9]])
@pytest.mark.parametrize("rows", [1, 12, 300])
def test_pairs_that_are_counted_say_what_rows_say(
    rows: int, scores: list[float], limits: tuple[float, float] | None
) -> None:
    rng, metric = np.random.default_rng(rows), Metric("M", limits=limits)
    places = rng.integers(0, len(scores), size=(2, rows))
    cells, counts = np.unique(places, axis=1, return_counts=True)
    by_row, counted = (
        compare_paired(metric, *np.array(scores)[at], rng=np.random.default_rng(1), counts=times, resamples=500)
        for at, times in ((places, None), (cells, counts))
    )
    for name, value in by_row.pop("difference").items():
        same = pytest.approx(value, rel=1e-12, abs=1e-15) if isinstance(value, float) else value
        assert counted["difference"].pop(name) == same
    assert counted == by_row | {"difference": {}}


def test_many_different_scores_say_unsorted_what_they_say_counted() -> None:
    scores = np.random.default_rng(2).random((2, 6_000))
    metric = Metric("M", limits=(0.0, 1.0))
    unsorted, counted = (
        compare_paired(metric, *scores, rng=np.random.default_rng(1), counts=counts)
        for counts in (None, np.ones(6_000, np.int64))
    )
    assert unsorted["difference"].pop("method") == counted["difference"].pop("method") == "Student t"
    assert unsorted["difference"].pop("test") == counted["difference"].pop("test") == "sign-flip, normal limit"
    assert unsorted.pop("difference") == pytest.approx(counted.pop("difference"), rel=1e-9)
    assert unsorted == counted


def test_clusters_make_the_share_of_wins_less_certain() -> None:
    alone, together = entry_of(30, 10, 20), entry_of(30, 10, 20, clusters=np.arange(60) // 10)
    assert alone["strength"]["tuned"] == together["strength"]["tuned"] == 0.75
    assert together["strength"]["ci_low"] < alone["strength"]["ci_low"]
    assert together["win_share_ci"] == [together["strength"]["ci_low"], together["strength"]["ci_high"]]


@pytest.mark.parametrize("sizes", [[60] + [1] * 40, [64, 32, 16, 8, 4, 2, 1, 1, 1, 1, 1, 1]])
def test_one_large_cluster_shows_no_difference(sizes: list[int]) -> None:
    """The rows of a cluster say the same, and nothing differs on average: at most 2.5% may be taken for better and as
    many for worse. As independent values of one kind they were in a quarter to two thirds of the evaluations."""
    rng, wrong, held = np.random.default_rng(3), 0, 0
    for _ in range(200):
        clusters = np.repeat(np.arange(len(sizes)), sizes)
        tuned = 0.5 + rng.choice([-0.25, 0.0, 0.25], len(sizes))[clusters]
        entry = compare_paired(METRIC, tuned, np.full(len(tuned), 0.5), rng=rng, clusters=clusters, resamples=500)
        settle_verdicts([entry], [METRIC], holm)
        low, high = entry["difference"]["ci_low"], entry["difference"]["ci_high"]
        held += low is None or low <= 0 <= high
        wrong += entry["verdict"] != "inconclusive"
    assert held >= 0.93 * 200
    assert wrong <= 0.05 * 200
