"""What an assistant has to read: SKILL.md, and all status and answer objects of a whole conversation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contract.conversation_tokens import BUDGET, SKILL_BUDGET, conversation, tokens
from model_evaluation.conversation.answers import position
from model_evaluation.kinds.llm_as_judge.kind import KIND

ROOT = Path(__file__).parents[2]


def test_a_whole_conversation_stays_under_the_budget() -> None:
    outputs = list(conversation())
    bodies = [json.loads(output.text) for output in outputs]
    assert bodies[-1]["next"] == "render"
    assert len(bodies[-1]["known"]) == len(KIND.steps)
    assert sum(not body["ok"] for body in bodies) == 2
    assert sum(tokens(output.text) for output in outputs) < BUDGET


def test_the_skill_stays_under_its_budget() -> None:
    assert tokens((ROOT / "SKILL.md").read_text(encoding="utf-8")) < SKILL_BUDGET


def test_the_estimate_counts_every_piece() -> None:
    assert tokens("") == 0
    assert tokens("judge") == 1
    assert tokens("evaluation") == 2  # ten letters
    assert tokens("111122223333") == 4
    assert tokens('{"a": [1]}') == 6  # {" a ": [ 1 ]}: marks run together


def known_of(value: Any, step: str = "task") -> dict[str, Any]:
    entry = {"value": value, "origin": "user", "time": "2026-11-20T00:00:00+00:00"}
    document = {"schema_version": 1, "answers": {step: entry}}
    assert position(document, "/nowhere")["known"][step] == {"value": value, "origin": "user"}, "status has it whole"
    known: dict[str, Any] = position(document, "/nowhere", answered="model")["known"][step]
    return known


def test_a_long_answer_is_abridged_where_it_is_repeated() -> None:
    assert known_of("x" * 300) == {"value": "x" * 300, "origin": "user"}
    long = known_of("x" * 301)
    assert long == {"value": "x" * 299 + "…", "origin": "user", "abridged": True}


def test_a_custom_metric_is_repeated_by_name_and_direction() -> None:
    metric = {"customMetricDefinition": {"name": "Tone", "instructions": "long"}, "direction": "lower"}
    assert known_of([metric], "custom_metrics") == {
        "value": [{"customMetricDefinition": {"name": "Tone"}, "direction": "lower"}],
        "origin": "user",
        "abridged": True,
    }
