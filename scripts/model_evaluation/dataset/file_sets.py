"""Several files read as one dataset."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from io import StringIO

from .check import DatasetReport
from .findings import Finding

OpenChunks = Callable[[], Iterable[bytes]]


class JoinedFiles:
    """Files one after the other as one stream of lines; a last line without newline gets one.

    After a reading of several, ``rows`` holds how many lines of each file are not blank, and lines of the stream can
    be traced back to their file. One file is passed on as it is.
    """

    def __init__(self, files: Sequence[tuple[str, OpenChunks]]) -> None:
        self._files = files
        self._first_lines: list[int] = []
        self.names = [name for name, _ in files]
        self.rows: list[int] = []

    def chunks(self) -> Iterator[bytes]:
        """All bytes, from the first file's beginning; each call reads anew."""
        self._first_lines, self.rows = [], []
        line = 1
        if len(self._files) == 1:  # which may be large, and needs no counting
            self._first_lines = [1]
            yield from self._files[0][1]()
            return
        for number, (_, open_chunks) in enumerate(self._files, 1):
            self._first_lines.append(line)
            begun, rows, last = False, 0, b"\n"
            for chunk in open_chunks():
                first, *others = chunk.split(b"\n")
                begun = begun or bool(first.strip())
                for piece in others:
                    rows += begun
                    begun = bool(piece.strip())
                line += len(others)
                last = chunk[-1:] or last
                yield chunk
            self.rows.append(rows + begun)
            if last != b"\n":
                line += 1
                if number < len(self._files):
                    yield b"\n"

    def place(self, line: int) -> str:
        """ "rows-002-of-003.jsonl:17" for a line of the stream."""
        at = bisect_right(self._first_lines, line) - 1
        return f"{self.names[at]}:{line - self._first_lines[at] + 1}"

    def all_lines(self, report: DatasetReport) -> bytes:
        """A table (CSV) of every line that the findings name: level, kind, file, line in that file. ``report`` is that
        of a reading with ``every_line``."""
        table = StringIO(newline="")
        writer = csv.writer(table)
        writer.writerow(["level", "kind", "file", "line"])
        for finding in report.findings:
            for line in finding.lines:
                name, _, number = self.place(line).rpartition(":")
                writer.writerow([finding.level, finding.kind, name, number])
        return table.getvalue().encode()

    def files(self) -> list[dict[str, str | int]]:
        """Name and first line of every file in the stream that was read, for a manifest."""
        return [{"file": name, "first_line": line} for name, line in zip(self.names, self._first_lines, strict=True)]

    def by_file(self, report: DatasetReport, row_limit: int | None) -> DatasetReport:
        """The report of a reading without row limit, with what is to be said of single files: those with more than
        ``row_limit`` rows or none, and for every finding the ``places`` of its lines."""
        if len(self._files) == 1:
            return report
        placed = [replace(finding, places=[self.place(line) for line in finding.lines]) for finding in report.findings]
        too_long = {
            name: rows for name, rows in zip(self.names, self.rows, strict=True) if row_limit and rows > row_limit
        }
        empty = [name for name, rows in zip(self.names, self.rows, strict=True) if not rows]
        faults: list[Finding] = []
        for name, rows in list(too_long.items())[:1]:
            message = f"{name} has {rows:,} rows, more than one job takes ({row_limit:,}){_and_more(too_long)}."
            fix = "Split the source into smaller files: `shard`."
            faults.append(Finding("too_many_rows", "error", message, len(too_long), fix=fix))
        if empty:
            message = f"{empty[0]} holds no rows{_and_more(empty)}."
            fix = "Upload the file again, or split the source anew."
            faults.append(Finding("empty_file", "error", message, len(empty), fix=fix))
        return replace(report, usable=report.usable and not faults, findings=[*faults, *placed])


def _and_more(names: Collection[str]) -> str:
    more = len(names) - 1
    return f", and {more} more file{'s' if more > 1 else ''} likewise" if more else ""
