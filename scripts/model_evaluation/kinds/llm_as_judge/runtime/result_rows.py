"""The rows of result files: once for what is counted, and again for the texts where they are shown."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from model_evaluation.runtime.blocks import BLOCK_BYTES, in_order, line_blocks
from model_evaluation.runtime.statistics.scored_rows import JudgedRows, careful_rows, joined_rows

from .result_files import Problem
from .shaped_rows import block_rows, block_texts

KEPT_BYTES = 1 << 26  # files up to this size stay in memory for their texts; larger ones are read again


class ResultBlocks:
    """The files' content in blocks. Small files are asked for once; more than ``KEPT_BYTES``, each time."""

    def __init__(self, s3: Any, bucket: str, keys: Sequence[str]) -> None:
        self.s3, self.bucket, self.keys = s3, bucket, keys
        self.kept: list[tuple[str, bytes]] | None = None

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        if self.kept is not None:
            yield from self.kept
            return
        kept: list[tuple[str, bytes]] = []
        room = KEPT_BYTES
        for key in self.keys:
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
            for block in line_blocks(body.iter_chunks(BLOCK_BYTES)):
                room -= len(block)
                if room >= 0:
                    kept.append((key, block))
                else:
                    kept.clear()
                yield key, block
        self.kept = kept if room >= 0 else None


def read_judged(blocks: Iterable[tuple[str, bytes]]) -> JudgedRows:
    """Every row of the blocks (a file's key with its next lines). A broken line becomes a problem; the rows around it
    are kept."""
    parts: list[JudgedRows] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}

    def work(item: tuple[str, bytes]) -> tuple[str, JudgedRows, int]:
        key, block = item
        return key, *block_rows(block, functools.partial(careful_rows, key=key))

    for key, found, count in in_order(blocks, work):
        before = lines.get(key, 0)
        lines[key] = before + count
        problems += [problem._replace(line=problem.line + before) for problem in found.problems]
        parts.append(found)
    joined = joined_rows(parts)
    joined.problems = problems
    return joined


def text_tables(blocks: Iterable[tuple[str, bytes]]) -> Iterator[Any]:
    """Tables with ``prompt``, ``reference``, ``response`` and ``explanation of METRIC`` of the rows that
    :func:`read_judged` gives for the same blocks, in their order."""
    return in_order(blocks, lambda item: block_texts(item[1]))
