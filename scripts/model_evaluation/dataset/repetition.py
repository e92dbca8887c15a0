"""Rows that repeat an earlier one, and prompts with several reference answers."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from .findings import FIRST_LINES
from .rows.reading import RowBlock

_MANY_ROWS = 1 << 14  # worth loading numpy for
_NO_REFERENCE = hash(None)
_NO_ROW = 0


@dataclass
class Repetition:
    """``duplicates`` rows say what an earlier row says; ``conflicts`` prompts have several reference answers."""

    duplicates: int = 0
    repeated_prompts: int = 0
    conflicts: int = 0
    duplicate_lines: list[int] = field(default_factory=list)
    conflict_lines: list[int] = field(default_factory=list)


class Repetitions:
    """Finds repeated prompts from 16 bytes per row: two 64-bit hashes, of prompt with system text and of reference.

    The hash is Python's own (SipHash with a random key per process), so nobody can craft collisions;
    among a million rows one is expected with a chance of 3 in 100 million. Position in the arrays is
    the line number, so unusable lines take a place too.
    """

    def __init__(self) -> None:
        self._prompts = array("q")
        self._references = array("q")

    def add(self, rows: RowBlock) -> None:
        hashes = list(map(hash, zip(rows.prompts, rows.systems, strict=True)))
        if not rows.all_usable:
            hashes = [own if prompt else _NO_ROW for own, prompt in zip(hashes, rows.prompts, strict=True)]
        for at, content in rows.unseen.items():  # another picture makes another question
            hashes[at] = hash((hashes[at], content)) if rows.prompts[at] else _NO_ROW
        self._prompts.fromlist(hashes)
        self._references.fromlist(list(map(hash, rows.references)))

    def find(self) -> Repetition:
        """Compare each row with the earlier ones of the same prompt."""
        found = Repetition()
        prompt = _NO_ROW
        earlier: set[int] = set()  # reference answers
        conflicting = False
        for index in _by_prompt(self._prompts):
            reference = self._references[index]
            if self._prompts[index] != prompt or prompt == _NO_ROW:
                prompt, earlier, conflicting = self._prompts[index], {reference}, False
                continue
            found.repeated_prompts += 1
            if reference in earlier:
                found.duplicates += 1
                _keep_first(found.duplicate_lines, index + 1)
            elif reference != _NO_REFERENCE and earlier != {_NO_REFERENCE} and not conflicting:
                conflicting = True
                found.conflicts += 1
                _keep_first(found.conflict_lines, index + 1)
            earlier.add(reference)
        return found


def _by_prompt(prompts: array[int]) -> Iterator[int]:
    """Positions in the order of their prompts, then of their lines; of a prompt that occurs once it may be left out."""
    if len(prompts) < _MANY_ROWS:
        yield from sorted(range(len(prompts)), key=prompts.__getitem__)
        return
    import numpy as np

    keys = np.frombuffer(prompts, np.int64)
    ordered = np.sort(keys)
    if not (ordered[1:] == ordered[:-1]).any():
        return
    del ordered
    order = np.argsort(keys, kind="stable")
    same = keys[order[1:]] == keys[order[:-1]]
    order = order[np.append(same, False) | np.append(False, same)]
    for start in range(0, len(order), _MANY_ROWS):
        yield from order[start : start + _MANY_ROWS].tolist()


def _keep_first(lines: list[int], line: int) -> None:
    """Keep the ``FIRST_LINES`` smallest, in order."""
    lines.append(line)
    lines.sort()
    del lines[FIRST_LINES:]
