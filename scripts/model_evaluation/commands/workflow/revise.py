"""Reopen a step and whatever depended on it; every other answer stays, reopened values become suggestions.

example:
  evaluate.py --project ./tickets revise builtin_metrics
"""

from __future__ import annotations

import argparse

from model_evaluation import state
from model_evaluation.conversation import workflow
from model_evaluation.conversation.answers import known_step, position, prepare_next, utc_now
from model_evaluation.conversation.context import Context
from model_evaluation.conversation.provenance import present
from model_evaluation.json_types import Document, JsonObject
from model_evaluation.kinds.registry import kind_of


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("step", metavar="STEP", help="the step's id, as `status` shows it")


def run(args: argparse.Namespace) -> tuple[JsonObject, int]:
    def change(snapshot: state.Snapshot) -> tuple[Document, JsonObject]:
        before = present(snapshot.document)
        document, reopened = workflow.reopen(known_step(before, args.step), before, args.step)
        # What has to be shown may be missing: the answer to it was given elsewhere, or the lookup for it failed.
        offer = document.get("offers", {}).get(args.step, {})
        unseen = kind_of(document).step(args.step).consent and "text" not in offer
        if not reopened and not unseen:
            return snapshot.document, {"reopened": [], "findings": [], **position(document, args.project)}
        context = Context(args.project, document, now=utc_now())
        body = {"reopened": reopened, "findings": prepare_next(context)}
        return context.document, {**body, **position(context.document, args.project)}

    return state.update(args.project, change), 0
