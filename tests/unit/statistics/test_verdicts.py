"""From an interval and a p-value to a verdict, and from verdicts to the decision."""

from __future__ import annotations

from typing import Any

import pytest

from model_evaluation.reporting.summaries import verdict_again
from model_evaluation.runtime.statistics.verdicts import metric_verdict, overall_verdict


def difference(low: float | None, high: float | None, p_adjusted: float | None = 1.0) -> dict[str, Any]:
    mean = None if low is None or high is None else (low + high) / 2
    return {"mean": mean, "ci_low": low, "ci_high": high, "p_adjusted": p_adjusted, "confidence": 0.95}


@pytest.mark.parametrize(
    ("low", "high", "p_adjusted", "n", "margin", "verdict"),
    [
        (0.01, 0.20, 0.05, 60, 0.05, "improved"),
        (-0.20, -0.01, 0.05, 60, 0.05, "regressed"),
        (0.01, 0.20, 0.051, 60, 0.05, "no_worse"),  # the interval alone does not show it
        (0.00, 0.20, 0.01, 60, 0.05, "no_worse"),  # nor does the p-value alone
        (0.01, 0.04, 0.20, 60, 0.05, "equivalent"),
        (-0.04, 0.04, 0.90, 60, 0.05, "equivalent"),
        (-0.04, 0.05, 0.90, 60, 0.05, "no_worse"),  # the margin itself is not within the margin
        (-0.05, 0.04, 0.90, 60, 0.05, "inconclusive"),
        (-0.04, 0.04, 0.90, 60, 0.03, "inconclusive"),
        (-0.04, 0.04, 0.90, 60, None, "inconclusive"),  # no scale, no margin
        (0.01, 0.20, 0.01, 60, None, "improved"),  # which needs none
        (0.01, 0.20, 0.01, 5, 0.05, "inconclusive"),
        (None, None, None, 60, 0.05, "inconclusive"),
    ],
)
def test_verdict_of_a_metric(
    low: float | None, high: float | None, p_adjusted: float | None, n: int, margin: float | None, verdict: str
) -> None:
    assert metric_verdict(difference(low, high, p_adjusted), n, "higher", margin) == verdict
    mirrored = difference(None if high is None else -high, None if low is None else -low, p_adjusted)
    assert metric_verdict(mirrored, n, "lower", margin) == verdict


def entry(low: float, high: float, verdict: str, direction: str = "higher", **more: Any) -> dict[str, Any]:
    return {
        "direction": direction, "difference": difference(low, high), "n_paired": 80, "margin": 0.05,
        "verdict": verdict, "rows_needed": None, **more,
    }  # fmt: skip


def decision_of(primary: dict[str, Any], **guards: dict[str, Any]) -> dict[str, str]:
    return overall_verdict({"M": primary, **guards}, "M", "compare", {"dataset": 80, "paired": 80})


def test_the_margin_stands_beside_a_verdict_that_needs_it() -> None:
    assert decision_of(entry(-0.04, 0.04, "equivalent"))["sentence"].endswith("; differences up to 0.05 count as none.")
    assert decision_of(entry(-0.04, 0.2, "no_worse"))["sentence"].endswith("; differences up to 0.05 count as none.")
    assert "count as none" not in decision_of(entry(0.04, 0.2, "improved"))["sentence"]


def test_the_rows_needed_stand_beside_an_inconclusive_one() -> None:
    assert "takes about 1,234 rows" in decision_of(entry(-0.1, 0.2, "inconclusive", rows_needed=1234))["sentence"]


@pytest.mark.parametrize(
    ("verdict", "decision"),
    [
        ("improved", "mixed"), ("equivalent", "mixed"), ("no_worse", "mixed"),
        ("inconclusive", "regressed"), ("regressed", "regressed"),
    ],
)  # fmt: skip
def test_a_guard_that_got_worse_takes_part_in_the_decision(verdict: str, decision: str) -> None:
    found = decision_of(entry(0.1, 0.2, verdict), Harm=entry(0.1, 0.2, "regressed", "lower", guard=True))
    assert found["decision"] == decision
    assert "got worse on Harm:" in found["sentence"]


def test_another_margin_judges_again() -> None:
    summary = {
        "scope": "compare", "primary_metric": "M", "rows": {"dataset": 80, "paired": 80},
        "metrics": {"M": entry(-0.04, 0.03, "equivalent"), "N": entry(-0.04, 0.03, "equivalent")},
    }  # fmt: skip
    for margins, decision in (
        ({}, "equivalent"),
        ({"": 0.02}, "inconclusive"),
        ({"N": 0.02}, "equivalent"),
        ({"": 0.02, "M": 0.06}, "equivalent"),
    ):
        assert verdict_again(summary, margins)["decision"] == decision
    assert summary["metrics"]["M"]["margin"] == 0.05  # type: ignore[index]
