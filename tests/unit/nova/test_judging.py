"""Pairwise judgments: two per prompt, joined, and never more sure than they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from model_evaluation.kinds.nova.localaws.container import NovaOutput, output_files
from model_evaluation.kinds.nova.runtime.recipes.recipe import LLM_JUDGE
from model_evaluation.kinds.nova.runtime.scores.judging import container_sentences, judge_analysis, verdict_of
from model_evaluation.runtime.results.evaluation import ResultsError
from model_evaluation.runtime.statistics.strength import davidson_strength
from unit.nova.container_runs import PAIRS, evaluation, judged, recipe, require_valid, sorted_in


def counts(a: int, b: int, ties: int = 0, **more: Any) -> dict[str, Any]:
    return {"a_scores": float(a), "b_scores": float(b), "ties": float(ties), **more}


def test_forward_and_backward_make_one_outcome_of_a_prompt() -> None:
    rows = [counts(0, 2)] * 5 + [counts(2, 0)] * 2 + [counts(1, 1)] * 2 + [counts(0, 0, 2)] + [counts(0, 1)]
    found = judged([*rows, counts(0, 0)]).summary["preferences"]
    assert (found["wins"], found["losses"], found["ties"], found["errors"]) == (6, 2, 3, 1)
    # Of ten prompts with two usable judgments the two with one each way disagree.
    assert (found["position_consistency"]["value"], found["position_consistency"]["n"]) == (0.8, 10)
    assert found["strength"]["tuned"] == pytest.approx(6 / 8)
    assert found["win_rate"] == pytest.approx((6 + 3 / 2) / 11)
    assert found["judgments"] == {"judgments": 21, "a": 6, "b": 13, "ties": 2, "unusable": 3}


@pytest.mark.parametrize(
    ("a", "b", "winrate", "lower", "upper", "crosses"),
    [
        (16, 10, 0.38, 0.23, 0.56, True),
        (3, 9, 0.75, 0.091, 0.917, True),
        (3, 7, 0.70, 0.400, 0.909, True),
        (2, 10, 0.83, 0.55, 0.98, False),
    ],
)
def test_published_numbers_stand_beside_ours_and_claim_nothing_that_they_do_not_show(
    a: int, b: int, winrate: float, lower: float, upper: float, crosses: bool
) -> None:
    """The first three are of AWS's own samples, two of which call theirs significant. b / (a + b) gives each win rate;
    how the interval is drawn is not documented, and it is not one of these judgments' bootstraps."""
    assert b / (a + b) == pytest.approx(winrate, abs=0.01)
    rows = [counts(1, 0)] * a + [counts(0, 1)] * b
    numbers = {"a_scores": float(a), "b_scores": float(b), "winrate": winrate, "lower_rate": lower, "upper_rate": upper}
    summary = judged(rows, numbers).summary
    assert summary["preferences"]["container"] == numbers
    assert summary["preferences"]["strength"]["tuned"] == pytest.approx(b / (a + b))
    text = " ".join(summary["warnings"])
    assert ("crosses 0.5, so it shows no preference" in text) == crosses
    assert ("does not cross 0.5" in text) != crosses


def test_an_interval_that_crosses_one_half_is_inconclusive() -> None:
    summary = judged([counts(2, 0)] * 10 + [counts(0, 2)] * 12).summary
    strength = summary["preferences"]["strength"]
    assert strength["ci_low"] < 0.5 < strength["ci_high"]
    assert summary["verdict"]["decision"] == "inconclusive"


def test_prompts_that_occur_more_than_once_are_one_cluster() -> None:
    alone = judged([counts(0, 2)] * 30 + [counts(2, 0)] * 10).summary["preferences"]["strength"]
    rows = [{**counts(0, 2), "prompt": f"p{at % 3}"} for at in range(30)]
    rows += [{**counts(2, 0), "prompt": "q"} for _ in range(10)]
    together = judged(rows).summary["preferences"]["strength"]
    assert together["tuned"] == alone["tuned"]
    assert together["ci_high"] - together["ci_low"] > 1.5 * (alone["ci_high"] - alone["ci_low"])


def coverage(n: int, agreement: float, trials: int, share: float = 0.6) -> float:
    """How often the interval holds the true strength, where both judgments of a prompt agree that often."""
    rng = np.random.default_rng(n)
    hits = 0
    for _ in range(trials):
        wins = rng.uniform(size=n) < share
        agree = rng.uniform(size=n) < agreement
        rows = [counts(0, 2) if won else counts(2, 0) for won, same in zip(wins, agree, strict=True) if same]
        rows += [counts(1, 1)] * int((~agree).sum())
        strength = judged(rows).summary["preferences"]["strength"]
        hits += strength["ci_low"] <= share <= strength["ci_high"]
    return hits / trials


@pytest.mark.parametrize(("n", "agreement"), [(30, 0.9), (120, 0.6)])
def test_the_interval_holds_the_truth_as_often_as_it_says(n: int, agreement: float) -> None:
    """Quick: 100 trials have a standard error of 2.2 points."""
    assert 0.88 <= coverage(n, agreement, 100) <= 1.0


