"""How questions, findings and answers are laid out on a terminal. Text in, text out."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence

from model_evaluation.json_types import Facts, Known, Question

INDENT = "  "
CONTROL = re.compile(r"(?![\n\t])[\x00-\x1f\x7f-\x9f]")
# The words of the wizard itself -> what they do.
WORDS = {
    ":help": "what this question is about, from the reference",
    ":back": "ask the question before this one again",
    ":status": "every answer so far",
    ":answer STEP VALUE": "answer any step now",
    ":revise STEP": "open a step again, and what rests on it",
    ":quit": "stop here; everything is kept (Ctrl-D does the same)",
}


def plain(text: str) -> str:
    """``text`` without control characters: a dataset's words must not steer the terminal."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def wrapped(text: str, width: int, indent: str = INDENT) -> str:
    """Prose wrapped to ``width`` columns; lines in columns (two spaces inside) and blank lines as they are."""
    lines = []
    for line in plain(text).splitlines():
        if len(line) + len(indent) <= width or "  " in line.strip():
            lines.append((indent + line).rstrip())
        else:
            further = indent + " " * (len(line) - len(line.lstrip())) + INDENT
            lines += textwrap.wrap(
                line, width, initial_indent=indent, subsequent_indent=further,
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
    return "\n".join(lines)


def heading(step: Question, progress: Mapping[str, int]) -> str:
    """`[3 of 16] Title`: how many steps are settled, this one included."""
    return f"[{progress['done'] + 1} of {progress['total']}] {step['title']}"


def choices(items: Sequence[Mapping[str, str]], width: int) -> str:
    """A numbered list: value, label where it says more, note."""

    def line(number: int, value: str, label: str = "", note: str = "") -> str:
        text = label if label.startswith(value) else f"{value}: {label}".removesuffix(": ")
        return wrapped(f"{number:>2}. {text}{f' ({note})' if note else ''}", width)

    return "\n".join(line(number, **item) for number, item in enumerate(items, start=1))


def hint(step: Question) -> str:
    """What can be typed: the suggestion on Enter, else what is expected with an example."""
    if step.get("suggested"):
        return f"Enter takes: {plain(step['suggested'])}"
    expected = f"Expected: {step['expects']}"
    return expected if step.get("choices") else f"{expected}. For example: {step['example']}"


def for_terminal(text: str) -> str:
    """A fix as the wizard's words: `evaluate.py answer x y` is `:answer x y` here."""
    return re.sub(r"evaluate\.py (?=(?:answer|revise|status)\b)", ":", text)


def other_project(fix: str) -> str:
    """A fix that leads to another folder's status: for a person it is that folder's wizard."""
    return re.sub(r" status$", " wizard", fix)


def known(answers: Mapping[str, Known], width: int) -> str:
    """Every answer so far, one a line."""
    if not answers:
        return wrapped("Nothing is answered yet.", width)
    column = max(map(len, answers))
    return "\n".join(wrapped(f"{step:<{column}}  {_short(answer['value'])}", width) for step, answer in answers.items())


def rows(items: Sequence[Facts], width: int) -> str:
    """Sample rows of a dataset: line, prompt, and the reference answer below it."""
    lines = []
    for item in items:
        lines.append(wrapped(f"line {item['line']}: {_one_line(item['prompt'])}", width, INDENT * 2))
        if item.get("reference"):
            lines.append(wrapped(f"= {_one_line(item['reference'])}", width, INDENT * 4))
    return "\n".join(lines)


def words() -> str:
    """The wizard's own words as a table."""
    column = max(map(len, WORDS))
    return "\n".join(f"{INDENT}{word:<{column}}  {does}" for word, does in WORDS.items())


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_name(item) for item in value) or "none"
    return _one_line(value)


def _name(item: object) -> str:
    """The name of something that was defined at length, or of what it wraps; anything else as it is."""
    if isinstance(item, Mapping):
        inner = item.get("name") or next((value for value in item.values() if isinstance(value, Mapping)), None)
        return _name(inner) if inner is not None else _one_line(dict(item))
    return _one_line(item)


def _one_line(value: object) -> str:
    return " ".join(str(value).split())
