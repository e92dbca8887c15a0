"""SKILL.md as rules: the scripted assistant does what it reads there, so a changed SKILL.md changes what is played.

A rule that cannot be found is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """What SKILL.md tells an assistant to do."""

    order: list[str]
    """The steps, in the order in which answers given at once are passed on: of one kind after those of another."""
    consent: frozenset[str]
    """Steps that need the user's own words: shown first, and only then answered."""
    names_other_folders: bool
    lists_choices: bool
    says_findings: bool
    tells_fixes: bool
    takes_suggestions: bool
    goes_on_after_refusal: bool
    long_text_to_file: bool
    repeats: frozenset[int]
    """Exit codes after which the same command is repeated when the user says so."""
    asks_again: frozenset[int]
    next_commands: dict[str, str | None]
    """Commands to run without asking when `next` names them -> the reference to read first."""

    @classmethod
    def read(cls, text: str, pages: Sequence[str] = ()) -> Rules:
        """``pages`` are the references' texts: those of further kinds list their steps."""
        loop, own_words = _section(text, "The loop"), _section(text, "What needs the user's own words")
        bullets = dict(re.findall(r"^- `(\w+)`: (.*?)(?=^- |\Z)", own_words, re.M | re.S))
        codes = _table(_section(text, "Exit codes"))
        return cls(
            order=_order(_section(text, "Steps"), pages),
            consent=frozenset(name for name, body in bullets.items() if re.search(r"\byes\b|\bassent\b", body)),
            names_other_folders="`workflow_elsewhere`" in loop,
            lists_choices="`step.choices` as a numbered list" in loop,
            says_findings=bool(re.search(r"Say what `findings`", loop)),
            tells_fixes=bool(re.search(r"Refused .*tell .*`error\.fix`", loop)),
            takes_suggestions="`answer STEP --accept`" in loop,
            goes_on_after_refusal="also those after a refused one" in loop,
            long_text_to_file="`@FILE`" in loop,
            repeats=frozenset(int(row[0]) for row in codes if "repeat the same command" in row[-1]),
            asks_again=frozenset(int(row[0]) for row in codes if "ask again" in row[-1]),
            next_commands={
                row[0].strip("`"): (re.search(r"references/[a-z-]+\.md", row[1]) or [None])[0]
                for row in _table(loop)
                if row[1].startswith("run it")
            },
        )


def _order(section: str, pages: Sequence[str]) -> list[str]:
    """The steps of the first sentence; those that only another kind asks stand where its page's list has them."""
    order = re.findall(r"`(\w+)`", section.split(". ")[0])
    for listed in (match[1] for page in pages if (match := re.search(r"^Steps: (.*?)\.$", page, re.M | re.S))):
        steps = re.findall(r"`(\w+)`", listed)
        for at, step in enumerate(steps):
            if step not in order:
                following = next((name for name in steps[at:] if name in order), None)
                order.insert(order.index(following) if following else len(order), step)
    return order


def _section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _table(section: str) -> list[list[str]]:
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]
