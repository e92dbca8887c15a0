"""The second, optional pass over usable rows: near-duplicates, scripts, personal data, instructions to a judge.

Nothing found here is ever printed: findings carry counts and line numbers only.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any

from model_evaluation.runtime.rows import DatasetRow

from .findings import Findings
from .near import NearIndex, similarity, words_of
from .personal import personal_spans, secret_spans

NEAR_ROWS = 20_000  # the near-duplicate index holds no more than these
_LETTERS_LOOKED_AT = 200

_TO_THE_JUDGE = re.compile(
    r"\b(?:ignore|disregard|forget)\s+(?:\w+\s+){0,3}(?:instructions?|prompts?|rules|criteria)\b"
    r"|\b(?:give|assign|award|rate|score|grade|mark)\s+(?:\w+\s+){0,4}(?:answer|response|output|completion)\s+"
    r"(?:\w+\s+){0,3}(?:highest|maximum|full|perfect|top|10|100|5)\b"
    r"|\b(?:highest|maximum|full|perfect|top)\s+(?:score|rating|marks?|grade)\b"
    r"|\b(?:dear|note to(?: the)?|attention|hey)\s+(?:judge|evaluator|grader|reviewer)\b"
    r"|\byou\s+are\s+(?:now\s+)?(?:the|an?)\s+(?:\w+\s+)?(?:judge|evaluator|grader)\b",
    re.IGNORECASE,
)
_SCRIPT_NAMES = {"CJK": "Han", "HIRAGANA": "Japanese kana", "KATAKANA": "Japanese kana", "HANGUL": "Hangul"}


class DeepPass:
    """Sees every usable row once, or the ``first_rows``; `conclude` adds what it found to the findings.

    Without ``near`` rows are not compared with each other, which takes most of the time.
    """

    def __init__(self, findings: Findings, *, first_rows: int | None = None, near: bool = True) -> None:
        self._findings = findings
        self._first_rows = first_rows
        self._wants_near = near
        self._scripts: Counter[str] = Counter()
        ratio = similarity() if near else None
        self._index = NearIndex(ratio) if ratio is not None else None
        self._exact: dict[str, int] = {}
        self._lines: list[int] = []
        self._near_rows = 0
        self._rows = 0

    @property
    def has_enough(self) -> bool:
        return self._first_rows is not None and self._rows >= self._first_rows

    def see(self, row: DatasetRow) -> None:
        if self.has_enough:
            return
        self._rows += 1
        texts = [text for text in (row.prompt, row.reference, row.system) if text is not None]
        self._scripts[script_of(row.prompt)] += 1
        for kind, spans in (("personal_data", personal_spans), ("secret", secret_spans)):
            for what in sorted({what for text in texts for what, _, _ in spans(text)}):
                self._findings.add(kind, row.line, detail=what)
        if any(_TO_THE_JUDGE.search(text) for text in texts):
            self._findings.add("judge_instructions", row.line)
        self._look_for_near(row)

    def _look_for_near(self, row: DatasetRow) -> None:
        if self._index is None or len(self._lines) >= NEAR_ROWS:
            return
        if row.prompt in self._exact:
            return  # an exact repetition, which the check itself reports
        words = words_of(row.prompt)
        nearest = self._index.nearest(words)
        if nearest is not None:
            self._near_rows += 1
            pair = f"line {row.line} is like line {self._lines[nearest]}" if self._near_rows <= 3 else ""
            self._findings.add("near_duplicate", row.line, detail=pair)
        self._exact[row.prompt] = self._index.add(words)
        self._lines.append(row.line)

    def conclude(self) -> dict[str, Any]:
        """Add what only the end can tell; the deep part of the profile."""
        if self._wants_near and self._index is None:
            self._findings.add("near_not_checked", detail="rapidfuzz is not installed", count=self._rows)
        elif len(self._lines) >= NEAR_ROWS and self._rows > NEAR_ROWS:
            detail = f"the first {NEAR_ROWS:,} different prompts were compared"
            self._findings.add("near_not_checked", detail=detail, count=self._rows - NEAR_ROWS)
        return {"scripts": dict(self._scripts.most_common(20)), "looked_through": self._rows}


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
