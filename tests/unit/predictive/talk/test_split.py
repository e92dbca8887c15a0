"""Train, validation and test: reproducible, disjoint, complete, and never over anything that is there."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.errors import Refused, UsageError
from model_evaluation.kinds.predictive.split_tool import SplitRule, parse_shares, split_table
from predictive_tables import put, text

NAMES = ["row_id", "label", "customer", "day", "odd, \"name\""]  # fmt: skip


def rows(count: int = 1_000) -> list[list[Any]]:
    return [
        [f"r{n:05d}", int(n % 10 == 0), f"k{n // 4}", f"2024-{1 + n % 12:02d}-01", f'x,"{n}"\nand more']
        for n in range(count)
    ]


def table(folder: Path, count: int = 1_000) -> str:
    return put(folder, "rows.csv", text(NAMES, rows(count)))


def read(path: str) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def parts(made: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    return {name: read(path) for name, path in made["files"].items()}


def test_every_row_is_in_one_part_as_it_was(tmp_path: Path) -> None:
    made = split_table(table(tmp_path), SplitRule("hash"), str(tmp_path / "data"))
    found = parts(made)
    together = [row for part in found.values() for row in part]
    assert sorted(row["row_id"] for row in together) == [row[0] for row in rows()]
    assert {row[NAMES[-1]] for row in together} == {row[-1] for row in rows()}
    shares = [len(part) / 1_000 for part in found.values()]
    assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.04)
    assert made["rule"]["column"] == "row_id"
    manifest = json.loads(Path(made["manifest"]).read_text(encoding="utf-8"))
    assert {name: part["rows"] for name, part in manifest["parts"].items()} == {k: len(v) for k, v in found.items()}
    assert manifest["parts"]["test"]["classes"] == dict(Counter(row["label"] for row in found["test"]).most_common())


def test_rows_keep_their_part_when_others_are_added_and_change_it_with_the_seed(tmp_path: Path) -> None:
    def of(count: int, seed: int = 0) -> dict[str, str]:
        folder = tmp_path / f"{count}-{seed}"
        folder.mkdir()
        made = split_table(table(folder, count), SplitRule("hash", seed=seed), str(folder))
        return {row["row_id"]: name for name, part in parts(made).items() for row in part}

    few, many, other = of(500), of(1_000), of(500, seed=1)
    assert all(many[key] == part for key, part in few.items())
    assert few != other


def test_a_group_stays_together_classes_keep_their_share_and_time_is_in_order(tmp_path: Path) -> None:
    path = table(tmp_path)
    grouped = parts(split_table(path, SplitRule("hash", "customer"), str(tmp_path / "a")))
    seen = [{row["customer"] for row in part} for part in grouped.values()]
    assert sum(map(len, seen)) == len(set.union(*seen))
    fair = parts(split_table(path, SplitRule("stratify", "label"), str(tmp_path / "b")))
    assert [sum(row["label"] == "1" for row in part) for part in fair.values()] == [60, 20, 20]
    ordered = parts(split_table(path, SplitRule("time", "day"), str(tmp_path / "c")))
    days = [sorted(row["day"] for row in part) for part in ordered.values()]
    assert days[0][-1] < days[1][0] <= days[1][-1] < days[2][0]


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path) -> None:
    path, folder = table(tmp_path), tmp_path / "data"
    folder.mkdir()
    put(folder, "rows-test.csv", "mine")
    with pytest.raises(Refused, match="is there already"):
        split_table(path, SplitRule("hash"), str(folder))
    assert [item.name for item in folder.iterdir()] == ["rows-test.csv"]
    with pytest.raises(Refused, match="no column 'age'"):
        split_table(path, SplitRule("stratify", "age"), str(tmp_path / "other"))
    with pytest.raises(Refused, match="no time and no number"):
        split_table(path, SplitRule("time", "customer"), str(tmp_path / "other"))
    with pytest.raises(Refused, match="No row would be in"):
        split_table(table(tmp_path, 2), SplitRule("hash"), str(tmp_path / "other"))
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("shares", ["60,40", "a,b,c", "0,50,50", "60,40,0", "-1,1,1"])
def test_shares_are_three_numbers(shares: str) -> None:
    with pytest.raises(UsageError, match="three numbers are expected"):
        parse_shares(shares)


def test_no_validation_set_is_a_choice(tmp_path: Path) -> None:
    made = split_table(table(tmp_path), SplitRule("hash", shares=parse_shares("80,0,20")), str(tmp_path / "data"))
    assert list(made["files"]) == ["train", "test"]
