"""Say where the workflow stands and what to ask next. Reads only; no network.

example:
  evaluate.py --project ./tickets status
"""

from __future__ import annotations

from model_evaluation import state
from model_evaluation.conversation import position

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    """`status` has no arguments of its own."""


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    return position(state.load(args.project).document, args.project), 0
