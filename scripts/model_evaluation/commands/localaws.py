"""Serve the local stand-in for AWS until it is ended (Ctrl-C), printing KEY=VALUE environment lines first.

Everything it answers is SIMULATED; nothing leaves this machine. The lines can be exported as they are.

example:
  evaluate.py localaws --seed
"""

from __future__ import annotations

import argparse
import signal
import threading
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", action="store_true", help="fill it with the demo's world (models, judges, dataset)")
    parser.add_argument("--port", type=int, metavar="N", help="the port to listen on (default: a free one)")
    parser.add_argument(
        "--step-seconds", type=float, default=2.0, metavar="S", help="how long each step of an evaluation plays"
    )


def run(args: argparse.Namespace) -> tuple[dict[str, Any] | None, int]:
    from model_evaluation.errors import UsageError
    from model_evaluation.localaws import serve

    if args.port is not None and not 0 <= args.port <= 65535:
        raise UsageError(f"--port is {args.port}; 0 to 65535 are possible.", fix="See: evaluate.py localaws --help")
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    serve(
        lambda line: print(line, flush=True),  # noqa: T201 - this command's output is its lines
        seed=args.seed,
        port=args.port,
        until=ended,
        step_seconds=args.step_seconds,
    )
    return None, 0
