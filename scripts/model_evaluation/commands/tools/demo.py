"""The whole path on sample data and local AWS: no account, no credentials, everything SIMULATED.

It answers every question through the real commands, renders the notebook, executes it in a real kernel with the
real SageMaker SDK, and shows the verdict. Notebook, executed notebook and results stay where it says.

example:
  evaluate.py demo
"""

from __future__ import annotations

import argparse
import os
import sys

from model_evaluation.errors import UsageError
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.registry import DEFAULT, REGISTRY, load_kind


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", default=DEFAULT, help=f"the kind of evaluation to show (default: {DEFAULT})")
    parser.add_argument(
        "--output", metavar="DIR", help="where to work (default: demo-output in the project's folder; made anew)"
    )
    parser.add_argument(
        "--step-seconds", type=float, default=1.5, metavar="S", help="how long each simulated step plays"
    )
    parser.add_argument("--json", action="store_true", help="end with one JSON object")


def run(args: argparse.Namespace) -> tuple[JsonObject | None, int]:
    from model_evaluation.demo.walk import walk

    players = {kind_id: load_kind(kind_id).player() for kind_id in REGISTRY}
    with_demo = {kind_id: player for kind_id, player in players.items() if player and player.demo}
    if args.kind not in with_demo:
        raise UsageError(
            f"--kind is {args.kind!r}; kinds of evaluation with a demo: {', '.join(with_demo)}.",
            fix="See: evaluate.py demo --help",
        )
    folder = os.path.abspath(os.path.expanduser(args.output or os.path.join(args.project, "demo-output")))
    # With --json the conversation goes to stderr, so that stdout holds the object alone.
    out = sys.stderr if args.json else sys.stdout

    def say(line: str) -> None:
        print(line, file=out, flush=True)

    result = walk(folder, args.kind, with_demo[args.kind], step_seconds=args.step_seconds, say=say)
    return (result if args.json else None), 0
