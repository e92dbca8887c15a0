"""Appending: other people's cells keep their content, ours are replaced in place, what is no notebook is left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest

from model_evaluation.errors import Refused
from model_evaluation.notebook.append import append_section
from model_evaluation.notebook.cells import METADATA_KEY, notebook_bytes
from model_evaluation.notebook.execute import inject_parameters
from model_evaluation.notebook.render import notebook_content
from unit.notebook.building import KIND, build_notebook

PYTHON = '{"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}'
# Spacing, key order and escapes that no program would write again the same way.
FIRST_CELL = (
    '{"source":["import  this\\n"],"cell_type":"code" ,"outputs":[],"metadata":{ },"execution_count":7,"id":"setup"}'
)
SECOND_CELL = (
    '{ "metadata": {"tags": []}, "cell_type": "markdown", "id": "caf\\u0065-1", "source": "\\ud83d\\ude00 <b>" }'
)


def notebook_text(*cells: str, minor: int = 5, metadata: str = PYTHON) -> str:
    body = " ,\n\n".join(cells)
    return f'{{"nbformat_minor": {minor},\n "cells": [{body}],  "metadata": {metadata},"nbformat":4}}'


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "analysis.ipynb"
    path.write_text(notebook_text(FIRST_CELL, SECOND_CELL), encoding="utf-8")
    return path


def append(path: Path, parameters: dict[str, Any]) -> Any:
    return append_section(path, notebook_content(KIND, parameters))


def cells_of(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_bytes())["cells"]
    return cells


def test_other_cells_and_the_rest_of_the_file_mean_what_they_meant(mine: Path, parameters: dict[str, Any]) -> None:
    before = json.loads(mine.read_text(encoding="utf-8"))
    append(mine, parameters)
    after = json.loads(mine.read_text(encoding="utf-8"))
    assert after["cells"][0] == before["cells"][0]
    assert after["cells"][1] == {**before["cells"][1], "source": [before["cells"][1]["source"]]}
    assert {key: value for key, value in after.items() if key != "cells"} == {
        key: value for key, value in before.items() if key != "cells"
    }
    assert mine.read_text(encoding="utf-8") == nbformat.writes(nbformat.read(mine, as_version=4)) + "\n"


def test_the_section_comes_last_and_equals_the_rendered_notebook(mine: Path, parameters: dict[str, Any]) -> None:
    result = append(mine, parameters)
    assert not result.replaced
    own = cells_of(mine)[2:]
    rendered = build_notebook(parameters).cells
    assert ["".join(cell["source"]) for cell in own] == [cell.source for cell in rendered]
    assert all(METADATA_KEY in cell["metadata"] for cell in own)
    nbformat.validate(nbformat.read(mine, as_version=4))


@pytest.mark.parametrize("tags", ["null", "7", '{"a": 1}'])
def test_tags_that_are_none_do_not_matter(mine: Path, parameters: dict[str, Any], tags: str) -> None:
    cell = f'{{"metadata": {{"tags": {tags}}}, "cell_type": "markdown", "id": "odd", "source": ""}}'
    mine.write_text(notebook_text(cell), encoding="utf-8")
    assert append(mine, parameters).warnings == ()
    assert cells_of(mine)[0]["metadata"] == {"tags": json.loads(tags)}


def test_values_are_overridden_in_our_parameters_cell_and_not_in_theirs(mine: Path, parameters: dict[str, Any]) -> None:
    theirs = '{"metadata": {"tags": ["%s"]}, "cell_type": "code", "id": "%s", "source": "%%matplotlib inline", '
    theirs += '"outputs": [], "execution_count": null}'
    cells = theirs % ("parameters", "a"), theirs % ("injected-parameters", "b")
    mine.write_text(notebook_text(*cells), encoding="utf-8")
    append(mine, parameters)
    notebook = nbformat.read(mine, as_version=4)
    for seconds in (5, 7):
        inject_parameters(notebook, {"POLL_SECONDS": seconds})
    ids = [cell.id for cell in notebook.cells]
    assert ids[:5] == ["a", "b", "title", "parameters", "injected-parameters"]
    assert notebook.cells[4].source == "# Parameters\nPOLL_SECONDS = 7"
    assert len(set(ids)) == len(ids)


def test_an_id_that_is_taken_gets_a_number(mine: Path, parameters: dict[str, Any]) -> None:
    append(mine, parameters)
    ids = [cell["id"] for cell in cells_of(mine)]
    assert len(ids) == len(set(ids))
    assert ids[0] == "setup"
    assert "setup-2" in ids


def test_a_second_run_changes_nothing(mine: Path, parameters: dict[str, Any]) -> None:
    append(mine, parameters)
    once = mine.read_bytes()
    before = mine.stat().st_mtime_ns
    assert append(mine, parameters).replaced
    assert mine.read_bytes() == once
    assert mine.stat().st_mtime_ns == before


def test_a_second_run_replaces_the_section_where_it_is(mine: Path, parameters: dict[str, Any]) -> None:
    append(mine, parameters)
    notebook = json.loads(mine.read_text(encoding="utf-8"))
    own = notebook["cells"][2:]
    own[3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "old"}]
    after = {"cell_type": "markdown", "id": "after", "metadata": {}, "source": "my notes"}
    notebook["cells"] = [notebook["cells"][0], *own, after, notebook["cells"][1]]
    mine.write_text(json.dumps(notebook), encoding="utf-8")

    append(mine, parameters | {"REGION": "eu-west-1"})

    cells = cells_of(mine)
    marked = [METADATA_KEY in cell["metadata"] for cell in cells]
    assert marked == [False, *[True] * len(KIND.cells()), False, False]
    assert cells[-2] == {**after, "source": ["my notes"]}
    assert "eu-west-1" in "".join("".join(cell["source"]) for cell in cells)
    assert not any(cell.get("outputs") for cell in cells)


def test_a_notebook_without_ids_gets_cells_without_ids(tmp_path: Path, parameters: dict[str, Any]) -> None:
    path = tmp_path / "old.ipynb"
    old_cell = '{"cell_type": "markdown", "metadata": {}, "source": ["hello"]}'
    path.write_text(notebook_text(old_cell, minor=4), encoding="utf-8")
    append(path, parameters)
    assert cells_of(path)[0] == json.loads(old_cell)
    assert not any("id" in cell for cell in cells_of(path))
    nbformat.validate(nbformat.read(path, as_version=nbformat.NO_CONVERT))
    assert append(path, parameters).replaced
    assert len(cells_of(path)) == 1 + len(KIND.cells())


def test_an_empty_notebook_and_a_byte_order_mark_are_fine(tmp_path: Path, parameters: dict[str, Any]) -> None:
    path = tmp_path / "empty.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + notebook_text().encode())
    append(path, parameters)
    assert path.read_bytes().startswith(b"{")  # Jupyter opens no notebook with the mark
    assert len(cells_of(path)) == len(KIND.cells())


def test_mode_and_link_are_kept(mine: Path, parameters: dict[str, Any], tmp_path: Path) -> None:
    mine.chmod(0o640)
    link = tmp_path / "link.ipynb"
    link.symlink_to(mine)
    append(link, parameters)
    assert link.is_symlink()
    assert mine.stat().st_mode & 0o777 == 0o640
    assert len(cells_of(mine)) == 2 + len(KIND.cells())


def test_a_foreign_parameters_cell_is_pointed_out(tmp_path: Path, parameters: dict[str, Any]) -> None:
    path = tmp_path / "papermill.ipynb"
    tagged = '{"cell_type":"raw","id":"p","metadata":{"tags":["parameters"]},"source":""}'
    path.write_text(notebook_text(tagged), encoding="utf-8")
    (warning,) = append(path, parameters).warnings
    assert "parameters cell of its own" in warning
    assert append(path, parameters).warnings


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not valid JSON"),
        (b"not a notebook", "not valid JSON"),
        (notebook_text(FIRST_CELL).encode()[:-30], "not valid JSON"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[]", "not a notebook of format 4"),
        (b'{"cells": []}', "missing required field"),
        (b'{"worksheets": [], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}', "not a notebook of format 4"),
        (b'{"cells": [], "metadata": {}, "nbformat": 5, "nbformat_minor": 0}', "not a notebook of format 4"),
        (notebook_text("42").encode(), r"at `\$.cells\[0\]`"),
        (notebook_text('{"cell_type": "code"}').encode(), "missing required field `metadata`"),
        (notebook_text(metadata='{"kernelspec": {"language": "R"}}').encode(), "language is R"),
        (b"[" * 100_000, "not valid JSON"),
    ],
)
def test_what_is_no_usable_notebook_is_refused_and_left_alone(
    tmp_path: Path, parameters: dict[str, Any], content: bytes, reason: str
) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_bytes(content)
    with pytest.raises(Refused, match=reason) as refused:
        append(path, parameters)
    assert refused.value.fix
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["broken.ipynb"]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, parameters: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        append(tmp_path / "nowhere.ipynb", parameters)
    assert not os.listdir(tmp_path)


def test_a_crash_while_writing_leaves_the_old_file(
    mine: Path, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mine.read_bytes()

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        append(mine, parameters)
    assert mine.read_bytes() == before
    assert os.listdir(mine.parent) == [mine.name]


def test_what_another_program_saves_meanwhile_is_not_overwritten(
    mine: Path, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = notebook_text(SECOND_CELL)

    def saved_meanwhile(content: Any) -> bytes:
        mine.write_text(newer, encoding="utf-8")
        return notebook_bytes(content)

    monkeypatch.setattr("model_evaluation.notebook.append.notebook_bytes", saved_meanwhile)
    with pytest.raises(Refused, match="changed while it was being edited"):
        append(mine, parameters)
    assert mine.read_text(encoding="utf-8") == newer
