"""A defect at a random place in a random file is found, with the right line number."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import at_most
from model_evaluation.dataset import check, check_stream, repetition
from model_evaluation.dataset.findings import FIRST_LINES
from unit.dataset.dataset_cases import chunked, told

Row = dict[str, Any]


def _sagemaker(i: int) -> Row:
    return {"query": f"question {i} é", "response": f"answer {i}", "category": f"c{i % 3}"}


def _chat(i: int) -> Row:
    return {
        "messages": [
            {"role": "system", "content": "Be brief"},
            {"role": "user", "content": f"question {i}"},
            {"role": "assistant", "content": f"line one\nline {i}"},
        ]
    }


def _completion(i: int) -> Row:
    return {"prompt": f"question {i}", "completion": f"answer {i}", "id": i}


def _preference(i: int) -> Row:
    return {"prompt": f"question {i}", "chosen": f"answer {i}", "rejected": "no"}


def _verl(i: int) -> Row:
    return {"prompt": [{"role": "user", "content": f"question {i}"}], "extra_info": {"answer": str(i), "index": i}}


def _legacy(i: int) -> Row:
    return {"data_source": "m", "prompt": f"question {i}", "reward_model": {"ground_truth": i}}


FORMATS: list[Callable[[int], Row]] = [_sagemaker, _chat, _completion, _preference, _verl, _legacy]


def _text(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8")


def _prompt_field(row: Row) -> str:
    return next(key for key in ("messages", "query", "prompt") if key in row)


def _with(row: Row, **fields: Any) -> bytes:
    return _text(row | fields)


# Each turns a good row into the bytes of a bad one.
DEFECTS: dict[str, Callable[[Row], bytes]] = {
    "invalid_json": lambda row: _text(row)[:-1] + b",}",
    "not_a_number": lambda row: _text(row)[:-1] + b', "score": NaN}',
    "huge_number": lambda row: _text(row)[:-1] + b', "score": ' + b"9" * 5000 + b"}",
    "invalid_utf8": lambda row: _text(row)[:-1] + b', "note": "\xff"}',
    "lone_surrogate": lambda row: _text(row)[:-1] + rb', "note": "\udfff"}',
    "raw_control_character": lambda row: _text(row)[:-1] + b', "note": "\x01"}',
    "too_deep": lambda row: _text(row)[:-1] + b', "note": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "duplicate_key": lambda row: (
        _text(row)[:-1] + b", " + json.dumps(_prompt_field(row)).encode() + b": " + _text({"a": "b"}) + b"}"
    ),
    "not_an_object": lambda row: b"[" + _text(row) + b"]",
    "blank_line": lambda row: b" ",
    "bom": lambda row: b"\xef\xbb\xbf" + _text(row),
    "unknown_format": lambda row: _text({"item": "q"}),
    "missing_prompt": lambda row: _with(row, **{_prompt_field(row): None}),
    "wrong_type": lambda row: _with(row, **{_prompt_field(row): 3}),
    "wrong_type_optional": lambda row: _with(row, category=3),
    "empty_text": lambda row: _with(row, system=" "),
    "control_character": lambda row: _with(row, system="a\x00b"),
    "long_prompt": lambda row: _with(row, system="word " * 2000),
    "crlf": lambda row: _text(row) + b"\r",
}


@pytest.mark.parametrize("kind", DEFECTS)
@settings(max_examples=at_most(12), derandomize=True)
@given(data=st.data())
def test_a_random_defect_is_found_on_its_line(kind: str, data: st.DataObject) -> None:
    make = data.draw(st.sampled_from(FORMATS))
    count = data.draw(st.integers(1, 150))
    bad = sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=5)))
    lines = [_text(make(i)) for i in range(count)]
    for index in bad:
        lines[index] = DEFECTS[kind](make(index))
    content = b"\n".join(lines) + b"\n"
    size = data.draw(st.integers(50, 5000))
    report = check_stream(chunked(content, size), source="random", context_tokens=1000)
    findings = {finding.kind: finding for finding in report.findings}
    if kind == "not_an_object" and bad == [0] and count == 1:
        assert set(findings) == {"json_array"}
        return
    if kind == "blank_line" and len(bad) == count:
        assert set(findings) == {"empty_file"}
        return
    assert set(findings) == {kind}
    assert findings[kind].count == len(bad)
    assert findings[kind].lines == [index + 1 for index in bad]
    assert report.profile.usable_rows >= count - len(bad)


@settings(max_examples=at_most(60), derandomize=True)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=80))
def test_lengths_agree_with_a_plain_computation(lengths: list[int]) -> None:
    lines = [_text({"query": "x" * length, "response": f"{i}"}) + b"\n" for i, length in enumerate(lengths)]
    found = check_stream(lines, source="random").profile.prompt_chars
    ordered = sorted(lengths)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    p95 = next(v for v in ordered if sum(w <= v for w in ordered) * 100 >= 95 * len(ordered))
    assert found == {"min": ordered[0], "median": median, "p95": p95, "max": ordered[-1]}


def test_categories_come_from_the_field_or_from_metadata_in_either_shape() -> None:
    rows: list[Row] = [
        {"query": "a", "category": "law"},
        {"query": "b", "metadata": {"category": "law", "level": 3}},
        {"query": "c", "metadata": '{"category": "math", "level": "4"}'},
        {"query": "d", "metadata": "no JSON"},
    ]
    profile = check_stream([_text(row) + b"\n" for row in rows], source="x").profile
    assert profile.categories == {"law": 2, "math": 1}
    assert profile.without_category == 1
    assert profile.metadata_fields == {"metadata.level": 2}


@pytest.mark.parametrize("many", [1, 10**9])
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([None, "a", "b"]), st.booleans()), max_size=60))
def test_repeated_prompts_are_counted_as_row_by_row(many: int, rows: list[tuple[int, str | None, bool]]) -> None:
    lines = []
    earlier: dict[tuple[int, bool], list[str | None]] = {}
    duplicates, repeated = [], 0
    conflicting: dict[tuple[int, bool], tuple[int, int]] = {}
    lines_of_answers: dict[tuple[int, bool], list[int]] = {}
    for number, (prompt, reference, with_system) in enumerate(rows, start=1):
        row = {"query": f"q{prompt}"} | ({"response": reference} if reference else {})
        lines.append(_text(row | ({"system": "s"} if with_system else {})) + b"\n")
        seen = earlier.setdefault((prompt, with_system), [])
        repeated += bool(seen)
        if reference in seen:
            duplicates.append(number)
        elif reference and any(seen):
            conflicting.setdefault((prompt, with_system), (lines_of_answers[prompt, with_system][0], number))
        if reference:
            lines_of_answers.setdefault((prompt, with_system), []).append(number)
        seen.append(reference)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repetition, "_MANY_ROWS", many)
        report = check_stream(lines, source="x")
    lines_of = {finding.kind: finding.lines for finding in report.findings}
    pairs = sorted(conflicting.values(), key=lambda pair: pair[1])
    assert report.profile.duplicates == len(duplicates)
    assert report.profile.repeated_prompts == repeated
    assert report.profile.conflicting_references == len(conflicting)
    assert lines_of.get("duplicate_row", []) == duplicates[:FIRST_LINES]
    assert lines_of.get("conflicting_reference", []) == [line for pair in pairs for line in pair][:FIRST_LINES]


def test_output_stays_small_however_many_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "PROGRESS_SECONDS", 0.0)
    seen: list[tuple[int, int]] = []
    lines = [b'{"unknown%d": "' % i + b"x" * 300 + b'"}\n' for i in range(5000)]
    report = check_stream(lines, source="x", on_progress=lambda n, rows: seen.append((n, rows)))
    assert seen[-1] == (sum(map(len, lines)), 5000)
    assert seen == sorted(seen)
    assert len(json.dumps(told(report))) < 3000
    assert [(f.kind, f.count) for f in report.findings] == [("too_many_rows", 5000), ("unknown_format", 5000)]


def test_progress_is_not_told_for_what_is_quick() -> None:
    seen: list[tuple[int, int]] = []
    check_stream([b'{"query":"q"}\n'] * 100, source="x", on_progress=lambda n, rows: seen.append((n, rows)))
    assert seen == []


def test_of_a_long_category_only_the_beginning_is_kept() -> None:
    lines = [_text({"query": f"q{i}", "category": "c" * 5000 + str(i)}) + b"\n" for i in range(100)]
    assert list(check_stream(lines, source="x").profile.categories.values()) == [100]
