"""What was launched, on disk: the record that keeps one configuration from being started twice."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from model_evaluation.runtime.settings import EvaluationSettings, NotebookError

RECORD_VERSION = 1
LOCK_EXPIRES = 1800.0  # seconds; a start takes seconds, at worst a few minutes


class LaunchError(NotebookError):
    """The evaluation could not be started, or not as configured."""


@dataclass(frozen=True)
class LaunchAttempt:
    """One start. Without ``execution_arn`` it was only intended; ``outcome`` says why it no longer counts;
    ``verified`` once SageMaker was seen to run the definition that was asked for."""

    name: str
    intended_at: str
    execution_arn: str | None = None
    outcome: str | None = None
    verified: bool = False


@dataclass(frozen=True)
class LaunchRecord:
    """All starts of one configuration, oldest first; the last one counts while it has no ``outcome``."""

    fingerprint: str
    configuration: dict[str, Any]
    attempts: tuple[LaunchAttempt, ...] = field(default=())

    @property
    def current(self) -> LaunchAttempt | None:
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.outcome is None else None

    def with_attempt(self, attempt: LaunchAttempt) -> LaunchRecord:
        """This record with ``attempt`` added, or put in place of the attempt with the same name."""
        kept = [known for known in self.attempts if known.name != attempt.name]
        return replace(self, attempts=(*kept, attempt))


def evaluation_configuration(settings: EvaluationSettings) -> dict[str, Any]:
    """Everything that makes an evaluation the one it is; how it is watched and shown is left out."""
    custom = settings.bedrock_custom_metrics
    return {
        "region": settings.region,
        "role": settings.role_arn,
        "model": settings.model,
        "dataset": settings.dataset,
        "dataset_etag": settings.dataset_etag,
        "judge": settings.judge,
        "builtin_metrics": sorted(settings.builtin_metrics),
        "custom_metrics": None if custom is None else json.loads(custom),
        "evaluate_base_model": settings.evaluate_base_model,
        "output": settings.s3_output,
        "mlflow_resource": settings.mlflow_resource_arn,
        "mlflow_experiment": settings.mlflow_experiment,
        "label": settings.run_label,
    }


def configuration_changes(running: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """What differs between two configurations, a line each; nothing where only a fingerprint was kept."""
    return [
        f"{key.replace('_', ' ')}: {_shortened(running[key])} is running, {_shortened(wanted[key])} is asked for"
        for key in wanted
        if key in running and running[key] != wanted[key]
    ]


def _shortened(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 100 else text[:97] + "..."


def configuration_fingerprint(configuration: dict[str, Any]) -> str:
    """SHA-256 over canonical JSON: equal for equal configurations whatever the order of their keys."""
    canonical = json.dumps(configuration, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def read_launch_record(path: Path) -> LaunchRecord:
    """The record in a file. ``FileNotFoundError`` when there is none; a damaged one raises, for it may hide a run."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        attempts = tuple(LaunchAttempt(**attempt) for attempt in content["attempts"])
        return LaunchRecord(content["fingerprint"], dict(content["configuration"]), attempts)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise LaunchError(
            f"The launch record {path} cannot be read ({error}), so it is unknown whether its evaluation was started.",
            fix="Look in SageMaker Studio, Pipelines, for a running evaluation with this configuration. "
            "When there is none, delete the file and run this cell again.",
        ) from error


class LaunchLedger:
    """The record of one configuration, ``<results_dir>/launches/<fingerprint>.json``."""

    def __init__(self, results_dir: str, configuration: dict[str, Any]) -> None:
        self.fingerprint = configuration_fingerprint(configuration)
        self._configuration = configuration
        self.path = Path(results_dir) / "launches" / f"{self.fingerprint}.json"
        self.lock_path = self.path.with_name("start.lock")
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
            attempts = read_launch_record(self.path).attempts
        except FileNotFoundError:
            attempts = ()
        return LaunchRecord(self.fingerprint, self._configuration, attempts)

    def others(self) -> list[LaunchRecord]:
        """The records of other configurations in the same folder."""
        paths = sorted(path for path in self.path.parent.glob("*.json") if path != self.path)
        return [read_launch_record(path) for path in paths]

    def write(self, record: LaunchRecord) -> None:
        """Replaces the record; a crash leaves the old one or the new one, never a mixture."""
        content = {"schema_version": RECORD_VERSION, **asdict(record)}
        temporary = self.path.with_suffix(f".{secrets.token_hex(4)}.tmp")
        try:
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(content, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def locked(
        self,
        *,
        patience: float = 120.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Iterator[None]:
        """Holds the folder's lock, waiting up to ``patience`` seconds for another notebook's start.

        A lock whose process is gone, or that is half an hour old, is taken over.
        """
        lock = self.lock_path
        mine = json.dumps({"host": socket.gethostname(), "process": _process_identity(os.getpid())})
        deadline = clock() + patience
        while not _try_create(lock, mine):
            if _lock_is_stale(lock, now=clock()):
                _break_lock(lock, now=clock())
                continue
            if clock() >= deadline:
                raise LaunchError(
                    "Another notebook is starting an evaluation right now.",
                    fix=f"Run this cell again in a minute; the same evaluation will be attached to. Lock: {lock}",
                )
            sleep(1.0)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _try_create(path: Path, content: str) -> bool:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
    return True


def _process_identity(pid: int) -> str | None:
    """A process's id with its start time where the system tells it, so that a reused id is not mistaken for
    it; ``None`` when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return f"{pid} {stat.rsplit(')', 1)[1].split()[19]}"
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return str(pid)


def _lock_is_stale(lock: Path, *, now: float) -> bool:
    try:
        age = now - lock.stat().st_mtime
        owner = json.loads(lock.read_text(encoding="utf-8"))
        pid = int(owner["process"].split()[0])
        same_host = owner["host"] == socket.gethostname()
    except FileNotFoundError:
        return False
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return age > 10.0  # being written, or its writer died in the middle
    return age > LOCK_EXPIRES or (same_host and _process_identity(pid) != owner["process"])


def _break_lock(lock: Path, *, now: float) -> None:
    """Removes a stale lock. Only one notebook at a time may do so, and it looks again before it does: else
    the second of two would remove the lock that the first has just taken."""
    breaking = lock.with_suffix(".breaking")
    with suppress(OSError):
        if now - breaking.stat().st_mtime > 60.0:
            breaking.unlink()
    if not _try_create(breaking, ""):
        return
    try:
        if _lock_is_stale(lock, now=now):
            lock.unlink(missing_ok=True)
    finally:
        breaking.unlink(missing_ok=True)
