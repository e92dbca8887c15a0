"""Overlap of the evaluation dataset with the data the model was trained on: prompts that are the same, or almost.

Candidates for the latter are pairs that share a run of four words (an exact index, no sketch); how similar they are is
measured by rapidfuzz. A run found in more than ``_COMMON`` texts says nothing and is passed over, so that boilerplate
does not make everything a candidate.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from importlib import import_module
from typing import NamedTuple

from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject

from .findings import FAULT_KINDS, FIRST_LINES
from .rows.blocks import read_blocks
from .rows.file_types import split_head, whole_file_fault
from .rows.reading import Terms
from .texts import both_ends

NEAR = 90.0  # of 100: about one character in ten differs
_RUN_WORDS = 4
_COMMON = 50
_CHARS_COMPARED = 2000  # of a longer text both ends
_WORD = re.compile(r"\w+|[^\w\s.,;:?!…'\"‘’“”]")  # signs count as words, but for those that end or quote sentences


class Overlap(NamedTuple):
    """How many evaluation rows the training data hold.

    ``exact``: the same prompt, spacing, case and the punctuation of sentences aside. ``near``: at least 90 % alike
    (``None`` when rapidfuzz is not installed). ``exact_lines`` and ``near_lines`` are the first such lines of
    the evaluation dataset, ``lines`` all of both; ``share`` is of its usable rows, 0 when there are none.
    """

    evaluation_rows: int
    training_rows: int
    exact: int
    exact_lines: list[int]
    near: int | None
    near_lines: list[int]
    lines: frozenset[int] = frozenset()

    @property
    def share(self) -> float:
        return (self.exact + (self.near or 0)) / self.evaluation_rows if self.evaluation_rows else 0.0

    @property
    def statement(self) -> str:
        """What it means for the verdict."""
        if not self.evaluation_rows:
            return "No overlap can be stated: the dataset has no usable rows."
        count = self.exact + (self.near or 0)
        if not count:
            also = " or nearly the same" if self.near is not None else ""
            return f"None of the {self.evaluation_rows:,} evaluation prompts is the same{also} in the training data."
        return (
            f"{count:,} of {self.evaluation_rows:,} evaluation prompts ({100 * self.share:.1f} %) are in the training"
            " data. On them the fine-tuned model may repeat what it has seen, so a better score there is no"
            " evidence that it learned the task. Leave these rows out, or read the verdict without them."
        )

    def as_json(self) -> JsonObject:
        shown = {name: value for name, value in self._asdict().items() if name != "lines"}
        return {**shown, "share": self.share, "statement": self.statement}


def find_overlap(
    train_chunks: Iterable[bytes], eval_chunks: Iterable[bytes], source: str = "The training dataset"
) -> Overlap:
    """Compare prompts. The evaluation dataset is held in memory, the training data, of ``source``, stream by. Raises
    Refused where these hold no usable rows."""
    ratio = similarity()
    index = SimilarTexts(ratio) if ratio is not None else None
    lines_of: dict[bytes, list[int]] = {}
    prompts: list[bytes] = []  # by number in the index
    evaluation_rows = training_rows = 0
    for number, prompt in _prompts(eval_chunks):
        evaluation_rows += 1
        key = _key(prompt)
        if key not in lines_of and index is not None:
            index.add(prompt)
            prompts.append(key)
        lines_of.setdefault(key, []).append(number)
    exact: set[bytes] = set()
    near: set[bytes] = set()
    head, is_all, stream = split_head(train_chunks)
    for _, prompt in _prompts(stream):
        training_rows += 1
        key = _key(prompt)
        if key in lines_of:
            exact.add(key)
        elif index is not None:
            near.update(prompts[number] for number in index.similar(prompt))
    if not training_rows:
        fault = whole_file_fault(head, is_all)
        why = FAULT_KINDS[fault.kind].text(1) if fault else "None is in one of the five formats."
        raise Refused(
            f"{source} holds no rows that can be compared. {why}",
            fix="Give the training data as JSON Lines; dataset convert makes that of CSV, Parquet, Excel and gzip.",
            code="no_training_rows",
        )
    exact_lines = sorted(number for key in exact for number in lines_of[key])
    near_lines = sorted(number for key in near - exact for number in lines_of[key])
    return Overlap(
        evaluation_rows,
        training_rows,
        len(exact_lines),
        exact_lines[:FIRST_LINES],
        len(near_lines) if index is not None else None,
        near_lines[:FIRST_LINES],
        frozenset([*exact_lines, *near_lines]),
    )


def _prompts(chunks: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    for rows in read_blocks(chunks, Terms()):
        yield from zip(rows.lines, rows.prompts, strict=True)


def _words(text: str) -> list[str]:
    """The words and signs in lower case: what stays when spacing and the punctuation of sentences change."""
    return _WORD.findall(text.casefold())


def _key(prompt: str) -> bytes:
    """The same for prompts that differ only in spacing, case and the punctuation of sentences."""
    return blake2b((" ".join(_words(prompt)) or prompt).encode(), digest_size=16).digest()


def similarity() -> Callable[..., float] | None:
    """rapidfuzz's ratio (0 to 100), or ``None`` when it is not installed."""
    try:
        ratio: Callable[..., float] = import_module("rapidfuzz.fuzz").ratio
    except ImportError:
        return None
    return ratio


class SimilarTexts:
    """Texts by the runs of words they hold. Memory grows with the words of the texts added."""

    def __init__(self, ratio: Callable[..., float]) -> None:
        self._ratio = ratio
        self._texts: list[str] = []
        self._runs: dict[int, array[int]] = {}

    def add(self, text: str) -> None:
        """Add a text; its number counts from 0."""
        words = _ends_of(text)
        for run in _runs_of(words):
            numbers = self._runs.setdefault(run, array("L"))
            if len(numbers) <= _COMMON:
                numbers.append(len(self._texts))
        self._texts.append(" ".join(words))

    def similar(self, text: str) -> list[int]:
        """Every added text that is similar by ``NEAR`` or more (of the ``_COMMON`` that share most with it)."""
        words = _ends_of(text)
        shared: Counter[int] = Counter()
        for run in _runs_of(words):
            numbers = self._runs.get(run, ())
            if len(numbers) <= _COMMON:
                shared.update(numbers)
        joined = " ".join(words)
        candidates = [number for number, _ in shared.most_common(_COMMON)]
        return [number for number in candidates if self._ratio(joined, self._texts[number], score_cutoff=NEAR) > 0]


def _ends_of(text: str) -> list[str]:
    """The words that are compared with those of other texts."""
    return _words(both_ends(text, _CHARS_COMPARED))


def _runs_of(words: list[str]) -> list[int]:
    starts = range(max(1, len(words) - _RUN_WORDS + 1)) if words else ()
    return [hash(tuple(words[start : start + _RUN_WORDS])) for start in starts]
