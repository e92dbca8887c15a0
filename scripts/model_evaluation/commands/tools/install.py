"""Put the skill into an assistant's skills folder (a copy, never a link), or upgrade what is there.

Without --client, the one assistant found on this machine is taken. --client agents serves Codex, Cursor, GitHub
Copilot, opencode, goose and every other assistant that reads .agents/skills. What you put into the folder yourself
stays; installed files that were changed since stop the command, unless --discard-changes is given.

--extension writes the skill as a plugin (Claude Code, Codex) or extension (Gemini CLI) instead: the manifests, and the
whole skill below skills/model-evaluation.

example:
  evaluate.py install --client claude
  evaluate.py install --extension ./model-evaluation-extension
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from model_evaluation import __version__
from model_evaluation.errors import Refused, UsageError
from model_evaluation.installing.clients import (
    ALL,
    CLIENTS,
    SCOPES,
    SERVED,
    detected,
    other_copies,
    readers,
    skill_folder,
)
from model_evaluation.installing.extension import SKILL, write_extension
from model_evaluation.installing.folder import Outcome, install
from model_evaluation.packages import BASE, how_to_install, missing_base_packages


def arguments(parser: argparse.ArgumentParser) -> None:
    add_client(parser, default="the only one found")
    parser.add_argument("--discard-changes", action="store_true", help="replace installed files that were changed")
    parser.add_argument(
        "--extension", metavar="DIR", help="write a plugin or extension with the whole skill into DIR (made if missing)"
    )


def add_client(parser: argparse.ArgumentParser, *, default: str) -> None:
    """The options that say where the skill lies."""
    parser.add_argument(
        "--client",
        choices=list(ALL),
        metavar="NAME",
        help=f"the assistant: {', '.join(CLIENTS)} ({', '.join(SERVED)} are served by agents); default: {default}",
    )
    parser.add_argument("--scope", choices=SCOPES, default="user", help="for this user, or for --project only")


def run(args: argparse.Namespace) -> tuple[dict[str, object], int]:
    if args.extension is not None:
        return _extension(args)
    client = args.client or only(detected(args.project, args.scope), "install", "was found")
    folder = skill_folder(client, args.scope, args.project)
    outcome = install(folder, discard_changes=args.discard_changes)
    assistants = readers(folder, args.project)
    label = f"your assistant ({', '.join(assistants)})" if client == "agents" else ALL[client].label
    next_step = f'Start {label} anew, then say: "evaluate my model".'
    missing = missing_base_packages()
    if missing:
        next_step += f" This Python lacks {', '.join(missing)}. {how_to_install(BASE)}"
    body = {
        **told(outcome, client, args, folder),
        "serves": assistants,
        "version": __version__,
        "previous_version": outcome.previous_version,
        "next_step": next_step,
    }
    if missing:
        body["missing_packages"] = missing
    return body, 0


def _extension(args: argparse.Namespace) -> tuple[dict[str, object], int]:
    if args.client:
        raise UsageError(
            "--extension writes a folder for every assistant; it takes no --client.", fix="Leave one of the two out."
        )
    folder = Path(args.extension).expanduser().absolute()
    outcome = write_extension(folder, discard_changes=args.discard_changes)
    path = shlex.quote(str(folder))
    return {
        "action": outcome.action,
        "extension": str(folder),
        "path": str(folder / SKILL),
        "version": __version__,
        "previous_version": outcome.previous_version,
        "files": outcome.files,
        "kept": list(outcome.kept),
        "next_step": (
            f"Gemini CLI: gemini extensions install {path}. Claude Code: claude --plugin-dir {path}. "
            "Codex: name the folder in a marketplace of yours."
        ),
    }, 0


def told(outcome: Outcome, client: str, args: argparse.Namespace, folder: Path) -> dict[str, object]:
    """The part of the body that says what was done where, and which copies elsewhere an assistant reads as well."""
    done: dict[str, object] = {
        "action": outcome.action,
        "client": client,
        "scope": args.scope,
        "path": str(folder),
        "files": outcome.files,
        "kept": list(outcome.kept),
    }
    copies = other_copies(folder, args.project)
    if not copies:
        return done
    descriptions = [f"{copy.path} (version {copy.version}; read by {', '.join(copy.readers)})" for copy in copies]
    return done | {
        "other_copies": [
            {"path": str(copy.path), "version": copy.version, "readers": list(copy.readers)} for copy in copies
        ],
        "warnings": [
            {
                "kind": "other_copies",
                "message": f"Of copies of one name an assistant uses one. There is also {', and '.join(descriptions)}.",
                "fix": "Keep one copy for each assistant, or bring all to one version: uninstall or delete the rest.",
            }
        ],
    }


def only(clients: Sequence[str], command: str, how: str) -> str:
    """The one of ``clients``; raises Refused (exit 3) when there are none or several."""
    if len(clients) == 1:
        return clients[0]
    names = list(clients) or list(CLIENTS)
    raise Refused(
        f"Which assistant is meant? {'More than one' if clients else 'None'} {how}. Known: {', '.join(names)}.",
        fix=f"Name it: evaluate.py {command} --client {names[0]}",
        code="which_client",
        details={"clients": {name: ALL[name].label for name in names}},
    )
