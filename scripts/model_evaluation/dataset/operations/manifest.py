"""What an operation did: enough to repeat it, and to trace every result row back to its source row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from model_evaluation.runtime.settings import Json

SCHEMA_VERSION = 1
Runs = list[int | list[int]]


def runs(numbers: Iterable[int]) -> Runs:
    """Line numbers, with runs of neighbours as [first, last]: 1 2 3 7 becomes [[1, 3], 7]."""
    packed: list[list[int]] = []
    for number in numbers:
        if packed and number == packed[-1][1] + 1:
            packed[-1][1] = number
        else:
            packed.append([number, number])
    return [first if first == last else [first, last] for first, last in packed]


def expanded(source_lines: Iterable[int | Sequence[int]]) -> Iterator[int]:
    """The line numbers that :func:`runs` shortened."""
    for run in source_lines:
        first, last = (run, run) if isinstance(run, int) else (run[0], run[1])
        yield from range(first, last + 1)


def trace_back(manifest: Json, earlier: Json) -> None:
    """Add where the source itself came from, and each output's ``origin_lines`` in that, when ``earlier`` is the
    manifest of the operation that made the source, one file of it or all of them."""
    sha256 = manifest["source"]["sha256"]
    made = earlier.get("outputs", [])
    if earlier.get("joined_sha256") != sha256:
        made = [item for item in made if item["sha256"] == sha256][:1]
    if not made:
        return
    lines = [number for item in made for number in expanded(item.get("origin_lines") or item["source_lines"])]
    facts = earlier.get("origin") or {
        key: earlier["source"].get(key) for key in ("uri", "etag", "version_id", "sha256")
    }
    manifest["origin"] = {key: fact for key, fact in facts.items() if fact}
    for output in manifest["outputs"]:
        output["origin_lines"] = runs(lines[number - 1] for number in expanded(output["source_lines"]))
