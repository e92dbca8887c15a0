"""Say where the workflow stands and what to ask next. Reads only; no network.

Where nothing has been answered, a workflow in a folder above or right below is pointed out in `warnings`.

example:
  evaluate.py --project ./tickets status
"""

from __future__ import annotations

import argparse

from model_evaluation import state
from model_evaluation.conversation.answers import elsewhere, position
from model_evaluation.json_types import Position


def arguments(parser: argparse.ArgumentParser) -> None:
    """`status` has no arguments of its own."""


def run(args: argparse.Namespace) -> tuple[Position, int]:
    snapshot = state.load(args.project)
    body = position(snapshot.document, args.project)
    if snapshot.raw is None:
        body["warnings"] += elsewhere(args.project)
    return body, 0
