"""Preferences: for each record the tuned model's answer, the base model's, or neither was found better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from model_evaluation.runtime.statistics.adjustment import holm
from model_evaluation.runtime.statistics.counts import Floats
from model_evaluation.runtime.statistics.differences import (
    compare_paired,
    metric_entry,
    model_scores_entry,
    settle_verdicts,
)
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.statistics.proportions import proportion
from model_evaluation.runtime.statistics.strength import Strength
from model_evaluation.runtime.summary import Proportion, Summary

from .evaluation import BOTH_SIDES, Evaluation
from .paired_scores import SEED
from .slices import Clusters
from .summary import summary_of

WIN_RATE = "win_rate"
WIN, TIE, LOSS = 1.0, 0.5, 0.0  # of the tuned model; NaN where nobody decided


@dataclass(frozen=True)
class Preferences:
    """One place per record: ``WIN``, ``TIE``, ``LOSS`` of the tuned model's answer, NaN without a usable choice.

    ``swapped`` (n,) is the same of a second choice between the same two answers in the other order; ``None`` when the
    answers were shown in one order only.
    """

    choices: Floats
    swapped: Floats | None = None
    clusters: Clusters | None = None

    @property
    def outcomes(self) -> Floats:
        """The records' outcomes: where two choices disagree it is a tie, where one is missing the other counts."""
        if self.swapped is None:
            return self.choices
        known = np.isfinite(self.choices) & np.isfinite(self.swapped)
        agreed = np.where(self.choices == self.swapped, self.choices, TIE)
        either = np.where(np.isfinite(self.choices), self.choices, self.swapped)
        return np.where(known, agreed, either)


class PreferenceCounts(TypedDict):
    """``win_rate`` counts a tie by half; ``position_consistency`` is the share of records whose two choices agree."""

    wins: int
    ties: int
    losses: int
    errors: int
    win_rate: float | None
    position_consistency: Proportion | None
    strength: Strength | None


def preferences_summary(evaluation: Evaluation, preferences: Preferences) -> Summary:
    """The summary, whose one metric is the win rate: its difference is the share of wins minus that of losses."""
    outcomes = preferences.outcomes
    metric = Metric(WIN_RATE, limits=(LOSS, WIN))
    clusters = preferences.clusters.numbers if preferences.clusters else None
    comparison = compare_paired(metric, outcomes, 1 - outcomes, rng=np.random.default_rng(SEED), clusters=clusters)
    settle_verdicts([comparison], [metric], holm)
    n = len(outcomes)
    known = outcomes[np.isfinite(outcomes)]
    errors = n - len(known)
    rates = {"tuned": float(known.mean()), "base": float((1 - known).mean())} if len(known) else {}
    scores = {
        str(side): model_scores_entry(rates.get(side), len(known), {"unparsable": errors} if errors else {})
        for side in BOTH_SIDES
    }
    summary = summary_of(
        evaluation,
        rows={"dataset": n, "tuned": n, "base": n, "paired": n},
        metrics={WIN_RATE: metric_entry(metric, scores, comparison)},
    )
    summary["preferences"] = {
        "wins": int((known == WIN).sum()),
        "ties": int((known == TIE).sum()),
        "losses": int((known == LOSS).sum()),
        "errors": errors,
        "win_rate": rates.get("tuned"),
        "position_consistency": _consistency(preferences),
        "strength": comparison["strength"],
    }
    return summary


def _consistency(preferences: Preferences) -> Proportion | None:
    """``None`` when no record was chosen in both orders."""
    if preferences.swapped is None:
        return None
    both = np.isfinite(preferences.choices) & np.isfinite(preferences.swapped)
    agreed = int((preferences.choices[both] == preferences.swapped[both]).sum())
    return proportion(agreed, int(both.sum())) if both.any() else None
