"""One skill folder: putting it in place, upgrading it, removing it. Only what an install put there is touched.

An installed folder holds ``.installed.json``: the version and the checksum of every file. That file says that the
folder is ours, and which of its files somebody changed since.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from model_evaluation import __version__
from model_evaluation.errors import Refused

from .source import LEFT_OUT, checksum, source_files

NAME = "model-evaluation"
MARKER = ".installed.json"


@dataclass(frozen=True)
class Installed:
    """What an earlier install put into a folder, and what became of it.

    ``files`` maps names to checksums; ``changed`` are those of them that differ or are gone; ``added`` came later.
    """

    version: str
    files: Mapping[str, str]
    changed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What was done: ``action`` is installed, upgraded, downgraded, repaired, unchanged or uninstalled.

    ``kept`` are files of the user's own in the folder; they were not touched.
    """

    action: str
    files: int
    previous_version: str | None = None
    kept: tuple[str, ...] = ()


def installed_at(folder: Path) -> Installed | None:
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
    marker = _read_marker(folder / MARKER)
    if marker is None:
        what = "a skill or folder" if folder.is_dir() else "a file"
        raise Refused(
            f"{folder} is {what} that this program did not install; nothing was changed.",
            fix="Move it away first, or choose another --client or --scope.",
            code="not_ours",
        )
    files: dict[str, str] = marker["files"]
    present = {path.relative_to(folder).as_posix(): path for path in _walk(folder)}
    changed = [name for name, digest in files.items() if name not in present or checksum(present[name]) != digest]
    added = [name for name in present if name not in files and name != MARKER]
    return Installed(str(marker["version"]), files, tuple(changed), tuple(added))


def install(folder: Path, *, discard_changes: bool = False) -> Outcome:
    """Put this version of the skill into ``folder``, replacing an earlier one in one step."""
    sources = source_files()
    if sources["SKILL.md"].parent.resolve() == folder.resolve() and not folder.is_symlink():
        raise Refused(
            f"This program runs from {folder}; it cannot install itself over itself.",
            fix="Run `evaluate.py install` from the newer checkout or package.",
            code="same_folder",
        )
    with _explained(folder):
        _recover(folder)
    before = installed_at(folder)
    if before is not None:
        _refuse_changes(folder, before, discard_changes=discard_changes)
    digests = {name: checksum(path) for name, path in sources.items()}
    if before is not None and before.version == __version__ and dict(before.files) == digests and not before.changed:
        return Outcome("unchanged", len(digests), before.version, before.added)
    with _explained(folder):
        _replace(folder, sources, digests, before)
    kept = before.added if before else ()
    return Outcome(_action(before), len(digests), before.version if before else None, kept)


def uninstall(folder: Path, *, discard_changes: bool = False) -> Outcome:
    """Remove what was installed in ``folder``; files that somebody added stay where they are."""
    with _explained(folder):
        _recover(folder)
    before = installed_at(folder)
    if before is None:
        raise Refused(
            f"Nothing is installed at {folder}.", fix="See: evaluate.py uninstall --help", code="not_installed"
        )
    _refuse_changes(folder, before, discard_changes=discard_changes)
    with _explained(folder):
        if before.added:
            for name in before.files:
                (folder / name).unlink(missing_ok=True)
            _remove_empty(folder)
            (folder / MARKER).unlink()
        else:
            _discard(folder)
    return Outcome("uninstalled", len(before.files), before.version, before.added)


def _action(before: Installed | None) -> str:
    if before is None:
        return "installed"
    if before.version == __version__:
        return "repaired"
    return "upgraded" if _number(before.version) < _number(__version__) else "downgraded"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _refuse_changes(folder: Path, before: Installed, *, discard_changes: bool) -> None:
    changed = [name for name in before.changed if (folder / name).exists()]
    if changed and not discard_changes:
        raise Refused(
            f"{len(changed)} installed file{'s were' if len(changed) > 1 else ' was'} changed since: "
            f"{', '.join(changed[:5])}{', ...' if len(changed) > 5 else ''}. Nothing was touched.",
            fix=f"Save what you want to keep from {folder}, then repeat the command with --discard-changes.",
            code="locally_changed",
            details={"changed": changed},
        )


def _replace(folder: Path, sources: Mapping[str, Path], digests: Mapping[str, str], before: Installed | None) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = _beside(folder, "new")
    try:
        for name, path in sources.items():
            _copy(path, new / name)
        for name in before.added if before else ():
            _copy(folder / name, new / name)
        marker = {"name": NAME, "version": __version__, "files": dict(digests)}
        (new / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")
        if before is None:
            new.rename(folder)
            return
        old = _beside(folder, "old")
        folder.rename(old)
        try:
            new.rename(folder)
        except BaseException:
            old.rename(folder)
            raise
        shutil.rmtree(old)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if target.name == "evaluate.py" else 0o644)


def _discard(folder: Path) -> None:
    """Out of sight in one step, then deleted: no assistant ever sees half a skill."""
    old = _beside(folder, "old")
    folder.rename(old)
    shutil.rmtree(old)


def _beside(folder: Path, what: str) -> Path:
    """A hidden path beside the folder, which assistants do not take for a skill."""
    return folder.parent / f".{NAME}.{what}"


def _recover(folder: Path) -> None:
    """Finish or undo what a killed install left behind."""
    new, old = _beside(folder, "new"), _beside(folder, "old")
    if _read_marker(old / MARKER) is not None:
        if not folder.exists():
            old.rename(folder)
        else:
            shutil.rmtree(old)
    if new.is_dir():
        shutil.rmtree(new)


def _read_marker(path: Path) -> dict[str, dict[str, str]] | None:
    try:
        marker = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    valid = isinstance(marker, dict) and marker.get("name") == NAME and isinstance(marker.get("files"), dict)
    return marker if valid else None


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in LEFT_OUT:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            yield path


def _remove_empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.name == "__pycache__":
            shutil.rmtree(path)
        elif path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """A folder that cannot be written is the user's to solve, not our fault."""
    try:
        yield
    except OSError as error:
        raise Refused(
            f"{error.filename or folder} cannot be written: {error.strerror or error}. Nothing was changed.",
            fix=f"Make {folder.parent} a folder that this user may write to, or choose another --client or --scope.",
            code="folder_not_writable",
        ) from error
