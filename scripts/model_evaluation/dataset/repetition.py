"""Rows that repeat an earlier one, and prompts with several reference answers."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from .findings import FIRST_LINES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MANY_ROWS = 1 << 14  # worth loading numpy for
_NO_REFERENCE = hash(None)


class Repetition(NamedTuple):
    """``duplicates`` rows say what an earlier row says; ``conflicts`` prompts have several reference answers."""

    duplicates: int
    duplicate_lines: list[int]
    repeated_prompts: int
    conflicts: int
    conflict_lines: list[int]

    def as_json(self) -> dict[str, int]:
        return {
            "duplicates": self.duplicates,
            "repeated_prompts": self.repeated_prompts,
            "conflicting_references": self.conflicts,
        }


class Repetitions:
    """Finds repeated prompts from 16 bytes per row: two 64-bit hashes, of prompt and of reference answer.

    The hash is Python's own (SipHash with a random key per process), so nobody can craft collisions;
    among a million rows one is expected with a chance of 3 in 100 million. Position in the arrays is
    the line number, so unusable lines take a place too.
    """

    def __init__(self, *, wanted: bool = True) -> None:
        self._wanted = wanted
        self.prompts = array("q")
        self.references = array("q")

    def skip(self, lines: int = 1) -> None:
        """Lines without a usable row."""
        if not self._wanted:
            return
        self.prompts.extend([0] * lines)
        self.references.extend([0] * lines)

    def add(self, prompt: str, system: str | None, reference: str | None) -> None:
        if not self._wanted:
            return
        self.prompts.append(hash(prompt) ^ hash(system) >> 1)  # shifted, so that which is which matters
        self.references.append(hash(reference))

    def add_columns(self, prompts: NDArray[np.int64], references: NDArray[np.int64]) -> None:
        """The numbers of rows in consecutive lines."""
        self.prompts.frombytes(prompts.tobytes())
        self.references.frombytes(references.tobytes())

    def find(self) -> Repetition:
        """Compare each row with the earlier ones of the same prompt."""
        duplicates = repeated = conflicts = 0
        duplicate_lines: list[int] = []
        conflict_lines: list[int] = []
        prompt = 0
        earlier: set[int] = set()  # reference answers
        conflicting = False
        for index in _by_prompt(self.prompts):
            reference = self.references[index]
            if self.prompts[index] != prompt or not prompt:
                prompt, earlier, conflicting = self.prompts[index], {reference}, False
                continue
            repeated += 1
            if reference in earlier:
                duplicates += 1
                _keep_first(duplicate_lines, index + 1)
            elif reference != _NO_REFERENCE and earlier != {_NO_REFERENCE} and not conflicting:
                conflicting = True
                conflicts += 1
                _keep_first(conflict_lines, index + 1)
            earlier.add(reference)
        return Repetition(duplicates, sorted(duplicate_lines), repeated, conflicts, sorted(conflict_lines))


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
    """Keep the ``FIRST_LINES`` smallest."""
    lines.append(line)
    if len(lines) > FIRST_LINES:
        lines.remove(max(lines))
