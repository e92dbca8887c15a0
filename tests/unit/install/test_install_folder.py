"""Installing, upgrading, repairing and removing one skill folder."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from model_evaluation import __version__
from model_evaluation.errors import Refused
from model_evaluation.installing import folder as folder_module
from model_evaluation.installing.folder import checksum, install, installed_at, source_files, uninstall

A_FEW = (
    "LICENSE",
    "SKILL.md",
    "references/troubleshooting.md",
    "scripts/evaluate.py",
    "scripts/model_evaluation/cli.py",
)


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a few of the skill's files are installed: how many there are makes no difference."""
    few = {name: path for name, path in source_files().items() if name in A_FEW}
    monkeypatch.setattr(folder_module, "source_files", lambda: few)
    return tmp_path / "skills" / "model-evaluation"


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): checksum(path) for path in folder.rglob("*") if path.is_file()}


def as_version(target: Path, version: str) -> None:
    """Make an installed folder look like one of another version, with a file that is gone since."""
    old_file = target / "references" / "gone.md"
    old_file.write_text("Read this when it is old.\n")
    marker = json.loads((target / ".installed.json").read_text())
    marker["version"] = version
    marker["files"]["references/gone.md"] = checksum(old_file)
    (target / ".installed.json").write_text(json.dumps(marker))


def marked(target: Path, **values: object) -> None:
    """Write other ``values`` into the marker; ``None`` takes one out."""
    marker = {**json.loads((target / ".installed.json").read_text()), **values}
    (target / ".installed.json").write_text(
        json.dumps({key: value for key, value in marker.items() if value is not None})
    )


