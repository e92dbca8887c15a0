"""Overlap of the evaluation dataset with the data the model was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

from model_evaluation.json_types import JsonObject

from .findings import FIRST_LINES
from .rows.blocks import read_blocks
from .rows.reading import Terms
from .similarity import SimilarTexts, all_words, similarity, words_of


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
        if not self.evaluation_rows or not self.training_rows:
            return "No overlap can be stated: one of the two datasets has no usable rows."
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


def find_overlap(train_chunks: Iterable[bytes], eval_chunks: Iterable[bytes]) -> Overlap:
    """Compare prompts. The evaluation dataset is held in memory, the training data stream by."""
    ratio = similarity()
    index = SimilarTexts(ratio) if ratio is not None else None
    lines_of: dict[bytes, list[int]] = {}
    prompts: list[bytes] = []  # by number in the index
    evaluation_rows = training_rows = 0
    for number, prompt in _prompts(eval_chunks):
        evaluation_rows += 1
        key = _key(prompt)
        if key not in lines_of and index is not None:
            index.add(words_of(prompt))
            prompts.append(key)
        lines_of.setdefault(key, []).append(number)
    exact: set[bytes] = set()
    near: set[bytes] = set()
    for _, prompt in _prompts(train_chunks):
        training_rows += 1
        key = _key(prompt)
        if key in lines_of:
            exact.add(key)
        elif index is not None:
            near.update(prompts[number] for number in index.similar(words_of(prompt)))
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
        usable = rows.usable()
        yield from zip(usable.lines, usable.prompts, strict=True)


def _key(prompt: str) -> bytes:
    """The same for prompts that differ only in spacing, case and the punctuation of sentences."""
    return blake2b((" ".join(all_words(prompt)) or prompt).encode(), digest_size=16).digest()
