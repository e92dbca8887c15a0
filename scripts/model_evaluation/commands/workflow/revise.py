"""Reopen a step and whatever depended on it; every other answer stays, reopened values become suggestions.

example:
  evaluate.py --project ./tickets revise builtin_metrics
"""

from __future__ import annotations

import argparse

from model_evaluation import state
from model_evaluation.conversation import workflow
from model_evaluation.conversation.answers import TRIES, known_step, position, prepare_next, utc_now
from model_evaluation.conversation.context import Context
from model_evaluation.conversation.provenance import present
from model_evaluation.errors import StateError
from model_evaluation.json_types import JsonObject


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("step", metavar="STEP", help="the step's id, as `status` shows it")


def run(args: argparse.Namespace) -> tuple[JsonObject, int]:
    for _ in range(TRIES):
        snapshot = state.load(args.project)
        before = present(snapshot.document)
        document, reopened = workflow.reopen(known_step(before, args.step), before, args.step)
        if not reopened:
            return {"reopened": [], "findings": [], **position(document, args.project)}, 0
        context = Context(args.project, document, now=utc_now())
        findings = prepare_next(context)
        if state.replace(args.project, snapshot.raw, context.document):
            body = {"reopened": reopened, "findings": findings}
            return {**body, **position(context.document, args.project)}, 0
    raise StateError(
        f"The state file changed {TRIES} times meanwhile.",
        code="state_busy",
        fix="Let the other assistant finish, then run the command again.",
    )
