"""What was launched, on disk: the record that keeps one configuration from being started twice."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from model_evaluation.runtime.settings import Json, NotebookError

if TYPE_CHECKING:
    from model_evaluation.runtime.settings import Settings

RECORD_VERSION = 1
PATIENCE = 120  # seconds to wait for another notebook's start, which takes seconds


class LaunchError(NotebookError):
    """The evaluation could not be started, or not as configured."""


@dataclass(frozen=True)
class LaunchAttempt:
    """One start. Without ``execution_arn`` it was only intended; ``outcome`` says why it no longer counts;
    ``verified`` once the service was seen to run what was asked for; ``call`` identifies the text of the call."""

    name: str
    intended_at: str
    execution_arn: str | None = None
    outcome: str | None = None
    verified: bool = False
    call: str = ""


@dataclass(frozen=True)
class LaunchRecord:
    """All starts of one configuration, oldest first; the last one counts while it has no ``outcome``. ``kind`` is
    the kind of evaluation; records of before there were several do not tell."""

    fingerprint: str
    configuration: Json
    attempts: tuple[LaunchAttempt, ...] = field(default=())
    kind: str = ""

    @classmethod
    def read(cls, path: Path) -> Self:
        """The record in a file. ``FileNotFoundError`` when there is none; a damaged one raises, for it may hide a
        run."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            attempts = tuple(LaunchAttempt(**attempt) for attempt in content["attempts"])
            return cls(content["fingerprint"], dict(content["configuration"]), attempts, content.get("kind", ""))
        except FileNotFoundError:
            raise
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise LaunchError(
                f"The launch record {path} cannot be read ({error}), so it is unknown whether its evaluation was "
                "started.",
                fix="Look in SageMaker Studio for a running evaluation with this configuration. "
                "When there is none, delete the file and run this cell again.",
            ) from error

    def write(self, path: Path) -> None:
        """Replaces the file; a crash leaves the old one or the new one, never a mixture."""
        temporary = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
        try:
            with temporary.open("w", encoding="utf-8") as file:
                json.dump({"schema_version": RECORD_VERSION, **asdict(self)}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    @property
    def current(self) -> LaunchAttempt | None:
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.outcome is None else None

    def with_attempt(self, attempt: LaunchAttempt) -> Self:
        """This record with ``attempt`` added, or put in place of the attempt with the same name."""
        others = [other for other in self.attempts if other.name != attempt.name]
        return replace(self, attempts=(*others, attempt))


def configuration_changes(running: Json, intended: Json) -> list[str]:
    """What differs between two configurations, a line each; nothing where only a fingerprint was kept."""
    return [
        f"{key.replace('_', ' ')}: {_shortened(running[key])} is running, {_shortened(intended[key])} is asked for"
        for key in intended
        if key in running and running[key] != intended[key]
    ]


def _shortened(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 100 else text[:97] + "..."


def configuration_fingerprint(configuration: Json) -> str:
    """SHA-256 over canonical JSON: equal for equal configurations whatever the order of their keys."""
    canonical = json.dumps(configuration, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


class LaunchLedger:
    """The record of one configuration, ``<results_dir>/launches/<fingerprint>.json``."""

    def __init__(self, settings: Settings) -> None:
        self.kind, self.configuration = settings.kind, settings.configuration()
        self.fingerprint = configuration_fingerprint(self.configuration)
        self.path = Path(settings.results_dir) / "launches" / f"{self.fingerprint}.json"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LaunchError(
                f"The launch record cannot be kept in {self.path.parent}: {error}.",
                fix="Set RESULTS_DIR to a folder that can be written.",
            ) from error

    def read(self) -> LaunchRecord:
        """The record; an empty one when there is none."""
        try:
            attempts = LaunchRecord.read(self.path).attempts
        except FileNotFoundError:
            attempts = ()
        return LaunchRecord(self.fingerprint, self.configuration, attempts, self.kind)

    def others(self) -> list[LaunchRecord]:
        """The records of other configurations in the same folder."""
        return [LaunchRecord.read(path) for path in sorted(self.path.parent.glob("*.json")) if path != self.path]

    def file(self, attempt: LaunchAttempt) -> None:
        """Puts the attempt on record."""
        self.read().with_attempt(attempt).write(self.path)

    @contextmanager
    def locked(self, *, patience: int = PATIENCE, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
        """Holds the folder's lock, which ends with its process. Waits ``patience`` seconds for another notebook."""
        with self.path.with_name("start.lock").open("a") as file:
            for _ in range(patience):
                if _lock(file):
                    break
                sleep(1.0)
            else:
                raise LaunchError(
                    "Another notebook is starting an evaluation right now.",
                    fix=f"Run this cell again in a minute; the same evaluation will be attached to. Lock: {file.name}",
                )
            yield


def _lock(file: IO[str]) -> bool:
    """Whether the file's lock could be had; also on a file system that has no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
