from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import at_most
from model_evaluation.kinds.llm_as_judge.localaws.judging import BUILTIN, SIMULATED, Item, judge_builtin, judge_custom
from model_evaluation.localaws.language import base_answer, tuned_answer
from model_evaluation.runtime.rows import DatasetRow

JUDGE = "amazon.nova-pro-v1:0"
REFERENCE = "Open Settings > Billing and choose Switch to annual. The change takes effect on the 1st of the month."
GOOD = Item("How do I switch to annual billing?", REFERENCE, REFERENCE)
VAGUE = Item(GOOD.prompt, REFERENCE, "Thank you! Many services offer several options. Please ask support.")
WRONG = Item(GOOD.prompt, REFERENCE, REFERENCE.replace("1st", "15th"))
REFUSED = Item(GOOD.prompt, REFERENCE, "I'm sorry, but I can't help with that request.")

texts = st.text(max_size=200)


def score(metric: str, item: Item) -> float:
    value = judge_builtin(JUDGE, metric, item).score
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize(
    "metric", ["Correctness", "Completeness", "Faithfulness", "Helpfulness", "Relevance", "FollowingInstructions"]
)
def test_the_reference_itself_beats_a_vague_answer(metric: str) -> None:
    assert score(metric, GOOD) > score(metric, VAGUE)


def test_a_contradicting_number_is_incorrect() -> None:
    assert score("Correctness", WRONG) < score("Correctness", GOOD)
    assert "15" in judge_builtin(JUDGE, "Correctness", WRONG).explanation


def test_refusal_counts_the_refusing() -> None:
    assert (score("Refusal", REFUSED), score("Refusal", GOOD)) == (1.0, 0.0)


def test_a_short_answer_was_asked_for() -> None:
    prompt = "In one sentence, please: why?"
    assert score("FollowingInstructions", Item(prompt, "Because.", "Because.")) == 1.0
    assert score("FollowingInstructions", Item(prompt, "Because.", "One. Two. Three. Four.")) == 0.0


@given(prompt=texts, reference=st.none() | texts, response=texts, metric=st.sampled_from(sorted(BUILTIN)))
@settings(max_examples=at_most(150))
def test_any_text_gets_one_of_the_metrics_steps(prompt: str, reference: str | None, response: str, metric: str) -> None:
    item = Item(prompt, reference, response)
    first, second = judge_builtin(JUDGE, metric, item), judge_builtin(JUDGE, metric, item)
    assert first == second
    assert isinstance(first.score, float)
    steps = BUILTIN[metric][0] - 1
    assert first.score * steps == pytest.approx(round(first.score * steps))
    assert 0.0 <= first.score <= 1.0
    assert first.explanation.startswith(SIMULATED)


@given(prompt=texts.filter(str.strip), reference=st.none() | texts.filter(bool))
@settings(max_examples=at_most(100))
def test_models_answer_any_row_and_always_alike(prompt: str, reference: str | None) -> None:
    row = DatasetRow(1, prompt, reference)
    for answer in (tuned_answer, base_answer):
        assert answer(row) == answer(row)
        assert isinstance(answer(row), str)


def scale(*ratings: tuple[str, float | str]) -> dict[str, object]:
    return {
        "name": "M",
        "instructions": "How helpful is {{prediction}}?",
        "ratingScale": [
            {
                "definition": definition,
                "value": {"stringValue": value} if isinstance(value, str) else {"floatValue": value},
            }
            for definition, value in ratings
        ],
    }


@pytest.mark.parametrize(
    ("definition", "best", "worst"),
    [
        (scale(("Poor", 1.0), ("Fair", 2.0), ("Good", 3.0)), 3.0, 1.0),
        (scale(("Good", 1.0), ("Fair", 2.0), ("Poor", 3.0)), 1.0, 3.0),
        (scale(("Good", "good"), ("Poor", "poor")), "good", "poor"),
        (scale(("Poor", "poor"), ("Good", "good")), "good", "poor"),
    ],
)
def test_custom_scales_are_read_from_worst_to_best(
    definition: dict[str, object], best: float | str, worst: float | str
) -> None:
    assert judge_custom(JUDGE, definition, GOOD).score == best
    assert judge_custom(JUDGE, definition, VAGUE).score == worst


def test_a_custom_metric_without_scale_gives_a_number() -> None:
    value = judge_custom(JUDGE, {"name": "M", "instructions": "{{prediction}}"}, GOOD).score
    assert isinstance(value, float)
    assert 0.0 <= value <= 1.0


def test_brevity_metrics_prefer_the_short_answer() -> None:
    definition = scale(("Wordy", 0.0), ("Brief", 1.0)) | {"instructions": "Is it concise? {{prediction}}"}
    long = Item(GOOD.prompt, REFERENCE, " ".join([REFERENCE] * 6))
    assert judge_custom(JUDGE, json.loads(json.dumps(definition)), long).score == 0.0
    assert judge_custom(JUDGE, definition, GOOD).score == 1.0
