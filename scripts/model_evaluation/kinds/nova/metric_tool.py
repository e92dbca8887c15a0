"""`metric lint` and `metric try` for a Lambda function with metrics: looked at, or run here on rows."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from model_evaluation.conversation.workflow import finding
from model_evaluation.errors import Refused, UsageError
from model_evaluation.kinds.kind import MetricTool

from .functions.running import Outcome, postprocess_event, preprocess_event, run_function, source_faults

UNREADABLE = "I am not sure what to answer."


class FunctionTool(MetricTool):
    description = (
        "lint looks at a Python file with lambda_handler. try runs it here, in a process of its own, on rows of "
        "gen_qa.jsonl (--rows): each row's reference as a right answer, and an answer that cannot be read; or on rows "
        "of the container's inference_output.jsonl, with the model's answers. Nothing is deployed."
    )

    def run(self, args: argparse.Namespace) -> tuple[dict[str, object], int]:
        try:
            with open(args.file, encoding="utf-8") as file:
                faults = source_faults(file.read())
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(
                f"{args.file} cannot be read: {error}.", fix="Give the Python file.", code="file_unreadable"
            ) from error
        if faults:
            raise Refused(
                f"{args.file}: {'; '.join(faults)}.",
                fix="Correct it; `answer processor generate own` writes one to begin with.",
                code="function_unusable",
            )
        if args.action == "lint":
            return {"file": args.file, "findings": []}, 0
        if not args.rows:
            raise UsageError("`metric try` needs --rows FILE for a function.", fix="See: evaluate.py metric --help")
        return _tried(args.file, _rows(args.rows, args.limit)), 0


def _rows(path: str, limit: int) -> list[dict[str, object]]:
    """The first rows of a file of questions, or of the container's answers."""
    try:
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()][: max(1, limit)]
    except (OSError, ValueError) as error:
        raise Refused(
            f"{path} cannot be read: {error}.", fix="Give a JSON Lines file.", code="file_unreadable"
        ) from error
    if not rows or not all(isinstance(row, dict) and ("response" in row or "inference" in row) for row in rows):
        raise Refused(
            f"{path} has rows without `response` and without `inference`.",
            fix="Give gen_qa.jsonl, or inference_output.jsonl of an earlier run.",
            code="too_few_rows",
        )
    return rows


def _tried(path: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    from .runtime.output.details import first_text

    events, names = [], []
    for number, row in enumerate(rows, 1):
        prompt, gold = (
            str(row.get("query") or row.get("prompt") or ""),
            first_text(row.get("response", row.get("gold"))),
        )
        answers = (
            {"the model's answer": first_text(row["inference"])}
            if "inference" in row
            else {"the reference as the answer": gold, "an answer that cannot be read": UNREADABLE}
        )
        for what, answer in answers.items():
            events.append(postprocess_event(prompt, answer, gold))
            names.append(f"row {number}, {what}")
    events.append(preprocess_event(rows[0].get("system"), str(rows[0].get("query") or "p"), "g"))
    outcomes = run_function(os.path.abspath(path), events)
    wrong = [(name, one) for name, one in zip([*names, "preprocessing"], outcomes, strict=True) if one.fault]
    measured: list[tuple[str, Outcome]] = list(zip(names, outcomes, strict=False))
    required = [(name, one) for name, one in wrong if name != "preprocessing"]
    if required:
        raise Refused(
            "; ".join(f"{name}: {one.fault}" for name, one in required[:5]) + ".",
            fix="Correct the function, and try it again before it is deployed.",
            code="function_fails",
            details={"calls": len(events), "failed": len(required)},
        )
    findings = [
        finding("no_preprocessing", f"Preprocessing cannot be enabled: {one.fault}.", level="warning")
        for name, one in wrong
        if name == "preprocessing"
    ]
    slowest = max(one.seconds for one in outcomes)
    return {
        "metrics": sorted(measured[0][1].metrics),
        "tried": [{"call": name, "metrics": one.metrics} for name, one in measured],
        "slowest_seconds": round(slowest, 3),
        "findings": findings,
    }


TOOL = FunctionTool()
