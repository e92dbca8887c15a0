"""Puts the skill into an assistant's skills folder and takes it out again. Copies, never links."""

from __future__ import annotations

from .clients import ALL, CLIENTS, SCOPES, SERVED, Copy, detected, other_copies, readers, skill_folder
from .extension import write_extension
from .folder import install, installed_at, uninstall

__all__ = [
    "ALL",
    "CLIENTS",
    "SCOPES",
    "SERVED",
    "Copy",
    "detected",
    "install",
    "installed_at",
    "other_copies",
    "readers",
    "skill_folder",
    "uninstall",
    "write_extension",
]
