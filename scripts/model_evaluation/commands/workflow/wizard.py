"""Hold the conversation yourself, in this terminal: questions, choices, completion, history, help, going back.

The answers go into the same state file, so an assistant and the wizard can take turns. It needs a terminal and the
package prompt_toolkit.

example:
  evaluate.py --project ./tickets wizard
"""

from __future__ import annotations

import argparse
import sys
from types import ModuleType
from typing import cast

from model_evaluation import state
from model_evaluation.errors import UsageError
from model_evaluation.json_types import Facts, Position
from model_evaluation.wizard import Screen, Wizard

from . import render, revise


def arguments(parser: argparse.ArgumentParser) -> None:
    """`wizard` has no arguments of its own."""


def run(args: argparse.Namespace) -> tuple[None, int]:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The wizard needs a terminal; standard input or output is none.",
            fix="Run it in a terminal, or use `evaluate.py status` and `evaluate.py answer STEP VALUE`.",
        )
    from model_evaluation.wizard.terminal import Terminal

    answers = state.load(args.project).document["answers"].values()
    earlier = [entry["value"] for entry in answers if isinstance(entry["value"], str)]
    return None, session(args.project, Terminal(args.project, earlier)).run()


def session(project: str, screen: Screen) -> Wizard:
    """A conversation about ``project`` on ``screen``."""
    return Wizard(
        project,
        screen,
        revise=lambda step: cast(Position, _body(revise, project, step)),
        render=lambda: cast(Facts, _body(render, project)),
    )


def _body(command: ModuleType, project: str, *words: str) -> object:
    """What ``command`` answers to ``words``."""
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    return command.run(parser.parse_args(words, argparse.Namespace(project=project)))[0]
