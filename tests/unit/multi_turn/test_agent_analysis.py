"""Rollouts to a verdict: prompts are the unit, unknown rewards are missing, aggregates are honest about their n."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from model_evaluation.kinds.multi_turn.runtime.analysis import Asked, analyse, pass_at, prompt_answers
from model_evaluation.kinds.multi_turn.runtime.tracked_rollouts import ModelRollouts, Rollout
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.export import export_analysis
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side
from model_evaluation.runtime.rows import DatasetRow

SCHEMA = Path(__file__).parents[3] / "scripts" / "model_evaluation" / "schemas" / "summary.schema.json"
ASKED = Asked(4, (1, 4), 1.0, {"temperature": 0.7})
PROMPTS = [f"Resolve the problem of customer {chr(65 + n % 26)}{n}: topic {n * n}" for n in range(40)]
Rewards = Sequence[Sequence[float | None]]


def rollouts(rewards: Rewards) -> list[Rollout]:
    return [
        Rollout(PROMPTS[at], reward, f"words {at} {number}", 2)
        for at, group in enumerate(rewards)
        for number, reward in enumerate(group)
    ]


def analysed(
    tuned: ModelRollouts, base: ModelRollouts, primary: str = "pass_at_1", asked: Asked = ASKED, rows: int = 40
) -> Analysis:
    evaluation = Evaluation(
        "multi_turn",
        {"agent": "arn:aws:lambda:us-west-2:123456789012:function:desk", "hyperparameters": {"temperature": "0.7"}},
        {"name": "desk/3"},
        {"name": "llama"},
        primary_metric=primary,
        execution_arn="arn:aws:sagemaker:us-west-2:111122223333:pipeline/p/execution/abc",
    )
    models: Mapping[Side, ModelRollouts] = {"tuned": tuned, "base": base}
    lines = [DatasetRow(at + 1, prompt) for at, prompt in enumerate(PROMPTS[:rows])]
    analysis = analyse(evaluation, models, lines, asked)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(dict(analysis.summary))
    return analysis


def better(count: int) -> Rewards:
    """Every prompt's four rollouts, of which ``count`` or, at every other prompt, one fewer are solved."""
    return [[1.0] * (count - at % 2) + [0.25] * (4 - count + at % 2) for at in range(40)]


# -- statistics ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "c", "k"), [(4, 1, 1), (4, 2, 2), (8, 3, 4), (5, 5, 3), (5, 0, 5), (6, 4, 3)])
def test_pass_at_k_is_the_share_of_draws_with_a_success(n: int, c: int, k: int) -> None:
    draws = list(itertools.combinations([1] * c + [0] * (n - c), k))
    assert pass_at(k, n, c) == pytest.approx(sum(any(draw) for draw in draws) / len(draws))


def test_pass_at_k_needs_k_rollouts() -> None:
    assert pass_at(4, 3, 3) is None


def test_a_prompts_rollouts_are_one_cluster() -> None:
    """Four times the rollouts of the same outcome are no more prompts: the interval stays as wide."""
    once = analysed(
        ModelRollouts({}, rollouts([[1.0 if at % 3 else 0.0] for at in range(40)])),
        ModelRollouts({}, rollouts([[1.0 if at % 2 else 0.0] for at in range(40)])),
        asked=Asked(1, (1,), 1.0, {}),
    ).summary["metrics"]["pass_at_1"]
    often = analysed(
        ModelRollouts({}, rollouts([[1.0 if at % 3 else 0.0] * 8 for at in range(40)])),
        ModelRollouts({}, rollouts([[1.0 if at % 2 else 0.0] * 8 for at in range(40)])),
        asked=Asked(8, (1,), 1.0, {}),
    ).summary["metrics"]["pass_at_1"]
    assert often["n_paired"] == once["n_paired"] == 40
    assert often["difference"] is not None
    assert once["difference"] is not None
    assert (often["difference"]["ci_low"], often["difference"]["ci_high"]) == (
        once["difference"]["ci_low"],
        once["difference"]["ci_high"],
    )


