"""Estimated tokens, and whether the longest prompt fits what the model takes."""

from __future__ import annotations

import json

import pytest

from model_evaluation.dataset import check_stream
from model_evaluation.dataset.tokens import context_tokens, estimated_tokens


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("meta-textgeneration-llama-3-2-1b-instruct", 131_072),
        ("huggingface-llm-qwen2-5-7b-instruct", 32_768),
        ("huggingface-reasoning-qwen3-8b", 32_768),
        ("huggingface-reasoning-Qwen3-4B-Instruct-2507", 262_144),
        ("deepseek-llm-r1-distill-qwen-7b", 131_072),
        ("nova-lite-v2", 300_000),
        ("somebody-s-own-model", None),
        ("", None),
    ],
)
def test_contexts_are_those_of_the_model_cards(name: str, tokens: int | None) -> None:
    assert context_tokens(name) == tokens


def test_four_bytes_are_a_token() -> None:
    assert [estimated_tokens(text) for text in ("", "a", "abcd", "abcde", "東京")] == [0, 1, 1, 2, 2]


def test_the_longest_prompt_is_told_with_its_system_text() -> None:
    rows = [{"query": f"{i:050}", "response": f"a{i}", "system": "s" * 9} for i in range(200)]
    rows[150] = {"query": "x" * 400, "response": "a", "system": "s" * 400}
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    assert check_stream(lines, source="x").profile.longest_prompt_tokens == 200
    long = check_stream(lines, source="x", context_tokens=199)
    assert [(found.kind, found.lines) for found in long.findings] == [("long_prompt", [151])]
    assert check_stream(lines, source="x", context_tokens=200).findings == []
