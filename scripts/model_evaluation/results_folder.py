"""Where finished evaluations lie on this machine: RESULTS_DIR/<execution id>/summary.json."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from model_evaluation import state
from model_evaluation.errors import StateError
from model_evaluation.json_types import Document

CLOCKS_APART = 300.0  # seconds; AWS takes no request from a clock that is further off


@dataclass(frozen=True)
class SummaryFile:
    """A summary on disk and when it was written (seconds since the epoch)."""

    path: str
    modified: float

    @property
    def created(self) -> float:
        """When its evaluation was started, as it says itself: a checkout sets files' times anew. Without a usable time
        in it, when it was written."""
        try:
            moment = datetime.fromisoformat(str(self._content().get("created")))
        except ValueError:
            return self.modified
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

    @property
    def simulated(self) -> bool:
        """Whether it says that a stand-in for AWS made it."""
        return self._content().get("simulated") is True

    def is_before(self, moment: float) -> bool:
        """Whether it was made before this moment (seconds since the epoch), by the time in it; where the clocks of two
        machines may differ by more than that, by the file's time as well, which a checkout or a copy sets anew."""
        apart = self.created - moment
        return apart < -CLOCKS_APART or (apart <= CLOCKS_APART and self.modified < moment)

    def _content(self) -> dict[str, object]:
        """What the file holds; nothing when it cannot be read."""
        try:
            with open(self.path, encoding="utf-8") as file:
                content = json.load(file)
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}


def results_folders(project: str) -> tuple[str, str]:
    """Where a project's results may lie: below ``notebooks/results``, where the notebook writes, or ``results``."""
    return os.path.join(project, "notebooks", "results"), os.path.join(project, "results")


def record_folders(project: str, document: Document) -> list[str]:
    """Those, and every other folder a run of this project was told to write to."""
    return sorted({*results_folders(project), *(entry["results_dir"] for entry in document.get("runs", []))})


def project_summaries(project: str) -> Iterator[SummaryFile]:
    """Every summary.json of the project, in no order: those of :func:`results_folders` and of the present notebook,
    wherever that lies and was told to write. Folders that are being written (``.name``) are left out."""
    for base in {*results_folders(project), *_present_folders(project)}:
        try:
            names = os.listdir(base)
        except OSError:
            continue
        for name in names:
            path = os.path.join(base, name, "summary.json")
            try:
                modified = os.stat(path).st_mtime
            except OSError:
                continue
            if not name.startswith("."):  # an export whose kernel died in the middle
                yield SummaryFile(path, modified)


def _present_folders(project: str) -> set[str]:
    """Where the notebook that was written last leaves its results, and where `run` told it to. A run of another
    notebook does not count: a copied project's record names the original's folders."""
    try:
        document = state.load(project).document
    except StateError:  # results can be read without it
        return set()
    notebook = os.path.join(project, document.get("rendered", {}).get("notebook", ""))
    told = {entry["results_dir"] for entry in document.get("runs", []) if entry["notebook"] == notebook}
    return {os.path.join(os.path.dirname(notebook), "results"), *told}


def newest_summary(project: str) -> SummaryFile | None:
    """The summary of the project's newest evaluation, ``None`` when it has none."""
    return max(project_summaries(project), key=lambda file: (file.created, file.modified, file.path), default=None)
