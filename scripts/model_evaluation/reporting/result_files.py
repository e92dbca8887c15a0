"""One evaluation's results on this machine: which ones are meant, and what lies in their folder."""

from __future__ import annotations

import glob
import os
from typing import NamedTuple

from model_evaluation.errors import Refused
from model_evaluation.files import write_atomically
from model_evaluation.results_folder import newest_summary
from model_evaluation.runtime.summary import Summary

from .summaries import read_summary

NAMES = (
    "summary.json",
    "per_example.parquet",
    "per_example.csv",
    "report.html",
    "report.md",
    "*_error.json",
    "figures",
)


class Results(NamedTuple):
    """``path`` is the summary's, ``folder`` the one it lies in."""

    path: str
    summary: Summary

    @property
    def folder(self) -> str:
        return os.path.dirname(self.path)


def read_results(project: str, where: str | None) -> Results:
    """The results in the folder ``where``, or the project's newest. Raises Refused ``no_results`` when there are none,
    ``invalid_results`` when they cannot be believed."""
    path = summary_path(project, where)
    return Results(path, read_summary(path))


def summary_path(project: str, where: str | None) -> str:
    if where:
        folder = os.path.abspath(os.path.expanduser(where))
        path = folder if folder.endswith(".json") else os.path.join(folder, "summary.json")
        if not os.path.isfile(path):
            raise Refused(
                f"There is no {path}.",
                fix="Give the folder RESULTS_DIR/<execution id> that the notebook wrote.",
                code="no_results",
            )
        return path
    newest = newest_summary(project)
    if newest is None:
        raise Refused(
            f"{project} has no results yet (looked in notebooks/results and results).",
            fix="Run the notebook to its end; if it ran in Studio, copy its results folder here or use --results DIR.",
            code="no_results",
        )
    return newest.path


def list_files(folder: str) -> dict[str, str]:
    """What lies in a results folder, by name."""
    paths = [path for name in NAMES for path in sorted(glob.glob(os.path.join(glob.escape(folder), name)))]
    return {os.path.basename(path): path for path in paths}


def write_file(path: str, content: bytes) -> str:
    """Write a file that the user asked for; its path. Raises Refused ``not_writable``."""
    target = os.path.abspath(os.path.expanduser(path))
    try:
        write_atomically(target, content)
    except OSError as error:
        raise unwritable(target, error) from error
    return target


def unwritable(path: str, error: OSError) -> Refused:
    return Refused(
        f"{path} cannot be written: {error.strerror}.",
        fix="Name a file in a folder you may write to.",
        code="not_writable",
    )
