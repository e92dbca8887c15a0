"""What an operation did: enough to repeat it, and to trace every result row back to its source row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from model_evaluation.runtime.settings import Json

SCHEMA_VERSION = 1
Runs = list[int | list[int]]


@dataclass(frozen=True)
class Output:
    """One file that was written. ``source_lines`` are the lines of the source in the order of its rows;
    ``origin_lines`` those of the source's own source, where the source was prepared as well."""

    file: str
    rows: int
    bytes: int
    sha256: str
    source_lines: Runs = field(default_factory=list)
    origin_lines: Runs | None = None

    def as_json(self) -> Json:
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Manifest:
    """``source`` is where the rows came from, ``origin`` the source's own source, where the source was prepared as
    well. ``joined_sha256`` is that of several outputs one after the other, as which they are read."""

    operation: str
    arguments: list[str]
    seed: int | None
    source: Json
    outputs: list[Output]
    files: list[Path]
    origin: Json | None = None
    joined_sha256: str = ""

    @property
    def rows(self) -> int:
        """Rows written, all files together."""
        return sum(output.rows for output in self.outputs)

    def as_json(self) -> Json:
        return {
            "schema_version": SCHEMA_VERSION,
            "operation": self.operation,
            "arguments": self.arguments,
            "seed": self.seed,
            "source": self.source,
            **({"origin": self.origin} if self.origin else {}),
            **({"joined_sha256": self.joined_sha256} if self.joined_sha256 else {}),
            "outputs": [output.as_json() for output in self.outputs],
        }


def runs(numbers: Iterable[int]) -> Runs:
    """Line numbers, with runs of neighbours as [first, last]: 1 2 3 7 becomes [[1, 3], 7]."""
    packed: Runs = []
    start = previous = None
    for number in [*numbers, None]:
        if start is not None and previous is not None and number != previous + 1:
            packed.append(start if start == previous else [start, previous])
            start = number
        elif start is None:
            start = number
        previous = number
    return packed


def expanded(source_lines: Iterable[int | Sequence[int]]) -> Iterator[int]:
    """The line numbers that :func:`runs` shortened."""
    for run in source_lines:
        first, last = (run, run) if isinstance(run, int) else (run[0], run[1])
        yield from range(first, last + 1)


def traced_back(outputs: list[Output], sha256_of_source: str, earlier: Json) -> tuple[Json | None, list[Output]]:
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
        replace(item, origin_lines=runs(lines[number - 1] for number in expanded(item.source_lines)))
        for item in outputs
    ]
    return {key: fact for key, fact in origin.items() if fact}, traced
