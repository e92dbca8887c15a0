"""The skill as a plugin or extension: the assistants' manifests, and the whole skill in a folder of its own.

The repository is a skill itself, with SKILL.md at its top. Codex and Gemini CLI read a plugin's skills only below
``skills/``, and a second SKILL.md there would be a second skill of this name wherever the repository lies in a skills
folder that is scanned to any depth. So their manifests stand only where the skill lies below ``skills/``: here.
Gemini CLI 0.61 installs what is written here and lists one skill; Claude Code 2.1 validates it, and installs the
repository from its own marketplace with one skill (November 2026).
"""

from __future__ import annotations

import json
from pathlib import Path

from model_evaluation.errors import Refused
from model_evaluation.files import write_atomically
from model_evaluation.resources import resource

from .folder import NAME, Outcome, explained, install

SKILL = f"skills/{NAME}"
# Path below the extension -> the file of ours that is written there.
MANIFESTS = {
    ".claude-plugin/plugin.json": ".claude-plugin/plugin.json",
    ".codex-plugin/plugin.json": "extension/.codex-plugin/plugin.json",
    "gemini-extension.json": "extension/gemini-extension.json",
}


def write_extension(folder: Path, *, discard_changes: bool = False) -> Outcome:
    """Write or renew the extension in ``folder``; what somebody else put there stays.

    Raises Refused when ``folder`` holds something else, when installed files were changed, or when this copy of the
    program came without the manifests (an installed skill has none).
    """
    manifests = _manifests()
    _refuse_another(folder)
    with explained(folder):
        outcome = install(folder / SKILL, discard_changes=discard_changes)
        for name, content in manifests.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / name, content)
    return outcome


def _manifests() -> dict[str, bytes]:
    try:
        documents = {
            name: json.loads(resource(source).read_text(encoding="utf-8")) for name, source in MANIFESTS.items()
        }
    except FileNotFoundError as error:
        raise Refused(
            "This copy of the skill has no manifests of plugins and extensions.",
            fix="Run the command from a checkout of the repository, or from the installed package.",
            code="no_manifests",
        ) from error
    # In the checkout the plugin's one skill is its own folder; here Claude Code finds it below skills/ unasked.
    documents[".claude-plugin/plugin.json"].pop("skills", None)
    return {name: (json.dumps(document, indent=2) + "\n").encode() for name, document in documents.items()}


def _refuse_another(folder: Path) -> None:
    """Only a folder that is empty, missing or an extension of this name is written into."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        named = json.loads((folder / "gemini-extension.json").read_text(encoding="utf-8"))["name"]
    except (OSError, ValueError, KeyError, TypeError):
        named = None
    if named != NAME or (folder / "SKILL.md").exists():
        raise Refused(
            f"{folder} holds something else than an extension {NAME}; nothing was changed.",
            fix="Name a folder that is empty or does not exist.",
            code="not_ours",
        )
