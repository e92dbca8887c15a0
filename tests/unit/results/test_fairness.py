"""Whether a comparison was fair: each check by an example and a relative, and what it makes of the decision."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from model_evaluation.reporting.gate import decide_gate
from model_evaluation.runtime.results.answer_texts import language_of, thinking_of
from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Evaluation
from model_evaluation.runtime.results.fairness import FairnessReview
from model_evaluation.runtime.results.paired_scores import compare_scores, paired_scores
from model_evaluation.runtime.results.records import ScoredAnswer, pair_records
from model_evaluation.runtime.results.scales import recognise_scales
from model_evaluation.runtime.results.summary import summary_of
from model_evaluation.runtime.rows import DatasetRow
from model_evaluation.runtime.statistics.metrics import Metric, RatingScale
from model_evaluation.runtime.summary import Summary

METRIC = Metric("Quality", limits=(0.0, 1.0))
Score = float | None
Change = Callable[[int, ScoredAnswer], None]
WORDS = ("your", "order", "has", "left", "our", "house", "and", "will", "reach", "you", "soon", "please", "tell", "us")


def prose(rng: random.Random, characters: int) -> str:
    text = ""
    while len(text) < characters:
        text += f"{' '.join(rng.choice(WORDS) for _ in range(rng.randrange(6, 14))).capitalize()}. "
    return text.strip()


def evaluated(
    scores: Sequence[tuple[Score, Score]],
    *,
    tuned: Change = lambda at, answer: None,
    base: Change = lambda at, answer: None,
    prompts: Callable[[int], str] = lambda at: f"What is the state of case {at}?",
    metric: Metric = METRIC,
    limit: int | None = 8_192,
) -> Summary:
    """The summary of so many rows; ``tuned`` and ``base`` change the models' answers to row 0 and so on. A prompt that
    becomes empty takes the answer away."""
    rng = random.Random(1)
    rows = [DatasetRow(at + 1, prompts(at)) for at in range(len(scores))]
    answers: dict[Any, list[ScoredAnswer]] = {"tuned": [], "base": []}
    for at, pair in enumerate(scores):
        for side, score, change in zip(BOTH_SIDES, pair, (tuned, base), strict=True):
            missing = {} if score is not None else {metric.name: "null"}
            text = f"{side} {prose(rng, rng.randrange(60, 300))}"
            answer = ScoredAnswer(prompts(at), None, text, {metric.name: score}, {}, missing)
            change(at, answer)
            if answer.prompt:
                answers[side].append(answer)
    records = pair_records(rows, answers)
    (recognised,) = recognise_scales(records, [metric])
    metrics = [recognised.metric]
    paired = paired_scores(records, metrics, BOTH_SIDES)
    comparison = compare_scores(paired, metrics, resamples=2_000)
    fairness = FairnessReview(records, paired, comparison, metrics[0], limit=limit).fairness()
    evaluation = Evaluation("toy", {}, {"name": "t"}, {"name": "b"}, primary_metric=metric.name)
    return summary_of(evaluation, rows=comparison.rows, metrics=comparison.metrics, fairness=fairness)


def check(summary: Summary, check_id: str) -> dict[str, Any]:
    return next(dict(own) for own in summary["fairness"]["checks"] if own["id"] == check_id)


GAIN: list[tuple[Score, Score]] = [(0.75, 0.5), (1.0, 0.5), (0.25, 0.25)] * 20
SAME: list[tuple[Score, Score]] = [(0.5, 0.5), (0.75, 0.75), (0.25, 0.25)] * 200


def test_a_fair_comparison_passes_every_check() -> None:
    summary = evaluated(GAIN)
    assert {own["status"] for own in summary["fairness"]["checks"]} == {"pass"}
    assert summary["verdict"]["decision"] == "improved"
    assert "reasons" not in summary["verdict"]
    sound = summary["fairness"]["sound_rows"]
    assert sound is not None
    assert sound["difference"]["mean"] == summary["metrics"]["Quality"]["difference"]["mean"]  # type: ignore[index]


# -- what the models were given -------------------------------------------------------------------------------


def system(text: str, every: int = 1) -> Change:
    def change(at: int, answer: ScoredAnswer) -> None:
        answer.context = text if at % every == 0 else ""

    return change


def test_system_text_that_reached_one_model_only_makes_the_decision_invalid() -> None:
    summary = evaluated(GAIN, tuned=system("Answer in the tone of our house."))
    assert check(summary, "same_prompt")["status"] == "fail"
    assert check(summary, "same_prompt")["counts"]["other system text"] == 60
    assert summary["verdict"]["decision"] == "invalid"
    assert summary["verdict"]["sentence"].startswith(
        "The models cannot be compared fairly. Both models were not given the same: the system text or the turns "
        "before differ on 60 rows."
    )


def test_system_text_that_both_models_were_given_is_fair() -> None:
    text = "Answer in the tone of our house."
    assert check(evaluated(GAIN, tuned=system(text), base=system(f"{text}\r\n")), "same_prompt")["status"] == "pass"
    few = evaluated(GAIN, tuned=system(text), base=lambda at, answer: system(text if at else "")(at, answer))
    assert check(few, "same_prompt")["status"] == "warn"
    assert few["verdict"]["decision"] == "improved"


def test_prompts_that_reached_a_model_in_part_are_found_among_rows_that_nobody_asked() -> None:
    def cut(at: int, answer: ScoredAnswer) -> None:
        if at < 20:
            answer.prompt = answer.prompt[:400]

    summary = evaluated(
        GAIN, base=cut, prompts=lambda at: f"Case {at}: " + "the parcel did not arrive. " * 30 + f"{at}?"
    )
    found = check(summary, "same_prompt")
    assert (found["status"], found["counts"]["prompts cut for the base model"]) == ("fail", 20)
    assert "20 prompts reached the base model in part only" in summary["verdict"]["sentence"]


def test_rows_that_only_one_model_answered() -> None:
    def gone(at: int, answer: ScoredAnswer) -> None:
        answer.prompt = "" if at < 15 else answer.prompt

    summary = evaluated(GAIN, base=gone)
    assert check(summary, "same_rows")["status"] == "fail"
    assert check(summary, "same_rows")["counts"]["only fine-tuned model"] == 15
    assert summary["verdict"]["decision"] == "invalid"


def test_the_same_prompt_several_times_is_compared_as_groups_and_not_by_position() -> None:
    """Three prompts, each ten times; the base model's scores lie in another order, its mean is the same."""
    scores: list[tuple[Score, Score]] = []
    for _ in range(3):
        scores += [((at % 2) * 1.0, ((at + 1) % 2) * 1.0) for at in range(10)]
    summary = evaluated(scores, prompts=lambda at: f"How do I pay bill number {at // 10}?")
    entry = summary["metrics"]["Quality"]
    assert (entry["wins"], entry["ties"], entry["losses"], entry["n_clusters"]) == (0, 30, 0, 3)
    found = check(summary, "sure_pairs")
    assert (found["status"], found["counts"]) == ("warn", {"rows": 30, "groups": 3})
    assert "they are compared as 3 groups" in found["message"]


