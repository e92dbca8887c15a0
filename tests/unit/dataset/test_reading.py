"""Rows are read as the notebook reads them, and alike whether they stand alone or among thousands."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import at_most
from model_evaluation.dataset import Terms, check_stream
from model_evaluation.dataset.rows import blocks
from model_evaluation.dataset.rows.blocks import BlockReader, read_blocks
from model_evaluation.dataset.rows.lines import Block
from model_evaluation.runtime.rows import read_dataset_row
from unit.dataset.dataset_cases import content, load_cases, told

CASES = [case for case in load_cases() if len(content(case)) < 50_000]


def _both(parts: list[bytes], monkeypatch: pytest.MonkeyPatch, **options: Any) -> tuple[Any, Any]:
    """The report of the parts in small blocks: read as columns as soon as fields are known, and never so."""
    monkeypatch.setattr("model_evaluation.dataset.rows.lines.BLOCK_BYTES", 700)
    monkeypatch.setattr(blocks, "_WORTH_NUMPY", 1500)
    as_columns = check_stream(parts, source="x", row_limit=None, **options)
    with monkeypatch.context() as patch:
        patch.setattr(blocks, "_MOST_NAMES", 0)
        one_by_one = check_stream(parts, source="x", row_limit=None, **options)
    return told(as_columns), told(one_by_one)


def _rows(count: int, **extra: Any) -> bytes:
    rows = ({"query": f"good {i}", "response": f"answer {i}", **extra} for i in range(count))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_defect_among_good_rows_is_told_the_same(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    options = {key: value for key, value in case.get("options", {}).items() if key != "row_limit"}
    parts = [_rows(9), _rows(9, note="later", nested={"a": [1, {"b": 2}]}), content(case) + b"\n", _rows(9)]
    one, other = _both(parts, monkeypatch, terms=Terms(**case.get("terms", {})), **options)
    assert one == other


SPACINGS = ((", ", ": "), (",", ":"), (" ,", " : "))
texts = st.text(st.sampled_from('ab "\\\n\t\x00\x08\x7fé東😀:,{}'), max_size=12)
flat_rows = st.fixed_dictionaries(
    {"query": texts},
    optional={
        "response": texts | st.none(),
        "system": texts | st.none() | st.just("s"),
        "category": texts | st.none() | st.integers(),
        "id": st.integers() | st.floats(allow_nan=False) | st.booleans(),
        "tags": st.lists(texts, max_size=2) | st.dictionaries(texts, st.none(), max_size=2),
        "rejected": texts,
        "metadata": st.just('{"category":"c"}') | st.just({"k": "v", "category": 3}) | st.just(7),
    },
)


@settings(max_examples=at_most(80), derandomize=True)
@given(
    st.lists(st.tuples(flat_rows, st.sampled_from(SPACINGS), st.booleans()), min_size=1, max_size=12),
    st.integers(0, 2**32),
)
def test_any_rows_written_any_way_are_told_the_same(
    written: list[tuple[dict[str, Any], tuple[str, str], bool]], seed: int
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
    with pytest.MonkeyPatch.context() as patch:
        one, other = _both([_rows(4, id=1, tags=[], rejected=""), b"\n".join(lines)], patch, context_tokens=9)
    assert one == other


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
    one, other = _both([_rows(9, id=3), _rows(9, id=4) + row + b"\n" + _rows(3, id=5)], monkeypatch)
    assert one == other
    assert [found["lines"] for found in one["findings"] if found["kind"] == "duplicate_key"] == [[19]]


@pytest.mark.parametrize(
    ("row", "too_deep"),
    [
        (b'{"query":"q","note":' + b"[" * 499 + b"]" * 499 + b"}", False),
        (b'{"query":"q","note":' + b"[" * 500 + b"]" * 500 + b"}", True),
        (b'{"query":"q","note":' + b'{"a":[' * 400 + b"]}" * 400 + b"}", True),
    ],
)
def test_a_row_may_have_500_levels_wherever_it_stands(
    row: bytes, too_deep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = _both([_rows(9, note=[]), row + b"\n" + _rows(9, note=[])], monkeypatch)
    assert one == other
    assert [found["lines"] for found in one["findings"] if found["kind"] == "too_deep"] == [[10]] * too_deep


def test_rows_whose_fields_are_known_are_read_as_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    read_with_care: list[bytes] = []
    monkeypatch.setattr("model_evaluation.dataset.rows.lines.BLOCK_BYTES", 250)
    original = blocks.read_line
    monkeypatch.setattr(blocks, "read_line", lambda line, terms: read_with_care.append(line) or original(line, terms))
    parts = [_rows(5, category="a"), _rows(5, category="b"), _rows(5), _rows(5, system='é "q" \n', id=3)] * 9
    assert check_stream(parts, source="x").profile.usable_rows == 180
    assert len(read_with_care) < 15  # the first block, and the one with further fields


@pytest.mark.parametrize("metadata", ['{"k": null, "l": [1], "m": 2}', {"k": None, "l": [1], "m": 2}, {"m": True}])
def test_metadata_fields_are_counted_where_they_hold_a_scalar(
    metadata: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_evaluation.dataset.rows.lines.BLOCK_BYTES", 700)
    report = check_stream([_rows(300, metadata=metadata)], source="x")
    assert report.profile.metadata_fields == {"metadata.m": 300}


def test_more_names_than_can_be_learned_do_no_harm() -> None:
    lines = [json.dumps({"query": f"q{i}", f"a\\{i}": 1, f"field {i}": 2}).encode() + b"\n" for i in range(300)]
    report = check_stream(lines, source="x")
    assert report.profile.usable_rows == 300
    assert report.kinds() == {"no_reference"}


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
        st.fixed_dictionaries(
            {"prompt": texts},
            optional={"completion": answers, "rejected": answers, "extra_info": st.just({"answer": "x"}), **others},
        ),
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
    "sagemaker": ({"query": "q", "response": "a"}, flat_rows),
}


@pytest.mark.parametrize("name", SHAPED)
@settings(max_examples=at_most(40), derandomize=True)
@given(data=st.data())
def test_rows_of_every_shape_are_read_as_the_notebook_reads_them(name: str, data: st.DataObject) -> None:
    good, strange = SHAPED[name]
    ascii_only = data.draw(st.booleans())
    written = [good | {"id": i, "category": "c"} for i in range(4)] + data.draw(st.lists(strange, max_size=6))
    lines = [json.dumps(row, ensure_ascii=ascii_only).encode() for row in written]
    with pytest.MonkeyPatch.context() as patch:
        one, other = _both([b"\n".join(lines[:4]) + b"\n", b"\n".join(lines[4:]) + b"\n"], patch)
    assert one == other
    for rows in read_blocks([b"\n".join(lines) + b"\n"], Terms()):
        assert rows.formats[0] == name
        columns = rows.lines, rows.prompts, rows.references, rows.systems, rows.categories
        for line, prompt, reference, system, category in zip(*columns, strict=True):
            row = read_dataset_row(written[line - 1], line)
            assert (prompt, system, category) == (row.prompt, row.system, row.category)
            assert reference == (row.reference if (row.reference or "").strip() else None)


beside_rows = st.fixed_dictionaries(
    {"query": texts | st.sampled_from(["q", "see <image>", "\u200b"])},
    optional={
        "response": texts | st.none(),
        "expected": texts | st.integers() | st.none(),
        "answer": texts | st.none(),
        "prediction": texts,
        "system_prompt": texts,
        "images": st.lists(texts, max_size=1),
        "metadata": st.sampled_from([7, None, [], '{"category": "c"}', '{"k": null, "l": [1], "m": 2}'])
        | st.dictionaries(st.sampled_from(["category", "k"]), texts | st.none() | st.integers() | st.just([1])),
    },
)
all_terms = st.builds(
    Terms,
    needs_reference=st.booleans(),
    refused_formats=st.sampled_from([(), ("openai_chat",)]),
    unused=st.sampled_from([(), ("system",), ("reference", "system")]),
)


@settings(max_examples=at_most(200), derandomize=True)
@given(
    st.lists(st.one_of(beside_rows, *(rows for _, rows in SHAPED.values())), min_size=1, max_size=25),
    st.sampled_from([b"\n", b"\r\n"]),
    all_terms,
)
def test_any_mixture_of_rows_is_read_as_row_by_row(
    written: list[dict[str, Any]], line_end: bytes, terms: Terms
) -> None:
    lines = [json.dumps(row).encode() + line_end for row in written]
    columns, each = BlockReader(terms), BlockReader(terms)
    columns.read(Block(b"".join(lines), 0))  # learns the fields
    each.read(Block(b"".join(lines), 0))
    with pytest.MonkeyPatch.context() as patch:
        whole = columns.read(Block(b"".join(lines), 0))
        patch.setattr(each, "_decode_row", None)
        one_by_one = each.read(Block(b"".join(lines), 0))
    assert sorted(whole.faults) == sorted(one_by_one.faults)
    assert [line for line, _ in whole.faults] == sorted(line for line, _ in whole.faults)
    for name in ("prompts", "references", "systems", "categories", "formats", "fields", "foreign", "unseen"):
        assert getattr(whole, name) == getattr(one_by_one, name)
    assert list(whole.lines) == list(one_by_one.lines)
