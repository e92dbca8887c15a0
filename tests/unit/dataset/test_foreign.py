"""Rows of other tools: fields under other names, conversations in other shapes, and how they become rows here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.dataset import apply_operation, check_stream, parse_operation, useful_operations
from model_evaluation.dataset.rows.foreign import parse_renaming, role_of
from model_evaluation.errors import Refused
from model_evaluation.runtime.rows import read_dataset_row


def _lines(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _converted(data: bytes, operation: str, folder: Path) -> list[dict[str, Any]]:
    name, arguments = parse_operation(operation)
    report = check_stream([data], source="x.jsonl")
    apply_operation(name, arguments, lambda: [data], report, folder / "out.jsonl")
    return [json.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]


def _say(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _from(role: str, value: str) -> dict[str, str]:
    return {"from": role, "value": value}


TEXT_Q, TEXT_A = {"text": "q"}, {"text": "a"}
PART_Q, PART_A = {"content": [TEXT_Q]}, {"content": [TEXT_A]}

OF_A_RESULT = "inputRecord.prompt=query,inputRecord.referenceResponse=response"
MENDED: list[tuple[dict[str, Any], str, str, str | None, str | None]] = [
    ({"question": "q", "answer": "a"}, "question=query,answer=response", "q", "a", None),
    ({"prompt": "q", "referenceResponse": "a", "category": "c"}, "referenceResponse=completion", "q", "a", None),
    ({"query": "q", "expected": "a"}, "expected=response", "q", "a", None),
    ({"input": "q", "output": "a"}, "input=query,output=response", "q", "a", None),
    ({"Query": "q", "Response": "a"}, "Query=query,Response=response", "q", "a", None),
    ({"user prompt": "q", "gold": 4}, "'user prompt=query,gold=response'", "q", "4", None),
    ({"question": "q", "answers": ["a"]}, "question=query,answers=response", "q", "a", None),
    ({"pregunta": "q", "respuesta": "a"}, "pregunta=query,respuesta=response", "q", "a", None),
    ({"instruction": "d", "input": "x", "output": "a"}, "instruction+input=query,output=response", "d\n\nx", "a", None),
    ({"question": "q", "context": "c", "gold": "a"}, "context+question=query,gold=response", "c\n\nq", "a", None),
    (
        {"instruction": "d", "question": "q", "answer": "a"},
        "instruction+question=query,answer=response",
        "d\n\nq",
        "a",
        None,
    ),
    ({"user_input": "q", "response": "m", "reference": "a"}, "user_input=prompt,reference=completion", "q", "a", None),
    (
        {"question": "q", "choices": ["x", "y"], "answer": 1},
        "question+choices=query,answer=response",
        "q\n\nx\ny",
        "1",
        None,
    ),
    ({"inputs": {"input": "q"}, "outputs": {"gold": "a"}}, "inputs.input=query,outputs.gold=response", "q", "a", None),
    ({"question": "q", "answers": {"text": ["a"]}}, "question=query,answers.text=response", "q", "a", None),
    ({"inputRecord": {"prompt": "q", "referenceResponse": "a"}}, OF_A_RESULT, "q", "a", None),
    ({"instruction": "d", "context": "c", "response": "a"}, "instruction+context=query", "d\n\nc", "a", None),
    ({"article": "q", "summary": "a"}, "article=query,summary=response", "q", "a", None),
    (
        {"system": [{"text": "s"}], "messages": [{"role": "user", "content": [TEXT_Q]}, _say("assistant", "a")]},
        "",
        "q",
        "a",
        "s",
    ),
    ({"query": "q", "response": "a", "system_prompt": "s"}, "system_prompt=system", "q", "a", "s"),
    ({"messages": [_say("user", "q")], "target": "a"}, "target=response", "q", "a", None),
    ({"conversations": [_from("system", "s"), _from("human", "q"), _from("gpt", "a")]}, "", "q", "a", "s"),
    ({"messages": [_say("human", "q"), _say("ai", "a")]}, "", "q", "a", None),
    ({"conversation": [_say("user", "q"), _say("assistant", "a")]}, "", "q", "a", None),
    ({"contents": [{"role": "user", "parts": [TEXT_Q]}, {"role": "model", "parts": [TEXT_A]}]}, "", "q", "a", None),
    ({"custom_id": "1", "body": {"messages": [_say("user", "q")]}}, "", "q", None, None),
    ({"conversationTurns": [{"prompt": PART_Q, "referenceResponses": [PART_A]}]}, "", "q", "a", None),
]


@pytest.mark.parametrize(("row", "option", "prompt", "reference", "system"), MENDED, ids=lambda v: str(v)[:50])
def test_a_row_of_another_tool_is_named_and_the_advised_operation_makes_it_one_that_is_read(
    row: dict[str, Any], option: str, prompt: str, reference: str | None, system: str | None, tmp_path: Path
) -> None:
    data = _lines(row)
    report = check_stream([data], source="x.jsonl")
    operation = f"convert --map {option}" if option else "convert"
    assert any(found.kind.startswith("foreign_") for found in report.findings)
    assert [useful.value for useful in useful_operations(report)] == [operation]
    if option:
        assert any(f"`{operation}`" in found.fix for found in report.findings)
    (made,) = _converted(data, operation, tmp_path)
    read = read_dataset_row(made, 1)
    assert (read.prompt, read.reference, read.system) == (prompt, reference, system)
    after = check_stream([_lines(made)], source="x.jsonl")
    assert after.usable
    assert not [found.kind for found in after.findings if found.kind.startswith("foreign_")]


def test_what_stands_under_its_own_name_stays_and_the_rest_is_renamed(tmp_path: Path) -> None:
    rows = [{"query": "q1", "answer": "a1"}, {"query": "q2", "response": "own", "answer": "other"}, {"query": "q3"}]
    made = _converted(_lines(*rows), "convert --map answer=response", tmp_path)
    assert made == [{"response": "a1", "query": "q1"}, rows[1], rows[2]]


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("convert --map anser=response", "No row has a field `anser`; the fields are `query`, `answers`"),
        ("convert --map answers=response", "Line 1: `answers` holds a list of 2; one text is expected"),
        ("convert --map query.answers=response", "No row has a field `query.answers`"),
        ("convert --map answers=reply", "does not name a field and, after `=`, one of query, response"),
        ("convert --map answers", "not of the form"),
        ("convert --map", "not of the form"),
        ("convert --map 'answers=response", "quotes"),
    ],
)
def test_a_renaming_that_cannot_be_done_is_refused_and_nothing_is_written(
    operation: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=message):
        _converted(_lines({"query": "q", "answers": ["a", "b"]}), operation, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_names_may_hold_commas_and_spaces() -> None:
    assert parse_renaming("a, b=query,c =response") == (("a, b", "query"), ("c", "response"))
    assert parse_renaming("x=y=query") == (("x=y", "query"),)


@pytest.mark.parametrize("name", ["tags", "id", "`rm -rf`", "answer; rm", "x" * 41, "metadata", "\u202equery"])
def test_other_names_are_not_taken_for_a_part(name: str) -> None:
    assert role_of(name) is None


def test_convert_without_the_names_says_them(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        _converted(_lines({"question": "q", "answer": "a"}), "convert", tmp_path)
    assert caught.value.fix.endswith("evaluate.py dataset convert x.jsonl --map question=query,answer=response")


def test_a_renaming_drops_no_repeated_key_and_no_row_with_a_mark(tmp_path: Path) -> None:
    marked = b"\xef\xbb\xbf" + _lines({"question": "q"})
    assert _converted(marked, "convert --map question=query", tmp_path) == [{"query": "q"}]
    repeated = marked + b'{"question": "q", "question": "r"}\n'
    with pytest.raises(Refused, match=r"1 row cannot be converted to sagemaker \(line 2\)\. 1 row .* twice"):
        _converted(repeated, "convert --map question=query", tmp_path / "other")


def test_a_conversation_beside_messages_is_left_alone(tmp_path: Path) -> None:
    row = {"messages": [_say("user", "q")], "history": [_say("human", "h")]}
    made = _converted(_lines(row, {"messages": [_say("human", "x")]}), "convert", tmp_path)
    assert made == [row, {"messages": [_say("user", "x")]}]
