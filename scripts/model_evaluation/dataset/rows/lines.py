"""Chunks of bytes, of any size, as blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from model_evaluation.errors import Refused

BLOCK_BYTES = 256 << 10  # large enough that the cost per block does not show, small enough for the processor's cache
LONGEST_LINE = 8 << 20
LARGEST_DOCUMENT = 256 << 20
_CUT_LINE_KEPT = 1024
_KEPT_MEMORY = 16 << 20


class Block(NamedTuple):
    """Consecutive lines, with their line ends; ``nbytes`` is their size.

    A line over ``LONGEST_LINE`` comes alone and ``cut``, with its full size in ``nbytes``.
    """

    data: bytes
    nbytes: int
    cut: bool = False

    def lines(self) -> list[bytes]:
        """The lines, with their line ends; only a newline ends one."""
        return BytesIO(self.data).readlines()


def read_chunks(path: Path, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """The bytes of a local file or pipe."""
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(size):
            yield chunk


def line_blocks(chunks: Iterable[bytes], *, longest_line: int = LONGEST_LINE) -> Iterator[Block]:
    """Blocks of about ``BLOCK_BYTES``; every byte of the input is in exactly one of them.

    Memory is bounded by the larger of a chunk and ``longest_line``.
    """
    # Freed at once: from then on glibc keeps what blocks take for the next ones, which saves page faults.
    bytes(_KEPT_MEMORY)
    begun, size = b"", 0  # the line that has begun but not ended; of one that is too long only the beginning is held
    for piece in _pieces(chunks):
        first = piece.find(b"\n") + 1
        if size + (first or len(piece)) > longest_line:
            begun, size = (begun + piece[:_CUT_LINE_KEPT])[:_CUT_LINE_KEPT], size + (first or len(piece))
            if not first:
                continue
            yield Block(begun.partition(b"\n")[0] + b"\n", size, cut=True)
            begun, piece = b"", piece[first:]
        end = piece.rfind(b"\n") + 1
        if end:
            data = b"".join((begun, memoryview(piece)[:end]))  # copied once
            yield Block(data, len(data))
            begun = b""
        begun += piece[end:]
        size = len(begun)
    if size:
        yield Block(begun, size, cut=size > longest_line)


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of ``BLOCK_BYTES`` or a little less; none is empty."""
    chunk_list: list[bytes] = []
    size = 0
    for chunk in chunks:
        chunk_list.append(chunk)
        size += len(chunk)
        if size >= BLOCK_BYTES:
            data = b"".join(chunk_list)
            for start in range(0, size, BLOCK_BYTES):
                yield data[start : start + BLOCK_BYTES]
            chunk_list, size = [], 0
    if size:
        yield b"".join(chunk_list)


def whole_document(chunks: Iterable[bytes]) -> bytes:
    """All the bytes of what cannot be read a line at a time: arrays, spread-out objects, Parquet, Excel. Raises Refused
    for more than ``LARGEST_DOCUMENT``."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > LARGEST_DOCUMENT:
            raise Refused(
                f"The file is larger than {LARGEST_DOCUMENT >> 20} MiB, too large to convert in one piece.",
                fix="Write one JSON object per line where the file is made.",
                code="document_too_large",
            )
    return b"".join(parts)
