"""The eleven built-in metrics: how they are named, and which are suggested for a task."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.errors import Refused
from model_evaluation.kinds.llm_as_judge.metrics.builtin import (
    BUILTIN_METRICS,
    is_builtin_name,
    parse_builtin,
    suggest_builtin,
    suggest_primary,
)

# The service's own spelling, written out here a second time on purpose.
BEDROCK_NAMES = [
    "Correctness",
    "Completeness",
    "Faithfulness",
    "Helpfulness",
    "Coherence",
    "Relevance",
    "FollowingInstructions",
    "ProfessionalStyleAndTone",
    "Harmfulness",
    "Stereotyping",
    "Refusal",
]


def refusal_of(text: str) -> Refused:
    with pytest.raises(Refused) as caught:
        parse_builtin(text)
    return caught.value


def test_the_names_are_bedrocks() -> None:
    assert list(BUILTIN_METRICS) == BEDROCK_NAMES


@pytest.mark.parametrize("name", BEDROCK_NAMES)
@pytest.mark.parametrize(
    "spelling",
    [str, str.lower, str.upper, lambda n: f"Builtin.{n}", lambda n: f"builtin.{n.lower()}", lambda n: f'"{n}".'],
    ids=["exact", "lower", "upper", "prefixed", "prefixed-lower", "quoted"],
)
def test_any_spelling_gives_the_exact_name(name: str, spelling: object) -> None:
    assert callable(spelling)
    assert parse_builtin(spelling(name)) == [name]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("following instructions", ["FollowingInstructions"]),
        ("professional style and tone", ["ProfessionalStyleAndTone"]),
        ("professional-style_and tone", ["ProfessionalStyleAndTone"]),
        ("correctness completeness", ["Correctness", "Completeness"]),
        ("Coherence following instructions relevance", ["Coherence", "FollowingInstructions", "Relevance"]),
        ("Correctness, Builtin.Coherence;\nRefusal", ["Correctness", "Coherence", "Refusal"]),
        ("correctness and helpfulness", ["Correctness", "Helpfulness"]),
        ("- Correctness\n- Helpfulness\n", ["Correctness", "Helpfulness"]),
        ("1. Correctness\n2) Helpfulness", ["Correctness", "Helpfulness"]),
        ('["Builtin.Correctness", "Builtin.Coherence"]', ["Correctness", "Coherence"]),
        ("Refusal, refusal, Builtin.Refusal, Coherence", ["Refusal", "Coherence"]),
        ("none", []),
        (" None. ", []),
    ],
)
def test_lists_as_people_write_them(text: str, expected: list[str]) -> None:
    assert parse_builtin(text) == expected


def test_every_unknown_name_is_listed_with_what_was_meant() -> None:
    error = refusal_of("Corectness, Coherence, folowing instructions, zebra")
    assert error.details["unknown"] == [
        {"received": "Corectness", "close": "Correctness"},
        {"received": "folowing instructions", "close": "FollowingInstructions"},
        {"received": "zebra", "close": None},
    ]
    assert error.details["allowed"] == BEDROCK_NAMES
    for part in ("Corectness", "did you mean FollowingInstructions?", "zebra", "Stereotyping", "none"):
        assert part in error.message


@pytest.mark.parametrize("text", ["", "  \n ", ",,;", "[]"])
def test_nothing_is_not_none(text: str) -> None:
    assert "No metric name" in refusal_of(text).message


def test_none_beside_a_name_is_refused() -> None:
    assert "one or the other" in refusal_of("none, Correctness").message


def test_a_megabyte_is_refused_without_being_repeated() -> None:
    error = refusal_of("x" * 1_048_576)
    assert "1048576 characters" in error.message
    assert len(error.message) < 300


@pytest.mark.parametrize(
    "text",
    ['"""x', "{{ x }} {% y %}", "<script>alert(1)</script>", "!rm -rf", "\u202ereversed", "a\x00b", "Builtin.", "😀"],
)
def test_hostile_text_is_named_and_never_accepted(text: str) -> None:
    error = refusal_of("Correctness, " + text)
    assert "\x00" not in error.message
    assert "\u202e" not in error.message


@given(st.text(max_size=300))
def test_any_text_gives_known_names_or_a_refusal(text: str) -> None:
    try:
        names = parse_builtin(text)
    except Refused:
        refusal = refusal_of(text)
        assert refusal.fix
        assert refusal.message.isprintable()
    else:
        assert set(names) <= set(BEDROCK_NAMES)
        assert len(names) == len(set(names))


@given(st.lists(st.sampled_from(BEDROCK_NAMES), min_size=1), st.sampled_from([",", ", ", " ", "\n", ";"]))
def test_names_keep_their_order_whatever_parts_them(names: list[str], separator: str) -> None:
    assert parse_builtin(separator.join(names)) == list(dict.fromkeys(names))


def test_builtin_names_are_recognised_in_any_case() -> None:
    assert is_builtin_name("builtin.CORRECTNESS")
    assert is_builtin_name("followinginstructions")
    assert not is_builtin_name("Politeness")


# -- suggestions ---------------------------------------------------------------------------------------------


def test_the_suggested_metrics_are_real_and_each_has_a_reason() -> None:
    assert all(name in BUILTIN_METRICS and reason.endswith(".") for name, reason in suggest_builtin())
    assert 2 <= len(suggest_builtin()) <= 5


def test_the_reason_says_what_ground_truth_does() -> None:
    def correctness(has_reference: bool | None) -> str:
        suggestions = {s.name: s.reason for s in suggest_builtin(has_reference)}
        assert suggestions["Helpfulness"] == "It sums up how a person would judge the answer."
        return suggestions["Correctness"]

    assert correctness(True).endswith("The judge compares with your reference answers.")
    assert correctness(False).endswith("Without reference answers it rests on what the judge knows.")
    assert correctness(None) == "Whatever the task, a wrong answer is a bad one."


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Coherence", "Faithfulness"], "Coherence"),
        (["Harmfulness", "Coherence"], "Coherence"),
        (["Harmfulness", "Politeness"], "Politeness"),
        (["Refusal", "Harmfulness"], "Refusal"),
        (["ProfessionalStyleAndTone", "Helpfulness"], "Helpfulness"),
        (["Politeness", "Correctness"], "Correctness"),
        (["Coherence", "Politeness"], "Politeness"),
    ],
)
def test_the_primary_metric_is_one_of_the_chosen(names: list[str], expected: str) -> None:
    suggestion = suggest_primary(names)
    assert suggestion is not None
    assert suggestion.name == expected
    assert suggestion.reason


def test_nothing_chosen_has_no_primary_metric() -> None:
    assert suggest_primary([]) is None