def refusal(call: Callable[[], Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value


def test_every_file_of_the_skill_is_copied_and_nothing_else(tmp_path: Path) -> None:
    target, sources = tmp_path / "skills" / "model-evaluation", source_files()
    outcome = install(target)
    assert outcome.action == "installed"
    assert tree(target).keys() == {*sources, ".installed.json"}
    assert outcome.files == len(sources)
    assert not any(path.is_symlink() for path in target.rglob("*"))
    for name, path in sources.items():
        assert checksum(target / name) == checksum(path), name


def test_the_source_holds_the_skill_and_no_caches_tests_or_git() -> None:
    names = list(source_files())
    assert {"SKILL.md", "LICENSE", "scripts/evaluate.py", "scripts/model_evaluation/cli.py"} <= set(names)
    assert any(name.startswith("references/") for name in names)
    assert any("/templates/" in name for name in names)
    assert any(name.startswith("scripts/model_evaluation/kinds/llm_as_judge/demo/") for name in names)
    parts = {part for name in names for part in name.split("/")}
    assert not parts & {"__pycache__", "tests", ".git", "bench", "_skill", ".venv"}
    assert not any(name.endswith(".pyc") for name in names)


def test_installing_twice_changes_nothing(target: Path) -> None:
    install(target)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    assert install(target).action == "unchanged"
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before


@pytest.mark.parametrize(("version", "action"), [("0.0.9", "upgraded"), ("99.0.0", "downgraded")])
def test_another_version_is_replaced_and_its_leftovers_go(target: Path, version: str, action: str) -> None:
    install(target)
    as_version(target, version)
    outcome = install(target)
    assert (outcome.action, outcome.previous_version) == (action, version)
    assert not (target / "references" / "gone.md").exists()
    assert sorted(os.listdir(target.parent)) == ["model-evaluation"]


def test_a_file_of_the_users_own_survives_upgrade_and_removal(target: Path) -> None:
    install(target)
    as_version(target, "0.0.9")
    (target / "references" / "our-team.md").write_text("ours")
    assert install(target).kept == ("references/our-team.md",)
    assert (target / "references" / "our-team.md").read_text() == "ours"
    outcome = uninstall(target)
    assert outcome.kept == ("references/our-team.md",)
    assert tree(target).keys() == {"references/our-team.md"}


def test_links_modes_and_folders_of_the_users_own_stay_what_they_are(target: Path, tmp_path: Path) -> None:
    install(target)
    as_version(target, "0.0.9")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "today.md").write_text("mine")
    script = target / "references" / "open.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o750)
    (target / "team" / "drafts").mkdir(parents=True)
    (target / "team").chmod(0o700)
    (target / "notes").symlink_to(tmp_path / "notes", target_is_directory=True)
    (target / "references" / "gone-elsewhere.md").symlink_to("nowhere.md")
    kept = ("notes", "references/gone-elsewhere.md", "references/open.sh", "team")
    for call in (install, uninstall):
        outcome = call(target)
        assert (outcome.previous_version, outcome.kept) == ("0.0.9" if call is install else __version__, kept)
        assert script.stat().st_mode & 0o777 == 0o750
        assert (target / "team").stat().st_mode & 0o777 == 0o700
        assert (target / "team" / "drafts").is_dir()
        assert os.readlink(target / "notes") == str(tmp_path / "notes")
        assert os.readlink(target / "references" / "gone-elsewhere.md") == "nowhere.md"
    assert tree(tmp_path / "notes").keys() == {"today.md"}


def test_what_lies_in_the_place_of_a_new_file_stops_the_upgrade(target: Path) -> None:
    install(target)
    as_version(target, "0.0.9")
    files = json.loads((target / ".installed.json").read_text())["files"]
    marked(target, files={name: digest for name, digest in files.items() if name != "LICENSE"})
    (target / "LICENSE").write_text("my own")  # the older version had no such file
    before = tree(target)
    for discard in (False, True):
        error = refusal(lambda discard=discard: install(target, discard_changes=discard))  # type: ignore[misc]
        assert (error.code, error.details["in_the_way"]) == ("in_the_way", ["LICENSE"])
        assert tree(target) == before
    assert uninstall(target).kept == ("LICENSE",)


def test_a_link_in_the_place_of_a_folder_of_ours_stops_the_upgrade_and_leads_nothing_astray(
    target: Path, tmp_path: Path
) -> None:
    install(target)
    (target / "references").rename(tmp_path / "references")
    (target / "references").symlink_to(tmp_path / "references", target_is_directory=True)
    error = refusal(lambda: install(target))
    assert (error.code, error.details["in_the_way"]) == ("in_the_way", ["references"])
    assert uninstall(target).kept == ("references",)
    assert (tmp_path / "references" / "troubleshooting.md").is_file()
    assert (target / "references").is_symlink()


def test_a_link_in_the_place_of_a_file_of_ours_is_a_change(target: Path, tmp_path: Path) -> None:
    install(target)
    (target / "SKILL.md").rename(tmp_path / "SKILL.md")
    (target / "SKILL.md").symlink_to(tmp_path / "SKILL.md")
    assert refusal(lambda: install(target)).code == "locally_changed"
    assert install(target, discard_changes=True).action == "repaired"
    assert not (target / "SKILL.md").is_symlink()
    assert (tmp_path / "SKILL.md").is_file()


@pytest.mark.parametrize("name", ["../../victim.md", "references/../../../victim.md", "/victim.md", ".."])
def test_a_name_in_the_marker_that_leads_outside_is_nothing_to_us(target: Path, tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim.md"
    victim.write_text("not ours")
    install(target)
    name = str(victim) if name == "/victim.md" else name
    for call in (install, uninstall):
        files = json.loads((target / ".installed.json").read_text())["files"]
        marked(target, files={**files, name: checksum(victim)})
        call(target)
        assert victim.read_text() == "not ours"
    assert not target.exists()


@pytest.mark.parametrize("version", [None, ["0"], 7])
def test_a_marker_without_a_proper_version_is_replaced(target: Path, version: object) -> None:
    install(target)
    marked(target, version=version)
    assert install(target).previous_version == ("unknown" if version is None else str(version))
    assert json.loads((target / ".installed.json").read_text())["version"] == __version__


def test_a_changed_file_stops_upgrade_and_removal(target: Path) -> None:
    install(target)
    as_version(target, "0.0.9")
    (target / "SKILL.md").write_text("my own words")
    before = tree(target)
    for call in (install, uninstall):
        error = refusal(lambda call=call: call(target))  # type: ignore[misc]
        assert error.code == "locally_changed"
        assert error.details["changed"] == ["SKILL.md"]
        assert tree(target) == before
    assert install(target, discard_changes=True).action == "upgraded"
    assert "my own words" not in (target / "SKILL.md").read_text()


def test_a_deleted_file_is_put_back(target: Path) -> None:
    install(target)
    (target / "SKILL.md").unlink()
    assert install(target).action == "repaired"
    assert (target / "SKILL.md").is_file()


def test_caches_made_by_running_it_are_no_change_and_go_with_it(target: Path) -> None:
    install(target)
    cache = target / "scripts" / "model_evaluation" / "__pycache__"
    cache.mkdir()
    (cache / "cli.cpython-311.pyc").write_bytes(b"x")
    assert install(target).action == "unchanged"
    assert uninstall(target).kept == ()
    assert not target.exists()


@pytest.mark.parametrize("content", ["another skill", "no marker", "broken marker", "file"])
def test_what_is_not_ours_is_never_touched(target: Path, content: str) -> None:
    target.parent.mkdir()
    if content == "file":
        target.write_text("a file")
    else:
        target.mkdir()
        (target / "SKILL.md").write_text("---\nname: model-evaluation\n---\nsomebody else's")
        if content == "broken marker":
            (target / ".installed.json").write_text("{")
        if content == "another skill":
            (target / ".installed.json").write_text('{"name": "other", "files": {}, "version": "1"}')
    before = tree(target) if target.is_dir() else target.read_text()
    for call in (install, uninstall):
        assert refusal(lambda call=call: call(target)).code == "not_ours"  # type: ignore[misc]
    assert (tree(target) if target.is_dir() else target.read_text()) == before


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_is_left_as_it_is(target: Path, tmp_path: Path, dangling: bool) -> None:
    elsewhere = tmp_path / "checkout"
    if not dangling:
        elsewhere.mkdir()
        (elsewhere / "SKILL.md").write_text("the checkout")
    target.parent.mkdir()
    target.symlink_to(elsewhere)
    for call in (install, uninstall):
        assert refusal(lambda call=call: call(target)).code == "is_link"  # type: ignore[misc]
    assert target.is_symlink()
    assert dangling or (elsewhere / "SKILL.md").read_text() == "the checkout"


def test_a_skills_folder_that_is_a_link_is_followed(target: Path, tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    target.parent.symlink_to(tmp_path / "dotfiles")
    install(target)
    assert (tmp_path / "dotfiles" / "model-evaluation" / "SKILL.md").is_file()
    uninstall(target)
    assert list((tmp_path / "dotfiles").iterdir()) == []


def test_other_skills_stay_as_they_are(target: Path) -> None:
    other = target.parent / "other-skill"
    other.mkdir(parents=True)
    (other / "SKILL.md").write_text("other")
    install(target)
    uninstall(target)
    assert tree(target.parent) == {"other-skill/SKILL.md": checksum(other / "SKILL.md")}


def test_a_parent_that_is_a_file_is_explained(target: Path) -> None:
    target.parent.write_text("not a folder")
    assert refusal(lambda: install(target)).code == "folder_not_writable"


@contextmanager
def without_roots_rights() -> Iterator[None]:
    """Root may write everywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.skipif(os.name == "nt", reason="no such permissions on Windows")
def test_a_read_only_folder_is_explained() -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for folder in (home, home / "skills"):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o555)
        with without_roots_rights():
            try:
                source_files()["SKILL.md"].read_bytes()
            except (PermissionError, FileNotFoundError):  # the latter from Python 3.14 on
                pytest.skip("the checkout is readable for its owner only")
            error = refusal(lambda: install(home / "skills" / "model-evaluation"))
        assert error.code == "folder_not_writable"
        assert str(home / "skills") in error.fix
        assert list((home / "skills").iterdir()) == []


@pytest.mark.parametrize("failing", [0, 1, 3])
def test_a_write_error_in_the_middle_leaves_the_old_version(
    target: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    install(target)
    as_version(target, "0.0.9")
    before = tree(target)
    count = iter(range(1000))
    copyfile = shutil.copyfile

    def full_disk(source: Path, copy: Path) -> None:
        if next(count) == failing:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(copy))
        copyfile(source, copy)

    monkeypatch.setattr(folder_module.shutil, "copyfile", full_disk)
    error = refusal(lambda: install(target))
    assert error.code == "folder_not_writable"
    assert "Read-only" in error.message
    assert tree(target) == before
    assert os.listdir(target.parent) == ["model-evaluation"]


def test_a_killed_upgrade_is_undone_by_the_next_command(target: Path) -> None:
    install(target)
    half = target.parent / ".model-evaluation.new"
    half.mkdir()
    (half / "SKILL.md").write_text("half")
    target.rename(target.parent / ".model-evaluation.old")  # killed between the two renames
    assert install(target).action == "unchanged"
    assert os.listdir(target.parent) == ["model-evaluation"]


def test_an_upgrade_killed_before_the_users_own_files_came_over_is_finished(target: Path) -> None:
    install(target)
    shutil.copytree(target, target.parent / ".model-evaluation.old")
    (target.parent / ".model-evaluation.old" / "references" / "our-team.md").write_text("ours")
    assert install(target).kept == ("references/our-team.md",)
    assert (target / "references" / "our-team.md").read_text() == "ours"
    assert os.listdir(target.parent) == ["model-evaluation"]


def test_a_removal_killed_before_the_users_own_files_came_back_is_finished(target: Path) -> None:
    install(target)
    for name in ("one.md", "two.md"):
        (target / "references" / name).write_text("ours")
    old = target.rename(target.parent / ".model-evaluation.old")
    (target / "references").mkdir(parents=True)
    (old / "references" / "one.md").rename(target / "references" / "one.md")
    assert refusal(lambda: uninstall(target)).code == "not_ours"
    assert tree(target.parent).keys() == {f"model-evaluation/references/{name}" for name in ("one.md", "two.md")}


def test_what_is_installed_is_told_and_nothing_installed_is_refused(target: Path) -> None:
    assert installed_at(target) is None
    assert refusal(lambda: uninstall(target)).code == "not_installed"
    install(target)
    marker = installed_at(target)
    assert marker is not None
    assert (marker.version, marker.files.keys()) == (__version__, set(A_FEW))


def test_it_does_not_install_over_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    here = source_files()["SKILL.md"].parent
    assert refusal(lambda: install(here)).code == "same_folder"
    assert refusal(lambda: uninstall(here)).code == "not_ours"
