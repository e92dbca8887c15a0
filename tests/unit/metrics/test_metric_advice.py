"""Advice on custom metrics: what it notices, and what it leaves alone. It never refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model_evaluation.kinds.llm_as_judge.metrics.custom import lint_custom_metrics, parse_custom

PLAIN = (
    "Rate how polite the response is. Very polite answers greet and thank. Neutral ones are correct, no more. "
    "Rude ones command or mock the reader. "
)
INPUTS = "Prompt: {{prompt}} Response: {{prediction}}"
SCALE = [
    {"definition": "Rude", "value": {"floatValue": 0}},
    {"definition": "Neutral", "value": {"floatValue": 1}},
    {"definition": "Very polite", "value": {"floatValue": 2}},
]
PLACE = "[0].customMetricDefinition"


def numbers(*pairs: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"definition": definition, "value": {"floatValue": value}} for definition, value in pairs]


def advice(
    instructions: str = PLAIN + INPUTS,
    *,
    name: str = "Politeness",
    scale: list[dict[str, Any]] | None = SCALE,
    direction: str | None = "higher",
) -> list[tuple[str, str, str]]:
    """Level, kind and position of every finding; the metric must be accepted."""
    definition: dict[str, Any] = {"name": name, "instructions": instructions}
    if scale is not None:
        definition["ratingScale"] = scale
    item: dict[str, Any] = {"customMetricDefinition": definition}
    if direction:
        item["direction"] = direction
    text = json.dumps([item])
    assert parse_custom(text) == [item]
    return [(f["level"], f["kind"], f["position"]) for f in lint_custom_metrics(text).findings]


def kinds(*args: Any, **kwargs: Any) -> list[str]:
    return [kind for _, kind, _ in advice(*args, **kwargs)]


def test_a_plain_metric_gets_no_advice() -> None:
    assert advice() == []


def test_a_short_task() -> None:
    assert advice("Rate politeness: rude, neutral, very polite. " + INPUTS) == [
        ("warning", "short_task", f"{PLACE}.instructions")
    ]
    fifteen = " ".join(["word"] * 13)
    assert "short_task" not in kinds(f"{fifteen} {INPUTS}")  # "Prompt" and "Response" are words too
    assert "short_task" in kinds(f"{fifteen[5:]} {INPUTS}")


def test_a_task_written_without_spaces_is_counted_by_character() -> None:
    assert "short_task" not in kinds("回答がどれほど丁寧であるかを評価してください。 {{prompt}} {{prediction}}")


def test_text_after_the_variables() -> None:
    assert advice(PLAIN + INPUTS + " Now rate it.") == [("warning", "variable_not_last", f"{PLACE}.instructions")]


@pytest.mark.parametrize("closing", ["", "\n", ".", "</response>", '"\n</response></task>', "```"])
def test_closing_marks_are_no_text(closing: str) -> None:
    assert advice(PLAIN + INPUTS + closing) == []


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ("{{prompt}}", "missing_prediction"),
        ("{{prompt}} {{ground_truth}}", "missing_prediction"),
        ("{{ prediction }}", "variable_spacing"),
        ("{prompt} {{prediction}}", "single_brace"),
        ("{{prediction}} {ground_truth}", "single_brace"),
        ("{{ 7*7 }} {{prediction}}", "literal_braces"),
        ("{{}} {{prediction}}", "literal_braces"),
    ],
)
def test_variables_that_are_nearly_right(variables: str, kind: str) -> None:
    found = advice(PLAIN + variables)
    assert ("warning", kind, f"{PLACE}.instructions") in found


def test_numbers_that_disagree_with_the_scale() -> None:
    assert kinds(PLAIN + "Score from 1 to 5. " + INPUTS) == ["scale_mismatch"]
    assert kinds(PLAIN + "Score from 0 to 2. " + INPUTS) == []
    assert kinds(PLAIN + "Use a 1-5 scale. " + INPUTS) == ["scale_mismatch"]
    assert kinds(PLAIN + "Letters of 100 to 200 words are usual. " + INPUTS) == []
    half = numbers(("Rude", -0.5), ("Very polite", 0.5))
    assert kinds(PLAIN + "The score goes from -0.5 to 0.5. " + INPUTS, scale=half) == []


def test_labels_that_the_instructions_forget() -> None:
    scale = [*SCALE, {"definition": "Effusive", "value": {"floatValue": 3}}]
    assert advice(scale=scale) == [("warning", "scale_mismatch", f"{PLACE}.ratingScale")]
    free = numbers(("Level one", 1), ("Level two", 2))
    assert advice(scale=free) == []  # none is named, so none is forgotten


@pytest.mark.parametrize(
    ("values", "warned"), [((0, 1, 2), False), ((2, 1, 0), False), ((0, 2, 1), True), ((1, 0, 2), True)]
)
def test_ratings_out_of_order(values: tuple[int, ...], warned: bool) -> None:
    scale = numbers(*zip(("Level one", "Level two", "Level three"), values, strict=True))
    assert advice(scale=scale) == ([("warning", "scale_order", f"{PLACE}.ratingScale")] if warned else [])


def test_long_definitions() -> None:
    scale = numbers(("It greets and thanks warmly", 0), ("It greets and thanks readers warmly", 1), ("the best", 2))
    assert [a for a in advice(scale=scale) if a[1] == "definition_wording"] == [
        ("warning", "definition_wording", f"{PLACE}.ratingScale[1].definition"),
        ("warning", "definition_wording", f"{PLACE}.ratingScale[2].definition"),
    ]


def test_scales_that_cannot_be_compared() -> None:
    labels = [{"definition": d, "value": {"stringValue": d}} for d in ("Rude", "Neutral", "Very polite")]
    assert advice(scale=labels) == [("warning", "label_scale", f"{PLACE}.ratingScale")]
    digits = [{"definition": d["definition"], "value": {"stringValue": str(i)}} for i, d in enumerate(SCALE)]
    assert advice(scale=digits) == []
    assert kinds(scale=SCALE[:1]) == ["one_rating"]


def test_a_missing_direction_is_said() -> None:
    assert advice(direction=None) == [("info", "direction_undeclared", "[0]")]


@pytest.mark.parametrize(("label", "value"), [("N/A", -1), ("not applicable", 0), ("Unknown", 99), ("cannot judge", 3)])
def test_a_rating_that_means_not_applicable_is_no_score(label: str, value: float) -> None:
    scale = sorted(
        [*numbers((label, value)), *numbers(("Rude", 1), ("Very polite", 2))], key=lambda r: r["value"]["floatValue"]
    )
    assert ("warning", "not_applicable_rating", f"{PLACE}.ratingScale") in advice(scale=scale)


def test_a_text_that_was_escaped_twice() -> None:
    assert advice(PLAIN + "\\n" + INPUTS) == [("warning", "escaped_twice", f"{PLACE}.instructions")]
