"""workflow_state.json survives everything that happens to files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation import state
from model_evaluation.errors import StateError

SCHEMA = json.loads((Path(state.__file__).parent / "schemas" / "workflow_state.schema.json").read_text())
ANSWER = {"value": "x", "origin": "user", "time": "2026-11-20T10:00:00+00:00"}


def test_a_project_without_a_file_starts_empty(tmp_path: Path) -> None:
    snapshot = state.load(str(tmp_path))
    assert snapshot.raw is None
    assert snapshot.document == {"schema_version": 1, "answers": {}}


def test_what_is_written_is_read_back_and_a_good_copy_lies_beside_it(tmp_path: Path) -> None:
    document = {"schema_version": 1, "answers": {"task": ANSWER}}
    assert state.replace(str(tmp_path), None, document)
    assert state.load(str(tmp_path)).document == document
    assert (tmp_path / state.BACKUP_NAME).read_bytes() == (tmp_path / state.FILE_NAME).read_bytes()


def test_another_tools_keys_are_kept(tmp_path: Path) -> None:
    foreign = {"model_package_arn": "arn:x", "nested": {"a": [1, None, "é"]}}
    (tmp_path / state.FILE_NAME).write_text(json.dumps(foreign))
    snapshot = state.load(str(tmp_path))
    assert snapshot.document == {**foreign, "schema_version": 1, "answers": {}}
    state.replace(str(tmp_path), snapshot.raw, snapshot.document)
    written = json.loads((tmp_path / state.FILE_NAME).read_text(encoding="utf-8"))
    assert {key: written[key] for key in foreign} == foreign


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b'{"answers": ', "not JSON"),
        (b"[1]", "expected an object"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"schema_version": "1"}', "whole number"),
        (b'{"schema_version": true}', "whole number"),
        (b'{"schema_version": 1}', "it has no answers"),
        (b'{"schema_version": 1, "answers": {"task": 3}}', "answers.task is int, expected object"),
        (b'{"schema_version": 1, "answers": {"task": {"value": 1}}}', "has no origin"),
        (b'{"schema_version": 1, "answers": {}, "offers": []}', "offers is list, expected object"),
        (b'{"schema_version": 1, "answers": {}, "runs": {}}', "runs is dict, expected array"),
        (b'{"schema_version": 1, "answers": {}, "runs": [{"name": null}]}', r"runs\[0\] has no fingerprint"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / state.FILE_NAME
    path.write_bytes(content)
    with pytest.raises(StateError, match=reason) as caught:
        state.load(str(tmp_path))
    assert caught.value.code == "state_damaged"
    assert path.read_bytes() == content


def test_values_of_any_depth_are_none_of_our_business(tmp_path: Path) -> None:
    deep = '{"a": ' * 700 + "1" + "}" * 700
    (tmp_path / state.FILE_NAME).write_text(f'{{"schema_version": 1, "answers": {{}}, "theirs": {deep}}}')
    assert "theirs" in state.load(str(tmp_path)).document


def test_the_error_names_the_last_good_copy(tmp_path: Path) -> None:
    state.replace(str(tmp_path), None, {"schema_version": 1, "answers": {}})
    (tmp_path / state.FILE_NAME).write_bytes(b"{")
    with pytest.raises(StateError) as caught:
        state.load(str(tmp_path))
    assert str(tmp_path / state.BACKUP_NAME) in caught.value.fix


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / state.FILE_NAME).write_text('{"schema_version": 99, "answers": {}}')
    with pytest.raises(StateError, match="99") as caught:
        state.load(str(tmp_path))
    assert caught.value.code == "state_newer"


def test_a_change_made_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    first = {"schema_version": 1, "answers": {"task": ANSWER}}
    state.replace(str(tmp_path), None, first)
    assert not state.replace(str(tmp_path), None, {"schema_version": 1, "answers": {}})
    assert state.load(str(tmp_path)).document == first


def test_writers_at_the_same_moment_lose_nothing(tmp_path: Path) -> None:
    def add(number: int) -> None:
        while True:
            snapshot = state.load(str(tmp_path))
            answers = {**snapshot.document["answers"], f"s{number}": ANSWER}
            if state.replace(str(tmp_path), snapshot.raw, {**snapshot.document, "answers": answers}):
                return

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(state.load(str(tmp_path)).document["answers"]) == 12


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_kill_in_the_middle_of_a_write_leaves_the_old_file(tmp_path: Path, moment: str) -> None:
    """The process ends, without any clean-up, at two points of the write."""
    state.replace(str(tmp_path), None, {"schema_version": 1, "answers": {}})
    before = (tmp_path / state.FILE_NAME).read_bytes()
    program = f"""
