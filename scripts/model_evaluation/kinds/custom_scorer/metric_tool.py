"""`metric try` for scorers: a Python file, or the deployed function after a yes, on sample rows."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.kind import MetricTool

from .scorer.local_file import local_call
from .scorer.trial import samples_of, try_scorer

if TYPE_CHECKING:
    from .scorer.trial import Call


class ScorerTool(MetricTool):
    description = (
        "FILE is a scorer's Python file with lambda_handler, or the ARN of a deployed function, which is called only "
        "with --yes and costs its calls. try runs it with a right, a wrong and an empty answer to each row of --rows "
        "(JSONL, else sample rows), in the event of the rows' format; lint tries one row."
    )

    def run(self, args: argparse.Namespace) -> tuple[JsonObject, int]:
        samples = samples_of(_rows(args.rows), 1 if args.action == "lint" else args.limit)
        trial = try_scorer(samples, _call(args, len(samples)))
        body: JsonObject = {
            "calls": trial.rows(),
            "metrics": trial.metrics,
            "findings": [finding("odd", text, level="warning") for text in trial.oddities],
        }
        if not trial.faults:
            return body, 0
        body["error"] = {
            "code": "scorer_unusable",
            "message": "; ".join(trial.faults),
            "fix": "Mend the scorer; references/custom-scorer.md has the event of each format and the reply.",
        }
        return body, 3


def _call(args: argparse.Namespace, samples: int) -> Call:
    if not args.file.startswith("arn:"):
        return local_call(args.file)
    if not args.yes:
        raise Refused(
            f"{args.file} would be called {3 * samples + 1} times, at Lambda's price. Nothing was called.",
            fix="Ask the user; after their yes, repeat the command with --yes.",
            code="needs_consent",
        )
    from model_evaluation.lookups.session import Aws

    from .lookups.functions import invoke

    aws = Aws()
    return lambda event: invoke(aws, args.file, event)


def _rows(path: str | None) -> list[bytes]:
    if path is None:
        from .demo.script import demo_dataset

        return demo_dataset().splitlines()
    try:
        with open(os.path.expanduser(path), "rb") as file:
            return [line for line in file.read().split(b"\n") if line.strip()]
    except OSError as error:
        raise Refused(
            f"{path} cannot be read: {error.strerror}.", fix="Check the path.", code="file_unreadable"
        ) from error


TOOL = ScorerTool()
