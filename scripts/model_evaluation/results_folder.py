"""Where finished evaluations lie on this machine: RESULTS_DIR/<execution id>/summary.json."""

from __future__ import annotations

import os


class Found:
    """A summary on disk and when it was written (seconds since the epoch)."""

    __slots__ = ("modified", "path")

    def __init__(self, path: str, modified: float) -> None:
        self.path = path
        self.modified = modified


def newest_summary(project: str) -> Found | None:
    """The project's newest summary.json: below ``notebooks/results``, where the notebook writes, or ``results``."""
    found: Found | None = None
    for base in (os.path.join(project, "notebooks", "results"), os.path.join(project, "results")):
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
            if found is None or modified > found.modified:
                found = Found(path, modified)
    return found
