"""Only explicit assent counts."""

from __future__ import annotations

import pytest

from model_evaluation.kinds.llm_as_judge.steps.terms import is_assent


@pytest.mark.parametrize(
    "words",
    [
        "yes",
        "Yes.",
        "YES!",
        "I agree",
        "i AGREE.",
        "Yes, I agree",
        "proceed",
        "ok",
        "OK!",
        "okay",
        "Go ahead.",
        "I accept",
    ],
)
def test_plain_assent_is_taken(words: str) -> None:
    assert is_assent(words)


@pytest.mark.parametrize(
    "words",
    [
        "sure, whatever",
        "sure",
        "fine",
        "no",
        "not ok",
        "yes?",
        "ok?",
        "ok but what does it cost",
        "I do not agree",
        "I don't agree",
        "I agree to nothing",
        "what are the terms?",
        "skip",
        "later",
        "true",
        "1",
        "--yes",
        "yes yes no",
        "y",
        "",
    ],
)
def test_anything_else_is_not(words: str) -> None:
    assert not is_assent(words)
