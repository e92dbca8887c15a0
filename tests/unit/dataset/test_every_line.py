"""Every line number of every problem can be had, in one file as well as in a set of files, at any number of rows."""

from __future__ import annotations

import csv
import io
import json

from model_evaluation.dataset import JoinedFiles, check_stream


def line(**fields: object) -> str:
    return json.dumps(fields)


def table(joined: JoinedFiles) -> tuple[dict[str, list[tuple[str, int]]], dict[str, int]]:
    report = check_stream(joined.chunks(), source="rows", every_line=True, look_through=1000, row_limit=None)
    entries: dict[str, list[tuple[str, int]]] = {}
    for entry in csv.DictReader(io.StringIO(joined.all_lines(report).decode())):
        entries.setdefault(entry["kind"], []).append((entry["file"], int(entry["line"])))
    return entries, {found.kind: found.count for found in report.findings}


def test_all_lines_of_each_problem_are_named() -> None:
    lines = [line(query=f"What costs plan {n}?", response=f"It costs {n} francs a month") for n in range(40)]
    broken, repeated, blank, contradicted = range(2, 40, 4), range(40, 60), range(60, 67), range(67, 80)
    for at in broken:
        lines[at] = "{not json"
    lines += [lines[0]] * len(repeated) + [""] * len(blank)
    lines += [line(query=f"What costs plan {1 + 4 * (n % 9)}?", response=f"It is free, {n}") for n in range(13)]
    entries, counts = table(JoinedFiles([("a.jsonl", lambda: [("\n".join(lines) + "\n").encode()])]))
    assert [at for _, at in entries["invalid_json"]] == [at + 1 for at in broken]
    assert [at for _, at in entries["duplicate_row"]] == [at + 1 for at in repeated]
    assert [at for _, at in entries["blank_line"]] == [at + 1 for at in blank]
    assert len(entries["conflicting_reference"]) == 2 * counts["conflicting_reference"] == 18  # both rows of a pair
    assert {at for _, at in entries["conflicting_reference"]} >= {at + 1 for at in contradicted[:9]}
    assert all(len(found) >= counts[kind] for kind, found in entries.items() if kind != "same_reference"), counts


def test_lines_of_a_set_of_files_are_those_of_each_file() -> None:
    good = [line(query=f"What costs plan {n}?", response=f"It costs {n} francs") for n in range(30)]
    one, two = list(good), list(good)
    for at in range(8):
        one[at] = two[at + 10] = "{not json"
    data = {"a,b.jsonl": one, 'with "quotes".jsonl': two}
    files = [(name, lambda rows=rows: [("\n".join(rows)).encode()]) for name, rows in data.items()]
    entries, _ = table(JoinedFiles(files))
    assert entries["invalid_json"] == [("a,b.jsonl", at + 1) for at in range(8)] + [
        ('with "quotes".jsonl', at + 11) for at in range(8)
    ]


def test_without_it_findings_hold_the_first_lines_only() -> None:
    rows = "\n".join(["{not json"] * 50 + [line(query="q", response="a")] * 50) + "\n"
    report = check_stream([rows.encode()], source="rows")
    assert {len(found.lines) for found in report.findings if found.kind != "same_reference"} == {5}
    assert [found.lines for found in report.findings if found.kind == "duplicate_row"] == [[52, 53, 54, 55, 56]]


def test_the_first_lines_are_the_smallest_however_prompts_are_ordered() -> None:
    rows = [line(query=f"q{n % 50}", response=f"says {n % 50}") for n in range(400)]
    every = check_stream([("\n".join(rows) + "\n").encode()], source="rows", every_line=True)
    (found,) = (finding for finding in every.findings if finding.kind == "duplicate_row")
    assert found.lines == list(range(51, 401))
    first = check_stream([("\n".join(rows) + "\n").encode()], source="rows")
    (found,) = (finding for finding in first.findings if finding.kind == "duplicate_row")
    assert found.lines == [51, 52, 53, 54, 55]
