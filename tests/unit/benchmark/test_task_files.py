"""Result files of lighteval's container: which are a model's own, and what stands in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model_evaluation.runtime.tasks.files import (
    find_task_files,
    literal,
    part_name,
    read_means,
    read_questions,
)
from unit.benchmark.files import METRIC, OUTPUT, STAMP, STEPS, Row, means, parquet, put, rows_of
from unit.runtime.results_world import BUCKET, EXECUTION, OLDER


def test_files_are_told_apart_by_the_step_not_by_the_models_folder(s3: Any) -> None:
    put(s3, "tuned", {"algebra": rows_of([1])}, folder="base_model")
    put(s3, "base", {"algebra": rows_of([0])}, folder="hf_merged")
    tuned, base = (find_task_files(s3, OUTPUT, EXECUTION, STEPS[side]) for side in ("tuned", "base"))
    assert "EvaluateCustomModel" in tuned.means
    assert "EvaluateBaseModel" in base.means
    assert list(tuned.details) == ["custom|math_zs_cot:algebra|0"], "the key keeps its pipes and colon"


def test_another_execution_under_the_same_prefix_is_not_read(s3: Any) -> None:
    put(s3, "tuned", {"algebra": rows_of([1])}, execution=OLDER)
    assert find_task_files(s3, OUTPUT, EXECUTION, STEPS["tuned"]).means == ""
    longer = f"{EXECUTION}x"
    put(s3, "tuned", {"algebra": rows_of([1])}, execution=longer)
    assert find_task_files(s3, OUTPUT, EXECUTION, STEPS["tuned"]).means == ""


def test_of_two_attempts_the_newer_counts(s3: Any) -> None:
    put(s3, "tuned", {"algebra": rows_of([0, 0])})
    put(s3, "tuned", {"algebra": rows_of([1, 1])}, stamp=STAMP.replace("01-31", "02-31"))
    files = find_task_files(s3, OUTPUT, EXECUTION, STEPS["tuned"])
    assert "02-31" in files.means
    body = s3.get_object(Bucket=BUCKET, Key=files.details["custom|math_zs_cot:algebra|0"])["Body"].read()
    assert [row.metrics for row in read_questions(body)] == [{METRIC: 1}, {METRIC: 1}]


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("custom|math_zs_cot:geometry|0", "geometry"),
        ("custom|mmlu_pro_zs_cot|0", "mmlu_pro_zs_cot"),
        ("custom|gen_qa_gen_qa|0", "gen_qa_gen_qa"),
        ("all", "all"),
    ],
)
def test_the_part_in_a_tasks_key(key: str, part: str) -> None:
    assert part_name(key) == part


def test_means_leave_out_the_average_and_keep_what_the_container_says_of_all() -> None:
    found = read_means(means({"algebra": rows_of([1, 0]), "geometry": rows_of([1, 1, 1, 0])}))
    assert list(found.parts) == ["algebra", "geometry"]
    assert found.metrics == [METRIC]
    assert [part.n for part in found.parts.values()] == [2, 4]
    assert found.whole.values[METRIC] == pytest.approx((0.5 + 0.75) / 2), "unweighted"
    assert found.parts["algebra"].errors[METRIC] == pytest.approx(0.5)  # sqrt(0.5 / 2)


@pytest.mark.parametrize("body", [b"[]", b"nothing", b'{"results": []}', b'{"results": {"a|b|0": 3}}'])
def test_what_is_no_file_of_means_says_so(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_means(body)


def test_cells_are_reprs_of_python_values() -> None:
    answer = 'it\'s \\boxed{2}\n"yes" \U0001f600'
    (row,) = read_questions(parquet([Row(1, 1, answer)]))
    assert row.answer == answer
    assert row.metrics == {METRIC: 1}
    assert row.reference == "1"
    assert literal("no python") == "no python"
    assert literal("[1, 2") == "[1, 2"
    assert literal(3) == 3


def test_an_unreadable_cell_is_a_missing_mark_not_a_wrong_answer() -> None:
    (row,) = read_questions(parquet([Row(1, 1)], metrics=["{broken"], predictions=["plain text"]))
    assert row.metrics is None
    assert row.answer == "plain text"


def test_an_empty_list_of_predictions_is_an_empty_answer() -> None:
    rows = read_questions(parquet([Row(1, 0), Row(2, 0)], predictions=["[]", "[['nested']]"]))
    assert [row.answer for row in rows] == ["", "nested"]


def test_the_reference_of_a_choice_is_its_text() -> None:
    body = parquet([Row(1, 0)], specifics=["{}"], choices=["['A', 'B']"], gold_index=["[1]"])
    assert read_questions(body)[0].reference == "B"


def test_a_file_of_another_shape_says_what_it_lacks() -> None:
    body = parquet([Row(1, 0)])
    assert read_questions(body)
    with pytest.raises(ValueError, match="not a Parquet file"):
        read_questions(b"PAR1 nothing PAR1")
    with pytest.raises(ValueError, match=r"."):
        read_means(json.dumps({"results": None, "config_tasks": 3}).encode() + b"x")
