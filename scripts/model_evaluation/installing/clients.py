"""Which skills folders each assistant reads, and which copies of the skill shadow each other there.

From the assistants' documentation and sources; tried with Claude Code 2.1, Codex 0.171, Gemini CLI 0.61, opencode 1.18
and Copilot CLI 1.0 (November 2026).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from .folder import NAME, read_marker

SCOPES = ("user", "project")
AGENTS = ".agents/skills"


@dataclass(frozen=True)
class Client:
    """An assistant. ``user`` and ``project`` are the skills folders that it reads, below home and below a project
    (empty: the same); an install goes into the first. ``signs`` are what its presence shows by, below either. Each is a
    text with spaces between the names.

    ``variable`` is the environment variable that names the folder ``moves`` (below home) elsewhere. An assistant that
    is ``moved_whole`` then reads nothing outside of it.
    """

    label: str
    user: str
    signs: str
    project: str = ""
    variable: str = ""
    moves: str = ""
    moved_whole: bool = False

    def folders(self, scope: str, project: str | os.PathLike[str]) -> list[Path]:
        """The folders that it reads in ``scope``."""
        return self._located(self.project or self.user if scope == "project" else self.user, scope, project)

    def is_there(self, scope: str, project: str | os.PathLike[str]) -> bool:
        """Whether it is used by this user, or in this project."""
        return any(path.exists() for path in self._located(self.signs, scope, project))

    def _located(self, names: str, scope: str, project: str | os.PathLike[str]) -> list[Path]:
        if scope == "project":
            return [Path(project).absolute() / name for name in names.split()]
        moved = os.environ.get(self.variable, "") if self.variable else ""
        paths = []
        for name in names.split():
            if moved and PurePosixPath(name).is_relative_to(self.moves):
                paths.append(Path(moved).expanduser().absolute() / PurePosixPath(name).relative_to(self.moves))
            elif not (moved and self.moved_whole):
                paths.append(Path.home() / name)
        return paths


_in_config = partial(Client, variable="XDG_CONFIG_HOME", moves=".config")
CLIENTS: Mapping[str, Client] = {
    "claude": Client("Claude Code", ".claude/skills", ".claude", variable="CLAUDE_CONFIG_DIR", moves=".claude"),
    # It calls its own folder deprecated, but reads it.
    "codex": Client("Codex", f"{AGENTS} .codex/skills", ".codex", variable="CODEX_HOME", moves=".codex"),
    "gemini": Client(
        "Gemini CLI",
        f".gemini/skills {AGENTS} .gemini/extensions/{NAME}/skills",
        ".gemini",
        f".gemini/skills {AGENTS}",
        "GEMINI_CLI_HOME",
    ),
    "kiro": Client("Kiro", ".kiro/skills", ".kiro", variable="KIRO_HOME", moves=".kiro"),
    "agents": Client("any assistant that reads .agents/skills", AGENTS, ".agents"),
}
# Assistants that need no copy of their own: `agents` serves them.
SERVED: Mapping[str, Client] = {
    "cursor": Client("Cursor", f"{AGENTS} .cursor/skills .claude/skills .codex/skills", ".cursor"),
    "copilot": Client(
        "GitHub Copilot",
        f"{AGENTS} .copilot/skills",
        ".copilot .github/skills .github/copilot-instructions.md",
        f"{AGENTS} .github/skills .claude/skills",
        "COPILOT_HOME",
        ".copilot",
        moved_whole=True,
    ),
    "opencode": _in_config(
        "opencode",
        f"{AGENTS} .config/opencode/skills .claude/skills",
        ".config/opencode .opencode",
        f"{AGENTS} .opencode/skills .claude/skills",
    ),
    "goose": _in_config(
        "goose",
        f"{AGENTS} .config/goose/skills .config/agents/skills .claude/skills",
        ".config/goose .goose",
        f"{AGENTS} .goose/skills .claude/skills",
    ),
}
ALL: Mapping[str, Client] = {**CLIENTS, **SERVED}


@dataclass(frozen=True)
class Copy:
    """Another copy of the skill. ``readers`` are the assistants that read it beside the one in question."""

    path: Path
    version: str
    readers: tuple[str, ...]


def skill_folder(client: str, scope: str, project: str | os.PathLike[str]) -> Path:
    """The absolute path of this skill's folder for ``client``; ``project`` counts for scope ``project`` only."""
    return ALL[client].folders(scope, project)[0] / NAME


def detected(project: str | os.PathLike[str], scope: str) -> list[str]:
    """A client for each place that an assistant of this user, or of the project, reads the skill from."""
    shared = skill_folder("agents", scope, project)
    places: dict[Path, str] = {}
    for name, client in ALL.items():
        if client.is_there(scope, project):
            place = skill_folder(name, scope, project)
            places.setdefault(place, "agents" if name in SERVED and place == shared else name)
    return list(places.values())


def readers(folder: Path, project: str | os.PathLike[str]) -> list[str]:
    """The assistants that read the skill in ``folder``, by their names for people."""
    return [client.label for name, client in ALL.items() if name != "agents" and folder in _copies_of(client, project)]


def other_copies(folder: Path, project: str | os.PathLike[str]) -> list[Copy]:
    """Copies of the skill in other folders that an assistant reads which reads ``folder``."""
    both: dict[Path, list[str]] = {}
    for client in ALL.values():
        places = _copies_of(client, project)
        for place in places if folder in places else ():
            both.setdefault(place, []).append(client.label)
    here = folder.resolve()
    return [
        Copy(place, version, tuple(labels))
        for place, labels in both.items()
        if place.resolve() != here and (version := version_at(place)) is not None
    ]


def version_at(folder: Path) -> str | None:
    """The version of the skill in ``folder``, however it came there: ``unknown`` where nothing says it, ``None``
    where there is no skill."""
    marker = read_marker(folder)
    if marker is not None:
        return marker.version
    for root in (folder, folder / "skills" / NAME):  # the second in a checkout
        if (root / "SKILL.md").is_file():
            try:
                source = (root / "scripts" / "model_evaluation" / "__init__.py").read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                return "unknown"
            version = re.search(r'^__version__ = "([^"]+)"', source, re.MULTILINE)
            return version[1] if version else "unknown"
    return None


def _copies_of(client: Client, project: str | os.PathLike[str]) -> list[Path]:
    """Where ``client`` would find the skill, in both scopes, each place once."""
    return list(dict.fromkeys(folder / NAME for scope in SCOPES for folder in client.folders(scope, project)))
