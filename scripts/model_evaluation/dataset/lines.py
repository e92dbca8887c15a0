"""Chunks of bytes, of any size, as batches of whole lines with their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

BATCH_BYTES = 1 << 18  # large enough that the cost per batch does not show, small enough for the cache
LONGEST_LINE = 8 << 20
_CUT_LINE_KEPT = 1024


class Batch(NamedTuple):
    """Consecutive lines, with their line ends; ``nbytes`` is their size.

    A line over ``LONGEST_LINE`` comes alone and ``cut``, with its full size in ``nbytes``.
    """

    first_line: int
    lines: list[bytes]
    nbytes: int
    cut: bool = False


def read_chunks(path: Path, size: int = BATCH_BYTES) -> Iterator[bytes]:
    """The bytes of a local file."""
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(size):
            yield chunk


def line_batches(chunks: Iterable[bytes], *, longest_line: int = LONGEST_LINE) -> Iterator[Batch]:
    """Batches of about ``BATCH_BYTES``; every byte of the input is in exactly one of them.

    Memory is bounded by the larger of a chunk and ``longest_line``.
    """
    number = 1
    pending: list[bytes] = []  # the line that has begun but not ended
    pending_bytes = 0
    cut_bytes = 0  # size so far of an over-long line, 0 when there is none
    for piece in _pieces(chunks):
        lines, size = BytesIO(piece).readlines(), len(piece)
        if cut_bytes:
            cut_bytes += len(lines[0])
            size -= len(lines[0])
            if lines[0].endswith(b"\n"):
                yield Batch(number, [pending[0][:_CUT_LINE_KEPT] + b"\n"], cut_bytes, cut=True)
                number, pending, pending_bytes, cut_bytes = number + 1, [], 0, 0
            del lines[0]
            if not lines:
                continue
        unfinished = b"" if lines[-1].endswith(b"\n") else lines.pop()
        if lines:
            nbytes = pending_bytes + size - len(unfinished)
            lines[0] = b"".join((*pending, lines[0]))
            yield Batch(number, lines, nbytes)
            number += len(lines)
            pending, pending_bytes = [], 0
        if unfinished:
            pending.append(unfinished)
            pending_bytes += len(unfinished)
            if pending_bytes > longest_line:
                cut_bytes, pending = pending_bytes, pending[:1]
    if cut_bytes:
        yield Batch(number, [pending[0][:_CUT_LINE_KEPT]], cut_bytes, cut=True)
    elif pending:
        yield Batch(number, [b"".join(pending)], pending_bytes)


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about ``BATCH_BYTES``, whatever the chunks' sizes; none is empty."""
    gathered: list[bytes] = []
    size = 0
    for chunk in chunks:
        gathered.append(chunk)
        size += len(chunk)
        if size >= BATCH_BYTES:
            data = b"".join(gathered)
            gathered, size = [], 0
            for start in range(0, len(data), BATCH_BYTES):
                yield data[start : start + BATCH_BYTES]
    if size:
        yield b"".join(gathered)
