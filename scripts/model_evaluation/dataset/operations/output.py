"""New files for the rows an operation keeps, and the manifest beside them: enough to repeat it, and to trace every
result row back to its source row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from model_evaluation.dataset.rows.json_lines import BOM
from model_evaluation.dataset.rows.lines import read_chunks
from model_evaluation.errors import Refused
from model_evaluation.runtime.settings import Json

SCHEMA_VERSION = 1  # of manifests
Runs = list[int | list[int]]
_WRITE_BYTES = 1 << 16


class OutputFile:
    """A new file that knows its checksum. Never overwrites; not kept open, so there may be thousands."""

    def __init__(self, path: Path) -> None:
        refuse_existing(path)
        self.path = path
        path.open("xb").close()
        self._numbers: list[int] = []
        self._digest = sha256()
        self._nbytes = 0
        self._pending = bytearray()

    def write(self, number: int, line: bytes) -> None:
        """One row, from line ``number`` of the source."""
        self._numbers.append(number)
        self._pending += line
        if len(self._pending) >= _WRITE_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._nbytes += len(self._pending)
        self._digest.update(self._pending)
        with self.path.open("ab") as file:
            file.write(self._pending)
        self._pending.clear()

    def finish(self) -> Json:
        """What the manifest says of it; ``source_lines`` are the lines of the source in the order of its rows."""
        self._flush()
        facts = {"file": self.path.name, "rows": len(self._numbers), "bytes": self._nbytes}
        return {**facts, "sha256": self._digest.hexdigest(), "source_lines": runs(self._numbers)}


class RowWriter:
    """Writes the rows of one operation; removes everything it wrote when the operation fails."""

    def __init__(self, out_path: Path) -> None:
        self._out_path = out_path
        self._manifest_path = out_path.with_name(out_path.name + ".manifest.json")
        self._files: list[OutputFile] = []

    def __enter__(self) -> RowWriter:
        self._out_path.parent.mkdir(parents=True, exist_ok=True)
        refuse_existing(self._manifest_path)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            for path in (self._manifest_path, *(file.path for file in self._files)):
                path.unlink(missing_ok=True)

    def open_shards(self, count: int) -> None:
        """Write ``count`` files from here on, named after the output path."""
        width = max(3, len(str(count)))
        for index in range(1, count + 1):
            name = f"{self._out_path.stem}-{index:0{width}d}-of-{count:0{width}d}{self._out_path.suffix}"
            self._files.append(OutputFile(self._out_path.with_name(name)))

    def write(self, number: int, raw: bytes, file: int = 0) -> None:
        """One row, from line ``number`` of the source."""
        if not self._files:
            self._files.append(OutputFile(self._out_path))
        self._files[file].write(number, raw.removeprefix(BOM).strip(b" \t\r\n") + b"\n")

    def finish(self, nothing_left: str) -> Json:
        """What the manifest says of the files. Raises Refused, with this reason, when no row was written."""
        if not self._files:
            raise Refused(f"There is nothing to write: {nothing_left}.", fix="Correct the source.", code="nothing_left")
        outputs = [file.finish() for file in self._files]
        if len(outputs) == 1:
            return {"outputs": outputs}
        digest = sha256()  # of all files one after the other, as which they are read
        for file in self._files:
            for chunk in read_chunks(file.path):
                digest.update(chunk)
        return {"joined_sha256": digest.hexdigest(), "outputs": outputs}

    def write_manifest(self, manifest: Json) -> None:
        self._manifest_path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def refuse_existing(path: Path) -> None:
    """Raises Refused where something is at this path."""
    if path.exists() or path.is_symlink():
        raise Refused(
            f"{path} exists already and is not overwritten.",
            fix="Name another file, or move this one away.",
            code="file_exists",
        )


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
