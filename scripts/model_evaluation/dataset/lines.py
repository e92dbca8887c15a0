"""Chunks of bytes, of any size, as blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

BLOCK_BYTES = 480 << 10  # large enough that the cost per block does not show, small enough for the cache
_KEPT_MEMORY = 16 << 20
_LOOKED_AT = 4 << 10  # bytes at the end of a chunk of a file, for the end of a line
LONGEST_LINE = 8 << 20
_CUT_LINE_KEPT = 1024


class Block(NamedTuple):
    """Consecutive lines, with their line ends; ``nbytes`` is their size.

    A line over ``LONGEST_LINE`` comes alone and ``cut``, with its full size in ``nbytes``.
    """

    data: bytes
    nbytes: int
    cut: bool = False


def split_lines(data: bytes) -> list[bytes]:
    """The lines, with their line ends; only a newline ends one."""
    return BytesIO(data).readlines()


def read_chunks(path: Path, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """The bytes of a local file. A chunk ends with a line where one ends near ``size``, so nothing is left over."""
    with path.open("rb", buffering=0) as file:
        start, wanted = 0, size
        looks_ahead = size > _LOOKED_AT and file.seekable()
        while True:
            if looks_ahead:
                file.seek(start + size - _LOOKED_AT)
                wanted = size - _LOOKED_AT + file.read(_LOOKED_AT).rfind(b"\n") + 1
                file.seek(start)
            chunk = file.read(wanted)
            if not chunk:
                return
            start += len(chunk)
            yield chunk


def line_blocks(chunks: Iterable[bytes], *, longest_line: int = LONGEST_LINE) -> Iterator[Block]:
    """Blocks of about ``BLOCK_BYTES``; every byte of the input is in exactly one of them.

    Memory is bounded by the larger of a chunk and ``longest_line``.
    """
    # Freed at once: from then on glibc keeps what blocks take for the next ones, which saves page faults.
    bytes(_KEPT_MEMORY)
    pending: list[bytes] = []  # the line that has begun but not ended; of an over-long one only the beginning
    pending_bytes = 0
    for piece in _pieces(chunks):
        start, end = 0, piece.rfind(b"\n") + 1
        if pending and end and pending_bytes + piece.index(b"\n") + 1 > longest_line:
            start = piece.index(b"\n") + 1
            yield Block(pending[0][:_CUT_LINE_KEPT] + b"\n", pending_bytes + start, cut=True)
            pending, pending_bytes = [], 0
        if end > start:
            whole = not pending and end - start == len(piece)
            data = piece if whole else b"".join((*pending, memoryview(piece)[start:end]))
            yield Block(data, len(data))
            pending, pending_bytes = [], 0
        if end < len(piece):
            pending.append(piece[end:])
            pending_bytes += len(piece) - end
            if pending_bytes > longest_line:
                del pending[1:]
    if pending_bytes > longest_line:
        yield Block(pending[0][:_CUT_LINE_KEPT], pending_bytes, cut=True)
    elif pending:
        yield Block(b"".join(pending), pending_bytes)


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of nearly ``BLOCK_BYTES`` to twice that, but for the last; none is empty."""
    gathered: list[bytes] = []
    size = 0
    for chunk in chunks:
        gathered.append(chunk)
        size += len(chunk)
        if size >= BLOCK_BYTES - _LOOKED_AT:
            data = b"".join(gathered)
            each = -(-size // max(1, size // BLOCK_BYTES))
            for start in range(0, size, each):
                yield data[start : start + each]
            gathered, size = [], 0
    if size:
        yield b"".join(gathered)
