"""Reading the dataset into columns says what reading it line by line says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import at_most
from model_evaluation.runtime import blocks
from model_evaluation.runtime.rows import read_dataset_rows
from model_evaluation.runtime.statistics import dataset_table as listed
from model_evaluation.runtime.statistics.dataset_table import ListedRows, listed_rows, read_listed

text = st.sampled_from(["a", "b c", "", " ", "é\r\n", "x\ny", "🦜", "\\", "2020-01-01", "\ud800"])
scalar = text | st.integers(-3, 10**20) | st.booleans() | st.none() | st.floats(0, 1)
message = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": text | st.none()})
asked = st.fixed_dictionaries({"role": st.just("user"), "content": text})
answered = st.fixed_dictionaries({"role": st.just("assistant"), "content": text})
system = st.fixed_dictionaries({"role": st.just("system"), "content": text})
talk = (
    st.lists(message, max_size=3) | st.tuples(system, asked, answered).map(list) | st.tuples(asked, answered).map(list)
)
metadata = st.dictionaries(st.sampled_from(["category", "id", "level"]), scalar | st.just([]), max_size=3)
more = {"category": scalar, "metadata": metadata | st.just('{"id": 1}'), "system": text}
formats = (
    st.fixed_dictionaries({"messages": talk}, optional=more)
    | st.fixed_dictionaries({"query": text}, optional={"response": scalar | talk, **more})
    | st.fixed_dictionaries({"prompt": text | talk}, optional={"completion": scalar, "chosen": talk | text, **more})
    | st.fixed_dictionaries(
        {"prompt": talk},
        optional={
            "extra_info": st.fixed_dictionaries({"answer": scalar}),
            "reward_model": st.fixed_dictionaries({"ground_truth": scalar}),
            **more,
        },
    )
)
odd = st.sampled_from([b"", b" ", b"{", b"[1]", b"null", b'{"query": "\xff"}', b'\xef\xbb\xbf{"query": "marked"}'])
line = formats.map(lambda row: json.dumps(row).encode()) | odd


@st.composite
def alike(draw: st.DrawFn) -> list[bytes]:
    """Rows with the same fields."""
    first = draw(formats)
    values = {str: text, int: st.integers(0, 9), bool: st.booleans()}

    def other(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: value[key] if key == "role" else other(value[key]) for key in value}
        if isinstance(value, list):
            return [other(item) for item in value]
        return draw(values[type(value)]) if type(value) in values else value

    return [json.dumps(other(first)).encode() for _ in range(draw(st.integers(1, 4)))]


def meaning(found: ListedRows) -> Any:
    texts = {
        name: column.to_pylist() for name, column in zip(found.texts.column_names, found.texts.columns, strict=True)
    }
    shown = {name: column for name, column in texts.items() if any(value is not None for value in column)}
    rows = [column.tolist() for column in (found.keys, found.prompts, found.referenced, found.lines)]
    return rows, shown, found.skipped


@settings(max_examples=at_most(100), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(line, max_size=6)
    | alike()
    | st.tuples(alike(), st.lists(line, max_size=2)).map(lambda two: two[0] + two[1])
)
def test_columns_say_what_the_lines_say(monkeypatch: pytest.MonkeyPatch, lines: list[bytes]) -> None:
    monkeypatch.setattr(blocks, "FEW_LINES", 1)
    monkeypatch.setattr(listed, "LINES_PER_BLOCK", 4)
    rows, skipped = read_dataset_rows(lines)
    assert meaning(read_listed(lines)) == meaning(listed_rows(rows, skipped))


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_line_ends_do_not_matter(end: bytes) -> None:
    found = read_listed([b'{"query": "a", "category": "x"}' + end, b'{"query": "b"}' + end])
    assert found.texts["prompt"].to_pylist() == ["a", "b"]
    assert found.texts["category"].to_pylist() == ["x", None]
    assert found.lines.tolist() == [1, 2]


def test_lines_may_be_text() -> None:
    assert read_listed(['{"prompt": "é"}\n']).texts["prompt"].to_pylist() == ["é"]


def test_no_dataset_at_all() -> None:
    assert len(read_listed([]).lines) == 0
