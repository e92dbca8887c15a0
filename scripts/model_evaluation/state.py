"""workflow_state.json: read, check, lock, and replace it whole.

The file may be shared with other tools: keys this module does not know are kept untouched, and a file
without ``schema_version`` is another tool's, whose keys become suggestions.
A damaged file is never overwritten.
"""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import NoneType
from typing import NamedTuple, TypeVar, cast

from .errors import StateError
from .files import write_atomically
from .json_types import Document, Facts
from .kinds.registry import require_known

FILE_NAME = "workflow_state.json"
BACKUP_NAME = "workflow_state.last-good.json"
LOCK_NAME = ".workflow_state.lock"
SCHEMA_VERSION = 1
LOCK_SECONDS = 20.0
TRIES = 5
ORIGINS = ("user", "lookup", "default", "demo")
SCHEMA = Path(__file__).with_name("schemas") / "workflow_state.schema.json"
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": NoneType}

T = TypeVar("T")


class Snapshot(NamedTuple):
    """One reading of the state file: its exact bytes (``None`` when there is no file) and its document."""

    raw: bytes | None
    document: Document


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
            fix=f"Move the folder away: mv {shlex.quote(path)} {shlex.quote(path + '.folder')}"
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
    if version == 0:  # another tool's: everything in it stays, our keys are added
        document |= {"schema_version": SCHEMA_VERSION, "answers": {}}
    fault = find_fault(document, json.loads(SCHEMA.read_bytes()))
    if fault:
        raise _damaged(path, fault.removeprefix("it."))
    checked = cast(Document, document)
    require_known(checked)
    return checked


def find_fault(value: object, schema: Facts, place: str = "it") -> str | None:
    """The first place where ``value`` breaks a JSON Schema, or ``None``. It knows the keywords that the state's schema
    uses: `status` may not afford a library of validation."""
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and type(value) not in [TYPES[name] for name in names]:
        return f"{place} is {type(value).__name__}, expected {' or '.join(names)}"
    if value not in schema.get("enum", [value]):
        return f"{place} is {value!r}, expected one of {', '.join(schema['enum'])}"
    parts: list[tuple[str, object, Facts]] = []
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        parts = [(f"{place}.{key}", item, known.get(key, others)) for key, item in value.items()]
        for key in schema.get("required", ()):
            if key not in value:
                return f"{place} has no {key}"
    elif isinstance(value, list):
        parts = [(f"{place}[{number}]", item, schema.get("items", {})) for number, item in enumerate(value)]
    faults = (find_fault(item, part, where) for where, item, part in parts if part)
    return next((fault for fault in faults if fault), None)


def _damaged(path: str, reason: str) -> StateError:
    backup = os.path.join(os.path.dirname(path), BACKUP_NAME)
    if os.path.exists(backup):
        fix = f"The last good copy is {backup}. To go back to it: cp {shlex.quote(backup)} {shlex.quote(path)}"
    else:
        fix = (
            f"Repair the file, or move it away to start again: mv {shlex.quote(path)} {shlex.quote(path + '.damaged')}"
        )
    return StateError(
        f"{path} is damaged: {reason}. It was left as it is.",
        code="state_damaged",
        fix=fix,
        details={"path": path, "reason": reason, "last_good": backup if os.path.exists(backup) else None},
    )


def replace(project: str, expected: bytes | None, document: Document) -> bool:
    """Write ``document`` if the file still holds ``expected``; say whether it was written.

    Compare-and-swap under a lock, so that two assistants cannot undo each other's answers: the loser
    reads again and repeats its check. A killed process leaves either the old file or the new one.
    """
    path = os.path.join(project, FILE_NAME)
    content = serialise(document)
    with _locked(project):
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
            raise _unwritable(project, f"{path} cannot be written: {error.strerror or error}.") from error
    return True


def _unwritable(project: str, message: str) -> StateError:
    fix = f"Make the folder {project} writable and check the free disk space."
    return StateError(message, code="state_unwritable", fix=fix)


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


@contextmanager
def _locked(project: str) -> Iterator[None]:
    """An advisory lock on the project folder, held by the operating system: a killed holder lets go."""
    path = os.path.join(project, LOCK_NAME)
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise _unwritable(project, f"{path} cannot be opened: {error.strerror}.") from error
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _lock(file):
            if time.monotonic() > deadline:
                raise StateError(
                    f"Another process has held {path} for more than {LOCK_SECONDS:.0f} seconds.",
                    code="state_locked",
                    fix="Wait for the other command to end, or end it, then try again.",
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(file)  # which releases the lock


def _lock(file: int) -> bool:
    """Whether the lock could be had at once."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
