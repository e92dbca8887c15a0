"""Confidence of an answer's value: tokens put to its characters, and what is made of it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from model_evaluation.kinds.nova.runtime.output.details import DetailRow
from model_evaluation.kinds.nova.runtime.scores.confidence import (
    answer_confidence,
    chosen_threshold,
    confidence_summary,
    expected_calibration_error,
    held_out,
    reliability,
    token_texts,
    value_spans,
)

SPACE = "\u2581"


def row(prediction: str, tokens: list[tuple[str, float]], rival: float = 0.001) -> DetailRow:
    """A row whose tokens have these probabilities, each with a less likely one beside it."""
    choices = [{token: math.log(p), "@@": math.log(min(rival, p / 2))} for token, p in tokens]
    return DetailRow("t, row 1", "q", "", prediction, {}, logprobs=choices)


def test_only_the_tokens_of_the_value_count() -> None:
    # {"class": "Hardware_Minor"}: the value's tokens are Hard, ware, _Min, or; the key's token is not a part of it.
    tokens = [('{"', 1.0), ("class", 0.9), ('":', 1.0), (f'{SPACE}"', 1.0)]
    tokens += [("Hard", 0.98), ("ware", 1.0), ("_Min", 0.4), ("or", 0.8), ('"}', 1.0)]
    found = answer_confidence(row('{"class": "Hardware_Minor"}', tokens), "class")
    assert found.first == pytest.approx(0.98)
    assert found.joint == pytest.approx(0.98 * 1.0 * 0.4 * 0.8)  # the first token says nothing of which Hardware
    assert found.reason == ""


def test_a_label_that_is_also_a_key_or_stands_twice_is_not_confused() -> None:
    text = '{"thought": "class network", "class": "network"}'
    tokens = [('{"', 1.0), ("thought", 1.0), ('":', 1.0), (f'{SPACE}"', 1.0), ("class", 0.5), (f"{SPACE}network", 0.5)]
    tokens += [('",', 1.0), (f'{SPACE}"', 1.0), ("class", 1.0), ('":', 1.0), (f'{SPACE}"', 1.0), ("network", 0.7)]
    tokens += [('"}', 1.0)]
    assert answer_confidence(row(text, tokens), "class").joint == pytest.approx(0.7)


def test_fences_marks_and_an_end_token_do_not_disturb() -> None:
    text = '```json\n{"class": "a"}\n```'
    tokens = [(f"{SPACE}```", 1.0), ("json", 1.0), ("<0x0A>", 1.0), ('{"class":', 1.0), (f'{SPACE}"', 1.0)]
    tokens += [("a", 0.6), ('"}', 1.0), ("<0x0A>", 1.0), ("```", 1.0), ("</s>", 1.0)]
    assert answer_confidence(row(text, tokens), "class").joint == pytest.approx(0.6)


def test_characters_of_several_bytes_are_put_together() -> None:
    assert token_texts(["<0xC3>", "<0xA9>", f"{SPACE}x", "<0xFF>"]) == ["", "é", " x", ""]
    text = '{"class": "é"}'
    tokens = [('{"class":', 1.0), (f'{SPACE}"', 1.0), ("<0xC3>", 0.5), ("<0xA9>", 0.5), ('"}', 1.0)]
    found = answer_confidence(row(text, tokens), "class")
    assert found.joint == pytest.approx(0.5)  # the byte that completes the character


@pytest.mark.parametrize(
    ("prediction", "tokens", "reason"),
    [
        ('{"class": "a"}', [], "no_logprobs"),
        ("I think it is a.", [("I think it is a.", 1.0)], "bad_json"),
        ('["a"]', [('["a"]', 1.0)], "bad_json"),
        ('{"klass": "a"}', [('{"klass": "a"}', 1.0)], "no_value"),
        ('{"class": ""}', [('{"class": ""}', 1.0)], "no_value"),
        ('{"class": "a"}', [('{"class": "b"}', 1.0)], "no_alignment"),
    ],
)
def test_what_cannot_be_resolved_has_a_reason_and_no_number(
    prediction: str, tokens: list[tuple[str, float]], reason: str
) -> None:
    found = answer_confidence(row(prediction, tokens), "class")
    assert math.isnan(found.joint)
    assert math.isnan(found.first)
    assert found.reason == reason


def test_without_a_field_the_whole_answer_is_the_value() -> None:
    found = answer_confidence(row("network", [("net", 0.5), ("work", 0.5)]), "")
    assert (found.first, found.joint) == (pytest.approx(0.5), pytest.approx(0.25))


def test_a_token_that_was_not_the_likeliest_shows_as_misaligned() -> None:
    detail = row("network", [("net", 0.2), ("work", 0.9)])
    detail.logprobs = [{"net": math.log(0.2), "hard": math.log(0.7)}, {"work": math.log(0.9)}]
    assert answer_confidence(detail, "").reason == "no_alignment"


def test_spans_of_an_objects_own_values() -> None:
    text = ' { "a" : {"class": "x"}, "n": 12.5 , "class" : "y\\"z", "l": [1, 2], "class": "last" }'
    spans = value_spans(text)
    assert [text[low:high] for low, high in (spans["a"], spans["n"], spans["l"], spans["class"])] == [
        '{"class": "x"}', "12.5", "[1, 2]", "last",
    ]  # fmt: skip
    assert json.loads(text)["class"] == "last"
    assert value_spans("{}") == {}
    with pytest.raises(ValueError, match="no JSON object"):
        value_spans("[1]")


def test_reliability_and_calibration_error_by_hand() -> None:
    # Tenths: 0.95 and 1.0 (accuracy 1/2, mean .975), 0.05 (accuracy 0, mean .05), 0.0 is in the first one, too.
    p, right = np.array([0.95, 1.0, 0.05, 0.0]), np.array([1.0, 0.0, 0.0, 0.0])
    bins = reliability(p, right)
    assert [(own["low"], own["n"], own["accuracy"]) for own in bins] == [(0.0, 2, 0.0), (0.9, 2, 0.5)]
    # (2 * |0 - .025| + 2 * |.5 - .975|) / 4 = .25
    assert expected_calibration_error(p, right) == pytest.approx(0.25)
    assert expected_calibration_error(np.array([]), np.array([])) is None


def test_the_threshold_is_chosen_on_one_half_and_measured_on_the_other() -> None:
    p = np.array([0.9, 0.8, 0.7, 0.6, 0.9, 0.8, 0.7, 0.6])
    right = np.array([1, 1, 0, 0, 1, 0, 1, 0], float)
    held = np.array([True] * 4 + [False] * 4)
    # Held out: 1/1, 2/2, 2/3, 2/4 right from the top, so 0.8 is the lowest that keeps 90%; there 1 of 2 is right.
    found = chosen_threshold(p, right, held, 0.9)
    assert found is not None
    assert (found["value"], found["n"], found["coverage"], found["accuracy"]) == (0.8, 2, 0.5, 0.5)
    assert chosen_threshold(p, 1 - right, held, 1.01) is None


def test_equal_confidences_are_taken_together() -> None:
    p, right = np.array([0.9, 0.9, 0.5]), np.array([1.0, 0.0, 1.0])
    assert chosen_threshold(p, right, np.array([True, True, False]), 0.9) is None


def test_a_calibrated_model_has_a_small_error_and_an_overconfident_one_a_large_one() -> None:
    rng = np.random.default_rng(7)
    p = rng.uniform(0.2, 1, 4000)
    right = (rng.uniform(size=4000) < p).astype(float)
    fair, boastful = expected_calibration_error(p, right), expected_calibration_error(np.sqrt(p), right)
    assert fair is not None
    assert boastful is not None
    assert fair < 0.03 < 0.1 < boastful


def test_a_map_fitted_on_one_half_helps_on_the_other() -> None:
    rng = np.random.default_rng(11)
    n = 2000
    p = rng.uniform(0.3, 1, n)
    right = (rng.uniform(size=n) < p**2).astype(float)
    rows = [row("x", [("x", value)]) for value in p]
    confidences = [answer_confidence(own, "") for own in rows]
    summary = confidence_summary(confidences, right, [str(at) for at in range(n)])
    assert summary["resolved"] == n
    assert summary["calibrated_ece"] is not None
    assert summary["same_rows_ece"] is not None
    assert summary["calibrated_ece"] < 0.05 < summary["same_rows_ece"]


def test_few_rows_give_no_threshold_and_the_halves_never_change() -> None:
    summary = confidence_summary([answer_confidence(row("x", [("x", 0.9)]), "")], np.array([1.0]), ["1"])
    assert (summary["threshold"], summary["calibrated_ece"]) == (None, None)
    share = np.mean([held_out(str(at)) for at in range(4000)])
    assert 0.45 < share < 0.55
