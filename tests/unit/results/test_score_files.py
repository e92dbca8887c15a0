"""Flat files of scores: Parquet and JSON Lines say the same, rows pair by id, a million of them take seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from score_files import read_score_files

from model_evaluation.runtime.results.evaluation import ResultsError, Side
from model_evaluation.runtime.results.paired_scores import compare_scores
from model_evaluation.runtime.statistics.metrics import Metric

METRIC = Metric("quality", limits=(0.0, 1.0))
TUNED = [{"record_id": "b", "quality": 1.0}, {"record_id": "a", "quality": 0.5}, {"record_id": "c", "quality": None}]
BASE = [{"record_id": "a", "quality": 0.25}, {"record_id": "b", "quality": 1}, {"record_id": "d", "quality": 0.0}]


def written(folder: Path, kind: str, rows: dict[Side, list[dict[str, Any]]]) -> dict[Side, Path]:
    paths = {}
    for side, own in rows.items():
        paths[side] = folder / f"{side}.{kind}"
        if kind == "parquet":
            pa_parquet.write_table(pa.Table.from_pylist(own), paths[side])
        else:
            paths[side].write_text("".join(json.dumps(row) + "\n" for row in own))
    return paths


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_rows_pair_by_id_whatever_their_order(tmp_path: Path, kind: str) -> None:
    paired = read_score_files(written(tmp_path, kind, {"tuned": TUNED, "base": BASE}), [METRIC])
    comparison = compare_scores(paired, [METRIC])
    entry = comparison.metrics["quality"]
    assert comparison.rows == {"dataset": 4, "tuned": 3, "base": 3, "paired": 2}
    assert entry["difference"] is not None
    assert (entry["n_paired"], entry["difference"]["mean"]) == (2, 0.125)
    assert entry["tuned"] is not None
    assert entry["tuned"]["missing_reasons"] == {"null": 1}


@pytest.mark.parametrize(
    ("kind", "rows", "said"),
    [
        ("parquet", [{"record_id": "a"}], "quality"),  # in JSON Lines a field that no line has is null
        ("parquet", [{"record_id": "a", "quality": "good"}], "quality"),
        ("jsonl", [{"record_id": "a", "quality": "good"}], "quality"),
        (
            "jsonl",
            [{"record_id": None, "quality": 1.0}, {"record_id": "b", "quality": 1.0}],
            "1 rows have no record_id",
        ),
        ("jsonl", [TUNED[0], TUNED[0]], "twice"),
    ],
)
def test_a_file_of_another_shape_is_an_error_with_a_fix(
    tmp_path: Path, kind: str, rows: list[dict[str, Any]], said: str
) -> None:
    with pytest.raises(ResultsError, match=said) as caught:
        read_score_files(written(tmp_path, kind, {"tuned": rows}), [METRIC])
    assert caught.value.fix


def test_a_missing_file_is_an_error_with_a_fix(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="cannot be read as scores"):
        read_score_files({"tuned": tmp_path / "none.parquet"}, [METRIC])


def test_many_rows_say_what_numpy_says(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    scores = rng.choice([0.0, 0.25, 0.5, 0.75, 1.0], (2, 50_000))
    paths = {}
    for side, own in zip(("tuned", "base"), scores, strict=True):
        order = rng.permutation(50_000)
        table = pa.table({"record_id": [f"row {i}" for i in order], "quality": own[order]})
        pa_parquet.write_table(table, tmp_path / f"{side}.parquet")
        paths[side] = tmp_path / f"{side}.parquet"
    difference = compare_scores(read_score_files(paths, [METRIC]), [METRIC]).metrics["quality"]["difference"]
    assert difference is not None
    assert difference["mean"] == pytest.approx((scores[0] - scores[1]).mean())
