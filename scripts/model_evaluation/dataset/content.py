"""A closer look at the texts of rows: scripts, personal data, instructions.

Nothing that is found is ever printed: findings carry counts and line numbers only.
"""

from __future__ import annotations

import unicodedata
from collections import Counter

from .findings import FindingsByKind
from .instructions import commands_an_assistant, to_a_scorer, to_an_assistant
from .personal_data import personal_spans, secret_spans
from .profile import Profile
from .rows.reading import UsableRows

_LETTERS_LOOKED_AT = 200

_SCRIPT_NAMES = {"CJK": "Han", "HIRAGANA": "Japanese kana", "KATAKANA": "Japanese kana", "HANGUL": "Hangul"}


class ContentScan:
    """Sees every usable row once, or the ``first_rows``."""

    def __init__(self, first_rows: int | None, scorers: tuple[str, ...] = ()) -> None:
        self._first_rows = first_rows
        self._to_a_scorer = to_a_scorer(scorers)
        self._scripts: Counter[str] = Counter()
        self._rows = 0

    def see(self, rows: UsableRows, findings: FindingsByKind) -> None:
        for line, prompt, reference, system in zip(*rows[:4], strict=True):
            if self._first_rows is not None and self._rows >= self._first_rows:
                return
            self._rows += 1
            texts = [text for text in (prompt, reference, system) if text is not None]
            self._scripts[script_of(prompt)] += 1
            for kind, spans in (("personal_data", personal_spans), ("secret", secret_spans)):
                for what in sorted({what for text in texts for what, _, _ in spans(text)}):
                    findings.add(kind, line, detail=what)
            if any(self._to_a_scorer.search(text) for text in texts):
                findings.add("scorer_instructions", line)
            if any(map(to_an_assistant, (prompt, reference or ""))) or commands_an_assistant(system or ""):
                findings.add("assistant_instructions", line)

    def describe(self, profile: Profile) -> None:
        """Write what was seen into ``profile``."""
        profile.scripts, profile.looked_through = dict(self._scripts.most_common(20)), self._rows


def script_of(text: str) -> str:
    """The script most of the text's letters are in, from their Unicode names; "none" without letters."""
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else "none"
    letters = [char for char in text if char.isalpha()][:_LETTERS_LOOKED_AT]
    if not letters:
        return "none"
    names = Counter(unicodedata.name(char, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0] for char in letters)
    if names["HIRAGANA"] + names["KATAKANA"] > 0.1 * len(letters):
        return "Japanese kana"
    name = names.most_common(1)[0][0]
    return _SCRIPT_NAMES.get(name, name.capitalize())
