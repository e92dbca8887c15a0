"""Serve the local stand-in for AWS until it is ended (Ctrl-C), printing KEY=VALUE environment lines first.

Everything it answers is SIMULATED; nothing leaves this machine. The lines can be exported as they are.

example:
  evaluate.py localaws --seed
"""

from __future__ import annotations

import argparse
import signal
import threading

from model_evaluation.errors import UsageError
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.registry import DEFAULT, REGISTRY, load_kind


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", action="store_true", help="fill it with the demo's account, and print its names")
    parser.add_argument(
        "--kind", default=DEFAULT, choices=REGISTRY, help=f"whose demo --seed takes (default: {DEFAULT})"
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="the port to listen on (default: a free one)")
    parser.add_argument(
        "--step-seconds", type=float, default=2.0, metavar="S", help="how long each step of an evaluation plays"
    )


def run(args: argparse.Namespace) -> tuple[JsonObject | None, int]:
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    serve(args, ended)
    return None, 0


def serve(args: argparse.Namespace, ended: threading.Event) -> None:
    """Serve until ``ended`` is set, after printing the environment to export and, with ``--seed``, the names of what
    the account holds (``LOCAL_AWS_...``)."""
    from model_evaluation.localaws import LocalAws
    from model_evaluation.localaws.seeding import Seeder

    if not 0 <= args.port <= 65535:
        raise UsageError(f"--port is {args.port}; 0 to 65535 are possible.", fix="See: evaluate.py localaws --help")
    player = load_kind(args.kind).player()
    if args.seed and player is None:
        raise UsageError(
            f"--kind is {args.kind}, which local AWS does not play.", fix="Leave out --seed, or name another kind."
        )
    with LocalAws(step_seconds=args.step_seconds, port=args.port) as aws:
        lines = dict(aws.env)
        if args.seed and player is not None:
            lines |= player.seed_world(Seeder(aws.cloud, aws.region)).as_lines()
        for key, value in lines.items():
            print(f"{key}={value}", flush=True)  # noqa: T201 - this command's output is its lines
        ended.wait()