def test_the_differences_are_those_of_the_prompts(tmp_path: Path) -> None:
    analysis = analysed(ModelRollouts({}, rollouts(better(3))), ModelRollouts({}, rollouts(better(2))))
    entry = analysis.summary["metrics"]
    assert entry["pass_at_1"]["difference"]["mean"] == pytest.approx(0.25)  # type: ignore[index]
    assert entry["reward"]["difference"]["mean"] == pytest.approx(0.25 * 0.75)  # type: ignore[index]
    assert analysis.summary["verdict"]["decision"] == "improved"
    folder = export_analysis(analysis, str(tmp_path))
    assert "desk" in (Path(folder) / "report.html").read_text(encoding="utf-8")


def test_rollouts_pair_by_prompt_in_any_order() -> None:
    tuned, base = rollouts(better(3)), rollouts(better(2))
    shuffled = [Rollout(f"  {one.prompt}\n", one.reward, one.last, one.turns) for one in reversed(base)]
    one, other = (
        analysed(ModelRollouts({}, tuned), ModelRollouts({}, own)).summary["metrics"]["reward"]["difference"]
        for own in (base, shuffled)
    )
    assert one == other


# -- what is not known ---------------------------------------------------------------------------------------------


def test_a_missing_reward_is_unknown_and_not_zero() -> None:
    (answer,) = prompt_answers([Rollout("p", reward) for reward in (1.0, None, 1.0, 0.0)], ASKED)
    assert answer.scores["reward"] == pytest.approx(2 / 3)
    assert answer.scores["pass_at_1"] == pytest.approx(2 / 3)
    assert answer.scores["pass_at_4"] is None, "three known rewards say nothing of four tries"
    assert answer.missing == {"pass_at_4": "absent"}


def test_many_unknown_rewards_hold_the_verdict_back() -> None:
    some: list[list[float | None]] = [[1.0, 1.0, None, 0.0] for _ in range(40)]
    analysis = analysed(ModelRollouts({}, rollouts(some)), ModelRollouts({}, rollouts(better(2)), unread=3))
    check = next(check for check in analysis.summary["fairness"]["checks"] if check["id"] == "rewards")
    assert check["counts"]["fine-tuned model, unknown"] == 40
    assert check["counts"]["base model, unknown"] == 3
    assert "3 whose trace is unreadable" in check["message"]
    assert analysis.summary["verdict"]["decision"] == "inconclusive"


def test_zeros_for_unknown_rewards_that_turn_the_difference_are_told() -> None:
    crashes: list[list[float | None]] = [[1.0, None, None, None] for _ in range(40)]
    analysis = analysed(ModelRollouts({}, rollouts(crashes)), ModelRollouts({}, rollouts(better(2))), "reward")
    check = next(check for check in analysis.summary["fairness"]["checks"] if check["id"] == "unknown_as_zero")
    assert check["status"] == "warn"
    assert check["at_most"] == "inconclusive"


def test_prompts_that_one_model_lacks_are_counted() -> None:
    analysis = analysed(ModelRollouts({}, rollouts(better(3))), ModelRollouts({}, rollouts(better(2)[:28])))
    check = next(check for check in analysis.summary["fairness"]["checks"] if check["id"] == "prompts")
    assert check["message"].startswith("Only 28 of 40 prompts")
    assert check["at_most"] == "inconclusive"
    assert analysis.summary["rows"]["paired"] == 28


def test_a_success_is_recomputed_since_awss_pages_disagree() -> None:
    own = rollouts(better(3))
    above = sum((one.reward or 0) > 0 for one in own)
    told = {"reward/succeeded_rollouts": float(above), "reward/num_prompts": 40.0}
    analysis = analysed(ModelRollouts(told, own), ModelRollouts({}, rollouts(better(2))))
    assert any("as many as have a reward above 0" in text for text in analysis.summary["warnings"])


def test_the_services_own_means_stand_beside_ours() -> None:
    told = {"reward/mean": 0.99, "reward/num_prompts": 40.0}
    analysis = analysed(ModelRollouts(told, rollouts(better(3))), ModelRollouts({}, rollouts(better(2))))
    assert any("the service reports a mean of 0.99" in text for text in analysis.summary["warnings"])


# -- settings that did not arrive ----------------------------------------------------------------------------------


def settings_check(analysis: Analysis) -> dict[str, Any]:
    return next(dict(check) for check in analysis.summary["fairness"]["checks"] if check["id"] == "settings")


