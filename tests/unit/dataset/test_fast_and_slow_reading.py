"""The fast way through clean rows and the slow way give the same answer, for every row of every file."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import at_most
from model_evaluation.dataset import check, check_stream
from model_evaluation.runtime.rows import read_dataset_rows
from unit.dataset.dataset_cases import content, load_cases

CASES = [case for case in load_cases() if len(content(case)) < 50_000]


def _both(data: bytes, monkeypatch: pytest.MonkeyPatch, **options: Any) -> tuple[Any, Any]:
    monkeypatch.setattr(check, "FAST_AFTER_ROWS", 10**9)
    slow = check_stream([data], source="x", **options)
    monkeypatch.setattr(check, "FAST_AFTER_ROWS", 0)
    fast = check_stream([data], source="x", **options)
    return slow.as_json(), fast.as_json()


def _good_rows(count: int, **extra: Any) -> bytes:
    rows = ({"query": f"good {i}", "response": f"answer {i}", **extra} for i in range(count))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


EARLIER, LATER = _good_rows(70), _good_rows(70, note="later", nested={"a": [1, {"b": 2}]})


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_defect_among_good_rows_is_told_the_same_both_ways(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = EARLIER + content(case) + b"\n" + LATER
    slow, fast = _both(data, monkeypatch, **{"row_limit": None} | case.get("options", {}))
    assert slow == fast


SPACINGS = ((", ", ": "), (",", ":"), (" ,", " : "))
texts = st.text(st.sampled_from('ab "\\\n\t\x00\x08\x7fé東😀:,{}'), max_size=12)
rows = st.fixed_dictionaries(
    {"query": texts},
    optional={
        "response": texts | st.none(),
        "system": texts | st.none() | st.just("s"),
        "category": texts | st.none() | st.integers(),
        "id": st.integers() | st.floats(allow_nan=False) | st.booleans(),
        "tags": st.lists(texts, max_size=2) | st.dictionaries(texts, st.none(), max_size=2),
        "rejected": texts,
        "metadata": st.just('{"category":"c"}') | st.just({"k": "v"}),
    },
)


@settings(max_examples=at_most(80), derandomize=True)
@given(
    st.lists(st.tuples(rows, st.sampled_from(SPACINGS), st.booleans()), min_size=1, max_size=12),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_any_rows_written_any_way_are_told_the_same_both_ways(
    written: list[tuple[dict[str, Any], tuple[str, str], bool]], duplicate_keys: bool, seed: int
) -> None:
    lines = []
    shuffle = random.Random(seed)
    for row, separators, ascii_only in written:
        keys = list(row)
        shuffle.shuffle(keys)
        text = json.dumps({key: row[key] for key in keys}, separators=separators, ensure_ascii=ascii_only)
        if shuffle.random() < 0.1:
            text = text[:-1] + ', "query": "again"}'
        lines.append(text.encode("utf-8"))
    data = _good_rows(64, id=1, tags=[], rejected="") + b"\n".join(lines)
    with pytest.MonkeyPatch.context() as patch:
        slow, fast = _both(data, patch, duplicate_keys=duplicate_keys, context_tokens=9)
    assert slow == fast


ends = st.sampled_from(["\n"] * 9 + ["", " ", "\n\n", "\r\n", "\r", "\n ", " \n", "\n \n", ",\n", "\ufeff\n"])


@settings(max_examples=at_most(80), derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from(["flat", "nested", "tall"]), ends), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n", "\n\n", "", "\r", " "]),
)
def test_rows_and_line_ends_in_any_order_are_told_the_same_both_ways(written: list[tuple[str, str]], last: str) -> None:
    """Two rows in a line beside one that takes two lines are as many rows as lines."""
    text = ""
    for number, (kind, end) in enumerate(written):
        row = {"query": f"q{number}"} | ({"metadata": {"a": {"b": number}}} if kind != "flat" else {})
        text += json.dumps(row, indent=0 if kind == "tall" else None) + end
    data = _good_rows(64, metadata={"a": {}}) + (text + last).encode()
    with pytest.MonkeyPatch.context() as patch:
        slow, fast = _both(data, patch)
    assert slow == fast


@pytest.mark.parametrize(
    "row",
    [
        rb'{"query":"a\u0022b\u0022","response":"r","id":1,"id":2}',
        rb'{"query":"a\\u0022b","response":"r","id":1,"id":2}',
        rb'{"query":"a","response":"{\"id\":1,\"id\":2}\\","id":1, "id" : 2}',
        rb'{"query":"a","response":"r","id":"\u0022","i\u0064":"\\"}',
        rb'{"query":"a\"b\"","response":"\\","id":1,"i\u0064":2}',
        rb'{"id":{"a":1,"a":2},"query":"a"}',
    ],
)
def test_a_repeated_key_is_found_among_rows_that_have_the_key(row: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, fast = _both(_good_rows(100, id=3) + row + b"\n" + _good_rows(3, id=4), monkeypatch)
    assert slow == fast
    assert [f["lines"] for f in fast["findings"] if f["kind"] == "duplicate_key"] == [[101]]


@pytest.mark.parametrize(
    "row",
    [
        rb'{"query":"q","a \"name\"":1,"back\\slash":2}',
        b'{"query":"q","note":' + b"[" * 499 + b"]" * 499 + b"}",
        b'{"query":"q","note":' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"query":"q","note":' + b'{"a":[' * 400 + b"]}" * 400 + b"}",
        b'{"query":"q","metadata":["a list"]}',
        b'{"query":"q","metadata":true}',
        b'{"query":"q","category":["a list"]}',
        b'{"query":"q","category":123456789012345678901234567890}',
        b'{"query":"q","system":7}',
    ],
    ids=lambda row: row[:40].decode(),
)
@pytest.mark.parametrize("duplicate_keys", [True, False])
def test_a_strange_field_is_told_the_same_when_other_rows_have_it_too(
    row: bytes, duplicate_keys: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = _good_rows(100, note=[], metadata={"a": 1}, category="c", system="s")
    data = good + row + b"\n" + good + row + b"\n"
    slow, fast = _both(data, monkeypatch, duplicate_keys=duplicate_keys)
    assert slow == fast
    assert fast["profile"]["rows"] == 202


@pytest.mark.parametrize("texts", [["new"], [""], [None, "a", "b"], [f"category {i}" for i in range(40)]])
def test_a_text_that_first_appears_late_is_told_the_same(texts: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    late = b"".join(_good_rows(3, category=text, system=text) for text in texts)
    chat = b'{"messages":[{"role":"user","content":"q"}],"category":"new"}\n'
    data = _good_rows(300, category="c", system="s") + chat + late + _good_rows(300, category="c")
    slow, fast = _both(data, monkeypatch)
    assert slow == fast


def test_clean_rows_are_really_read_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    read_slowly = 0
    original = check._Check._read_line

    def counting(self: Any, number: int, line: bytes) -> None:
        nonlocal read_slowly
        read_slowly += 1
        original(self, number, line)

    monkeypatch.setattr(check._Check, "_read_line", counting)
    monkeypatch.setattr(check, "FAST_AFTER_ROWS", 10)
    data = _good_rows(500, system="é \n", category="a", id=3)
    report = check_stream([data[:100], data[100:]], source="x")
    assert report.profile["usable_rows"] == 500
    assert read_slowly < 50
    read_slowly = 0
    chat = b'{"messages":[{"role":"user","content":"q"}],"category":"b"}\n'  # says first what others say later
    check_stream([data, chat, *[_good_rows(50, category="b")] * 10], source="x")
    assert read_slowly < 60


messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "user", "assistant", "assistant", "tool"]), "content": texts},
        optional={"name": texts},
    ),
    max_size=5,
)
spoken = st.lists(st.sampled_from(["user", "assistant"]), min_size=1, max_size=4).map(
    lambda roles: [{"role": role, "content": f'said "{role}"\n'} for role in roles]
)
answers = spoken | texts | st.none()
others = {"category": texts, "system": texts, "id": st.integers()}
SHAPED: dict[str, tuple[dict[str, Any], st.SearchStrategy[dict[str, Any]]]] = {
    "openai_chat": (
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
        st.fixed_dictionaries({"messages": messages | spoken}, optional=others),
    ),
    "prompt_completion_conversational": (
        {"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]},
        st.fixed_dictionaries({"prompt": messages | spoken, "completion": answers}, optional=others),
    ),
    "preference": (
        {"prompt": "q", "chosen": "a", "rejected": "b"},
        st.fixed_dictionaries({"prompt": texts}, optional={"chosen": answers, "rejected": answers, **others}),
    ),
    "prompt_completion": (
        {"prompt": "q", "completion": "a", "rejected": "b"},
        st.fixed_dictionaries({"prompt": texts}, optional={"completion": answers, "rejected": answers, **others}),
    ),
    "verl": (
        {"prompt": [{"role": "user", "content": "q"}], "extra_info": {"answer": "a"}, "reward_model": {"style": "r"}},
        st.fixed_dictionaries(
            {"prompt": messages | spoken},
            optional={
                "extra_info": st.dictionaries(st.just("answer") | texts, texts | st.integers(), max_size=2),
                "reward_model": st.fixed_dictionaries({}, optional={"ground_truth": texts | st.integers() | st.none()}),
                **others,
            },
        ),
    ),
    "verl_legacy": (
        {"prompt": "q", "ability": "x", "extra_info": {"answer": "a"}},
        st.fixed_dictionaries(
            {"prompt": texts},
            optional={"extra_info": st.fixed_dictionaries({"answer": answers}), "ability": texts, **others},
        ),
    ),
}


@pytest.mark.parametrize("name", SHAPED)
@settings(max_examples=at_most(20), derandomize=True)
@given(data=st.data())
def test_rows_of_every_shape_are_told_the_same_both_ways(name: str, data: st.DataObject) -> None:
    good, strange = SHAPED[name]
    ascii_only = data.draw(st.booleans())
    written = [good | {"id": i, "category": "c"} for i in range(64)] + data.draw(st.lists(strange, max_size=6))
    lines = [json.dumps(row, ensure_ascii=ascii_only).encode() for row in written]
    with pytest.MonkeyPatch.context() as patch:
        slow, fast = _both(b"\n".join(lines) + b"\n", patch)
    assert slow["profile"]["formats"][name] >= 64
    assert slow == fast


def test_the_notebook_reads_the_same_prompts_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the profile counts is what kernel/rows.py reads, row by row."""
    monkeypatch.setattr(check, "FAST_AFTER_ROWS", 0)
    for good, _ in SHAPED.values():
        lines = [json.dumps(good | {"id": i, "category": f"c{i % 2}"}).encode() + b"\n" for i in range(100)]
        read = read_dataset_rows(lines).rows
        profile = check_stream(lines, source="x").profile
        assert profile["usable_rows"] == len(read) == 100
        assert profile["prompt_chars"]["max"] == max(len(row.prompt) for row in read)
        assert profile["reference_chars"]["max"] == max(len(row.reference or "") for row in read)
        assert profile["with_reference"] == sum(row.reference is not None for row in read)
        assert profile["categories"] == Counter(row.category for row in read)
