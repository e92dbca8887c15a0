"""Read a finished evaluation's results: the verdict, the metrics, and where the files are.

--gate turns the verdict into the exit code: 0 pass, 10 fail, 11 inconclusive, 12 invalid results. Bare --gate
passes on improved, equivalent and no_worse, and fails on regressed and mixed. RULES are expressions on interval
bounds joined by `and`, such as "Correctness.ci_low > 0 and Harmfulness.ci_high < 0.05", or a file of them.

example:
  evaluate.py --project ./tickets report --gate
"""

from __future__ import annotations

import json
import os

from model_evaluation.errors import Refused
from model_evaluation.results_folder import newest_summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--results", metavar="DIR", help="an execution's results (default: the newest of the project)")
    parser.add_argument("--gate", metavar="RULES", nargs="?", const="", help="turn the verdict into an exit code")


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    path = _summary_path(args)
    try:
        summary = _read_summary(path)
    except Refused:
        if args.gate is None:
            raise
        return {
            "gate": {"outcome": "invalid", "reasons": [f"{path} cannot be read as a summary."]},
            "error": {
                "code": "invalid_results",
                "message": f"{path} is damaged or incomplete.",
                "fix": "Run the notebook's last cells again.",
            },
        }, 12
    folder = os.path.dirname(path)
    files = {
        name: os.path.join(folder, name)
        for name in ("summary.json", "per_example.parquet", "per_example.csv", "report.html", "figures")
        if os.path.exists(os.path.join(folder, name))
    }
    body: dict[str, Any] = {
        "results": folder,
        "files": files,
        "simulated": summary["simulated"],
        "verdict": summary["verdict"],
        "summary": {key: summary[key] for key in summary if key not in ("slices", "verdict", "simulated")},
    }
    if args.gate is None:
        return body, 0
    from model_evaluation.gate import judge_gate

    gate = judge_gate(summary, args.gate)
    body["gate"] = {"outcome": gate.outcome, "reasons": gate.reasons}
    if gate.exit_code:
        body["error"] = {
            "code": f"gate_{gate.outcome}",
            "message": " ".join(gate.reasons),
            "fix": f"Read {files.get('report.html', path)} before deciding.",
        }
    return body, gate.exit_code


def _summary_path(args: argparse.Namespace) -> str:
    if args.results:
        folder = os.path.abspath(os.path.expanduser(args.results))
        path = folder if folder.endswith(".json") else os.path.join(folder, "summary.json")
        if not os.path.isfile(path):
            raise Refused(
                f"There is no {path}.",
                fix="Give the folder RESULTS_DIR/<execution id> that the notebook wrote.",
                code="no_results",
            )
        return path
    found = newest_summary(args.project)
    if found is None:
        raise Refused(
            f"{args.project} has no results yet (looked in notebooks/results and results).",
            fix="Run the notebook to its end; if it ran in Studio, copy its results folder here or use --results DIR.",
            code="no_results",
        )
    return found.path


def _read_summary(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            summary = json.load(file)
        decision = summary["verdict"]["decision"]
        if not isinstance(decision, str) or not isinstance(summary["metrics"], dict):
            raise TypeError("verdict.decision or metrics is of another type")
        summary["simulated"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"{path} is damaged or incomplete: {error!r}.",
            fix="Run the notebook's last cells again; they write it anew.",
            code="invalid_results",
        ) from error
    result: dict[str, Any] = summary
    return result
