"""Check metric definitions on their own, or try them on a few rows.

example:
  evaluate.py metric lint metrics.json
"""

from __future__ import annotations

import argparse

from model_evaluation import state
from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.registry import REGISTRY, kind_of, load_kind

SAMPLE_ROWS = 3


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["lint", "try"], help="what to do")
    parser.add_argument("file", metavar="FILE", help="the definitions as JSON; `-` reads standard input")
    parser.add_argument("--rows", metavar="FILE", help="try: a JSONL file with prompts and reference answers")
    parser.add_argument(
        "--limit", type=int, default=SAMPLE_ROWS, metavar="N", help=f"try: how many rows (default {SAMPLE_ROWS})"
    )
    parser.add_argument("--yes", action="store_true", help="try: the user agreed to what its calls cost")
    for kind_id in REGISTRY:
        if tool := load_kind(kind_id).metric_tool():
            group = parser.add_argument_group(kind_id, tool.description)
            tool.arguments(group)


def run(args: argparse.Namespace) -> tuple[JsonObject, int]:
    kind = kind_of(state.load(args.project).document)
    tool = kind.metric_tool()
    if tool is None:
        raise Refused(
            f"An evaluation of kind {kind.id} has no metric definitions to check.",
            fix="See what it asks for: evaluate.py status",
            code="no_metric_tool",
        )
    return tool.run(args)
