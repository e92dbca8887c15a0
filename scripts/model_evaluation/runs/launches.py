"""Which evaluations a project has started: read from the notebook's own records and from the state file.

The notebook keeps a record per configuration in ``RESULTS_DIR/launches`` (runtime/launch/ledger.py), wherever it runs.
A run through `evaluate.py run` is also kept in the state file, so that a results folder that was emptied or moved does
not lead to a second evaluation.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from model_evaluation import state
from model_evaluation.json_types import Document, RunEntry
from model_evaluation.kinds.registry import DEFAULT
from model_evaluation.notebook.cells import METADATA_KEY, PARAMETERS_TAG, has_tag
from model_evaluation.results_folder import record_folders
from model_evaluation.runtime.launch.ledger import LaunchAttempt, LaunchError, LaunchRecord
from model_evaluation.runtime.options import literal_assignments, program_parameters
from model_evaluation.runtime.settings import Json

KEPT = 50  # entries in the state file
TRIES = 5


@dataclass(frozen=True)
class Launch(LaunchAttempt):
    """One start of this project. ``results_dir`` is absolute; ``configuration`` is empty when only the state file
    knows of it."""

    configuration: Json = field(default_factory=dict)
    notebook: str | None = None
    results_dir: str = ""
    kind: str = DEFAULT


@dataclass(frozen=True)
class KnownLaunches:
    """Newest first. ``damaged`` names records that cannot be read."""

    launches: list[Launch]
    damaged: list[str]


def known_launches(project: str, document: Document) -> KnownLaunches:
    """Every start of this project that was recorded anywhere; an intent that became no start is left out."""
    entries = [entry for entry in document.get("runs", []) if entry["name"] is not None]
    notebooks = {entry["results_dir"]: entry["notebook"] for entry in entries}
    launches: dict[str, Launch] = {}
    for entry in entries:
        attempt, kind = _attempt(entry), entry.get("kind") or DEFAULT
        launches[attempt.name] = Launch(**asdict(attempt), **_place(entry["results_dir"], notebooks), kind=kind)
    damaged: list[str] = []
    for folder in record_folders(project, document):
        for path in sorted(Path(folder, "launches").glob("*.json")):
            try:
                record = LaunchRecord.read(path)
            except (LaunchError, FileNotFoundError):
                damaged.append(str(path))
                continue
            more = {"configuration": record.configuration, "kind": record.kind or DEFAULT, **_place(folder, notebooks)}
            launches |= {attempt.name: Launch(**asdict(attempt), **more) for attempt in record.attempts}
    # Of those within one second the one that was recorded last comes first.
    oldest_first = sorted(launches.values(), key=lambda launch: launch.intended_at)
    return KnownLaunches(oldest_first[::-1], damaged)


def _place(folder: str, notebooks: Mapping[str, str]) -> Json:
    return {"results_dir": os.path.abspath(folder), "notebook": notebooks.get(folder)}


def _attempt(entry: RunEntry) -> LaunchAttempt:
    """A start as the state file has it."""
    return LaunchAttempt(entry["name"] or "", entry["started"], entry["execution_arn"], entry.get("outcome"))


def rendered_parameters(path: str) -> Json | None:
    """What the parameters cell of a notebook or a program says; ``None`` when it is not plain literals."""
    text = Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    if path.endswith(".py"):
        return program_parameters(text)
    cells = [cell for cell in json.loads(text)["cells"] if has_tag(cell, PARAMETERS_TAG)]
    cells.sort(key=lambda cell: METADATA_KEY not in cell["metadata"])  # ours first: the notebook may have another
    try:
        return literal_assignments("".join(cells[0]["source"])) if cells else {}
    except (SyntaxError, ValueError):
        return None


class LaunchBook:
    """Keeps the state file up to date with what one run of a notebook starts or takes up: whatever is written to the
    records of its results folder meanwhile."""

    def __init__(self, project: str, notebook: str, results_dir: str, kind: str, started: str) -> None:
        self._project, self._notebook, self._kind, self._started = project, notebook, kind, started
        self._results_dir = os.path.abspath(os.path.join(os.path.dirname(notebook), results_dir))
        self._folder = Path(self._results_dir) / "launches"
        self._seen: dict[Path, int] = {}
        self.current: str | None = None
        """ARN of the run that was started or taken up last."""

    def record_intent(self) -> None:
        """Before the notebook runs: the intent into the state file, and back beside the notebook what only the
        state file still knows."""
        mine = [entry for entry in state.load(self._project).document.get("runs", []) if self._is_here(entry)]
        starts = [entry for entry in mine if entry["name"] is not None]
        for fingerprint in {entry["fingerprint"] for entry in starts}:
            path = self._folder / f"{fingerprint}.json"
            if not path.exists():
                attempts = tuple(_attempt(entry) for entry in starts if entry["fingerprint"] == fingerprint)
                path.parent.mkdir(parents=True, exist_ok=True)
                LaunchRecord(fingerprint, {}, attempts, self._kind).write(path)
        self._seen = self._times()
        if not mine:
            self._replace("", [LaunchAttempt("", self._started)])

    def update(self) -> None:
        """Takes over what was recorded since; cheap when that is nothing."""
        for path, modified in sorted(self._times().items(), key=lambda item: item[1]):
            if self._seen.get(path) == modified:
                continue
            try:
                record = LaunchRecord.read(path)
            except (LaunchError, FileNotFoundError):
                continue  # the notebook says so itself
            self._seen[path] = modified
            self._replace(record.fingerprint, record.attempts)
            if record.current:
                self.current = record.current.execution_arn or self.current

    def give_up(self) -> None:
        """After a run that failed: what it recorded last, and no intent that became no start."""
        self.update()
        if any(entry["name"] is None and self._is_here(entry) for entry in state.load(self._project).document["runs"]):
            self._replace("", ())

    def _times(self) -> dict[Path, int]:
        times = {}
        for path in self._folder.glob("*.json"):
            with suppress(OSError):
                times[path] = path.stat().st_mtime_ns
        return times

    def _is_here(self, entry: RunEntry) -> bool:
        return bool(entry["results_dir"] == self._results_dir)

    def _replace(self, fingerprint: str, attempts: Iterable[LaunchAttempt]) -> None:
        """Puts these attempts of one configuration into the state file, in place of those there and of the intent."""
        mine = [self._entry(fingerprint, attempt) for attempt in attempts]
        for _ in range(TRIES):
            snapshot = state.load(self._project)
            others = [
                entry
                for entry in snapshot.document.get("runs", [])
                if not (self._is_here(entry) and (entry["name"] is None or entry["fingerprint"] == fingerprint))
            ]
            document: Document = {**snapshot.document, "runs": [*others, *mine][-KEPT:]}
            if state.replace(self._project, snapshot.raw, document):
                return

    def _entry(self, fingerprint: str, attempt: LaunchAttempt) -> RunEntry:
        entry: RunEntry = {
            "kind": self._kind,
            "fingerprint": fingerprint,
            "name": attempt.name or None,
            "execution_arn": attempt.execution_arn,
            "started": attempt.intended_at,
            "notebook": self._notebook,
            "results_dir": self._results_dir,
        }
        if attempt.outcome is not None:
            entry["outcome"] = attempt.outcome
        return entry
