"""A benchmark's files to its verdict."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from model_evaluation.kinds.benchmark.runtime.analysis import (
    ModelFiles,
    aggregate_of,
    analyse,
    read_model,
)
from model_evaluation.kinds.benchmark.runtime.answered import reliable_mark, why_unanswered
from model_evaluation.kinds.benchmark.runtime.tasks import BOXED, SAYS_ANSWER, TASKS
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.export import export_analysis
from model_evaluation.runtime.report.view import comparison_text
from model_evaluation.runtime.results.evaluation import ResultsError, Side
from model_evaluation.runtime.results.records import Record, ScoredAnswer
from model_evaluation.runtime.statistics.proportions import mcnemar_test
from model_evaluation.runtime.tasks.files import PartMeans
from unit.benchmark.files import METRIC, OUTPUT, Row, evaluation, put
from unit.runtime.results_world import BUCKET, EXECUTION

SCHEMA = Path(__file__).parents[3] / "scripts" / "model_evaluation" / "schemas" / "summary.schema.json"
Parts = Mapping[str, Sequence[Row]]


def analysed(s3: Any, tuned: Parts | None, base: Parts | None, **more: Any) -> Analysis:
    """Through the files, as the notebook does it."""
    scope = "compare" if tuned and base else "tuned" if tuned else "base"
    effect = more.pop("smallest_effect", None)
    sides: dict[Side, Parts | None] = {"tuned": tuned, "base": base}
    files: dict[Side, ModelFiles] = {}
    for side, parts in sides.items():
        if parts is not None:
            put(s3, side, parts, **more)
            files[side] = read_model(s3, OUTPUT, [EXECUTION], side)
    analysis = analyse(evaluation(scope), files, "math", smallest_effect=effect)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(dict(analysis.summary))
    return analysis


def marked(right: int, of: int, *, part: int = 0, cut: int = 0) -> list[Row]:
    """The first ``right`` of so many questions answered right; the last ``cut`` never stop thinking."""
    rows = [Row(1000 * part + n, int(n < right)) for n in range(of)]
    return [*rows[: of - cut], *(Row(row.question, 0, "<think>\nlet me see") for row in rows[of - cut :])]


def test_the_headline_weighs_every_question_the_same(s3: Any) -> None:
    tuned = {"algebra": marked(60, 100), "geometry": marked(9, 10, part=1)}
    base = {"algebra": marked(50, 100), "geometry": marked(3, 10, part=1)}
    summary = analysed(s3, tuned, base).summary
    micro, macro = summary["metrics"][METRIC], summary["metrics"][f"macro_{METRIC}"]
    assert summary["primary_metric"] == METRIC
    assert micro["difference"]["mean"] == pytest.approx(16 / 110)
    assert macro["difference"]["mean"] == pytest.approx((0.1 + 0.6) / 2)
    assert macro["tuned"]["mean"] == pytest.approx((0.6 + 0.9) / 2)
    assert (micro["wins"], micro["losses"]) == (16, 0)
    assert micro["difference"]["p_exact"] == pytest.approx(mcnemar_test(16, 0).exact)
    assert micro["difference"]["test"].startswith("McNemar")
    assert summary["verdict"]["decision"] == "improved"
    assert {name: (part["n"], part["tuned"]) for name, part in summary["parts"].items()} == {
        "algebra": (100, 0.6),
        "geometry": (10, 0.9),
    }
    assert macro["wins"] is None


def test_subtasks_are_corrected_by_holm(s3: Any) -> None:
    parts = {f"part{n}": n for n in range(4)}
    tuned = {name: marked(12 + 2 * (n == 0) * 4, 40, part=n) for name, n in parts.items()}
    base = {name: marked(12, 40, part=n) for name, n in parts.items()}
    summary = analysed(s3, tuned, base).summary
    cells = [summary["slices"]["subtask"][name][METRIC]["difference"] for name in parts]
    assert cells[0]["p_adjusted"] == pytest.approx(4 * cells[0]["p_value"])
    assert cells[0]["p_adjusted"] == summary["parts"]["part0"]["difference"]["p_adjusted"]


def test_a_gain_in_finishing_alone_is_mixed(s3: Any) -> None:
    """Both are right on the same of what both finish; the base model finishes less."""
    tuned = [Row(row.question, int(row.mark and not 50 <= row.question < 55), row.answer) for row in marked(90, 100)]
    tuned[90:] = marked(0, 100, cut=10)[90:]
    summary = analysed(s3, {"algebra": tuned}, {"algebra": marked(50, 100, cut=45)}).summary
    assert summary["metrics"][METRIC]["verdict"] == "improved"
    assert summary["verdict"]["decision"] == "mixed"
    found = summary["unfinished"]
    assert found["tuned"] == {"n": 100, "unanswered": 10, "share": 0.1, "reasons": {"thinking not finished": 10}}
    assert found["base"]["unanswered"] == 45
    assert found["both_finished"]["n_paired"] == 55
    assert found["both_finished"]["difference"]["mean"] == 0


def test_answers_given_by_both_that_agree_with_the_headline_leave_it(s3: Any) -> None:
    summary = analysed(s3, {"algebra": marked(80, 100, cut=4)}, {"algebra": marked(50, 100, cut=4)}).summary
    assert summary["verdict"]["decision"] == "improved"
    check = next(check for check in summary["fairness"]["checks"] if check["id"] == "answers_given")
    assert check["status"] == "pass"
    assert check["counts"]["fine-tuned model, thinking not finished"] == 4


def test_rows_missing_on_one_side_are_said_and_never_wrong_answers(s3: Any) -> None:
    base = marked(50, 100)
    summary = analysed(s3, {"algebra": marked(50, 100)}, {"algebra": base[:-10]}).summary
    assert summary["rows"] == {"dataset": 100, "tuned": 100, "base": 90, "paired": 90}
    assert summary["metrics"][METRIC]["difference"]["mean"] == 0
    check = next(check for check in summary["fairness"]["checks"] if check["id"] == "same_questions")
    assert (check["status"], check["counts"]["only fine-tuned model"]) == ("warn", 10)


def test_rows_that_the_means_are_of_but_the_files_lack_are_said(s3: Any) -> None:
    rows = {"algebra": marked(5, 20)}
    summary = analysed(s3, rows, rows, n={"algebra": 25}).summary
    check = next(check for check in summary["fairness"]["checks"] if check["id"] == "whole_sets")
    assert check["counts"] == {"questions": 25, "without a row, fine-tuned model": 5, "without a row, base model": 5}


def test_other_system_text_on_all_rows_is_no_comparison(s3: Any) -> None:
    tuned = [Row(row.question, row.mark, system="Think first.") for row in marked(20, 40)]
    summary = analysed(s3, {"algebra": tuned}, {"algebra": marked(10, 40)}).summary
    assert summary["verdict"]["decision"] == "invalid"
    assert "other words around them" in summary["verdict"]["sentence"]


def test_the_services_own_figure_stands_beside_ours(s3: Any) -> None:
    tuned = {"algebra": marked(60, 100), "geometry": marked(9, 10, part=1)}
    analysis = analysed(s3, tuned, {"algebra": marked(50, 100), "geometry": marked(3, 10, part=1)})
    reported = analysis.summary["reported"]["tuned"]
    errors = [math.sqrt(0.6 * 0.4 / 99), math.sqrt(0.9 * 0.1 / 9)]
    assert reported["value"] == pytest.approx(0.75)
    assert reported["stderr"] == pytest.approx(sum(errors) / 2), "the mean of the subtasks' errors, which is wrong"
    assert reported["standard_error"] == pytest.approx(math.hypot(*errors) / 2)
    words = dict(analysis.words.conditions)
    assert "0.7500" in words['The SDK\'s figure "all", the mean over subtasks']
    assert "true standard error" in words['The SDK\'s figure "all", the mean over subtasks']


def test_means_without_rows_are_compared_unpaired_with_their_true_n(s3: Any) -> None:
    tuned, base = {"algebra": marked(600, 1000)}, {"algebra": marked(500, 1000)}
    analysis = analysed(s3, tuned, base, with_rows=False)
    summary = analysis.summary
    difference = summary["metrics"][METRIC]["difference"]
    assert difference["mean"] == pytest.approx(0.1)
    half = 1.96 * math.sqrt(0.6 * 0.4 / 1000 + 0.25 / 1000)
    assert difference["ci_high"] - difference["ci_low"] == pytest.approx(2 * half, rel=0.02)
    assert summary["rows"]["dataset"] == 1000
    assert any("cannot be paired" in text for text in summary["warnings"])
    assert "unfinished" not in summary
    assert summary["verdict"]["decision"] == "improved"
    assert "cannot be paired" in comparison_text(summary, analysis.words)


def test_rows_of_one_model_only_are_means_only(s3: Any) -> None:
    put(s3, "tuned", {"algebra": marked(60, 100)})
    put(s3, "base", {"algebra": marked(50, 100)}, with_rows=False)
    sides: tuple[Side, ...] = ("tuned", "base")
    files = {side: read_model(s3, OUTPUT, [EXECUTION], side) for side in sides}
    summary = analyse(evaluation(), files, "math").summary
    assert "There are no rows of the base model" in summary["warnings"][0]


def test_other_prompts_are_found_by_their_hashes_without_any_row(s3: Any) -> None:
    put(s3, "tuned", {"algebra": marked(60, 100)}, with_rows=False, prompts="aa")
    put(s3, "base", {"algebra": marked(50, 100)}, with_rows=False, prompts="bb")
    sides: tuple[Side, ...] = ("tuned", "base")
    files = {side: read_model(s3, OUTPUT, [EXECUTION], side) for side in sides}
    assert analyse(evaluation(), files, "math").summary["verdict"]["decision"] == "invalid"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (PartMeans({METRIC: 0.5}, {METRIC: 0.05}, 101), (0.5, 101, None)),
        (PartMeans({METRIC: 0.5}, {METRIC: 0.05}), (0.5, 101, None)),  # 0.25 / 0.0025 + 1
        (PartMeans({METRIC: 0.5}, {}, 40), (0.5, 40, None)),
        (PartMeans({METRIC: 0.5}, {}), None),
        (PartMeans({METRIC: 1.0}, {METRIC: 0.0}), None),
        (PartMeans({}, {}, 40), None),
    ],
)
def test_the_number_of_questions_behind_a_mean(part: PartMeans, expected: tuple[float, int, None] | None) -> None:
    assert aggregate_of(part, METRIC) == expected


def test_a_mean_of_other_numbers_than_marks_keeps_its_own_spread() -> None:
    found = aggregate_of(PartMeans({METRIC: 0.5}, {METRIC: 0.01}, 100), METRIC)
    assert found is not None
    assert found.deviation == pytest.approx(0.1)


def test_smaller_differences_than_matter_count_as_none(s3: Any) -> None:
    tuned, base = {"algebra": marked(505, 1000)}, {"algebra": marked(500, 1000)}
    entry = analysed(s3, tuned, base, smallest_effect=0.03).summary["metrics"][METRIC]
    assert entry["margin"] == 0.03
    assert entry["verdict"] in ("equivalent", "improved")
    assert analysed(s3, tuned, base, smallest_effect=0.001).summary["metrics"][METRIC]["verdict"] != "equivalent"


def test_one_model_alone_has_no_verdict(s3: Any) -> None:
    summary = analysed(s3, {"algebra": marked(60, 100)}, None).summary
    assert summary["verdict"]["decision"] == "none"
    assert summary["unfinished"]["base"] is None
    assert "fairness" not in summary


def test_a_file_of_means_that_its_rows_contradict_is_said(s3: Any) -> None:
    put(s3, "tuned", {"algebra": marked(60, 100)})
    files = read_model(s3, OUTPUT, [EXECUTION], "tuned")
    rows = files.questions["algebra"]
    rows[0].metrics = {METRIC: 0}
    summary = analyse(evaluation("tuned"), {"tuned": files}, "math").summary
    assert "its own row scores give 0.59" in summary["warnings"][0]


def test_a_sample_of_the_questions_is_said(s3: Any) -> None:
    rows = {"algebra": marked(5, 20)}
    warnings = analysed(s3, rows, rows, of=1187).summary["warnings"]
    assert "The fine-tuned model was asked 20 of the benchmark's 1,187 questions." in warnings


def test_unreadable_and_missing_files_say_what_to_do(s3: Any) -> None:
    with pytest.raises(ResultsError, match="No results of the fine-tuned model"):
        read_model(s3, OUTPUT, [EXECUTION], "tuned")
    put(s3, "tuned", {"algebra": marked(1, 3)})
    key = next(
        item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"] if item["Key"].endswith(".parquet")
    )
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"cut off")
    with pytest.raises(ResultsError, match=r"details_custom\|math_zs_cot:algebra\|0.*cannot be read"):
        read_model(s3, OUTPUT, [EXECUTION], "tuned")


@pytest.mark.parametrize(
    ("text", "mark", "reason"),
    [
        ("", None, "empty"),
        ("  \n", BOXED, "empty"),
        ("<think>hm", BOXED, "thinking not finished"),
        ("<think>so \\boxed{3} maybe", BOXED, ""),  # the container finds it, too
        ("It is 3.", BOXED, "no final answer"),
        ("The correct answer is B", SAYS_ANSWER, ""),
        ("<think>the answer is B? no", SAYS_ANSWER, "thinking not finished"),
        ("I cannot say", SAYS_ANSWER, "no final answer"),
        ("anything", None, ""),
        ("<think>hm", None, "thinking not finished"),
    ],
)
def test_what_is_no_answer(text: str, mark: Any, reason: str) -> None:
    assert why_unanswered(text, mark) == reason


def test_a_mark_that_right_answers_lack_is_not_gone_by() -> None:
    def record(text: str) -> Record:
        return Record("1", 1, None, {"tuned": ScoredAnswer("q", None, text, {METRIC: 1.0})})

    assert reliable_mark("mmlu", [record("The answer is B")] * 3, METRIC) is SAYS_ANSWER
    assert reliable_mark("mmlu", [record("B")] * 3, METRIC) is None
    assert reliable_mark("ifeval", [record("B")], METRIC) is None


def test_sizes_of_benchmarks_are_the_sums_of_their_subtasks() -> None:
    for name in ("mmlu", "bbh", "math"):
        assert sum(TASKS[name].subtasks.values()) == TASKS[name].questions
    assert (len(TASKS["mmlu"].subtasks), len(TASKS["bbh"].subtasks), len(TASKS["math"].subtasks)) == (57, 27, 7)
    assert "llm_judge" not in TASKS
    assert "mmmu" not in TASKS


def test_reports_of_both_shapes_are_written(s3: Any, tmp_path: Path) -> None:
    tuned = {"algebra": marked(60, 100, cut=5), "geometry": marked(9, 10, part=1)}
    base = {"algebra": marked(50, 100, cut=30), "geometry": marked(3, 10, part=1)}
    for number, with_rows in enumerate((True, False)):
        analysis = analysed(s3, tuned, base, with_rows=with_rows)
        folder = export_analysis(analysis, tmp_path / str(number))
        page = (folder / "report.html").read_text(encoding="utf-8")
        assert f"macro_{METRIC}" in page
        assert "SDK&#39;s figure &#34;all&#34;" in page
        if with_rows:
            assert "Without an answer" in page
            assert "subtask: algebra" in page
        for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
            s3.delete_object(Bucket=BUCKET, Key=item["Key"])
