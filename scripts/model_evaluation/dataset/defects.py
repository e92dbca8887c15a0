"""Texts that say nothing, or not what was meant: placeholders, broken exports, answers in the question."""

from __future__ import annotations

import re

from .findings import FindingsByKind
from .rows.reading import UsableRows

ROWS_LOOKED_AT = 10_000  # one after the other; a job takes far fewer
FEWEST_ALIKE = 5  # rows with the same reference answer that are no chance

_WORDS = """
    none null nil nan nat n/a n.a. #n/a <na> <none> <null> undefined - -- --- . .. ... ? ?? tbd tbc todo xxx [] {} ""
    empty missing placeholder [none] [null] (none) not_available
"""
_PLACEHOLDERS = frozenset(
    [*_WORDS.split(), "not available", "not applicable", "no answer", "to be done", "lorem ipsum"]
)
_LONGEST_PLACEHOLDER = 20

_SAID_BEFORE = (
    r"(?:answer|expected|reference|solution|ground[ _]truth|correct|gold|response|output)\w*[\"'*)\]]*\s*"
    r"(?:[:=]|\bis\b|\bwas\b)[\s\"'(*`]*"
)
_ONE_OF_SEVERAL = r"(?!\w|[\"'*`)]*\s*(?:,|/|\bor\b))"
_FEWEST_CHARS, _FEWEST_WORDS = 16, 4  # of a reference answer that a prompt holds by no chance

# Words of TeX that begin with n, and so look like a line end that was escaped twice.
_TEX = "abla|u|eq|e|eg|ot|otin|i|ewline|ewcommand|oindent|onumber|leq|geq|mid|less|gtr|atural|earrow|warrow|ode|ormal"
_ESCAPED = re.compile(rf"(?<![\\:\w])\\\\n|(?<![\\:])\\n(?!(?:{_TEX})(?![a-z]))|\\u(?!00[01])[0-9a-fA-F]{{4}}")
_SURELY_ESCAPED = re.compile(r"\\n(?=[\s\\A-Z0-9*#-]|$)|\\u(?!00[01])[0-9a-fA-F]{4}")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|nbsp|apos|#39|#x27|#34);")
_TAG = re.compile(r"<[a-z!/][^<>]*>", re.IGNORECASE)
# UTF-8 that was read as Latin-1 or Windows-1252: a letter or a quote becomes two or three of these.
_MISREAD = re.compile("[ÃÂ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€[\u0080-\u00bf˜™œ“”¦]")
_HIDDEN = re.compile("[\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


class TextDefects:
    """Sees the usable rows, and looks at the texts of the first ``ROWS_LOOKED_AT`` of them, or of all."""

    def __init__(self, *, every_row: bool = False) -> None:
        self._every_row = every_row
        self._rows = 0
        self._references: dict[str, int] = {}  # at most two, each with the line where it is first seen
        self._with_reference = 0

    def see(self, rows: UsableRows, findings: FindingsByKind) -> None:
        self._see_references(rows)
        for line, prompt, reference, system in zip(*rows[:4], strict=True):
            if self._rows >= ROWS_LOOKED_AT and not self._every_row:
                return
            self._rows += 1
            if is_placeholder(prompt):
                findings.add("placeholder", line, detail="prompt")
            if reference is not None:
                if is_placeholder(reference):
                    findings.add("placeholder", line, detail=f"reference answer {reference.strip()}")
                elif holds_reference(prompt, reference):
                    findings.add("reference_in_prompt", line)
            broken = {what for text in (prompt, reference, system) if text is not None for what in broken_by(text)}
            for what in sorted(broken):
                findings.add("broken_text", line, detail=what)

    def _see_references(self, rows: UsableRows) -> None:
        known = self._references
        if len(known) > 1:
            return
        for line, reference in zip(rows.lines, rows.references, strict=True):
            if reference is not None:
                self._with_reference += 1
                known.setdefault(reference.strip(), line)
                if len(known) > 1:
                    return

    def conclude(self, findings: FindingsByKind) -> None:
        """Add what only the end can tell."""
        if len(self._references) == 1 and self._with_reference >= FEWEST_ALIKE:
            findings.add_lines("same_reference", self._with_reference, list(self._references.values()))


def is_placeholder(text: str) -> bool:
    """Whether a text stands for no text: "None", "nan", "N/A", "TBD"."""
    if len(text) > _LONGEST_PLACEHOLDER:
        return False
    return text.strip() == "NA" or text.strip().casefold() in _PLACEHOLDERS  # Na is sodium


def holds_reference(prompt: str, reference: str) -> bool:
    """Whether the prompt says the reference answer: word for word when that is long, else after a word such as
    "Answer:"."""
    answer = reference.strip()
    at = prompt.rfind(answer)
    if at < 0:
        return False
    if len(answer) >= _FEWEST_CHARS and len(answer.split()) >= _FEWEST_WORDS:
        return answer != prompt.strip()  # a task may be to repeat it
    return re.search(_SAID_BEFORE + re.escape(answer) + _ONE_OF_SEVERAL, prompt, re.IGNORECASE) is not None


def broken_by(text: str) -> list[str]:
    """What an export or a copy has done to a text, in words."""
    defects = []
    if "\\" in text and "\n" not in text:
        escaped = _ESCAPED.findall(text)
        if len(escaped) > 1 or (escaped and _SURELY_ESCAPED.search(text)):
            defects.append("line ends or letters escaped twice")
    if "&" in text and _ENTITY.search(text) and not _TAG.search(text):
        defects.append("HTML entities")
    if not text.isascii():
        if "\ufffd" in text:
            defects.append("replacement characters")
        if _MISREAD.search(text):
            defects.append("UTF-8 read as Latin-1")
        if _HIDDEN.search(text):
            defects.append("invisible characters")
    return defects
