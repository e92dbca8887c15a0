"""Where finished evaluations lie on this machine: RESULTS_DIR/<execution id>/summary.json."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any


class Found:
    """A summary on disk and when it was written (seconds since the epoch)."""

    __slots__ = ("modified", "path")

    def __init__(self, path: str, modified: float) -> None:
        self.path = path
        self.modified = modified


def results_folders(project: str) -> tuple[str, str]:
    """Where a project's results may lie: below ``notebooks/results``, where the notebook writes, or ``results``."""
    return os.path.join(project, "notebooks", "results"), os.path.join(project, "results")


def record_folders(project: str, document: dict[str, Any]) -> list[str]:
    """Those, and every other folder a run of this project was told to write to."""
    return sorted({*results_folders(project), *(entry["results_dir"] for entry in document.get("runs", []))})


def project_summaries(project: str) -> Iterator[Found]:
    """Every summary.json of the project, in no order. Folders that are being written (``.name``) are left out."""
    for base in results_folders(project):
        try:
            names = os.listdir(base)
        except OSError:
            continue
        for name in names:
            if name.startswith("."):  # an export whose kernel died in the middle
                continue
            path = os.path.join(base, name, "summary.json")
            try:
                modified = os.stat(path).st_mtime
            except OSError:
                continue
            if not name.startswith("."):
                yield Found(path, modified)


def newest_summary(project: str) -> Found | None:
    """The project's newest summary.json, ``None`` when it has none."""
    return max(project_summaries(project), key=lambda found: (found.modified, found.path), default=None)