@pytest.mark.parametrize("n", [30, 100, 300, 1000])
@pytest.mark.parametrize("agreement", [0.6, 0.9])
def test_the_strength_of_prompts_is_covered_whatever_the_two_orders_share(n: int, agreement: float) -> None:
    """4,000 trials (standard error 0.35 points). Both judgments of a prompt agree that often; where they do not it is
    a tie, and drawing the judgments one by one, as if each were a prompt, would claim twice the rows."""
    rng = np.random.default_rng([n, round(10 * agreement)])
    share, hits = 0.65, 0
    decided = rng.binomial(n, agreement, 4000)
    for prompts, won in zip(decided.tolist(), rng.binomial(decided, share).tolist(), strict=True):
        strength = davidson_strength(won, n - prompts, prompts - won)
        assert strength is not None
        hits += strength["ci_low"] <= share <= strength["ci_high"]
    assert 0.93 <= hits / 4000 <= 0.97


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("[[A>B]]", "A"), ("[[B>A]]", "B"), ("[[A<B]]", "B"), ("[[A>>B]]", "A"), ("[[A=B]]", "tie"), ("[[C]]", "tie"),
        ("Not [[A>B]] but [[B>A]]", "B"), ("I cannot say.", ""), (None, ""),
    ],
)  # fmt: skip
def test_verdicts(text: str | None, verdict: str) -> None:
    assert verdict_of(text) == verdict


def test_counts_that_are_means_over_both_passes_are_taken_as_such() -> None:
    outputs = {"forward_output": "[[A>B]]", "backward_output": "[[A>B]]"}
    rows = [counts(1, 0, **outputs), counts(0, 1, **outputs), {**counts(0, 0, **outputs), "a_scores": 0.5, "ties": 0.5}]
    found = judged(rows).summary["preferences"]
    assert found["judgments"] == {"judgments": 6, "a": 3, "b": 2, "ties": 1, "unusable": 0}
    assert (found["wins"], found["losses"], found["ties"]) == (1, 1, 1)


@pytest.mark.parametrize("row", [counts(3, 0), counts(-1, 0), {**counts(0, 0), "ties": 0.3}])
def test_counts_of_anything_else_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ResultsError, match="not two judgments of one prompt"):
        judged([counts(1, 1), row])


def test_rows_without_counts_are_refused() -> None:
    with pytest.raises(ResultsError, match="has no counts of its judgments"):
        judged([{"forward_output": "[[A>B]]"}])


def played(task: str = LLM_JUDGE, pairs: list[Mapping[str, Any]] | None = None) -> Any:
    rows = [dict(pair) for pair in (PAIRS if pairs is None else pairs)]
    output = sorted_in(output_files(recipe("nova-lite/prod", task), rows, NovaOutput()))
    return judge_analysis(evaluation(primary="win_rate", task=task), output, rows)


def test_a_whole_job_is_read_and_its_answers_found() -> None:
    analysis = played()
    summary = analysis.summary
    require_valid(summary)
    assert summary["rows"]["dataset"] == 60
    assert summary["preferences"]["container"]["winrate"] > 0.5
    assert "planned" not in summary  # of scores' differences
    assert summary["verdict"]["decision"] == "improved"
    table = analysis.per_example
    responses = {pair["prompt"]: pair["response_B"] for pair in PAIRS}
    assert all(responses[row.prompt] == row.tuned_response for row in table.itertuples())


def test_a_rubric_judge_also_says_where_the_answers_differ() -> None:
    summary = played("rubric_llm_judge").summary
    assert not [told for told in summary["warnings"] if told.startswith("The container counts")]
    rubric = summary["rubric"]
    assert rubric["n"] == 60
    assert set(rubric["criteria"]) == {"accuracy", "completeness", "clarity"}
    assert rubric["score_margin"] == pytest.approx(rubric["weighted_score_A"] - rubric["weighted_score_B"])
    assert rubric["score_margin"] < 0  # A minus B: B is better
    assert rubric["criteria"]["accuracy"]["difference"] > 0  # B minus A


def test_criteria_on_their_scales() -> None:
    breakdown = {
        "depth": {"score_A": 1, "score_B": 5, "weight": 0.5, "type": "scale"},
        "polite": {"score_A": True, "score_B": False, "weight": 0.5, "type": "boolean"},
    }
    rows = [{**counts(0, 1), "score_margin": -0.0, "criteria_breakdown": breakdown}]
    criteria = judged(rows).summary["rubric"]["criteria"]
    assert (criteria["depth"]["difference"], criteria["polite"]["difference"]) == (1.0, -1.0)


def test_many_unusable_judgments_and_other_counts_are_told() -> None:
    rows = [counts(0, 2)] * 9 + [counts(0, 0)]
    warnings = " ".join(judged(rows, {"a_scores": 0.0, "b_scores": 25.0}).summary["warnings"])
    assert "2 of 20 judgments have no usable verdict, more than 5%" in warnings
    assert "The container counts 25 b_scores, its rows give 18" in warnings
    assert "Only 10 prompts were judged" in warnings
    assert container_sentences({}, {"a": 1, "b": 1, "ties": 0}) == []
