"""Puts the skill into an assistant's skills folder and takes it out again. Copies, never links."""

from __future__ import annotations

from .clients import CLIENTS, SCOPES, detected, skill_folder
from .folder import NAME, Installed, install, installed_at, uninstall

__all__ = [
    "CLIENTS",
    "NAME",
    "SCOPES",
    "Installed",
    "detected",
    "install",
    "installed_at",
    "skill_folder",
    "uninstall",
]