import os, sys
sys.path.insert(0, {str(Path(state.__file__).parents[1])!r})
from model_evaluation import state
snapshot = state.load({str(tmp_path)!r})
def die(*args, **kwargs): os._exit(9)
if {moment!r} == "fsync":
    os.fsync = die
else:
    os.replace = die
state.replace({str(tmp_path)!r}, snapshot.raw, {{"schema_version": 1, "answers": {{"task": {ANSWER!r}}}}})
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert (tmp_path / state.FILE_NAME).read_bytes() == before
    snapshot = state.load(str(tmp_path))  # and the lock died with its holder
    assert state.replace(str(tmp_path), snapshot.raw, snapshot.document)


def test_a_folder_that_cannot_be_locked_is_named(tmp_path: Path) -> None:
    (tmp_path / state.LOCK_NAME).mkdir()
    with pytest.raises(StateError, match="cannot be opened"):
        state.replace(str(tmp_path), None, {"schema_version": 1, "answers": {}})


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match="No space left"):
        state.replace(str(tmp_path), None, {"schema_version": 1, "answers": {}})
    assert [path.name for path in tmp_path.iterdir()] == [state.LOCK_NAME]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["user", "lookup", "x", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["value", "a"]), inner, max_size=2),
    max_leaves=4,
)
entries = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("value", "origin", "time", "simulated", "facts", "warnings"), json_values)
)
run_texts = st.none() | st.text(max_size=2) | st.integers(0, 1)
runs = st.fixed_dictionaries(
    dict.fromkeys(("fingerprint", "started", "notebook", "results_dir"), st.just("x") | run_texts),
    optional=dict.fromkeys(("name", "execution_arn", "outcome"), run_texts),
)
documents = st.fixed_dictionaries(
    {"schema_version": st.just(1)},
    optional={
        "answers": st.dictionaries(st.sampled_from(["task", "x"]), entries | json_values, max_size=2),
        "offers": json_values | st.dictionaries(st.just("task"), json_values, max_size=1),
        "reopened": json_values,
        "rendered": json_values,
        "runs": st.lists(runs | json_values, max_size=2) | json_values,
        "other": json_values,
    },
)


@given(documents)
def test_the_quick_check_agrees_with_a_library_of_validation(document: dict[str, Any]) -> None:
    valid = jsonschema.Draft202012Validator(SCHEMA).is_valid(document)
    assert (state.find_fault(document, SCHEMA) is None) == valid


def test_a_folder_in_its_place_is_to_be_moved_away(tmp_path: Path) -> None:
    (tmp_path / state.FILE_NAME).mkdir()
    with pytest.raises(StateError) as caught:
        state.load(str(tmp_path))
    assert caught.value.code == "state_unreadable"
    assert caught.value.fix.startswith("Move the folder away: mv ")


def test_a_byte_order_mark_is_no_damage(tmp_path: Path) -> None:
    document = {"schema_version": 1, "answers": {"task": ANSWER}}
    (tmp_path / state.FILE_NAME).write_bytes(b"\xef\xbb\xbf" + state.serialise(document))
    snapshot = state.load(str(tmp_path))
    assert snapshot.document == document
    assert state.replace(str(tmp_path), snapshot.raw, document)