# -- what the models answered ---------------------------------------------------------------------------------


def unfinished(share: float, text: str = "") -> Change:
    """So large a share of the answers ends in the middle of a sentence."""

    def change(at: int, answer: ScoredAnswer) -> None:
        if at % 100 < 100 * share:
            rng = random.Random(at)
            answer.response = text or prose(rng, rng.randrange(900, 1_000)) + " And then your order"
            answer.scores["Quality"] = 0.0

    return change


def test_half_of_the_base_models_answers_were_never_finished() -> None:
    """51% of one model's answers were cut; where both models had finished, they were equal."""
    summary = evaluated(SAME[:200], base=unfinished(0.51))
    found = check(summary, "finished_answers")
    assert (found["status"], found["counts"]["base model, cut or at the limit"]) == ("fail", 102)
    sound = summary["fairness"]["sound_rows"]
    assert sound is not None
    assert (sound["n_paired"], sound["difference"]["mean"]) == (98, 0.0)
    assert summary["verdict"]["decision"] == "invalid"
    assert "102 of 200 of the base model (102 cut or at the limit)" in summary["verdict"]["sentence"]


def test_a_gain_that_rests_on_a_few_unfinished_answers_is_mixed() -> None:
    summary = evaluated(SAME, base=unfinished(0.15))
    assert summary["metrics"]["Quality"]["verdict"] == "improved"
    assert check(summary, "finished_answers")["status"] == "warn"
    assert summary["verdict"]["decision"] == "mixed"
    assert "But among the 510 rows that are sound in both models it is 0.000" in summary["verdict"]["sentence"]


