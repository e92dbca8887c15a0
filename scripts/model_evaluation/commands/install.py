"""Put the skill into an assistant's skills folder (a copy, never a link), or upgrade what is there.

Without --client, the one assistant found on this machine is taken. Files of your own in the folder are kept; installed
files that were changed since stop the command, unless --discard-changes is given.

example:
  evaluate.py install --client claude
"""

from __future__ import annotations

import argparse
from typing import Any

from model_evaluation.packages import BASE, how_to_install, missing_base_packages


def arguments(parser: argparse.ArgumentParser) -> None:
    from model_evaluation.installing import CLIENTS, SCOPES

    parser.add_argument("--client", choices=list(CLIENTS), help="the assistant (default: the only one found)")
    parser.add_argument("--scope", choices=SCOPES, default="user", help="for this user, or for --project only")
    parser.add_argument("--discard-changes", action="store_true", help="replace installed files that were changed")


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation import __version__
    from model_evaluation.installing import CLIENTS, detected, install, skill_folder

    client = args.client or only(detected(args.project, args.scope), "install", "was found")
    folder = skill_folder(client, args.scope, args.project)
    outcome = install(folder, discard_changes=args.discard_changes)
    body: dict[str, Any] = {
        "action": outcome.action,
        "client": client,
        "scope": args.scope,
        "path": str(folder),
        "version": __version__,
        "previous_version": outcome.previous_version,
        "files": outcome.files,
        "kept": list(outcome.kept),
        "next_step": f'Start {CLIENTS[client].label} anew, then say: "evaluate my model".',
    }
    missing = missing_base_packages()
    if missing:
        body["missing_packages"] = missing
        body["next_step"] += f" This Python lacks {', '.join(missing)}. {how_to_install(BASE)}"
    return body, 0


def only(found: list[str], command: str, how: str) -> str:
    """The one client in ``found``; raises Refused (exit 3) when there are none or several."""
    from model_evaluation.errors import Refused
    from model_evaluation.installing import CLIENTS

    if len(found) == 1:
        return found[0]
    names = found or list(CLIENTS)
    raise Refused(
        f"Which assistant is meant? {'More than one' if found else 'None'} {how}. Known: {', '.join(names)}.",
        fix=f"Name it: evaluate.py {command} --client {names[0]}",
        code="which_client",
        details={"clients": {name: CLIENTS[name].label for name in names}},
    )
