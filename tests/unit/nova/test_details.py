"""The container's table of rows: cells that are texts of Python values, whatever they hold."""

from __future__ import annotations

import gc
import io
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from model_evaluation.kinds.nova.runtime.output.details import plain_answer, python_value, read_details, token_choices
from unit.nova.container_runs import saved


def table(**columns: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pa_parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


CELLS: dict[str, list[Any]] = {
    "example": ["Which class?"],
    "gold": ["['access']"],
    "predictions": ["['network']"],
    "metrics": ["{'f1': np.float64(0.5), 'em': 0.0, 'bad': nan, 'note': 'financial nan'}"],
    "specifics": ['{\'metadata\': \'{"difficulty": "easy", "row_id": "t-1"}\'}'],
}


def test_a_row_of_texts_is_read_without_evaluating_anything() -> None:
    found = read_details(saved({"x/details_a.parquet": table(**CELLS)}))
    (row,) = found.rows
    assert (row.example, row.gold, row.prediction) == ("Which class?", "access", "network")
    assert row.metrics == {"f1": 0.5, "em": 0.0}
    assert row.outputs["note"] == "financial nan"
    assert row.metadata == {"difficulty": "easy", "row_id": "t-1"}
    assert (found.problems, found.logprobs, row.logprobs) == ([], "", None)


def test_native_columns_are_read_too() -> None:
    native = {"example": ["q"], "gold": [["a"]], "predictions": [["b"]], "metrics": [{"f1": 1.0}], "specifics": [None]}
    (row,) = read_details(saved({"details.parquet": table(**native)})).rows
    assert (row.gold, row.prediction, row.metrics, row.metadata) == ("a", "b", {"f1": 1.0}, {})


@pytest.mark.parametrize("column", ["pred_logprobs", "pred_logits", "pred_lobprobs"])
def test_log_probabilities_are_found_under_every_known_name(column: str) -> None:
    cells = {**CELLS, column: ["[[{'net': -0.1, 'acc': -3.0}, {'work': -0.2}]]"]}
    found = read_details(saved({"details.parquet": table(**cells)}))
    assert found.logprobs == column
    assert found.rows[0].logprobs == [{"net": -0.1, "acc": -3.0}, {"work": -0.2}]


def test_log_probabilities_of_another_shape_are_a_problem_and_not_a_zero() -> None:
    cells = {**CELLS, "pred_logprobs": ["[[0.1, 0.2]]"]}
    found = read_details(saved({"details.parquet": table(**cells)}))
    assert found.rows[0].logprobs is None
    assert "another shape" in found.problems[0]


def test_a_broken_cell_and_a_broken_file_are_told_and_the_rest_is_kept() -> None:
    cells = {**CELLS, "metrics": ["{'f1': __import__('os')}"]}
    found = read_details(saved({"a/details_1.parquet": table(**cells), "a/details_2.parquet": b"no parquet"}))
    assert found.rows[0].metrics == {}
    assert found.rows[0].prediction == "network"
    assert [problem.partition(" ")[0] for problem in found.problems] == ["details_1.parquet,", "details_2.parquet"]


def test_python_values() -> None:
    assert python_value("['a', 1]") == ["a", 1]
    assert python_value("plain text") == "plain text"
    assert python_value(np.array([1, 2])) == [1, 2]
    assert math.isnan(python_value("[nan]")[0])
    assert python_value("[-inf]") == [-math.inf]
    with pytest.raises(ValueError, match="not a Python value"):
        python_value("[open('x')]")
    with pytest.raises(ValueError, match="not a Python value"):
        python_value("[" * 100_000)


def test_token_choices_of_one_prediction() -> None:
    assert token_choices([[{"a": -1.0}]]) == [{"a": -1.0}]
    assert token_choices([{"a": -1}]) == [{"a": -1.0}]
    assert token_choices([]) is None
    assert token_choices([[{"a": "x"}]]) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ('```json\n{"class": "a"}\n```', '{"class": "a"}'),
        ("```\nyes\n```", "yes"),
        ("<|begin_of_solution|>\n```json\n{}\n```\n<|end_of_solution|>", "{}"),
        ("thinking <|begin_of_solution|> 7", "7"),
        ("an answer with ``` inside", "an answer with ``` inside"),
    ],
)
def test_what_wraps_an_answer_is_taken_off(text: str, plain: str) -> None:
    assert plain_answer(text) == plain


class Cycle:
    """Garbage whose end runs Python, so that a thread may be put off while it parses."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        for _ in range(300):
            pass


def test_two_threads_read_cells_at_once() -> None:
    """Python 3.11's own parser fails where two threads, which are not equally deep in calls, are in it."""
    cells = [repr([[{f"token {rank}": -0.5 * rank for rank in range(5)}] * 20, at]) for at in range(60)]

    def read(at: int, calls: int) -> object:
        if calls:
            return read(at, calls - 1)
        assert [Cycle() for _ in range(3)]
        return python_value(cells[at])

    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(40)
    try:
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda at: read(at, at % 2 * 4), range(60)))
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
    assert list(map(repr, found)) == cells
