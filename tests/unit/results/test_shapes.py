"""Preferences and aggregates become the same summary as scores do: by hand, and valid under the schema."""

from __future__ import annotations

import json
import math
import pathlib
from typing import Any

import jsonschema
import numpy as np
import pytest

import model_evaluation
from model_evaluation.runtime.results.aggregates import Aggregate, Aggregates, aggregates_summary
from model_evaluation.runtime.results.evaluation import Evaluation
from model_evaluation.runtime.results.preferences import LOSS, TIE, WIN, Preferences, preferences_summary
from model_evaluation.runtime.results.slices import Clusters
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.statistics.proportions import wilson_interval
from model_evaluation.runtime.summary import Summary

SCHEMA = pathlib.Path(model_evaluation.__file__).parent / "schemas" / "summary.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
NAN = math.nan


def evaluation(primary: str) -> Evaluation:
    return Evaluation("toy", {"recipe": "short"}, {"name": "candidate"}, {"name": "reference"}, primary_metric=primary)


def valid(summary: Summary) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(json.dumps(summary, allow_nan=False))
    VALIDATOR.validate(decoded)
    return decoded


# -- preferences ----------------------------------------------------------------------------------------------


def test_preferences_by_hand() -> None:
    summary = valid(
        preferences_summary(evaluation("win_rate"), Preferences(np.array([WIN] * 6 + [TIE] * 2 + [LOSS, NAN])))
    )
    counts, entry = summary["preferences"], summary["metrics"]["win_rate"]
    assert [counts[name] for name in ("wins", "ties", "losses", "errors")] == [6, 2, 1, 1]
    assert counts["win_rate"] == entry["tuned"]["mean"] == pytest.approx((6 + 1) / 9)
    assert entry["base"]["mean"] == pytest.approx(2 / 9)
    assert entry["difference"]["mean"] == pytest.approx((6 - 1) / 9)
    assert counts["strength"]["tuned"] == pytest.approx(6 / 7)
    assert counts["position_consistency"] is None
    assert entry["n_paired"] == 9


def test_choices_that_change_with_the_order_of_the_answers_are_ties() -> None:
    first, second = np.array([WIN, WIN, LOSS, TIE, NAN, NAN]), np.array([WIN, LOSS, LOSS, TIE, WIN, NAN])
    preferences = Preferences(first, second)
    assert np.array_equal(preferences.outcomes, [WIN, TIE, LOSS, TIE, WIN, NAN], equal_nan=True)
    counts = valid(preferences_summary(evaluation("win_rate"), preferences))["preferences"]
    assert (counts["position_consistency"]["value"], counts["position_consistency"]["n"]) == (3 / 4, 4)
    assert counts["position_consistency"]["ci_low"] == pytest.approx(wilson_interval(0.75, 4)[0])


def test_more_wins_than_chance_are_better_and_clusters_make_them_fewer() -> None:
    choices = np.array([WIN] * 40 + [LOSS] * 20)
    alone = valid(preferences_summary(evaluation("win_rate"), Preferences(choices)))
    assert alone["verdict"]["decision"] == "improved"
    clusters = Clusters("the same document", np.arange(60) // 10)
    together = valid(preferences_summary(evaluation("win_rate"), Preferences(choices, clusters=clusters)))
    assert together["metrics"]["win_rate"]["n_clusters"] == 6
    assert together["verdict"]["decision"] == "inconclusive"


# -- aggregates -----------------------------------------------------------------------------------------------


def test_shares_by_part_are_compared_with_their_true_n() -> None:
    # 56 of 70 and 48 of 80 in Newcombe (1998), method 10 of unpaired proportions: 0.2, 0.0524 to 0.3339
    metric = Metric("accuracy", limits=(0.0, 1.0))
    parts = {"all": {"tuned": Aggregate(56 / 70, 70), "base": Aggregate(48 / 80, 80)}}
    summary = valid(aggregates_summary(evaluation("accuracy"), Aggregates(metric, parts)))
    difference = summary["metrics"]["accuracy"]["difference"]
    assert (difference["mean"], difference["ci_low"], difference["ci_high"]) == pytest.approx(
        (0.2, 0.0524, 0.3339), abs=1e-4
    )
    assert summary["verdict"]["decision"] == "improved"
    assert summary["parts"]["all"]["n"] == 70
    assert list(summary["metrics"]) == ["accuracy"]


def test_the_headline_weighs_rows_and_macro_weighs_parts() -> None:
    metric = Metric("accuracy", limits=(0.0, 1.0))
    parts = {
        "large": {"tuned": Aggregate(0.5, 300), "base": Aggregate(0.5, 300)},
        "small": {"tuned": Aggregate(0.9, 100), "base": Aggregate(0.5, 100)},
        "new": {"tuned": Aggregate(1.0, 10)},
    }
    summary = valid(aggregates_summary(evaluation("accuracy"), Aggregates(metric, parts)))
    assert summary["metrics"]["accuracy"]["tuned"]["mean"] == pytest.approx((150 + 90 + 10) / 410)
    assert summary["metrics"]["macro_accuracy"]["difference"]["mean"] == pytest.approx((0.0 + 0.4) / 2)
    assert summary["parts"]["new"]["difference"] is None


def test_means_with_a_deviation_are_compared_by_their_errors() -> None:
    # errors 2 / 10 and 1.5 / 10: hypot 0.25, half t(99) * 0.25 = 1.984217 * 0.25 = 0.496054
    metric = Metric("rating", limits=(1.0, 5.0))
    parts = {"all": {"tuned": Aggregate(3.0, 100, 2.0), "base": Aggregate(3.4, 100, 1.5)}}
    difference = valid(aggregates_summary(evaluation("rating"), Aggregates(metric, parts)))["metrics"]["rating"][
        "difference"
    ]
    assert (difference["mean"], difference["ci_low"]) == pytest.approx((-0.4, -0.896054), abs=1e-6)


@pytest.mark.parametrize(
    ("deviation", "n", "verdict"), [(0.0, 100, "inconclusive"), (1.0, 8, "inconclusive"), (1.0, 80, "improved")]
)
def test_means_of_few_rows_or_without_a_spread_show_nothing(deviation: float, n: int, verdict: str) -> None:
    """A difference of 1.03: with 8 rows each, 2.06 standard errors, which the normal limit took for shown."""
    parts = {"all": {"tuned": Aggregate(3.03, n, deviation), "base": Aggregate(2.0, n, deviation)}}
    entry = aggregates_summary(evaluation("rating"), Aggregates(Metric("rating"), parts))["metrics"]["rating"]
    assert entry["verdict"] == verdict


def test_one_models_aggregates_are_not_compared() -> None:
    alone = Evaluation("toy", {}, {"name": "candidate"}, None, "tuned", "accuracy")
    parts = {"all": {"tuned": Aggregate(0.5, 10)}}
    summary = valid(aggregates_summary(alone, Aggregates(Metric("accuracy"), parts)))
    assert summary["verdict"] == {
        "decision": "none",
        "sentence": "Only the fine-tuned model was evaluated: its mean accuracy score is 0.50 (10 of 10 rows scored). "
        "There is nothing to compare it with.",
    }
