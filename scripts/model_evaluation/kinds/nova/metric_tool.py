"""`metric lint` and `metric try` for a Lambda function with metrics: looked at, or run here on rows."""

from __future__ import annotations

import argparse
import json
import os

from model_evaluation.conversation.workflow import finding
from model_evaluation.errors import Refused, UsageError
from model_evaluation.kinds.kind import MetricTool
from model_evaluation.runtime.settings import Json

from .functions.running import (
    postprocess_event,
    preprocess_event,
    reward_sample,
    run_function,
    run_rewards,
    source_faults,
)
from .runtime.output.details import first_text

UNREADABLE = "I am not sure what to answer."


class FunctionTool(MetricTool):
    description = (
        "lint looks at a Python file with lambda_handler. try runs it here, in a process of its own, on rows of "
        "gen_qa.jsonl (--rows): each row's reference as a right answer, and an answer that cannot be read; or on rows "
        "of the container's inference_output.jsonl, with the model's answers; a reward function on its questions "
        "(messages, reference_answer). Nothing is deployed."
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


def _rows(path: str, limit: int) -> list[Json]:
    """The first rows of a file of questions, or of the container's answers."""
    try:
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()][: max(1, limit)]
    except (OSError, ValueError) as error:
        raise Refused(
            f"{path} cannot be read: {error}.", fix="Give a JSON Lines file.", code="file_unreadable"
        ) from error
    known = ("response", "inference", "reference_answer")
    if not rows or not all(isinstance(row, dict) and any(name in row for name in known) for row in rows):
        raise Refused(
            f"{path} has rows without {', '.join(known)}.",
            fix="Give gen_qa.jsonl, the questions of an rft evaluation, or inference_output.jsonl of an earlier run.",
            code="too_few_rows",
        )
    return rows


def _tried(path: str, rows: list[Json]) -> dict[str, object]:
    path, findings = os.path.abspath(path), []
    calls = [(at, row, name, own) for at, row in enumerate(rows, 1) for name, own in _answers(row).items()]
    names = [f"row {at}, {name}" for at, _, name, _ in calls]
    if "reference_answer" in rows[0]:
        samples = [
            reward_sample(str(number), row.get("messages") or [], answer, row.get("reference_answer"))
            for number, (_, row, _, answer) in enumerate(calls, 1)
        ]
        outcomes = run_rewards(path, samples)
    else:
        events = [postprocess_event(_prompt(row), answer, _gold(row)) for _, row, _, answer in calls]
        prepared = preprocess_event(rows[0].get("system"), str(rows[0].get("query") or "p"), "g")
        *outcomes, last = run_function(path, [*events, prepared])
        if last.fault:
            note = f"Preprocessing cannot be enabled: {last.fault}."
            findings.append(finding("no_preprocessing", note, level="warning"))
    tried = list(zip(names, outcomes, strict=True))
    wrong = [f"{name}: {one.fault}" for name, one in tried if one.fault]
    if wrong:
        raise Refused(
            "; ".join(wrong[:5]) + ".",
            fix="Correct the function, and try it again before it is deployed; a reward function is tried on the "
            "questions of its rft evaluation.",
            code="function_fails",
            details={"calls": len(tried), "failed": len(wrong)},
        )
    if "inference" not in rows[0] and all(
        right.metrics == unread.metrics for right, unread in zip(outcomes[::2], outcomes[1::2], strict=True)
    ):
        note = "No metric tells the reference from an answer that cannot be read: is it a function for these rows?"
        findings.append(finding("tells_nothing", note, level="warning"))
    return {
        "metrics": sorted(outcomes[0].metrics),
        "tried": [{"call": name, "metrics": one.metrics} for name, one in tried],
        "slowest_seconds": round(max(one.seconds for one in outcomes), 3),
        "findings": findings,
    }


def _answers(row: Json) -> dict[str, str]:
    """Answers to try, by what they are."""
    if "inference" in row:
        return {"the model's answer": first_text(row["inference"])}
    return {"the reference as the answer": _gold(row), "an answer that cannot be read": UNREADABLE}


def _gold(row: Json) -> str:
    reference = row.get("reference_answer")
    if reference is not None:
        return reference if isinstance(reference, str) else json.dumps(reference)
    return first_text(row.get("response", row.get("gold")))


def _prompt(row: Json) -> str:
    return str(row.get("query") or row.get("prompt") or "")


TOOL = FunctionTool()
