"""Result files that another program left on this machine, made into an evaluation's results."""

from __future__ import annotations

import os
from collections.abc import Sequence

from model_evaluation.errors import Refused, UsageError
from model_evaluation.kinds.registry import REGISTRY, load_kind
from model_evaluation.packages import missing_package
from model_evaluation.results_folder import results_folders


def results_of_files(project: str, paths: Sequence[str] | None) -> str | None:
    """The folder of the results that ``paths`` name: a single folder or summary of ours as it is; files of another
    program are analysed, and their results written among the project's. ``None`` for no paths."""
    if not paths:
        return None
    if len(paths) > 2:
        raise UsageError(
            f"--results takes one folder, or two files of another program; {len(paths)} were given.",
            fix="See: evaluate.py report --help",
        )
    whole = [os.path.abspath(os.path.expanduser(path)) for path in paths]
    if len(whole) == 1 and _is_ours(whole[0]):
        return whole[0]
    for path in whole:
        if not os.path.exists(path):
            raise Refused(f"There is no {path}.", fix="Check the path.", code="no_results")
    for kind_id in REGISTRY:
        try:
            analysis = load_kind(kind_id).files_analysis(whole)
        except ImportError as error:
            raise missing_package(error.name) from error
        if analysis is None:
            continue
        try:
            from model_evaluation.runtime.report.export import export_analysis

            return str(export_analysis(analysis, results_folders(project)[1]))
        except ImportError as error:
            raise missing_package(error.name) from error
    if len(whole) == 1:
        return whole[0]
    raise Refused(
        f"No kind of evaluation knows files such as {' and '.join(paths)}.",
        fix="Give one results folder, or a candidate's log and its reference's, both of the same program.",
        code="unknown_files",
    )


def _is_ours(path: str) -> bool:
    """Whether it is a summary, or a folder with one, or is not there at all, which is told elsewhere."""
    if os.path.isdir(path):
        return os.path.isfile(os.path.join(path, "summary.json"))
    return os.path.basename(path) == "summary.json" or not os.path.exists(path)
