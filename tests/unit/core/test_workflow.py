"""The state machine, on a table of four steps: a, b (rests on a), c (rests on b), d (free)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.conversation.answers import workflow
from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.kinds.registry import DEFAULT, REGISTRY, load_kind

TABLE = {"a": (), "b": ("a",), "c": ("b",), "d": ()}
NOW = "2026-11-20T10:00:00+00:00"


def answered(*steps: str) -> dict[str, Any]:
    document: dict[str, Any] = {"schema_version": 1, "answers": {}, "other tool": 1}
    for step in steps:
        document, _ = workflow.record(TABLE, document, step, Answer(f"{step} value"), NOW)
    return document


def test_pending_keeps_the_order_of_the_table() -> None:
    assert workflow.pending(TABLE, answered("b")) == ["a", "c", "d"]


def test_dependants_are_found_through_others() -> None:
    assert workflow.dependants(TABLE, "a") == ["b", "c"]
    assert workflow.dependants(TABLE, "d") == []


def test_a_changed_answer_reopens_what_rests_on_it_and_keeps_the_rest() -> None:
    document, reopened = workflow.record(TABLE, answered("a", "b", "c", "d"), "a", Answer("new"), NOW)
    assert reopened == ["b", "c"]
    assert set(document["answers"]) == {"a", "d"}
    assert document["reopened"] == {"b": "b value", "c": "c value"}
    assert document["other tool"] == 1


def test_what_was_settled_settles_again_unless_it_was_reopened_itself() -> None:
    document, _ = workflow.record(TABLE, answered("a"), "b", Answer("looked up", origin="lookup"), NOW)
    assert "b" not in workflow.reopen(TABLE, document, "a")[0]["reopened"]
    assert workflow.reopen(TABLE, document, "b")[0]["reopened"] == {"b": "looked up"}


def test_the_same_answer_again_reopens_nothing() -> None:
    document, reopened = workflow.record(TABLE, answered("a", "b", "c"), "a", Answer("a value"), NOW)
    assert reopened == []
    assert set(document["answers"]) == {"a", "b", "c"}


def test_the_same_value_with_new_facts_reopens() -> None:
    """An S3 object of the same name that was replaced is another dataset."""
    _, reopened = workflow.record(TABLE, answered("a", "b"), "a", Answer("a value", facts={"etag": "2"}), NOW)
    assert reopened == ["b"]


def test_a_reopened_value_is_suggested_until_it_is_answered() -> None:
    document, _ = workflow.reopen(TABLE, answered("a", "b"), "a")
    step = Step("a", title="", question="?", expects="", example="", check=lambda text, context: Answer(text))
    assert workflow.describe(step, document)["suggested"] == "a value"
    document, _ = workflow.record(TABLE, document, "a", Answer("other"), NOW)
    assert "a" not in document["reopened"]


def test_warnings_stay_with_the_answer_and_information_does_not() -> None:
    answer = Answer("x", findings=[finding("k", "m", level="warning"), finding("i", "m")])
    document, _ = workflow.record(TABLE, answered(), "a", answer, NOW)
    assert [item["kind"] for item in document["answers"]["a"]["warnings"]] == ["k"]


def test_the_question_carries_what_was_looked_up_for_it() -> None:
    offer = Offer(choices=[{"value": "1", "label": "one"}], suggested="1", text="Card").as_json()
    step = Step("a", title="A", question="?", expects="e", example="1", check=lambda text, context: Answer(text))
    described = workflow.describe(step, {"answers": {}, "offers": {"a": offer}})
    assert described["question"] == "Card\n\n?"
    assert described["choices"] == offer["choices"]
    assert described["suggested"] == "1"


@pytest.mark.parametrize(("closed", "suggested"), [(True, "2"), (False, "gone")])
def test_what_can_no_longer_be_chosen_is_not_suggested(closed: bool, suggested: str) -> None:
    offer = Offer(choices=[{"value": "1", "label": "one"}, {"value": "2", "label": "two"}], suggested="2").as_json()
    document = {"answers": {}, "offers": {"a": offer}, "reopened": {"a": "gone"}}
    step = Step(
        "a", title="", question="?", expects="", example="", check=lambda text, context: Answer(text), closed=closed
    )
    assert workflow.describe(step, document)["suggested"] == suggested
    document["reopened"] = {"a": "1"}
    assert workflow.describe(step, document)["suggested"] == "1"


@pytest.mark.parametrize("step_id", ["confirm", "terms", "judge"])
def test_consent_and_judge_are_never_suggested(step_id: str) -> None:
    document = {"answers": {}, "reopened": {step_id: "yes"}, "offers": {step_id: {"suggested": "yes"}}}
    assert "suggested" not in workflow.describe(load_kind(DEFAULT).step(step_id), document)


@pytest.mark.parametrize(("builtin", "suggested"), [([], None), (["Correctness"], "none")])
def test_no_custom_metric_is_suggested_only_where_another_metric_is_left(builtin: list[str], suggested: str) -> None:
    offer = load_kind(DEFAULT).step("custom_metrics").offer
    assert offer is not None
    assert offer(Context("", {"answers": {"builtin_metrics": {"value": builtin}}}, now=NOW)).suggested == suggested


@given(st.lists(st.sampled_from(sorted(TABLE)), max_size=12))
def test_no_answer_ever_stands_without_what_it_rests_on(order: list[str]) -> None:
    document = answered()
    for number, step in enumerate(order):
        if not workflow.missing(TABLE, step, document):
            document, _ = workflow.record(TABLE, document, step, Answer(number), NOW)
    assert all(needed in document["answers"] for step in document["answers"] for needed in TABLE[step])


@pytest.mark.parametrize("name", REGISTRY)
def test_every_table_is_in_order_and_complete(name: str) -> None:
    """Prerequisites stand before their dependants; every step's module carries its own id."""
    kind = load_kind(name)
    seen: set[str] = set()
    for step_id, needed in kind.steps.items():
        assert seen.issuperset(needed)
        assert kind.step(step_id).id == step_id
        seen.add(step_id)
    assert seen.issuperset(kind.rechecked)
