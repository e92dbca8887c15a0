"""Values become literals that evaluate back, on one-line tokens, and that look like what they are."""

from __future__ import annotations

import ast
import io
import tokenize
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.notebook.values import MAX_DEPTH, WIDTH, python_literal

PRINTABLE = st.text(max_size=200)
ANY_TEXT = st.one_of(
    PRINTABLE,
    st.text(
        st.sampled_from("a\"'\\\n\r\t{}%#!?$ \u2028\u2029\u202e\u2066\u200f\x00\x1b\x85\ud800\udfff😀é־ש"), max_size=300
    ),
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(ANY_TEXT, inner, max_size=5),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (None, "None"),
        (True, "True"),
        (False, "False"),
        (0, "0"),
        (-7, "-7"),
        (30.5, "30.5"),
        (1e300, "1e+300"),
        ("", '""'),
        ("plain", '"plain"'),
        ("it's", '"it\'s"'),
        ('say "hi"', "'say \"hi\"'"),
        ("'\"", '"\'\\""'),
        ('"""', '\'"""\''),
        ("back\\slash", '"back\\\\slash"'),
        ("two\nlines\r\n\t", '"two\\nlines\\r\\n\\t"'),
        ("\x00\x1b[31m\x7f", '"\\x00\\x1b[31m\\x7f"'),
        ("\u2028\u2029\x85", '"\\u2028\\u2029\\x85"'),
        ("user\u202enimda", '"user\\u202enimda"'),
        ("\u2066\u2069\u200e\u200f\u061c", '"\\u2066\\u2069\\u200e\\u200f\\u061c"'),
        ("\ud800 alone", '"\\ud800 alone"'),
        ("\ufeffbom \xa0nbsp", '"\\ufeffbom \\xa0nbsp"'),
        ("Größe 漢字 😀", '"Größe 漢字 😀"'),
        ("{{ x }} {% y %} !ls %magic $HOME", '"{{ x }} {% y %} !ls %magic $HOME"'),
        ([], "[]"),
        ({}, "{}"),
        (["a", 1, None], '["a", 1, None]'),
        ({"k": [True]}, '{"k": [True]}'),
    ],
)
def test_each_kind_of_value_has_one_spelling(value: object, source: str) -> None:
    assert python_literal(value) == source


def test_a_long_list_takes_a_line_per_item() -> None:
    value = [f"metric-{number:02d}" for number in range(12)]
    lines = python_literal(value).splitlines()
    assert lines[0] == "["
    assert lines[-1] == "]"
    assert lines[1:-1] == [f'    "{item}",' for item in value]


def test_a_long_text_is_cut_after_its_newlines_and_at_spaces() -> None:
    text = "First line\n" + "word " * 40 + "\nlast"
    lines = python_literal(text).splitlines()
    assert lines[0] == "("
    assert lines[-1] == ")"
    assert lines[1] == '    "First line\\n"'
    assert all(len(line) <= WIDTH for line in lines)


def test_a_long_text_without_spaces_is_cut_anywhere() -> None:
    source = python_literal("x" * 1000)
    assert all(len(line) <= WIDTH for line in source.splitlines())
    assert ast.literal_eval(source) == "x" * 1000


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_without_a_literal_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        python_literal({"nested": [value]})


@pytest.mark.parametrize("value", [(1,), {1, 2}, b"bytes", object(), 1j])
def test_what_is_no_json_value_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="JSON value"):
        python_literal([value])


def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="string as key"):
        python_literal({1: "a"})


def test_nesting_is_limited_to_what_the_parser_takes() -> None:
    deep: Any = "leaf"
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert ast.literal_eval(python_literal(deep)) == deep
    with pytest.raises(ValueError, match="nesting"):
        python_literal([deep])


def test_a_long_text_survives() -> None:
    text = "Wie höflich ist die Antwort?\n" * 5_000
    assert ast.literal_eval(python_literal(text)) == text


@given(JSON_VALUES)
def test_every_value_evaluates_back(value: object) -> None:
    assert ast.literal_eval(python_literal(value)) == value


@given(JSON_VALUES)
def test_every_token_lies_on_one_line_and_shows_what_it_holds(value: object) -> None:
    source = f"X = {python_literal(value)}\n"
    source.encode("utf-8")  # no lone surrogate is left
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.STRING:
            assert token.start[0] == token.end[0]
    hidden = {character for character in source if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert hidden <= {"\n"}
