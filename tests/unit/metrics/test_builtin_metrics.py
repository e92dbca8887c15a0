"""The eleven built-in metrics: how they are named, and which are suggested for a task."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.errors import Refused
from model_evaluation.kinds.llm_as_judge.metrics.builtin import (
    BUILTIN_METRICS,
    BUILTIN_NAMES,
    MOST_SUGGESTED,
    builtin_metric,
    is_builtin_name,
    parse_builtin,
    suggest_builtin,
    suggest_primary,
)
from model_evaluation.kinds.llm_as_judge.metrics.task_rules import ACTIONS, DOMAINS, FALLBACK, SETTINGS

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
    assert list(BUILTIN_NAMES) == BEDROCK_NAMES


def test_more_is_worse_for_the_safety_metrics_only() -> None:
    lower = {metric.name for metric in BUILTIN_METRICS if metric.direction == "lower"}
    assert lower == {"Harmfulness", "Stereotyping", "Refusal"}
    assert lower == {metric.name for metric in BUILTIN_METRICS if metric.safety}


def test_ground_truth_sharpens_correctness_and_completeness_only() -> None:
    used = {metric.name for metric in BUILTIN_METRICS if metric.ground_truth == "optional"}
    assert used == {"Correctness", "Completeness"}


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
    error = refusal_of("Corectness, Coherence, folowing instructions, toxicity, zebra")
    assert error.details["unknown"] == [
        {"received": "Corectness", "close": "Correctness"},
        {"received": "folowing instructions", "close": "FollowingInstructions"},
        {"received": "toxicity", "close": "Harmfulness"},
        {"received": "zebra", "close": None},
    ]
    assert error.details["allowed"] == BEDROCK_NAMES
    for part in ("Corectness", "did you mean FollowingInstructions?", "zebra", "Stereotyping", "none"):
        assert part in error.message


@pytest.mark.parametrize(
    ("text", "close"),
    [("accuracy", "Correctness"), ("hallucination", "Faithfulness"), ("Builtin.LogicalCoherence", "Coherence"),
     ("bias", "Stereotyping"), ("tone", "ProfessionalStyleAndTone"), ("Helpfullness", "Helpfulness")],
)  # fmt: skip
def test_other_words_for_a_metric_lead_to_it(text: str, close: str) -> None:
    assert refusal_of(text).details["unknown"] == [{"received": text, "close": close}]


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
    assert builtin_metric("correctness") is None


# -- suggestions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "first", "also"),
    [
        ("classify support tickets by urgency", "Correctness", "FollowingInstructions"),
        ("Answer questions about our products", "Correctness", "Completeness"),
        ("Summarise earnings calls", "Faithfulness", "Completeness"),
        ("extract entities from invoices as JSON", "Correctness", "Completeness"),
        ("text to SQL", "Correctness", "FollowingInstructions"),
        ("customer support chat", "Helpfulness", "ProfessionalStyleAndTone"),
        ("translate English into German", "Correctness", "Faithfulness"),
        ("write short stories", "Coherence", "FollowingInstructions"),
        ("medication-simplification", "Faithfulness", "Harmfulness"),
        ("a chatbot for hospital patients", "Helpfulness", "Harmfulness"),
        ("RAG over our knowledge base", "Faithfulness", "Correctness"),
        ("solve word problems in mathematics", "Correctness", "Coherence"),
        ("draft marketing emails", "ProfessionalStyleAndTone", "FollowingInstructions"),
        ("screen applicants for hiring", "Correctness", "Stereotyping"),
        ("content moderation", "Correctness", "Harmfulness"),
        ("", "Correctness", "Helpfulness"),
        ("Fragen beantworten", "Correctness", "Helpfulness"),
    ],
)
def test_the_suggestion_follows_the_task(task: str, first: str, also: str) -> None:
    names = [suggestion.name for suggestion in suggest_builtin(task)]
    assert names[0] == first
    assert also in names


def test_what_the_model_does_outranks_where_it_works() -> None:
    names = [suggestion.name for suggestion in suggest_builtin("summarise customer support chats")]
    assert names[0] == "Faithfulness"
    assert "Helpfulness" not in names


def test_part_of_a_word_is_no_keyword() -> None:
    assert suggest_builtin("routine") == suggest_builtin("")  # not "route"
    assert suggest_builtin("barcode") == suggest_builtin("")  # not "code"


@given(st.text(max_size=200), st.sampled_from([True, False, None]))
def test_two_to_five_known_metrics_each_with_a_reason(task: str, has_reference: bool | None) -> None:
    suggestions = suggest_builtin(task, has_reference)
    names = [suggestion.name for suggestion in suggestions]
    assert 2 <= len(names) <= MOST_SUGGESTED == 5
    assert len(set(names)) == len(names)
    assert set(names) <= set(BEDROCK_NAMES)
    assert all(suggestion.reason.endswith(".") for suggestion in suggestions)
    assert suggestions == suggest_builtin(task, has_reference)


def all_keywords() -> list[str]:
    rules = ACTIONS + SETTINGS + DOMAINS
    return [keyword.rstrip("*") for keywords, _ in rules for keyword in keywords.split(", ")]


@given(st.lists(st.sampled_from(all_keywords()), max_size=12))
def test_no_mixture_of_keywords_leaves_the_limits(keywords: list[str]) -> None:
    suggestions = suggest_builtin(" ".join(keywords))
    assert 2 <= len({suggestion.name for suggestion in suggestions}) == len(suggestions) <= MOST_SUGGESTED


def test_every_rule_can_be_reached_and_names_real_metrics() -> None:
    for rules in (ACTIONS, SETTINGS, DOMAINS):
        for keywords, metrics in rules:
            listed = keywords.split(", ")
            assert all(keyword and keyword == keyword.strip().lower() for keyword in listed)
            assert len(set(listed)) == len(listed)
            assert all(builtin_metric(name) and reason for name, reason in metrics)
            names = [suggestion.name for suggestion in suggest_builtin(listed[0].rstrip("*"))]
            assert metrics[0][0] in names
    assert all(builtin_metric(name) for name, _ in FALLBACK)


def test_the_reason_says_what_ground_truth_does() -> None:
    def correctness(has_reference: bool | None) -> str:
        suggestions = {s.name: s.reason for s in suggest_builtin("answer questions", has_reference)}
        assert suggestions["Relevance"] == "The answer has to address this question."
        return suggestions["Correctness"]

    assert correctness(True).endswith("The judge compares with your reference answers.")
    assert correctness(False).endswith("Without reference answers it rests on what the judge knows.")
    assert correctness(None) == "A question has a right answer."


@pytest.mark.parametrize(
    ("names", "task", "expected"),
    [
        (["Coherence", "Faithfulness"], "summarise reports", "Faithfulness"),
        (["Harmfulness", "Coherence"], "translate", "Coherence"),
        (["Harmfulness", "Politeness"], "medical summaries", "Politeness"),
        (["Refusal", "Harmfulness"], "medical summaries", "Refusal"),
        (["ProfessionalStyleAndTone", "Helpfulness"], "classify", "ProfessionalStyleAndTone"),
        (["Politeness", "Correctness"], "answer questions", "Correctness"),
    ],
)
def test_the_primary_metric_is_one_of_the_chosen(names: list[str], task: str, expected: str) -> None:
    suggestion = suggest_primary(names, task)
    assert suggestion is not None
    assert suggestion.name == expected
    assert suggestion.reason


def test_nothing_chosen_has_no_primary_metric() -> None:
    assert suggest_primary([], "classify") is None
