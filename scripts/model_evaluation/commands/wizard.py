"""Hold the conversation yourself, in this terminal: questions, choices, completion, history, help, going back.

The answers go into the same state file, so an assistant and the wizard can take turns. It needs a terminal and the
package prompt_toolkit.

example:
  evaluate.py --project ./tickets wizard
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from model_evaluation.errors import UsageError


def arguments(parser: argparse.ArgumentParser) -> None:
    """`wizard` has no arguments of its own."""


def run(args: argparse.Namespace) -> tuple[dict[str, Any] | None, int]:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The wizard needs a terminal; standard input or output is none.",
            fix="Run it in a terminal, or use `evaluate.py status` and `evaluate.py answer STEP VALUE`.",
        )
    from model_evaluation import state
    from model_evaluation.kinds.registry import kind_of
    from model_evaluation.wizard import Wizard
    from model_evaluation.wizard.terminal import Terminal

    from . import render, revise

    document = state.load(args.project).document
    earlier = [entry["value"] for entry in document["answers"].values() if isinstance(entry["value"], str)]
    wizard = Wizard(
        args.project,
        Terminal(kind_of(document).steps, earlier),
        revise=lambda step: revise.run(argparse.Namespace(project=args.project, step=step))[0],
        render=lambda: render.run(argparse.Namespace(project=args.project, append=None, output=None, script=False))[0],
    )
    return None, wizard.run()
