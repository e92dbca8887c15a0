"""Take the skill out of an assistant's skills folder; nothing else there is touched.

Without --client, the one place where it is installed is taken. Files of your own in the folder stay.

example:
  evaluate.py uninstall --client claude
"""

from __future__ import annotations

import argparse
from typing import Any

from .install import only


def arguments(parser: argparse.ArgumentParser) -> None:
    from model_evaluation.installing import CLIENTS, SCOPES

    parser.add_argument("--client", choices=list(CLIENTS), help="the assistant (default: where it is installed)")
    parser.add_argument("--scope", choices=SCOPES, default="user", help="for this user, or for --project only")
    parser.add_argument("--discard-changes", action="store_true", help="remove installed files that were changed, too")


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.installing import skill_folder, uninstall

    client = args.client or only(_where(args), "uninstall", "has it")
    folder = skill_folder(client, args.scope, args.project)
    outcome = uninstall(folder, discard_changes=args.discard_changes)
    return {
        "action": outcome.action,
        "client": client,
        "scope": args.scope,
        "path": str(folder),
        "version": outcome.previous_version,
        "files": outcome.files,
        "kept": list(outcome.kept),
    }, 0


def _where(args: argparse.Namespace) -> list[str]:
    from model_evaluation.errors import Refused
    from model_evaluation.installing import CLIENTS, installed_at, skill_folder

    found: dict[str, str] = {}  # folder -> the first client that has it; Codex and `agents` share one
    for client in CLIENTS:
        folder = skill_folder(client, args.scope, args.project)
        try:
            if installed_at(folder) is not None:
                found.setdefault(str(folder), client)
        except Refused:
            continue
    return list(found.values())
