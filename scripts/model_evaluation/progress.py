"""Progress on stderr, for whatever takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator

EVERY = 2.0  # seconds


def read_so_far(total: int | None = None) -> Callable[[int, int], None]:
    """A listener for bytes and rows read so far; ``total`` is the number of bytes there are, if known."""
    of = f" of {total / 1e6:,.0f}" if total else ""

    def tell(bytes_read: int, rows: int) -> None:
        sys.stderr.write(f"  read {bytes_read / 1e6:,.0f}{of} MB, {rows:,} rows\n")

    return tell


def watched(
    chunks: Iterable[bytes],
    what: str,
    total: int | None = None,
) -> Iterator[bytes]:
    """The same chunks; every two seconds a line says how much of ``what`` has passed."""
    of = f" of {total / 1e6:,.0f}" if total else ""
    bytes_read, tell_at = 0, time.monotonic() + EVERY
    for chunk in chunks:
        bytes_read += len(chunk)
        if time.monotonic() >= tell_at:
            sys.stderr.write(f"  {what}: {bytes_read / 1e6:,.0f}{of} MB\n")
            tell_at = time.monotonic() + EVERY
        yield chunk
