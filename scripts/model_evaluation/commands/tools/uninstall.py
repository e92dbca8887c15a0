"""Take the skill out of an assistant's skills folder; nothing else there is touched.

Without --client, the one place where it is installed is taken. What you put into the folder yourself stays.

example:
  evaluate.py uninstall --client claude
"""

from __future__ import annotations

import argparse
from pathlib import Path

from model_evaluation.errors import Refused
from model_evaluation.installing.clients import ALL, skill_folder
from model_evaluation.installing.folder import installed_at, uninstall

from .install import add_client, only, told


def arguments(parser: argparse.ArgumentParser) -> None:
    add_client(parser, default="where it is installed")
    parser.add_argument("--discard-changes", action="store_true", help="remove installed files that were changed, too")


def run(args: argparse.Namespace) -> tuple[dict[str, object], int]:
    client = args.client or only(_clients_with_it(args), "uninstall", "has it")
    folder = skill_folder(client, args.scope, args.project)
    outcome = uninstall(folder, discard_changes=args.discard_changes)
    return {**told(outcome, client, args, folder), "version": outcome.previous_version}, 0


def _clients_with_it(args: argparse.Namespace) -> list[str]:
    places: dict[Path, str] = {}  # to the first client that has it there; Codex and `agents` share one
    for client in ALL:
        folder = skill_folder(client, args.scope, args.project)
        try:
            if installed_at(folder) is not None:
                places.setdefault(folder, client)
        except Refused:
            continue
    return list(places.values())
