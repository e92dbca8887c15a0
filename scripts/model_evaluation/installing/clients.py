"""Where each assistant looks for skills."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from .folder import NAME

SCOPES = ("user", "project")


class Client(NamedTuple):
    """An assistant: its name for people, its own folder, its skills folder below home and below a project.

    ``home_variable`` is the environment variable that moves ``home`` elsewhere, if the assistant has one.
    """

    label: str
    home: str
    skills: str
    project_skills: str
    home_variable: str | None = None


CLIENTS: Mapping[str, Client] = {
    "claude": Client("Claude Code", ".claude", ".claude/skills", ".claude/skills", "CLAUDE_CONFIG_DIR"),
    # Codex still reads ~/.codex/skills but calls it deprecated; the shared folder is the documented one.
    "codex": Client("Codex", ".codex", ".agents/skills", ".agents/skills"),
    "gemini": Client("Gemini CLI", ".gemini", ".gemini/skills", ".gemini/skills"),
    "kiro": Client("Kiro", ".kiro", ".kiro/skills", ".kiro/skills"),
    "agents": Client("any assistant that reads .agents/skills", ".agents", ".agents/skills", ".agents/skills"),
}


def skill_folder(client: str, scope: str, project: str | os.PathLike[str]) -> Path:
    """The absolute path of this skill's folder for ``client``; ``project`` counts for scope ``project`` only."""
    entry = CLIENTS[client]
    if scope == "project":
        return Path(project).absolute() / entry.project_skills / NAME
    moved = os.environ.get(entry.home_variable, "") if entry.home_variable else ""
    if moved:
        return Path(moved).expanduser().absolute() / "skills" / NAME
    return Path.home() / entry.skills / NAME


def detected(project: str | os.PathLike[str], scope: str) -> list[str]:
    """The assistants whose own folder exists: in the home folder, or in the project for scope ``project``.

    Of those that share a skills folder, the first: one copy serves them all.
    """
    base = Path(project).absolute() if scope == "project" else Path.home()
    found: dict[Path, str] = {}
    for name, entry in CLIENTS.items():
        moved = os.environ.get(entry.home_variable, "") if entry.home_variable and scope == "user" else ""
        if (Path(moved) if moved else base / entry.home).is_dir():
            found.setdefault(skill_folder(name, scope, project), name)
    return list(found.values())
