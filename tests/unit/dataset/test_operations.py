"""Operations write what they promise, trace every row to its source, and never overwrite."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.dataset import Terms, apply_operation, check_stream, parse_operation
from model_evaluation.dataset.operations.output import expanded, runs
from model_evaluation.dataset.operations.sampling import allocate, stratified_sample, stratified_shards
from model_evaluation.dataset.rows.lines import LONGEST_LINE
from model_evaluation.errors import Refused


def _rows(count: int) -> list[bytes]:
    def row(i: int) -> bytes:
        category = ("law", "math", "math", "code")[i % 4]
        return json.dumps({"query": f"q{i}", "response": f"r{i}", "category": category}).encode()

    return [row(i) for i in range(count)]


def _apply(operation: str, data: bytes, out: Path, *, earlier: Any = None, **options: Any) -> Any:
    options.setdefault("row_limit", None)
    report = check_stream([data], source="s3://b/d.jsonl", **options)
    name, arguments = parse_operation(operation)
    return apply_operation(name, arguments, lambda: [data], report, out, earlier=earlier, etag="e")


def _check_manifest(manifest: Any, data: bytes, out: Path) -> None:
    """Checksums are right and each output row is its source row (rows are copied byte for byte)."""
    source_lines = data.split(b"\n")
    assert manifest["source"]["sha256"] == sha256(data).hexdigest()
    assert manifest["source"]["bytes"] == len(data)
    for output in manifest["outputs"]:
        written = (out.parent / output["file"]).read_bytes()
        assert output["sha256"] == sha256(written).hexdigest()
        assert output["bytes"] == len(written)
        lines = written.splitlines()
        assert output["rows"] == len(lines)
        assert [source_lines[number - 1].strip() for number in expanded(output["source_lines"])] == lines
    saved = json.loads(out.with_name(out.name + ".manifest.json").read_text())
    assert saved == manifest
    assert saved["source"]["uri"] == "s3://b/d.jsonl"
    assert saved["source"]["etag"] == "e"


def test_drop_invalid_leaves_exactly_the_good_rows(tmp_path: Path) -> None:
    good = _rows(4)
    bad = [b"{", b'{"query":""}', b"", b'{"query":"a","query":"b"}', b'{"query":"\xff"}', b"[1]"]
    data = b"\n".join([good[0], *bad, good[1], b"\xef\xbb\xbf" + good[2] + b"\r", good[3]])
    out = tmp_path / "good.jsonl"
    manifest = _apply("drop-invalid", data, out)
    assert out.read_bytes().splitlines() == good
    assert manifest["outputs"][0]["source_lines"] == [1, [8, 10]]
    assert check_stream([out.read_bytes()], source="x").usable


def test_drop_invalid_judges_on_the_terms_of_the_check(tmp_path: Path) -> None:
    data = b'{"query":"a"}\n{"query":"b","response":"r"}\n'
    manifest = _apply("drop_invalid", data, tmp_path / "a.jsonl", terms=Terms(needs_reference=True))
    assert manifest["outputs"][0]["source_lines"] == [2]
    with pytest.raises(Refused, match="every row can be used"):
        _apply("drop-invalid", data, tmp_path / "b.jsonl")


def test_dedupe_keeps_the_first_of_each(tmp_path: Path) -> None:
    rows = _rows(5)
    spaced = json.dumps(json.loads(rows[1]), separators=(" , ", " : ")).encode()
    other_system = b'{"query":"q0","response":"r0","system":"s"}'
    data = b"\n".join([*rows, rows[0], spaced, other_system]) + b"\n"
    out = tmp_path / "out.jsonl"
    manifest = _apply("dedupe", data, out)
    assert out.read_bytes().splitlines() == [*rows, other_system]
    _check_manifest(manifest, data, out)
    assert check_stream([out.read_bytes()], source="x").profile.duplicates == 0


def test_a_row_that_is_too_long_is_never_copied_in_part(tmp_path: Path) -> None:
    data = _rows(1)[0] + b"\n" + b'{"query": "' + b"x" * LONGEST_LINE + b'"}\n'
    with pytest.raises(Refused, match="Line 2 is too long"):
        _apply("dedupe", data, tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == []
    assert _apply("drop-invalid", data, tmp_path / "out.jsonl")["outputs"][0]["rows"] == 1


@pytest.mark.parametrize("operation", ["dedupe", "drop-invalid"])
def test_where_no_row_is_left_out_no_file_is_made(tmp_path: Path, operation: str) -> None:
    with pytest.raises(Refused, match=r"nothing to leave out: (no row repeats|every row can)") as refusal:
        _apply(operation, b"\n".join(_rows(4)), tmp_path / "out.jsonl")
    assert refusal.value.code == "nothing_to_leave_out"
    assert not list(tmp_path.iterdir())
    # What a copy never keeps is a reason to make one.
    assert _apply(operation, b"\xef\xbb\xbf" + b"\n".join(_rows(4)), tmp_path / "out.jsonl")["outputs"][0]["rows"] == 4


def test_dedupe_keeps_rows_with_other_pictures(tmp_path: Path) -> None:
    rows = [json.dumps({"query": "what?", "response": "a cat", "images": [name]}).encode() for name in "aba"]
    _apply("dedupe", b"\n".join(rows), tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes().splitlines() == rows[:2]


def test_a_sample_is_stratified_deterministic_and_traced(tmp_path: Path) -> None:
    data = b"\n".join(_rows(1200)) + b"\n"
    out = tmp_path / "sample.jsonl"
    manifest = _apply("sample 400 7", data, out)
    assert manifest["seed"] == 7
    _check_manifest(manifest, data, out)
    assert check_stream([out.read_bytes()], source="x").profile.categories == {"math": 200, "law": 100, "code": 100}
    again = _apply("sample 400 7", data, tmp_path / "again.jsonl")
    assert again["outputs"][0]["sha256"] == manifest["outputs"][0]["sha256"]
    other = _apply("sample 400 8", data, tmp_path / "other.jsonl")
    assert other["outputs"][0]["sha256"] != manifest["outputs"][0]["sha256"]


def test_a_sample_is_the_same_on_every_machine_and_version() -> None:
    # Written down once: a change here would make old manifests unrepeatable.
    categories = dict(enumerate("a" * 10 + "b" * 10, start=1))
    assert stratified_sample(categories, 6, seed=3) == {5, 8, 9, 14, 15, 20}


def test_shards_hold_every_row_once_and_the_same_mix(tmp_path: Path) -> None:
    data = b"\n".join(_rows(2501)) + b"\n"
    out = tmp_path / "part.jsonl"
    manifest = _apply("shard", data, out)
    _check_manifest(manifest, data, out)
    assert [output["file"] for output in manifest["outputs"]] == [f"part-00{i}-of-003.jsonl" for i in (1, 2, 3)]
    written = [(tmp_path / output["file"]).read_bytes().splitlines() for output in manifest["outputs"]]
    assert Counter(row for shard in written for row in shard) == Counter(_rows(2501))
    assert sorted(map(len, written)) == [833, 834, 834]
    maths = [sum(b"math" in row for row in shard) for shard in written]
    assert max(maths) - min(maths) <= 1


def test_shards_refuse_a_source_with_errors(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="1 row has errors") as caught:
        _apply("shard 2", b"\n".join([*_rows(5), b"{"]), tmp_path / "part.jsonl")
    assert "drop-invalid" in caught.value.fix
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.data())
def test_shares_are_the_proportions_rounded_up_or_down(sizes: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(sizes)))
    shares = allocate(total, sizes)
    assert sum(shares) == total
    for share, size in zip(shares, sizes, strict=True):
        exact = total * size / sum(sizes) if sum(sizes) else 0
        assert abs(share - exact) < 1
        assert share <= size


@given(
    st.lists(st.sampled_from(["a", "b", None]), max_size=60),
    st.integers(1, 20),
    st.integers(0, 5),
)
def test_shards_split_without_loss_for_any_sizes(names: list[str | None], size: int, seed: int) -> None:
    categories = dict(enumerate(names, start=3))
    shards = stratified_shards(categories, size, seed)
    assert shards.keys() == categories.keys()
    sizes = Counter(shards.values())
    assert sizes.keys() == set(range(-(-len(names) // size)))
    assert all(count <= size for count in sizes.values())
    for name in set(names):
        counts = [sum(shards[line] == shard for line in shards if categories[line] == name) for shard in sizes]
        assert max(counts) - min(counts) <= 1


@given(st.lists(st.integers(1, 60), unique=True).map(sorted))
def test_runs_of_lines_can_be_traced_back(numbers: list[int]) -> None:
    packed = runs(numbers)
    assert list(expanded(packed)) == numbers


def test_rows_are_traced_back_through_several_operations(tmp_path: Path) -> None:
    data = b"\n".join([b"{", *_rows(12), *_rows(3), b"{"])  # lines 2 to 13 stay, 14 to 16 repeat 2 to 4
    first = _apply("drop-invalid", data, tmp_path / "first.jsonl")
    second = _apply("dedupe", (tmp_path / "first.jsonl").read_bytes(), tmp_path / "second.jsonl", earlier=first)
    third = _apply("shard 7 1", (tmp_path / "second.jsonl").read_bytes(), tmp_path / "third.jsonl", earlier=second)
    assert "origin" not in first
    assert second["origin"] == third["origin"]
    assert third["origin"]["sha256"] == first["source"]["sha256"]
    lines = data.split(b"\n")
    for output in third["outputs"]:
        rows = (tmp_path / output["file"]).read_bytes().splitlines()
        assert rows == [lines[number - 1] for number in expanded(output["origin_lines"])]
    assert sorted(n for output in third["outputs"] for n in expanded(output["origin_lines"])) == list(range(2, 14))
    # All files of a set, read one after the other.
    whole = b"".join((tmp_path / output["file"]).read_bytes() for output in third["outputs"])
    fourth = _apply("sample 5 3", whole, tmp_path / "fourth.jsonl", earlier=third)
    assert fourth["origin"] == third["origin"]
    rows = (tmp_path / "fourth.jsonl").read_bytes().splitlines()
    assert rows == [lines[number - 1] for number in expanded(fourth["outputs"][0]["origin_lines"])]
    # The manifest of something else leads nowhere.
    other = _apply("dedupe", data, tmp_path / "other.jsonl", earlier=second)
    assert "origin" not in other
    assert "origin_lines" not in other["outputs"][0]


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("mine")
    with pytest.raises(Refused, match="not overwritten"):
        _apply("sample 2", b"\n".join(_rows(5)), out)
    assert out.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [out]
    other = tmp_path / "other.jsonl"
    other.with_name("other.jsonl.manifest.json").write_text("mine")
    with pytest.raises(Refused, match="not overwritten"):
        _apply("sample 2", b"\n".join(_rows(5)), other)
    assert not other.exists()


def test_a_source_that_changes_between_readings_is_refused(tmp_path: Path) -> None:
    versions = iter([b"\n".join(_rows(5)), b"\n".join(_rows(6))])

    def open_chunks() -> Iterable[bytes]:
        return [next(versions)]

    report = check_stream([b"\n".join(_rows(5))], source="x")
    with pytest.raises(Refused, match="changed while it was read"):
        apply_operation("sample", ["2"], open_chunks, report, tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("sample", "takes a number"),
        ("sample 0", "at least 1"),
        ("sample many", "received 'many'"),
        ("sample 9", "only 5 rows are usable"),
        ("sample 2 -1", "a seed"),
        ("sample ²", "received"),
        ("shard 0", "at least 1"),
        ("dedupe now", "no arguments"),
        ("convert csv", "not a format"),
        ("explode", "not an operation"),
        ("", "not an operation"),
    ],
)
def test_operations_that_make_no_sense_are_refused(operation: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=message):
        _apply(operation, b"\n".join(_rows(5)), tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_nothing_left_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nothing to write"):
        _apply("drop-invalid", b"{\n{\n", tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == []


ROW = {"query": "q é", "response": "r"}


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(json.dumps(ROW).encode() + b"\n") + gzip.compress(json.dumps(ROW | {"id": 2}).encode()),
        json.dumps([ROW, ROW | {"id": 2}], indent=2).encode(),
        json.dumps([ROW, ROW | {"id": 2}]).encode(),
        b"\n".join(json.dumps(row, indent=1).encode() for row in (ROW, ROW | {"id": 2})),
        "\n".join(json.dumps(row, ensure_ascii=False) for row in (ROW, ROW | {"id": 2})).encode("utf-16"),
        b"\xef\xbb\xbf" + json.dumps(ROW).encode() + b"\r\n\r\n" + json.dumps(ROW | {"id": 2}).encode(),
    ],
    ids=["gzip", "indented array", "array", "indented objects", "utf-16", "mark and CRLF"],
)
def test_convert_unpacks_files_of_another_shape(data: bytes, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    manifest = _apply("convert", data, out)
    assert [json.loads(line) for line in out.read_bytes().splitlines()] == [ROW, ROW | {"id": 2}]
    assert manifest["source"]["sha256"] == sha256(data).hexdigest()
    after = check_stream([out.read_bytes()], source="x")
    assert after.usable
    assert after.kinds() <= {"duplicate_row"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(b'{"query":"q"}' * 50, mtime=0)[:-9], "breaks off"),
        (gzip.compress(b'{"query":"q"}', mtime=0)[:-8] + b"\xff" * 8, "damaged"),
        (b'[{"query":"a"},\n{"query":"b"', "not valid JSON"),
        (b'[{"query":"a","query":"b"}]', "twice"),
        (b'[{"query":"\xff"}]', "cannot be decoded"),
    ],
)
def test_convert_refuses_damaged_files(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=message):
        _apply("convert", data, tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_mixed_file_becomes_one_format(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"query": "a", "response": "1", "system": "s"},
        {"messages": [{"role": "user", "content": "b"}, {"role": "assistant", "content": "2"}]},
        {"prompt": "c", "completion": "3"},
    ]
    data = b"\n".join(json.dumps(row).encode() for row in rows)
    out = tmp_path / "out.jsonl"
    _apply("convert", data, out)
    assert [json.loads(line) for line in out.read_bytes().splitlines()] == [
        {"system": "s", "query": "a", "response": "1"},
        {"query": "b", "response": "2"},
        {"query": "c", "response": "3"},
    ]
    assert check_stream([out.read_bytes()], source="x").usable


def test_rows_that_cannot_be_converted_are_named(tmp_path: Path) -> None:
    turns = [{"role": role, "content": "x"} for role in ("user", "assistant", "user", "assistant")]
    data = b"\n".join([_rows(1)[0], json.dumps({"messages": turns}).encode()])
    with pytest.raises(Refused, match=r"1 row cannot be converted to sagemaker: .*several turns.*line 2"):
        _apply("convert sagemaker", data, tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == []
    assert _apply("convert", data, tmp_path / "out.jsonl")["outputs"][0]["rows"] == 2
