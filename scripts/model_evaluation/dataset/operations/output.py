"""New files for the rows an operation keeps, and the manifest beside them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from model_evaluation.dataset.rows.json_lines import BOM
from model_evaluation.dataset.rows.lines import read_chunks
from model_evaluation.errors import Refused

from .manifest import Manifest, Output, runs

_WRITE_BYTES = 1 << 16


class OutputFile:
    """A new file that knows its checksum. Never overwrites; not kept open, so there may be thousands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.open("xb").close()
        self._numbers: list[int] = []
        self._digest = sha256()
        self._nbytes = 0
        self._pending = bytearray()

    def write(self, number: int, line: bytes) -> None:
        """One row, from line ``number`` of the source."""
        self._numbers.append(number)
        self._nbytes += len(line)
        self._pending += line
        if len(self._pending) >= _WRITE_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._digest.update(self._pending)
        with self.path.open("ab") as file:
            file.write(self._pending)
        self._pending.clear()

    def finish(self) -> Output:
        self._flush()
        return Output(self.path.name, len(self._numbers), self._nbytes, self._digest.hexdigest(), runs(self._numbers))


class RowWriter:
    """Writes the rows of one operation; removes everything it wrote when the operation fails."""

    def __init__(self, out_path: Path) -> None:
        self._out_path = out_path
        self.manifest_path = out_path.with_name(out_path.name + ".manifest.json")
        self.paths: list[Path] = []
        self._files: list[OutputFile] = []

    def __enter__(self) -> RowWriter:
        self._out_path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_existing(self.manifest_path)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            for path in self.paths:
                path.unlink(missing_ok=True)

    def open_shards(self, count: int) -> None:
        """Write ``count`` files from here on, named after the output path."""
        width = max(3, len(str(count)))
        for index in range(1, count + 1):
            name = f"{self._out_path.stem}-{index:0{width}d}-of-{count:0{width}d}{self._out_path.suffix}"
            self._open(self._out_path.with_name(name))

    def write(self, number: int, raw: bytes, file: int = 0) -> None:
        """One row, from line ``number`` of the source."""
        if not self._files:
            self._open(self._out_path)
        self._files[file].write(number, raw.removeprefix(BOM).strip(b" \t\r\n") + b"\n")

    def refuse_empty(self, reason: str) -> None:
        if not self._files:
            raise Refused(f"There is nothing to write: {reason}.", fix="Correct the source.", code="nothing_left")

    def finish(self) -> list[Output]:
        return [file.finish() for file in self._files]

    def joined_sha256(self) -> str:
        """Of several outputs one after the other; empty for one."""
        if len(self._files) < 2:
            return ""
        digest = sha256()
        for file in self._files:
            for chunk in read_chunks(file.path):
                digest.update(chunk)
        return digest.hexdigest()

    def write_manifest(self, manifest: Manifest) -> None:
        self.paths.append(self.manifest_path)
        with self.manifest_path.open("x", encoding="utf-8") as file:
            json.dump(manifest.as_json(), file, indent=1, ensure_ascii=False)
            file.write("\n")

    def _open(self, path: Path) -> None:
        _refuse_existing(path)
        self._files.append(OutputFile(path))
        self.paths.append(path)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise Refused(
            f"{path} exists already and is not overwritten.",
            fix="Name another file, or move this one away.",
            code="file_exists",
        )
