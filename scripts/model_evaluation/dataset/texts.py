"""A look at the texts of rows, one after the other: those that say nothing, or not what was meant (placeholders, broken
exports, answers in the question), and, closer, scripts, personal data and instructions.

Nothing that is found is ever printed: findings carry counts and line numbers only.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from .findings import FindingsByKind
from .instructions import commands_an_assistant, to_a_scorer, to_an_assistant
from .personal_data import personal_spans, secret_spans
from .profile import Profile
from .rows.blocks import RowBlock

ROWS_LOOKED_AT = 10_000  # for what is quick to see; a job takes far fewer
FEWEST_ALIKE = 5  # rows with the same reference answer that are more than chance

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

_LETTERS_LOOKED_AT = 200
_SCRIPT_NAMES = {"CJK": "Han", "HIRAGANA": "Japanese kana", "KATAKANA": "Japanese kana", "HANGUL": "Hangul"}


class RowTexts:
    """Looks at the usable rows: for defects at the first ``ROWS_LOOKED_AT``, closer at the first ``look_through``; with
    ``every_row`` at all of them."""

    def __init__(self, scorers: tuple[str, ...], look_through: int, *, every_row: bool) -> None:
        self._scorers = scorers
        self._look_through = look_through
        self._every_row = every_row
        self._rows = 0
        self._looked_through = 0
        self._scripts: Counter[str] = Counter()
        self._references: dict[str, int] = {}  # at most two, each with the line where it is first seen
        self._with_reference = 0

    def see(self, rows: RowBlock, findings: FindingsByKind) -> None:
        self._see_references(rows)
        for line, prompt, reference, system in zip(
            rows.lines, rows.prompts, rows.references, rows.systems, strict=True
        ):
            if self._rows >= max(ROWS_LOOKED_AT, self._look_through) and not self._every_row:
                return
            self._rows += 1
            faults = list(_defects(prompt, reference, system))
            if self._every_row or self._rows <= self._look_through:
                self._looked_through += 1
                self._scripts[script_of(prompt)] += 1
                faults += self._closer(prompt, reference, system)
            for kind, detail in faults:
                findings.add(kind, line, detail=detail)

    def _closer(self, prompt: str, reference: str | None, system: str | None) -> Iterator[tuple[str, str]]:
        texts = [text for text in (prompt, reference, system) if text is not None]
        for kind, spans in (("personal_data", personal_spans), ("secret", secret_spans)):
            for what in sorted({what for text in texts for what, _, _ in spans(text)}):
                yield kind, what
        if any(map(to_a_scorer(self._scorers).search, texts)):
            yield "scorer_instructions", ""
        if any(map(to_an_assistant, (prompt, reference or ""))) or commands_an_assistant(system or ""):
            yield "assistant_instructions", ""

    def _see_references(self, rows: RowBlock) -> None:
        known = self._references
        for line, reference in zip(rows.lines, rows.references, strict=True):
            if len(known) > 1:
                return
            if reference is not None:
                self._with_reference += 1
                known.setdefault(reference.strip(), line)

    def conclude(self, findings: FindingsByKind, profile: Profile) -> None:
        """Add what only the end can tell, and write what was seen into ``profile``."""
        if len(self._references) == 1 and self._with_reference >= FEWEST_ALIKE:
            findings.add_lines("same_reference", self._with_reference, list(self._references.values()))
        profile.scripts, profile.looked_through = dict(self._scripts.most_common(20)), self._looked_through


def _defects(prompt: str, reference: str | None, system: str | None) -> Iterator[tuple[str, str]]:
    if is_placeholder(prompt):
        yield "placeholder", "prompt"
    if reference is not None and is_placeholder(reference):
        yield "placeholder", f"reference answer {reference.strip()}"
    elif reference is not None and holds_reference(prompt, reference):
        yield "reference_in_prompt", ""
    for what in sorted({what for text in (prompt, reference, system) if text for what in broken_by(text)}):
        yield "broken_text", what


def is_placeholder(text: str) -> bool:
    """Whether a text stands for no text: "None", "nan", "N/A", "TBD"."""
    if len(text) > _LONGEST_PLACEHOLDER:
        return False
    return text.strip() == "NA" or text.strip().casefold() in _PLACEHOLDERS  # Na is sodium


def holds_reference(prompt: str, reference: str) -> bool:
    """Whether the prompt says the reference answer: word for word when that is long, else after a word such as
    "Answer:"."""
    answer = reference.strip()
    if answer not in prompt:
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


def both_ends(text: str, most: int) -> str:
    """A text of more than ``most`` characters cut to half from its beginning, which many may share, and half from its
    end."""
    return text if len(text) <= most else f"{text[: most // 2]} {text[-most // 2 :]}"


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
