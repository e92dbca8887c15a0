"""The skill written as a plugin or extension: renewed in place, own files kept, other folders left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model_evaluation.errors import Refused
from model_evaluation.installing import extension as extension_module
from model_evaluation.installing import folder as folder_module
from model_evaluation.installing.extension import write_extension
from model_evaluation.installing.folder import source_files

SKILL = "skills/model-evaluation/SKILL.md"


@pytest.fixture(autouse=True)
def few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: path for name, path in source_files().items() if name in ("SKILL.md", "scripts/evaluate.py")}
    monkeypatch.setattr(folder_module, "source_files", lambda: few)


def test_it_is_written_again_and_own_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "an extension"
    assert write_extension(folder).action == "installed"
    (folder / "skills/model-evaluation/own.md").write_text("mine")
    (folder / "GEMINI.md").write_text("mine")
    (folder / "gemini-extension.json").write_text('{"name": "model-evaluation", "version": "0.0.1"}')
    outcome = write_extension(folder)
    assert (outcome.action, outcome.kept) == ("unchanged", ("own.md",))
    assert json.loads((folder / "gemini-extension.json").read_text())["version"] != "0.0.1"
    assert (folder / "GEMINI.md").read_text() == "mine"


def test_a_changed_skill_stops_it(tmp_path: Path) -> None:
    write_extension(tmp_path / "e")
    (tmp_path / "e" / SKILL).write_text("changed")
    with pytest.raises(Refused, match="changed since") as refused:
        write_extension(tmp_path / "e")
    assert refused.value.code == "locally_changed"
    assert write_extension(tmp_path / "e", discard_changes=True).action == "repaired"


@pytest.mark.parametrize(
    "held",
    [
        {"notes.txt": "mine"},
        {"gemini-extension.json": '{"name": "another"}'},
        {"gemini-extension.json": "[]"},
        {"gemini-extension.json": '{"name": "model-evaluation"}', "SKILL.md": "a second skill of the name"},
    ],
)
def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, held: dict[str, str]) -> None:
    for name, text in held.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(Refused, match="nothing was changed"):
        write_extension(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == held


def test_a_file_in_its_place_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Refused):
        write_extension(tmp_path / "file")
    with pytest.raises(Refused, match="cannot be written"):
        write_extension(tmp_path / "file" / "below")


def test_an_installed_skill_has_no_manifests_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Path:
        raise FileNotFoundError(name)

    monkeypatch.setattr(extension_module, "resource", missing)
    with pytest.raises(Refused, match="no manifests"):
        write_extension(tmp_path / "e")
    assert not (tmp_path / "e").exists()