def test_a_few_unfinished_answers_that_change_nothing_are_told_and_no_more() -> None:
    def cut(at: int, answer: ScoredAnswer) -> None:
        if at % 10 == 0:
            answer.response = prose(random.Random(at), 950) + " And then your order"

    summary = evaluated(GAIN, base=cut)
    assert check(summary, "finished_answers")["status"] == "warn"
    assert summary["verdict"]["decision"] == "improved"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("   ", "empty"),
        ("<think>Let me see. The customer wants", "thinking not closed"),
        ("no " * 400, "cut or at the limit"),
    ],
)
def test_other_ways_of_not_finishing(text: str, state: str) -> None:
    summary = evaluated(GAIN, tuned=unfinished(0.5, text))
    counts = check(summary, "finished_answers")["counts"]
    assert counts[f"fine-tuned model, {state}"] > 0
    assert summary["verdict"]["decision"] == "invalid"


def test_thinking_that_was_scored_with_the_answer_is_told() -> None:
    def thought(at: int, answer: ScoredAnswer) -> None:
        answer.response = f"<think>Hm.</think>{answer.response}"

    found = check(evaluated(GAIN, tuned=thought), "thinking_left_out")
    assert (found["status"], found["counts"]["fine-tuned model"]) == ("warn", 60)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("Plain.", "none"),
        ("<think>a</think> b", "closed"),
        ("a</think>b", "closed"),  # the opening mark stood in the prompt
        ("<think>a</think><think>b", "unclosed"),
        ("<|channel|>analysis<|message|>a", "unclosed"),
        ("<|channel|>analysis<|message|>a<|channel|>final<|message|>b", "closed"),
        ("Use <b>thinking</b> here", "none"),
    ],
)
def test_thinking(answer: str, state: str) -> None:
    assert thinking_of(answer) == state


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("You can change that in the settings of your account.", "English"),
        ("Sie können das in den Einstellungen Ihres Kontos ändern, und die Rechnung ist nicht betroffen.", "German"),
        ("Vous pouvez le changer dans les paramètres de votre compte.", "French"),
        ("Puede cambiarlo en los ajustes de su cuenta, para que no se pierda.", "Spanish"),
        ("アカウントの設定で変更できます。", "Japanese"),
        ("您可以在帐户设置中更改。", "Chinese"),
        ("Вы можете изменить это в настройках.", "Cyrillic"),
        ("OK", None),
        ("12345 %", None),
    ],
)
def test_languages(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_answers_in_another_language_than_the_question_are_counted() -> None:
    def german(at: int, answer: ScoredAnswer) -> None:
        answer.response = f"Das ist der Fall {at}, und die Sache ist nicht für Sie."

    summary = evaluated(GAIN, base=german, prompts=lambda at: f"What is the state of the case that you have, {at}?")
    found = check(summary, "language")
    assert (found["status"], found["counts"]["base model"]) == ("warn", 60)


def answering(text: Callable[[int], str]) -> Change:
    def change(at: int, answer: ScoredAnswer) -> None:
        answer.response = text(at)

    return change


def test_identical_answers_of_both_models_make_it_invalid_and_equal_labels_do_not() -> None:
    long = answering(lambda at: f"Your case {at} is in the hands of our colleagues, who will call you.")
    summary = evaluated(GAIN, tuned=long, base=long)
    assert check(summary, "different_answers")["status"] == "fail"
    assert summary["verdict"]["decision"] == "invalid"
    labels = answering(lambda at: ("billing", "delivery", "returns")[at % 3])
    assert check(evaluated(GAIN, tuned=labels, base=labels), "different_answers")["status"] == "warn"


def test_one_and_the_same_answer_whatever_was_asked() -> None:
    summary = evaluated(GAIN, tuned=answering(lambda at: "Please contact support."))
    assert check(summary, "varied_answers")["status"] == "fail"
    assert "by the fine-tuned model on 60 of 60 rows" in summary["verdict"]["sentence"]
    mostly = evaluated(GAIN, base=answering(lambda at: "Please contact support." if at % 10 else f"Case {at}."))
    assert check(mostly, "varied_answers")["status"] == "warn"
    assert mostly["verdict"]["decision"] == "improved"


# -- what was scored ------------------------------------------------------------------------------------------


def test_few_rows_scored_for_both_hold_the_verdict_back() -> None:
    summary = evaluated([(0.75, 0.5) if at % 10 < 7 else (None, None) for at in range(200)])
    assert summary["metrics"]["Quality"]["verdict"] == "improved"
    assert summary["verdict"]["decision"] == "inconclusive"
    assert summary["verdict"]["sentence"].endswith(
        "Quality is scored for both models on 140 of 200 rows, fewer than 80%."
    )


def test_less_than_half_of_the_rows_is_no_comparison() -> None:
    summary = evaluated([(0.75, 0.5) if at % 10 < 4 else (None, None) for at in range(200)])
    assert summary["verdict"]["decision"] == "invalid"
    assert "80 of 200 rows, which is less than half" in summary["verdict"]["sentence"]


def test_rows_to_which_a_metric_does_not_apply_are_none_that_could_have_been_scored() -> None:
    """A rating of -1 says so; it is not a score, and no gap where both models have it."""
    metric = Metric("Quality", limits=(0.0, 1.0), scale=RatingScale((0.0, 0.5, 1.0), (-1.0,)))
    scores: list[tuple[Score, Score]] = [(1.0, 0.5) if at % 4 else (0.5, 0.5) for at in range(60)]
    summary = evaluated([*scores, *[(-1.0, -1.0)] * 40], metric=metric)
    entry, found = summary["metrics"]["Quality"], check(summary, "coverage")
    assert entry["tuned"] is not None
    assert (entry["tuned"]["n_missing"], entry["limits"]) == (40, [0.0, 1.0])
    assert entry["tuned"]["missing_reasons"] == {"not applicable": 40}
    assert (found["status"], found["counts"]) == ("pass", {"rows": 60, "scored for both": 60, "not applicable": 40})
    assert summary["verdict"]["decision"] == "improved"
    assert decide_gate(summary, "Quality.ci_low > 0").exit_code == 0
    one = evaluated([*scores, *[(-1.0, 0.5)] * 40], metric=metric)
    assert one["verdict"]["decision"] == "inconclusive", "only one model's answers were found not to be rateable"


def test_missing_scores_that_could_turn_the_difference_hold_the_verdict_back() -> None:
    """No true difference; of the tuned model's scores those below 0.5 are missing for every other row."""
    scores: list[tuple[Score, Score]] = []
    for at in range(200):
        tuned = None if at % 20 < 3 else (at % 5) / 4
        scores.append((tuned if tuned is None or tuned > 0 or at % 2 else None, ((at + 2) % 5) / 4))
    summary = evaluated(scores)
    assert check(summary, "missing_alike")["at_most"] == "inconclusive"
    found = check(summary, "missing_scores")
    assert (found["at_most"], found["counts"]) == ("inconclusive", {"rows": 200, "scored for one model only": 40})
    assert summary["metrics"]["Quality"]["verdict"] == "improved"
    assert summary["verdict"]["decision"] == "inconclusive"
    assert summary["verdict"]["sentence"].endswith("the scores that are missing could turn the result round.")
    assert decide_gate(summary, "coverage = 0.5").exit_code == 11  # which says nothing of what the missing ones are


def opposite(share: float, n: int = 300) -> list[tuple[Score, Score]]:
    """No true difference; so large a share of the tuned model's zeros is missing, and of the base model's ones."""
    rng = random.Random(2)
    scores: list[tuple[Score, Score]] = []
    for _ in range(n):
        tuned, base = float(rng.random() < 0.5), float(rng.random() < 0.5)
        scores.append(
            (
                None if not tuned and rng.random() < share else tuned,
                None if base and rng.random() < share else base,
            )
        )
    return scores


def test_scores_that_each_model_lacks_as_often_can_turn_it_as_well() -> None:
    summary = evaluated(opposite(0.18))
    assert summary["metrics"]["Quality"]["verdict"] == "improved"
    assert check(summary, "missing_alike")["status"] != "fail"
    assert check(summary, "missing_alike").get("at_most") is None
    assert check(summary, "missing_scores")["at_most"] == "inconclusive"
    assert summary["verdict"]["decision"] == "inconclusive"


@pytest.mark.parametrize(
    ("scores", "verdict", "held"),
    [
        ([(0.5, 0.5), (0.75, 0.75)] * 500 + [(0.5, None), (None, 0.5)] * 60, "equivalent", True),
        ([(0.5, 0.5), (0.75, 0.75)] * 500 + [(0.5, None), (None, 0.5)] * 10, "equivalent", False),
        ([(0.25, 0.75)] * 100 + [(0.0, None), (None, 1.0)] * 6, "regressed", False),
        ([(0.5, 0.625)] * 100 + [(1.0, None), (None, 0.0)] * 6, "regressed", True),
    ],
)
def test_every_verdict_has_its_own_worst_case(scores: list[tuple[Score, Score]], verdict: str, held: bool) -> None:
    summary = evaluated(scores)
    assert summary["metrics"]["Quality"]["verdict"] == verdict
    assert (summary["verdict"]["decision"] == "inconclusive") is held
    assert check(summary, "missing_scores").get("at_most") == ("inconclusive" if held else None)


def test_the_mirror_image_is_held_back_too() -> None:
    summary = evaluated([(0.5, None) if at % 10 == 0 else (0.5, 0.75) for at in range(200)])
    assert summary["metrics"]["Quality"]["verdict"] == "regressed"
    assert summary["verdict"]["decision"] == "inconclusive"


def test_a_few_more_missing_scores_that_can_turn_nothing_do_not_hold_it_back() -> None:
    summary = evaluated([(None, 0.25) if at % 33 == 0 else (1.0, 0.25) for at in range(600)])
    found = check(summary, "missing_alike")
    assert (found["status"], found.get("at_most")) == ("warn", None)
    assert summary["verdict"]["decision"] == "improved"


def test_three_missing_scores_against_one_may_be_chance() -> None:
    scores: list[tuple[Score, Score]] = [(None, 0.5)] * 3 + [(0.5, None)] + [*GAIN, *GAIN]
    found = check(evaluated(scores), "missing_alike")
    assert found["status"] == "warn"
    assert found["message"].endswith("3 of the fine-tuned model, 1 of the base model; chance alone may give that.")


def test_a_metric_that_gave_every_answer_the_same_score_tells_nothing() -> None:
    summary = evaluated([(1.0, 1.0)] * 400)
    assert summary["metrics"]["Quality"]["verdict"] == "equivalent"
    assert summary["verdict"]["decision"] == "inconclusive"
    assert "Every score of Quality is 1, for both models" in summary["verdict"]["sentence"]


def test_a_safety_metric_that_found_no_harm_anywhere_is_named_and_holds_nothing_back() -> None:
    metric = Metric("Harmfulness", "lower", (0.0, 1.0), guard=True)
    harmless = evaluated([(0.0, 0.0)] * 400, metric=metric)
    assert check(harmless, "varied_scores")["status"] == "warn"
    assert harmless["verdict"]["decision"] == "equivalent"
    assert evaluated([(1.0, 1.0)] * 400, metric=metric)["verdict"]["decision"] == "inconclusive"


def test_one_score_for_all_answers_of_a_model_is_named() -> None:
    summary = evaluated([(1.0, 0.5)] * 60)
    found = check(summary, "varied_scores")
    assert found["message"] == (
        "The score of Quality is 1 for all 60 answers of the fine-tuned model and 0.5 for all 60 answers of the base "
        "model."
    )
    assert (found["status"], summary["verdict"]["decision"]) == ("warn", "improved")


def test_scores_on_two_scales_cannot_be_compared() -> None:
    metric = Metric("Quality", limits=(0.0, 3.0), scale=RatingScale((0.0, 1.0, 2.0, 3.0)))
    summary = evaluated([((at % 4) / 3, float(at % 4)) for at in range(60)], metric=metric)
    assert summary["metrics"]["Quality"]["verdict"] == "regressed"
    assert check(summary, "one_scale")["status"] == "fail"
    assert summary["verdict"]["decision"] == "invalid"


def test_a_comparison_without_any_common_row_has_checks_as_well() -> None:
    summary = evaluated([(None, 1.0), (1.0, None)])
    assert summary["verdict"]["decision"] == "invalid"
    assert math.isfinite(len(summary["fairness"]["checks"]))
    nothing = evaluated([])
    assert nothing["verdict"]["decision"] == "invalid"
