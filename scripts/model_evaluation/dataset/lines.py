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
    """``lines`` keep their line ends; ``nbytes`` is their size.

    ``parts`` hold the same bytes in large pieces, and ``beyond`` more, for questions about the batch as
    a whole. A line over ``LONGEST_LINE`` comes alone and ``cut``, with its full size in ``nbytes``.
    """

    first_line: int
    lines: list[bytes]
    parts: tuple[bytes, ...]
    nbytes: int
    beyond: int = 0
    cut: bool = False

    def holds(self, byte: int) -> bool:
        """Whether the byte may occur in the lines; False is certain."""
        return any(byte in part for part in self.parts)

    def count(self, byte: bytes) -> int:
        """How often it occurs in the lines."""
        last = self.parts[-1]
        found = last.count(byte, 0, len(last) - self.beyond)
        return found + sum(part.count(byte) for part in self.parts[:-1])


def read_chunks(path: Path, size: int = BATCH_BYTES) -> Iterator[bytes]:
    """The bytes of a local file."""
    with path.open("rb") as file:
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
        lines = BytesIO(piece).readlines()
        if cut_bytes:
            cut_bytes += len(lines[0])
            if lines[0].endswith(b"\n"):
                yield Batch(number, [pending[0][:_CUT_LINE_KEPT] + b"\n"], (), cut_bytes, cut=True)
                number, pending, pending_bytes, cut_bytes = number + 1, [], 0, 0
            del lines[0]
            if not lines:
                continue
        unfinished = b"" if lines[-1].endswith(b"\n") else lines.pop()
        if lines:
            parts: tuple[bytes, ...] = (piece,)
            size = len(piece) - len(unfinished)
            if pending:
                lines[0] = b"".join((*pending, lines[0]))
                parts, size = (*pending, piece), sum(map(len, lines))
            yield Batch(number, lines, parts, size, len(unfinished))
            number += len(lines)
            pending, pending_bytes = [], 0
        if unfinished:
            pending.append(unfinished)
            pending_bytes += len(unfinished)
            if pending_bytes > longest_line:
                cut_bytes, pending = pending_bytes, pending[:1]
    if cut_bytes:
        yield Batch(number, [pending[0][:_CUT_LINE_KEPT]], (), cut_bytes, cut=True)
    elif pending:
        yield Batch(number, [b"".join(pending)], tuple(pending), pending_bytes)


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about ``BATCH_BYTES``, whatever the chunks' sizes; none is empty."""
    small: list[bytes] = []
    gathered = 0
    for chunk in chunks:
        if len(chunk) > 2 * BATCH_BYTES:
            if small:
                yield b"".join(small)
                small, gathered = [], 0
            for start in range(0, len(chunk), BATCH_BYTES):
                yield chunk[start : start + BATCH_BYTES]
            continue
        if not small and len(chunk) >= BATCH_BYTES:
            yield chunk
            continue
        small.append(chunk)
        gathered += len(chunk)
        if gathered >= BATCH_BYTES:
            yield b"".join(small)
            small, gathered = [], 0
    if gathered:
        yield b"".join(small)
