"""Pairs for the judge out of two files of answers: by prompt, and what gives none is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.errors import Refused
from model_evaluation.kinds.nova.pairs import build_pairs, write_rows
from model_evaluation.kinds.nova.runtime.recipes.recipe import LLM_JUDGE
from model_evaluation.kinds.nova.runtime.recipes.rows import read_nova_rows


def lines(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_answers_meet_by_prompt_whatever_their_order(tmp_path: Path) -> None:
    a = lines(tmp_path / "a.jsonl", {"prompt": "p", "answer": "1"}, {"prompt": "q", "answer": "2"})
    b = lines(tmp_path / "b.jsonl", {"query": "q", "response": "4"}, {"query": "p", "response": "3"})
    pairs = build_pairs(a, b)
    assert pairs.rows == [
        {"prompt": "p", "response_A": "1", "response_B": "3"},
        {"prompt": "q", "response_A": "2", "response_B": "4"},
    ]
    body = Path(write_rows(str(tmp_path), "llm_judge.jsonl", pairs.rows)).read_bytes()
    assert read_nova_rows(body.removesuffix(b"\n").split(b"\n"), LLM_JUDGE).faults == []
    with pytest.raises(Refused, match="exists already"):
        write_rows(str(tmp_path), "llm_judge.jsonl", pairs.rows)


def test_what_gives_no_pair_is_counted(tmp_path: Path) -> None:
    a = lines(
        tmp_path / "a.jsonl",
        {"prompt": "p", "answer": "[generation failed: throttled]"}, {"prompt": "q", "answer": "x"},
        {"prompt": "r", "answer": "x"}, {"prompt": "r", "answer": "y"}, {"prompt": "s", "answer": "ok"},
    )  # fmt: skip
    b = lines(tmp_path / "b.jsonl", *({"prompt": own, "answer": "b"} for own in "prst"))
    pairs = build_pairs(a, b)
    assert [row["prompt"] for row in pairs.rows] == ["s"]
    assert pairs.left_out == {
        "without an answer of both": 1, "not in b.jsonl": 1, "answered twice, differently": 1, "not in a.jsonl": 1,
    }  # fmt: skip


def test_the_containers_answers_and_finished_evaluations_are_read(tmp_path: Path) -> None:
    chat = str([{"role": "system", "content": "s"}, {"role": "user", "content": "What's up?"}])
    a = lines(tmp_path / "inference_output.jsonl", {"prompt": chat, "inference": str(["It's fine."]), "gold": "[]"})
    b = tmp_path / "per_example.csv"
    b.write_text('record_id,prompt,tuned_response\n1,What\'s up?,"Fine, thanks."\n', encoding="utf-8")
    (row,) = build_pairs(a, str(b)).rows
    assert row == {"prompt": "What's up?", "response_A": "It's fine.", "response_B": "Fine, thanks."}


@pytest.mark.parametrize(("content", "told"), [("{", "cannot be read"), ('{"x": 1}\n', "has a row with x")])
def test_files_that_are_none_of_that(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Refused, match=told):
        build_pairs(str(path), str(path))
    with pytest.raises(Refused, match="cannot be read"):
        build_pairs(str(tmp_path / "none"), str(path))
