"""What a table holds, told of wide and long tables with the memory that a small machine has."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from model_evaluation.kinds.predictive.tables.duck import open_table
from model_evaluation.kinds.predictive.tables.profile import profile_table
from model_evaluation.kinds.predictive.tables.source import find_table
from model_evaluation.kinds.predictive.tables.suggest import suggest_columns

WIDTH, ROWS = 250, 120


def test_a_wide_table_in_parts_is_looked_at_whole(tmp_path: Path) -> None:
    names = [f"m{place}" for place in range(WIDTH)]
    for part in range(2):
        with open(tmp_path / f"part-{part}.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows([[(row * place) % (place + 1) for place in range(WIDTH)] for row in range(ROWS)])
    with open_table(None, find_table(None, str(tmp_path)), once=True) as table:
        profile = profile_table(table)
    assert (profile.rows, len(profile.columns)) == (2 * ROWS, WIDTH)
    # (row * place) mod (place + 1) runs through all of place + 1 values, since place and place + 1 have no common
    # divisor: as many as there are rows. Few values are counted, many are estimated.
    assert [column.distinct for column in profile.columns[:30]] == list(range(1, 31))
    assert [column.distinct for column in profile.columns[120:]] == pytest.approx([ROWS] * 130, rel=0.2)
    assert profile.columns[4].values == {str(value): 2 * ROWS // 5 for value in range(5)}


@pytest.mark.parametrize(
    ("header", "columns", "plain"),
    [
        (",survived,age", "label=survived,id=Unnamed: 0", True),
        ("rownames,survived,age", "label=survived,id=rownames", True),
        ("id,y,index", "label=y,id=id,ignore=index", True),
        ("id,y,price", "label=y,id=id", False),  # two may be the label
        ("id,y,x", "id=id", False),  # coordinates
    ],
)
def test_columns_are_suggested_by_name(tmp_path: Path, header: str, columns: str, plain: bool) -> None:
    rows = [f"{place},{place % 2},{place if header.endswith('index') else place % 5}" for place in range(30)]
    (tmp_path / "rows.csv").write_text("\n".join([header, *rows]))
    with open_table(None, find_table(None, str(tmp_path / "rows.csv"))) as table:
        found = suggest_columns(profile_table(table))
    assert (str(found.columns), found.plain) == (columns, plain)


def test_ids_of_more_digits_than_a_number_has_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f'{{"id": {10**25 + row}, "it\'s": {row}}}\n' for row in range(40)))
    with open_table(None, find_table(None, str(path))) as table:
        assert profile_table(table).columns[0].distinct == 40
        assert table.names == ("id", "it's")
