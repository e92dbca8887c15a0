"""Where the skill's own files are: references, SKILL.md.

A checkout keeps them beside ``scripts/``; an installed package carries them inside itself.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(relative: str) -> Path:
    """Absolute path of one of the skill's files, such as ``references/results.md``.

    Raises ``FileNotFoundError`` when the installation lacks it.
    """
    for root in (_PACKAGE / "_skill", _PACKAGE.parent.parent):
        path = root / relative
        if path.exists():
            return path
    raise FileNotFoundError(f"the installation is incomplete: {relative} is missing")
