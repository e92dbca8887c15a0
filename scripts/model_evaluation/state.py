"""workflow_state.json: read, check, lock, and replace it whole.

The file may be shared with other tools: keys this module does not know are kept untouched, and a file
without ``schema_version`` is another tool's, whose keys become suggestions (see suggestions.py).
A damaged file is never overwritten.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import TypeVar, cast

from .errors import StateError
from .files import write_atomically
from .json_types import Document, JsonObject
from .kinds.registry import require_known

FILE_NAME = "workflow_state.json"
BACKUP_NAME = "workflow_state.last-good.json"
LOCK_NAME = ".workflow_state.lock"
SCHEMA_VERSION = 1
LOCK_SECONDS = 20.0
TRIES = 5
ORIGINS = ("user", "lookup", "default", "demo")

T = TypeVar("T")


def _from_version_0(document: JsonObject) -> JsonObject:
    """Another tool's file: everything in it stays, our keys are added."""
    return {**document, "schema_version": 1, "answers": {}}


# One function per step up; a file of version n goes through UPGRADES[n], UPGRADES[n + 1], ...
UPGRADES: dict[int, Callable[[JsonObject], JsonObject]] = {0: _from_version_0}


class Snapshot:
    """One reading of the state file: its exact bytes (``None`` when there is no file) and its document."""

    __slots__ = ("document", "raw")

    def __init__(self, raw: bytes | None, document: Document) -> None:
        self.raw = raw
        self.document = document


def load(project: str) -> Snapshot:
    """Read the state of ``project`` (a folder). Only reads. Raises StateError for a damaged file."""
    path = os.path.join(project, FILE_NAME)
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except FileNotFoundError:
        return Snapshot(None, {"schema_version": SCHEMA_VERSION, "answers": {}})
    except OSError as error:
        raise StateError(
            f"{path} cannot be read: {error.strerror}.",
            code="state_unreadable",
            fix=f"Move the folder away: mv {_quoted(path)} {_quoted(path + '.folder')}"
            if os.path.isdir(path)
            else f"Give this user read access to {path}.",
        ) from error
    return Snapshot(raw, _parse(path, raw))


def _parse(path: str, raw: bytes) -> Document:
    try:
        document = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _damaged(path, f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _damaged(path, f"it is not JSON ({error.msg} at {where})") from error
    except RecursionError as error:
        raise _damaged(path, "it is nested too deeply") from error
    if not isinstance(document, dict):
        raise _damaged(path, f"it holds a JSON {type(document).__name__}, expected an object")
    version = document.get("schema_version", 0)
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        raise _damaged(path, f"schema_version is {version!r}, expected a whole number")
    if version > SCHEMA_VERSION:
        raise StateError(
            f"{path} has schema_version {version}; this program knows up to {SCHEMA_VERSION}.",
            code="state_newer",
            fix="Update the model-evaluation skill, or work in another project folder.",
        )
    while version < SCHEMA_VERSION:
        document = UPGRADES[version](document)
        version += 1
    fault = find_fault(document)
    if fault:
        raise _damaged(path, fault)
    checked = cast(Document, document)
    require_known(checked)
    return checked


def find_fault(document: JsonObject) -> str | None:
    """The first place where ``document`` breaks schemas/workflow_state.schema.json, or ``None``.

    Written by hand because `status` may not afford a validation library; a test holds it against the schema.
    """
    answers = document.get("answers")
    if not isinstance(answers, dict):
        return "answers is not an object"
    for step, answer in answers.items():
        place = f"answers.{step}"
        if not isinstance(answer, dict):
            return f"{place} is not an object"
        for key in ("value", "origin", "time"):
            if key not in answer:
                return f"{place} has no {key}"
        if answer["origin"] not in ORIGINS:
            return f"{place}.origin is {answer['origin']!r}, expected one of {', '.join(ORIGINS)}"
        if not isinstance(answer["time"], str):
            return f"{place}.time is not a string"
        if not isinstance(answer.get("facts", {}), dict):
            return f"{place}.facts is not an object"
        if not isinstance(answer.get("warnings", []), list):
            return f"{place}.warnings is not a list"
    for key in ("offers", "reopened", "other_kinds", "rendered"):
        part = document.get(key, {})
        if not isinstance(part, dict):
            return f"{key} is not an object"
        if key in ("offers", "other_kinds"):
            for name, inner in part.items():
                if not isinstance(inner, dict):
                    return f"{key}.{name} is not an object"
    return _find_run_fault(document.get("runs", []))


def _find_run_fault(runs: object) -> str | None:
    if not isinstance(runs, list):
        return "runs is not a list"
    for number, run in enumerate(runs):
        if not isinstance(run, dict):
            return f"runs[{number}] is not an object"
        for key in ("fingerprint", "started", "notebook", "results_dir"):
            if not isinstance(run.get(key), str):
                return f"runs[{number}].{key} is not a string"
        for key in ("name", "execution_arn"):
            if not isinstance(run.get(key, 0), str | None):
                return f"runs[{number}].{key} is neither a string nor null"
        if not isinstance(run.get("outcome", ""), str):
            return f"runs[{number}].outcome is not a string"
    return None


def _damaged(path: str, reason: str) -> StateError:
    backup = os.path.join(os.path.dirname(path), BACKUP_NAME)
    if os.path.exists(backup):
        fix = f"The last good copy is {backup}. To go back to it: cp {_quoted(backup)} {_quoted(path)}"
    else:
        fix = f"Repair the file, or move it away to start again: mv {_quoted(path)} {_quoted(path + '.damaged')}"
    return StateError(
        f"{path} is damaged: {reason}. It was left as it is.",
        code="state_damaged",
        fix=fix,
        details={"path": path, "reason": reason, "last_good": backup if os.path.exists(backup) else None},
    )


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)


