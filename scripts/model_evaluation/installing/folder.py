"""One skill folder: what belongs into it, wherever this program has that (a checkout, a wheel or an installed copy),
putting it in place, upgrading it, removing it. What an install did not put there stays.

An installed folder holds ``.installed.json``: the version and the checksum of every file. It says which files are
ours and unchanged; where they lie is never taken from it, only from walking the folder itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from model_evaluation import __version__
from model_evaluation.errors import Refused
from model_evaluation.resources import resource

NAME = "model-evaluation"
PACKAGE = Path(__file__).resolve().parents[1]
# Folder or file of the skill -> where it stands below the skill's own folder.
PARTS = ("SKILL.md", "LICENSE", "references", "scripts/evaluate.py")
# Made by Python and by file managers, or (in a wheel) the parts above, which are copied to their own places.
LEFT_OUT = {"__pycache__", "_skill"}
MARKER = ".installed.json"


@dataclass(frozen=True)
class Marker:
    """What ``.installed.json`` says: the version, and file name to SHA-256."""

    version: str
    files: Mapping[str, str]


class Contents(NamedTuple):
    """What lies in a folder, by name: files that its marker names, and what somebody else put there (files, links and,
    each as a whole, folders without any file of ours)."""

    ours: dict[str, Path]
    own: dict[str, Path]


@dataclass(frozen=True)
class Outcome:
    """What was done: ``action`` is installed, upgraded, downgraded, repaired, unchanged or uninstalled.

    ``kept`` is what lies in the folder besides our files; it was not touched.
    """

    action: str
    files: int
    previous_version: str | None = None
    kept: tuple[str, ...] = ()


def source_files() -> dict[str, Path]:
    """Every file of the skill: path below its folder (with ``/``) -> the file to copy, in order."""
    files: dict[str, Path] = {}
    for part in PARTS:
        root = resource(part)
        for path in _files(root):
            files[part if path == root else f"{part}/{path.relative_to(root).as_posix()}"] = path
    for path in _files(PACKAGE):
        files[f"scripts/model_evaluation/{path.relative_to(PACKAGE).as_posix()}"] = path
    return dict(sorted(files.items()))


def checksum(path: Path) -> str:
    """SHA-256 of a file as hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.name in LEFT_OUT or path.suffix == ".pyc":
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def installed_at(folder: Path) -> Marker | None:
    """What is installed in ``folder``; ``None`` when nothing is there.

    Raises Refused when something else is there: a link, a file, or a skill that this program did not install.
    """
    if folder.is_symlink():
        raise Refused(
            f"{folder} is a link to {os.readlink(folder)}; nothing was changed.",
            fix=f"The skill is used from there already. To have a copy instead, remove the link first: rm {folder}",
            code="is_link",
        )
    if not folder.exists():
        return None
    marker = read_marker(folder)
    if marker is None:
        what = "a skill or folder" if folder.is_dir() else "a file"
        raise Refused(
            f"{folder} is {what} that this program did not install; nothing was changed.",
            fix="Move it away first, or choose another --client or --scope.",
            code="not_ours",
        )
    return marker


def read_marker(folder: Path) -> Marker | None:
    """The marker in ``folder``, or ``None`` where there is none of ours."""
    try:
        document = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("name") != NAME or not isinstance(document.get("files"), dict):
        return None
    return Marker(str(document.get("version", "unknown")), document["files"])


def install(folder: Path, *, discard_changes: bool = False) -> Outcome:
    """Put this version of the skill into ``folder``, replacing an earlier one in one step."""
    if PACKAGE.is_relative_to(folder.resolve()) and not folder.is_symlink():
        raise Refused(
            f"This program runs from {folder}; it cannot install itself over itself.",
            fix="Run `evaluate.py install` from the newer checkout or package.",
            code="same_folder",
        )
    sources = source_files()
    digests = {name: checksum(path) for name, path in sources.items()}
    with explained(folder):
        _recover(folder)
        before = installed_at(folder)
        contents = _contents(folder, before.files) if before else Contents({}, {})
    own = tuple(contents.own)
    if before is not None:
        if not discard_changes:
            _refuse_changes(folder, before, contents)
        _refuse_in_the_way(own, sources)
        intact = before.files.keys() == contents.ours.keys() and not _changed(before, contents)
        if intact and before == Marker(__version__, digests):
            return Outcome("unchanged", len(digests), before.version, own)
    with explained(folder):
        _replace(folder, sources, Marker(__version__, digests))
    return Outcome(_action(before), len(digests), before.version if before else None, own)


