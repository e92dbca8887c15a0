"""Chunks of bytes, of any size, as batches of whole lines with their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

BATCH_BYTES = 1 << 17  # fits the processor's cache; larger batches measured slower
LONGEST_LINE = 8 << 20


class Batch(NamedTuple):
    """``data`` is the ``lines`` joined; they keep their line ends.

    A line over ``LONGEST_LINE`` comes alone: cut, without ``data``, with its full size in ``nbytes``.
    """

    first_line: int
    lines: list[bytes]
    data: bytes
    nbytes: int
    cut: bool = False


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
    pending: list[bytes] = []
    pending_bytes = 0
    cut_bytes = 0  # size of the over-long line being skipped, 0 when there is none
    for piece in _pieces(chunks):
        end = piece.rfind(b"\n") + 1
        if cut_bytes:
            stop = piece.find(b"\n") + 1
            if not stop:
                cut_bytes += len(piece)
                continue
            yield Batch(number, [pending[0][:1024] + b"\n"], b"", cut_bytes + stop, cut=True)
            number, pending, pending_bytes, cut_bytes = number + 1, [], 0, 0
            piece = piece[stop:]
            end = piece.rfind(b"\n") + 1
        if not end:
            pending.append(piece)
            pending_bytes += len(piece)
            if pending_bytes > longest_line:
                cut_bytes, pending = pending_bytes, pending[:1]
            continue
        pending.append(piece[:end])
        data = b"".join(pending)
        pending, pending_bytes = ([piece[end:]], len(piece) - end) if end < len(piece) else ([], 0)
        lines = BytesIO(data).readlines()
        yield Batch(number, lines, data, len(data))
        number += len(lines)
    if cut_bytes:
        yield Batch(number, [pending[0][:1024]], b"", cut_bytes, cut=True)
    elif pending_bytes:
        data = b"".join(pending)
        yield Batch(number, [data], data, len(data))


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about ``BATCH_BYTES``, whatever the chunks' sizes."""
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