def replace(project: str, expected: bytes | None, document: Document) -> bool:
    """Write ``document`` if the file still holds ``expected``; say whether it was written.

    Compare-and-swap under a lock, so that two assistants cannot undo each other's answers: the loser
    reads again and repeats its check. A killed process leaves either the old file or the new one.
    """
    path = os.path.join(project, FILE_NAME)
    content = serialise(document)
    with _Locked(project):
        try:
            with open(path, "rb") as file:
                current: bytes | None = file.read()
        except FileNotFoundError:
            current = None
        if current != expected:
            return False
        try:
            write_atomically(path, content)
            # The copy needs no fsync of its own: it matters when the file is damaged later, not after a power cut.
            write_atomically(os.path.join(project, BACKUP_NAME), content, sync=False)
        except OSError as error:
            raise StateError(
                f"{path} cannot be written: {error.strerror or error}.",
                code="state_unwritable",
                fix=f"Make the folder {project} writable and check the free disk space.",
            ) from error
    return True


def update(project: str, change: Callable[[Snapshot], tuple[Document, T]]) -> T:
    """Write the document that ``change`` makes of the present one; what it returned beside it. When somebody else was
    quicker it is called again, on the new state. Raises StateError when that happens too often."""
    for _ in range(TRIES):
        snapshot = load(project)
        document, result = change(snapshot)
        if document is snapshot.document or replace(project, snapshot.raw, document):
            return result
    raise StateError(
        f"The state file changed {TRIES} times meanwhile.",
        code="state_busy",
        fix="Let the other assistant finish, then run the command again.",
    )


def serialise(document: Document) -> bytes:
    """The bytes of ``document``: UTF-8, two spaces, one final newline, no NaN."""
    return (json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode("utf-8")


class _Locked:
    """An advisory lock on the project folder, held by the operating system: a killed holder lets go."""

    def __init__(self, project: str) -> None:
        self.path = os.path.join(project, LOCK_NAME)
        self.file = -1

    def __enter__(self) -> None:
        try:
            self.file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise StateError(
                f"{self.path} cannot be opened: {error.strerror}.",
                code="state_unwritable",
                fix=f"Make the folder {os.path.dirname(self.path) or '.'} writable.",
            ) from error
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                _lock(self.file)
            except OSError as error:
                if time.monotonic() > deadline:
                    os.close(self.file)
                    raise StateError(
                        f"Another process has held {self.path} for more than {LOCK_SECONDS:.0f} seconds.",
                        code="state_locked",
                        fix="Wait for the other command to end, or end it, then try again.",
                    ) from error
                time.sleep(0.02)
            else:
                return

    def __exit__(self, *_: object) -> None:
        os.close(self.file)  # closing releases the lock


try:
    import fcntl
except ModuleNotFoundError:  # Windows
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
else:

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