def uninstall(folder: Path, *, discard_changes: bool = False) -> Outcome:
    """Remove what was installed in ``folder``; whatever else is in it stays where it is."""
    with explained(folder):
        _recover(folder)
        before = installed_at(folder)
        if before is None:
            raise Refused(
                f"Nothing is installed at {folder}.", fix="See: evaluate.py uninstall --help", code="not_installed"
            )
        contents = _contents(folder, before.files)
        if not discard_changes:
            _refuse_changes(folder, before, contents)
        folder.rename(_beside(folder, "old"))  # out of sight in one step: no assistant ever sees half a skill
        _bring_own(folder)
    return Outcome("uninstalled", len(before.files), before.version, tuple(contents.own))


def _contents(folder: Path, files: Iterable[str]) -> Contents:
    """What lies in ``folder``, where ``files`` are the names of ours. Links are not followed, caches passed over."""
    names = set(files)
    parents = _parents(names)
    contents = Contents({}, {})

    def walk(directory: Path) -> None:
        for path in sorted(directory.iterdir()):
            name = path.relative_to(folder).as_posix()
            is_folder = path.is_dir() and not path.is_symlink()
            if path.name == "__pycache__" or name == MARKER:
                continue
            if is_folder and name in parents:
                walk(path)
            elif name in names and not is_folder:
                contents.ours[name] = path
            else:
                contents.own[name] = path

    walk(folder)
    return contents


def _changed(before: Marker, contents: Contents) -> list[str]:
    """Installed files that are no longer what was installed."""
    return [
        name
        for name, path in contents.ours.items()
        if path.is_symlink() or not path.is_file() or checksum(path) != before.files[name]
    ]


def _refuse_changes(folder: Path, before: Marker, contents: Contents) -> None:
    changed = _changed(before, contents)
    if changed:
        raise Refused(
            f"{len(changed)} installed file{'s were' if len(changed) > 1 else ' was'} changed since: "
            f"{_some(changed)}. Nothing was touched.",
            fix=f"Save what you want to keep from {folder}, then repeat the command with --discard-changes.",
            code="locally_changed",
            details={"changed": changed},
        )


def _refuse_in_the_way(own: Iterable[str], sources: Mapping[str, Path]) -> None:
    """What somebody put where a file or folder of ours has to be cannot be kept."""
    needed = {*sources, *_parents(sources)}
    blocked = [name for name in own if name in needed or not _parents([name]).isdisjoint(sources)]
    if blocked:
        raise Refused(
            f"Version {__version__} needs the place of {_some(blocked)}, which an install did not put there. "
            "Nothing was changed.",
            fix="Move it away first, then repeat the command.",
            code="in_the_way",
            details={"in_the_way": blocked},
        )


def _some(names: list[str]) -> str:
    return f"{', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"


def _parents(names: Iterable[str]) -> set[str]:
    """The folders above these files, by name."""
    return {parent.as_posix() for name in names for parent in PurePosixPath(name).parents}


def _action(before: Marker | None) -> str:
    if before is None:
        return "installed"
    old, new = ([int(part) for part in text.split(".") if part.isdigit()] for text in (before.version, __version__))
    return "repaired" if before.version == __version__ else "upgraded" if old < new else "downgraded"


def _replace(folder: Path, sources: Mapping[str, Path], marker: Marker) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = _beside(folder, "new")
    try:
        for name, path in sources.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, new / name)
            (new / name).chmod(0o755 if path.name == "evaluate.py" else 0o644)
        document = {"name": NAME, "version": marker.version, "files": dict(marker.files)}
        (new / MARKER).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8", newline="\n")
        if folder.exists():
            folder.rename(_beside(folder, "old"))
        new.rename(folder)
    except BaseException:
        _recover(folder)
        raise
    _bring_own(folder)


def _recover(folder: Path) -> None:
    """Finish an install or removal that had put its folder in place, undo one that was killed before."""
    new, old = _beside(folder, "new"), _beside(folder, "old")
    if not folder.exists() and read_marker(old) is not None:
        old.rename(folder)
    _bring_own(folder)
    if new.is_dir():
        shutil.rmtree(new)


def _bring_own(folder: Path) -> None:
    """What somebody put into the earlier folder comes over as it is; then that folder goes."""
    old = _beside(folder, "old")
    before = read_marker(old)
    if before is not None:
        for name, path in _contents(old, before.files).own.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            path.rename(folder / name)
        shutil.rmtree(old)


def _beside(folder: Path, what: str) -> Path:
    """A hidden path beside the folder, which assistants do not take for a skill."""
    return folder.parent / f".{NAME}.{what}"


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """A folder that cannot be written is the user's to solve, not our fault."""
    try:
        yield
    except OSError as error:
        raise Refused(
            f"{error.filename or folder} cannot be written: {error.strerror or error}.",
            fix=f"Make {folder.parent} a folder that this user may write to, or choose another --client or --scope.",
            code="folder_not_writable",
        ) from error
