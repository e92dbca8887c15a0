"""Which evaluations a project has started: read from the notebook's own records and from the state file.

The notebook keeps a record per configuration in ``RESULTS_DIR/launches`` (kernel/ledger.py), wherever it runs. A run
through `evaluate.py run` is also kept in the state file, so that a results folder that was emptied or moved does not
lead to a second evaluation.
"""

from __future__ import annotations

import ast
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_evaluation import state
from model_evaluation.results_folder import record_folders
from model_evaluation.runtime.launch.ledger import (
    LaunchAttempt,
    LaunchError,
    LaunchLedger,
    LaunchRecord,
    evaluation_configuration,
    read_launch_record,
)
from model_evaluation.runtime.settings import EvaluationSettings

KEPT = 50  # entries in the state file
TRIES = 5


@dataclass(frozen=True)
class Launch:
    """One start. ``execution_arn`` is ``None`` while AWS's answer is not known; ``outcome`` says why it no longer
    counts; ``results_dir`` is absolute; ``configuration`` is empty when only the state file knows of it."""

    name: str
    started: str
    execution_arn: str | None
    outcome: str | None
    fingerprint: str
    configuration: dict[str, Any]
    notebook: str | None
    results_dir: str

    @property
    def execution_id(self) -> str | None:
        return self.execution_arn.rsplit("/", 1)[-1] if self.execution_arn else None


@dataclass(frozen=True)
class KnownLaunches:
    """Newest first. ``damaged`` names records that cannot be read."""

    launches: list[Launch]
    damaged: list[str]


def known_launches(project: str, document: dict[str, Any]) -> KnownLaunches:
    """Every start of this project that was recorded anywhere; an intent that became no start is left out."""
    entries = [entry for entry in document.get("runs", []) if entry["name"] is not None]
    notebooks = {entry["results_dir"]: entry["notebook"] for entry in entries}
    found = {entry["name"]: _from_state(entry) for entry in entries}
    damaged: list[str] = []
    for folder in record_folders(project, document):
        for path in sorted(Path(folder, "launches").glob("*.json")):
            try:
                record = read_launch_record(path)
            except (LaunchError, FileNotFoundError):
                damaged.append(str(path))
                continue
            for attempt in record.attempts:
                found[attempt.name] = _from_record(record, attempt, notebooks.get(folder), folder)
    newest_first = sorted(found.values(), key=lambda launch: launch.started, reverse=True)
    return KnownLaunches(newest_first, damaged)


def _from_state(entry: dict[str, Any]) -> Launch:
    keys = ("name", "started", "execution_arn", "fingerprint", "notebook", "results_dir")
    return Launch(outcome=entry.get("outcome"), configuration={}, **{key: entry[key] for key in keys})


def _from_record(record: LaunchRecord, attempt: LaunchAttempt, notebook: str | None, folder: str) -> Launch:
    return Launch(
        attempt.name,
        attempt.intended_at,
        attempt.execution_arn,
        attempt.outcome,
        record.fingerprint,
        record.configuration,
        notebook,
        os.path.abspath(folder),
    )


def notebook_settings(notebook: str, overrides: dict[str, Any]) -> EvaluationSettings | None:
    """What the notebook's parameters cell says, with ``overrides``; ``None`` when it is not plain literals.

    Raises the notebook's own SettingsError when the values cannot be used.
    """
    with open(notebook, encoding="utf-8") as file:
        cells = json.load(file)["cells"]
    source = next((cell["source"] for cell in cells if "parameters" in cell["metadata"].get("tags", [])), "")
    try:
        tree = ast.parse("".join(source))
        values = {
            target.id: ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
    except (SyntaxError, ValueError):
        return None
    return EvaluationSettings.from_parameters(values | overrides)


class LaunchBook:
    """Keeps the state file up to date with what one run of a notebook starts."""

    def __init__(self, project: str, notebook: str, settings: EvaluationSettings, started: str) -> None:
        self._project, self._notebook, self._started = project, notebook, started
        self._results_dir = os.path.abspath(os.path.join(os.path.dirname(notebook), settings.results_dir))
        self._ledger = LaunchLedger(self._results_dir, evaluation_configuration(settings))
        self._seen: int | None = None

    def record_intent(self) -> None:
        """Before the notebook runs: the intent into the state file, and back beside the notebook what only the
        state file still knows."""
        mine = [entry for entry in self._entries() if entry["name"] is not None]
        if mine and not self._ledger.path.exists():
            attempts = tuple(
                LaunchAttempt(entry["name"], entry["started"], entry["execution_arn"], entry.get("outcome"))
                for entry in mine
            )
            record = self._ledger.read()
            self._ledger.write(LaunchRecord(record.fingerprint, record.configuration, attempts))
        if not mine:
            self._replace([self._entry(None, self._started, None, None)])

    def update(self) -> None:
        """Takes over what the notebook has recorded since; cheap when that is nothing."""
        try:
            modified = os.stat(self._ledger.path).st_mtime_ns
        except OSError:
            return
        if modified == self._seen:
            return
        try:
            attempts = self._ledger.read().attempts
        except LaunchError:
            return  # the notebook says so itself
        self._seen = modified
        self._replace([self._entry(a.name, a.intended_at, a.execution_arn, a.outcome) for a in attempts])

    @property
    def current(self) -> str | None:
        """ARN of the execution that counts, once it is known."""
        try:
            attempt = self._ledger.read().current
        except LaunchError:
            return None
        return attempt.execution_arn if attempt else None

    def _entries(self) -> list[dict[str, Any]]:
        runs = state.load(self._project).document.get("runs", [])
        return [entry for entry in runs if self._is_mine(entry)]

    def _is_mine(self, entry: dict[str, Any]) -> bool:
        return (entry["fingerprint"], entry["results_dir"]) == (self._ledger.fingerprint, self._results_dir)

    def _entry(self, name: str | None, started: str, arn: str | None, outcome: str | None) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "fingerprint": self._ledger.fingerprint,
            "name": name,
            "execution_arn": arn,
            "started": started,
            "notebook": self._notebook,
            "results_dir": self._results_dir,
        }
        return entry if outcome is None else {**entry, "outcome": outcome}

    def _replace(self, mine: list[dict[str, Any]]) -> None:
        for _ in range(TRIES):
            snapshot = state.load(self._project)
            others = [entry for entry in snapshot.document.get("runs", []) if not self._is_mine(entry)]
            document = {**snapshot.document, "runs": [*others, *mine][-KEPT:]}
            if state.replace(self._project, snapshot.raw, document):
                return
