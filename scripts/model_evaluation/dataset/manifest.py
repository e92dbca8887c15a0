"""What an operation did: enough to repeat it, and to trace every result row back to its source row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
_WRITE_BYTES = 1 << 16


@dataclass(frozen=True)
class Manifest:
    """``outputs``: one entry per file in ``files``, with ``source_lines`` in the order of its rows. ``origin`` is the
    source's own source, where the source was prepared as well; the outputs then have ``origin_lines``, too.
    ``joined_sha256`` is that of several outputs one after the other, as which they are read."""

    operation: str
    arguments: list[str]
    seed: int | None
    source: dict[str, Any]
    outputs: list[dict[str, Any]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    manifest_path: Path | None = None
    origin: dict[str, Any] | None = None
    joined_sha256: str = ""

    @property
    def rows(self) -> int:
        """Rows written, all files together."""
        return sum(output["rows"] for output in self.outputs)

    def as_json(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "operation": self.operation,
            "arguments": self.arguments,
            "seed": self.seed,
            "source": self.source,
            **({"origin": self.origin} if self.origin else {}),
            **({"joined_sha256": self.joined_sha256} if self.joined_sha256 else {}),
            "outputs": self.outputs,
        }


def runs(numbers: Sequence[int]) -> list[int | list[int]]:
    """Line numbers, with runs of neighbours as [first, last]: 1 2 3 7 becomes [[1, 3], 7]."""
    found: list[int | list[int]] = []
    start = previous = None
    for number in [*numbers, None]:
        if start is not None and previous is not None and number != previous + 1:
            found.append(start if start == previous else [start, previous])
            start = number
        elif start is None:
            start = number
        previous = number
    return found


def expanded(source_lines: Iterable[int | Sequence[int]]) -> Iterator[int]:
    """The line numbers that :func:`runs` shortened."""
    for run in source_lines:
        first, last = (run, run) if isinstance(run, int) else (run[0], run[1])
        yield from range(first, last + 1)


def traced_back(
    outputs: list[dict[str, Any]], sha256_of_source: str, earlier: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Where the source itself came from, and the outputs with ``origin_lines`` in that, when ``earlier`` is the
    manifest of the operation that made the source, one file of it or all of them; else ``None`` and the outputs."""
    made = earlier.get("outputs", [])
    if earlier.get("joined_sha256") != sha256_of_source:
        made = [item for item in made if item["sha256"] == sha256_of_source][:1]
    if not made:
        return None, outputs
    lines = [number for item in made for number in expanded(item.get("origin_lines") or item["source_lines"])]
    origin = earlier.get("origin") or {
        key: earlier["source"].get(key) for key in ("uri", "etag", "version_id", "sha256")
    }
    traced = [
        {**item, "origin_lines": runs([lines[number - 1] for number in expanded(item["source_lines"])])}
        for item in outputs
    ]
    return {key: fact for key, fact in origin.items() if fact}, traced


class OutputFile:
    """A new file that knows its checksum. Never overwrites; not kept open, so there may be thousands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.open("xb").close()
        self._digest = sha256()
        self._nbytes = 0
        self._rows = 0
        self._pending: list[bytes] = []
        self._pending_bytes = 0

    def write(self, line: bytes) -> None:
        self._pending.append(line)
        self._pending_bytes += len(line)
        self._nbytes += len(line)
        self._rows += 1
        if self._pending_bytes >= _WRITE_BYTES:
            self.flush()

    def flush(self) -> None:
        data = b"".join(self._pending)
        self._digest.update(data)
        with self.path.open("ab") as file:
            file.write(data)
        self._pending, self._pending_bytes = [], 0

    def facts(self) -> dict[str, Any]:
        return {
            "file": self.path.name,
            "rows": self._rows,
            "bytes": self._nbytes,
            "sha256": self._digest.hexdigest(),
        }
