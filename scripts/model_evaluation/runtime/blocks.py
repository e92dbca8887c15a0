"""JSON Lines in blocks of whole lines: Arrow decodes a block at a time, and what it does not like is read line by line.

Arrow decodes ten times as fast as ``json``, without a Python object per value, but it gives up at the first value it
did not expect. So a block is tried as a whole, then in halves, and a few lines that still fail go to the careful
reader, which alone decides what is wrong with a line.
"""

from __future__ import annotations

import collections
import concurrent.futures
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json
from numpy.typing import NDArray

Given = TypeVar("Given")
Made = TypeVar("Made")
LineNumbers = NDArray[np.int64]
Reader = Callable[[bytes, LineNumbers], Made]
BLOCK_BYTES = 1 << 22  # smaller blocks cost more calls, larger ones leave the processor's cache
BLOCK_WORKERS = 2
KEPT_MEMORY = (1 << 25) - (1 << 13)  # the most that glibc can be made to keep
FEW_LINES = 64  # so many lines are read one by one rather than halved again


def line_blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A byte stream in pieces that end where a line ends; the last one may not."""
    # Freed at once: from then on glibc keeps what blocks take for the next ones, which saves page faults.
    bytes(KEPT_MEMORY)
    tail: list[bytes] = []
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield b"".join((*tail, memoryview(chunk)[:cut]))
            tail = []
        tail.append(chunk[cut:])
    rest = b"".join(tail)
    if rest:
        yield rest


def in_order(items: Iterable[Given], work: Callable[[Given], Made]) -> Iterator[Made]:
    """``work(item)`` of each item, in the items' order. Two threads work, and only a few results ever wait."""
    with concurrent.futures.ThreadPoolExecutor(BLOCK_WORKERS) as pool:
        waiting: collections.deque[concurrent.futures.Future[Made]] = collections.deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * BLOCK_WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def decoded_parts(block: bytes, numbers: LineNumbers, quick: Reader[Made], careful: Reader[Made]) -> list[Made]:
    """The block by ``quick``; where that raises Arrow's error, by halves, and a few lines by ``careful``. Both are
    handed the ``numbers`` of their lines too. The parts are in the block's order."""
    try:
        return [quick(block, numbers)]
    except (pa.ArrowException, UnicodeDecodeError):
        starts = line_starts(block)
        if len(starts) - 1 <= FEW_LINES:
            return [careful(block, numbers)]
    half = len(starts) // 2
    cut = starts[half]
    first = decoded_parts(block[:cut], numbers[:half], quick, careful)
    return first + decoded_parts(block[cut:], numbers[half:], quick, careful)


def line_starts(block: bytes) -> Any:
    """Where each line begins, and after the last one where the next would."""
    data = np.frombuffer(block, np.uint8)
    starts = np.concatenate([[0], np.flatnonzero(data == ord("\n")) + 1])
    return starts if block.endswith(b"\n") else np.append(starts, len(block) + 1)


def decoded_table(block: bytes, schema: Any, *, unexpected: str = "ignore") -> Any:
    """One row per line. Arrow's error where a line is not one JSON object with the schema's types, or not UTF-8.

    ``unexpected`` fields are an ``error`` or ignored; a field that is null and one that is absent look the same.
    """
    table = pa_json.read_json(
        pa.BufferReader(block),
        read_options=pa_json.ReadOptions(use_threads=False, block_size=len(block) + 1),
        parse_options=pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=unexpected),
    )
    data, starts = np.frombuffer(block, np.uint8), line_starts(block)
    # Arrow takes objects one after the other, whether or not a newline parts them.
    if len(starts) - 1 != table.num_rows or (data[starts[:-1]] != ord("{")).any():
        raise pa.ArrowInvalid("not one object per line")
    ends = data[starts[1:] - 2]
    ends = np.where(ends == ord("\r"), data[starts[1:] - 3], ends)
    if (ends != ord("}")).any():
        raise pa.ArrowInvalid("not one object per line")
    if not block.isascii():
        block.decode()
    if b"\\u" in block:
        table.validate(full=True)
    return table.combine_chunks()


def only_chunk(column: Any) -> Any:
    """A table's column as one array."""
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def first_items(lists: Any) -> Any:
    """The first item of each list; null where a list is null or empty."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    starts = lists.offsets.to_numpy()[: len(lists)]
    return lists.values.take(pa.array(starts, mask=lengths == 0))


def some_lines(block: bytes, lines: LineNumbers) -> bytes:
    """The lines of a block at these places, from 0."""
    starts = line_starts(block)
    return b"".join(block[starts[at] : starts[at + 1]] for at in lines)


def as_mask(values: Any) -> NDArray[np.bool_]:
    """Arrow's truth values as numpy's."""
    found: NDArray[np.bool_] = values.to_numpy(zero_copy_only=False)
    return found