def test_a_group_size_or_threshold_that_did_not_arrive_is_told() -> None:
    told = {"reward/rollouts_per_prompt": 1.0, "reward/success_threshold": 0.5, "reward/num_prompts": 40.0}
    analysis = analysed(ModelRollouts(told, rollouts(better(3))), ModelRollouts({}, rollouts(better(2))))
    message = settings_check(analysis)["message"]
    assert "made 1 rollouts per prompt, not 4" in message
    assert "a threshold of 0.5, not 1" in message


def test_rollouts_that_are_all_alike_make_pass_at_4_inconclusive() -> None:
    copies = [Rollout(PROMPTS[at], float(at % 3 > 0), "same words", 3) for at in range(40) for _ in range(4)]
    others = [Rollout(PROMPTS[at], float(at % 5 == 0), "same words", 3) for at in range(40) for _ in range(4)]
    analysis = analysed(ModelRollouts({}, copies), ModelRollouts({}, others), "pass_at_4")
    check = settings_check(analysis)
    assert "as at temperature 0" in check["message"]
    assert "says nothing beyond pass_at_1" in check["message"]
    assert analysis.summary["verdict"]["decision"] == "inconclusive"
    alone = analysed(ModelRollouts({}, copies), ModelRollouts({}, others), "pass_at_1")
    assert alone.summary["verdict"]["decision"] == "improved", "pass@1 does not rest on it"


# -- aggregates alone ----------------------------------------------------------------------------------------------


def aggregates(share: float, prompts: int, **more: float) -> ModelRollouts:
    own = {"mean": share, "std": 0.4, "min": 0.0, "max": 1.0, "num_prompts": float(prompts), "pass_at_1": share}
    own |= {"pass_at_4": min(1.0, share + 0.2), "rollouts_per_prompt": 4.0}
    return ModelRollouts({f"reward/{name}": value for name, value in {**own, **more}.items()})


def test_the_n_of_aggregates_is_that_of_prompts_and_not_of_rollouts(tmp_path: Path) -> None:
    analysis = analysed(aggregates(0.7, 200), aggregates(0.5, 200))
    entry = analysis.summary["metrics"]["pass_at_1"]
    assert entry["tuned"] is not None
    assert entry["tuned"]["n_scored"] == 200
    difference = entry["difference"]
    assert difference is not None
    assert difference["method"] == "unpaired, MOVER"
    half = (difference["ci_high"] - difference["ci_low"]) / 2  # type: ignore[operator]
    right = 1.96 * math.sqrt((0.7 * 0.3 + 0.5 * 0.5) / 200)
    wrong = 1.96 * math.sqrt((0.7 * 0.3 + 0.5 * 0.5) / 800)
    assert half == pytest.approx(right, rel=0.05)
    assert half > 1.8 * wrong, "with the rollouts as n it would look twice as sure"
    assert analysis.summary["conditions"]["aggregates_only"] is True
    export_analysis(analysis, str(tmp_path))


def test_a_difference_that_only_too_small_an_n_shows_is_inconclusive() -> None:
    analysis = analysed(aggregates(0.60, 40), aggregates(0.45, 40))
    assert analysis.summary["verdict"]["decision"] == "inconclusive"


def test_without_a_number_of_prompts_nothing_is_claimed() -> None:
    nothing = ModelRollouts({"reward/mean": 0.5, "reward/std": 0.1, "reward/pass_at_1": 0.5})
    with pytest.raises(ResultsError, match="over how many"):
        analysed(nothing, nothing)


def test_too_few_readable_rollouts_fall_back_to_the_aggregates() -> None:
    told = aggregates(0.7, 40).metrics
    few = ModelRollouts(told, rollouts(better(3)[:10]), unread=120)
    analysis = analysed(few, aggregates(0.5, 40))
    assert "too few rollouts can be read" in analysis.summary["warnings"][0]


def test_a_pass_at_k_in_percent_is_not_taken_for_a_share() -> None:
    odd = aggregates(0.7, 40, pass_at_1=70.0)
    with pytest.raises(ResultsError, match="usable are pass_at_4, reward"):
        analysed(odd, aggregates(0.5, 40))
