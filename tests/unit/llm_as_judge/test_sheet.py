"""The labelling sheet: blind, seeded, read back without a wrong number."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.errors import EvaluationError, Refused
from model_evaluation.kinds.llm_as_judge.people.judge_error import judge_error_report
from model_evaluation.kinds.llm_as_judge.people.sheet import (
    COLUMNS,
    Labelled,
    key_of,
    read_key,
    read_labels,
    scored_examples,
    write_sheet,
)
from unit.reporting.results_on_disk import edit_summary, put_results, summary_of

Rows = list[list[str]]


class Sheet:
    """A sheet on disk with its results."""

    def __init__(self, tmp_path: Path, name: str = "sheet.csv", *, n: int = 10, seed: int = 7, **results: Any) -> None:
        folder = tmp_path / "results" / "abc123def456"
        self.folder = folder if folder.exists() else put_results(tmp_path, **results)
        self.summary = summary_of(self.folder)
        self.examples = scored_examples(str(self.folder), "Correctness")
        self.path = tmp_path / name
        self.told = write_sheet(self.examples, self.summary, "Correctness", str(self.path), n=n, seed=seed)
        self.key: dict[str, Any] = json.loads(Path(key_of(str(self.path))).read_text())

    def rows(self) -> Rows:
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))

    def save(self, rows: Rows, **how: Any) -> None:
        with self.path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, **how).writerows(rows)

    def labelled(self) -> list[Labelled]:
        key = read_key(key_of(str(self.path)), self.summary)
        return read_labels(str(self.path), key, self.examples, self.summary)


def fill(rows: Rows, score: Callable[[list[str]], tuple[str, str]]) -> Rows:
    return [rows[0], *([*row[:5], *score(row), ""] for row in rows[1:])]


def test_nothing_in_the_sheet_tells_the_models_apart(tmp_path: Path) -> None:
    # The fixture's answers name their model; real ones do not. The places of the models are what is tested.
    sheet = Sheet(tmp_path, n=40)
    rows = sheet.rows()
    assert tuple(rows[0]) == COLUMNS
    text = sheet.path.read_text(encoding="utf-8-sig")
    models, judge = sheet.summary["models"].values(), sheet.summary["conditions"]["judge"]
    for name in (*(text for model in models for text in model.values()), judge):
        assert name not in text
    firsts = [item["answer_1"] for item in sheet.key["items"].values()]
    assert 10 <= firsts.count("tuned") <= 30
    for row in rows[1:]:
        item = sheet.key["items"][row[0]]
        assert row[3].startswith(item["answer_1"])
        assert row[4].startswith(item["answer_2"])
        assert row[5:] == ["", "", ""]
    ids = [item["record_id"] for item in sheet.key["items"].values()]
    assert sorted(ids, key=int) == [str(i) for i in range(1, 41)]
    assert ids != sorted(ids, key=int)


def test_the_same_seed_gives_the_same_sheet(tmp_path: Path) -> None:
    first, again = Sheet(tmp_path, "a.csv", seed=3), Sheet(tmp_path, "b.csv", seed=3)
    other = Sheet(tmp_path, "c.csv", seed=4)
    assert first.path.read_bytes() == again.path.read_bytes()
    assert first.key == again.key
    assert first.rows() != other.rows()


def test_every_row_is_drawn_equally_often(tmp_path: Path) -> None:
    """2,000 sheets of 10 of 40 rows: each row in 500 of them, standard deviation sqrt(2000 * 0.25 * 0.75) = 19."""
    sheet = Sheet(tmp_path)
    import random

    counts = dict.fromkeys((example.key for example in sheet.examples), 0)
    for seed in range(2_000):
        for example in random.Random(seed).sample(sheet.examples, 10):
            counts[example.key] += 1
    assert max(abs(count - 500) for count in counts.values()) < 5 * 19.4


def test_labels_come_back_to_their_model(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path)
    sheet.save(fill(sheet.rows(), lambda row: ("1" if "tuned" in row[3] else "0", "1" if "tuned" in row[4] else "0")))
    labelled = sheet.labelled()
    assert len(labelled) == 10
    assert all(label.scores == {"tuned": 1.0, "base": 0.0} for label in labelled)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rows_may_be_sorted_and_saved_by_a_spreadsheet(tmp_path: Path, delimiter: str) -> None:
    sheet = Sheet(tmp_path)
    rows = fill(sheet.rows(), lambda row: ("0,5" if delimiter != "," else "0.5", "1"))
    sheet.save([rows[0], *reversed(rows[1:])], delimiter=delimiter)
    labelled = sheet.labelled()
    assert {tuple(sorted(label.scores.values())) for label in labelled} == {(0.5, 1.0)}
    assert {label.example.record_id for label in labelled} == {i["record_id"] for i in sheet.key["items"].values()}


def test_rows_without_two_scores_are_left_out_and_told(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path)
    rows = fill(sheet.rows(), lambda row: ("1", "" if row[0] in ("1", "2") else "0"))
    sheet.save(rows)
    labelled = sheet.labelled()
    assert len(labelled) == 8
    report = judge_error_report(sheet.summary, "Correctness", sheet.examples, labelled, 10)
    assert report["warnings"][0].startswith("2 of the sheet's 10 rows carry no pair of scores.")


@pytest.mark.parametrize("bad", ["good", "1.5", "-0.1", "nan", "inf", "1e999", "0.5.1"])
def test_a_score_off_the_scale_is_refused_by_name(tmp_path: Path, bad: str) -> None:
    sheet = Sheet(tmp_path)
    sheet.save(fill(sheet.rows(), lambda row: (bad if row[0] == "4" else "1", "0")))
    with pytest.raises(Refused, match="line 5: score_1 is") as caught:
        sheet.labelled()
    assert "0 to 1" in caught.value.message


@pytest.mark.parametrize(
    ("given", "scores"),
    [(("3", "1"), {1.0, 1 / 3}), (("0", "1"), {0.0, 1 / 3}), (("0.67", "1"), {0.67, 1.0}), (("yes", "no"), {1.0, 0.0})],
)
def test_people_score_on_the_declared_scale_where_the_judges_scores_lie_on_its_image(
    tmp_path: Path, given: tuple[str, str], scores: set[float]
) -> None:
    folder = put_results(tmp_path, tuned=(1.0, 2 / 3, 1 / 3, 1.0) * 10, base=(0.0, 1 / 3, 2 / 3, 1.0) * 10)
    metrics = summary_of(folder)["metrics"]
    metrics["Correctness"]["scale"] = {"declared": [0, 1, 2, 3], "lowest": 0, "highest": 3, "scores_on": "unit"}
    edit_summary(folder, metrics=metrics)
    sheet = Sheet(tmp_path)
    assert sheet.told["scale"] == [0, 3]
    sheet.save(fill(sheet.rows(), lambda row: given))
    assert {score for label in sheet.labelled() for score in label.scores.values()} == scores
    sheet.save(fill(sheet.rows(), lambda row: ("4", "1")))
    with pytest.raises(Refused, match="expected a number of 0 to 3"):
        sheet.labelled()


def test_yes_and_no_are_the_ends_of_the_scale(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path, tuned=(1.0, 0.0) * 20, base=(0.0, 1.0) * 20)
    sheet.save(fill(sheet.rows(), lambda row: ("Yes", "no")))
    labelled = sheet.labelled()
    assert {score for label in labelled for score in label.scores.values()} == {0.0, 1.0}
    report = judge_error_report(sheet.summary, "Correctness", sheet.examples, labelled, 10)
    for side in ("tuned", "base"):
        rates = report["yes_no"][side]
        agreed = sum(label.scores[side] == label.example.scores[side] for label in labelled)
        assert (rates["agreement"]["k"], rates["agreement"]["n"]) == (agreed, 10)
        assert rates["sensitivity"]["n"] + rates["specificity"]["n"] == 10


def test_a_graded_scale_has_no_yes_no_rates(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path)
    sheet.save(fill(sheet.rows(), lambda row: ("0.5", "1")))
    assert judge_error_report(sheet.summary, "Correctness", sheet.examples, sheet.labelled(), 10)["yes_no"] is None


def test_a_perfect_judge_is_believed(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path, n=20)
    scores = {example.key: example.scores for example in sheet.examples}

    def judged(row: list[str]) -> tuple[str, str]:
        item = sheet.key["items"][row[0]]
        mine = scores[item["record_id"], item["occurrence"]]
        return str(mine[item["answer_1"]]), str(mine[item["answer_2"]])

    sheet.save(fill(sheet.rows(), judged))
    report = judge_error_report(sheet.summary, "Correctness", sheet.examples, sheet.labelled(), 20)
    for side in ("tuned", "base"):
        assert report["judge_minus_people"][side]["mean"] == 0.0
    raw = sheet.summary["metrics"]["Correctness"]["difference"]
    # Weight 20 / 40 on the other half: the mean over all rows.
    assert report["corrected_difference"]["mean"] == pytest.approx(raw["mean"], abs=0.02)
    assert report["corrected_difference"]["judge_weight"] == pytest.approx(0.5)
    assert "disagree" not in report["sentence"]


def test_people_may_disagree_with_the_judge(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path, n=30)
    sheet.save(fill(sheet.rows(), lambda row: ("0" if "tuned" in row[3] else "1", "0" if "tuned" in row[4] else "1")))
    report = judge_error_report(sheet.summary, "Correctness", sheet.examples, sheet.labelled(), 30)
    assert report["people_only"]["mean"] == -1.0
    assert report["sentence"].endswith("People and judge disagree on which model is better.")


def test_no_labels_give_no_number(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path)
    report = judge_error_report(sheet.summary, "Correctness", sheet.examples, sheet.labelled(), 10)
    assert report["corrected_difference"]["mean"] is None
    assert report["sentence"].startswith("0 labelled rows are too few")
    json.dumps(report, allow_nan=False)


def test_cells_are_no_formulas(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path, prompts="=HYPERLINK()")
    assert all(row[1].startswith("'=HYPERLINK") for row in sheet.rows()[1:])


def test_an_existing_sheet_is_kept(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path)
    before = sheet.path.read_bytes()
    with pytest.raises(Refused, match="may hold labels"):
        Sheet(tmp_path)
    assert sheet.path.read_bytes() == before


def test_an_item_twice_a_strange_item_and_a_foreign_sheet_are_refused(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path)
    rows = fill(sheet.rows(), lambda row: ("1", "0"))
    sheet.save([*rows, rows[1]])
    with pytest.raises(Refused, match="occurs twice"):
        sheet.labelled()
    sheet.save([*rows, ["99", "", "", "", "", "1", "1", ""]])
    with pytest.raises(Refused, match="item '99' is not in the key"):
        sheet.labelled()
    for content in (b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b'item,score_1,score_2\n"'):
        sheet.path.write_bytes(content)
        with pytest.raises(EvaluationError):
            sheet.labelled()


def test_labels_of_another_execution_are_refused(tmp_path: Path) -> None:
    sheet = Sheet(tmp_path)
    other = summary_of(put_results(tmp_path, "fff999"))
    with pytest.raises(Refused) as caught:
        read_key(key_of(str(sheet.path)), other)
    assert caught.value.code == "other_execution"


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", '{"execution_arn": 1, "metric": "x", "items": {"1": {}}}',
        '{"execution_arn": 1, "metric": 2, "items": {"1": {"record_id": "", "answer_1": "tuned", "answer_2": "base"}}}',
    ],
)  # fmt: skip
def test_a_damaged_key_is_refused(tmp_path: Path, content: str) -> None:
    sheet = Sheet(tmp_path)
    Path(key_of(str(sheet.path))).write_text(content)
    with pytest.raises(Refused) as caught:
        read_key(key_of(str(sheet.path)), sheet.summary)
    assert caught.value.code == "no_label_key"


def test_rows_without_scores_are_not_drawn(tmp_path: Path) -> None:
    tuned: list[float | None] = [1.0, None] * 20
    sheet = Sheet(tmp_path, n=100, tuned=tuned)
    assert sheet.told["rows"] == 20
    assert sheet.told["of"] == 20


def test_nothing_to_label_is_said(tmp_path: Path) -> None:
    folder = put_results(tmp_path, tuned=[None] * 40)
    with pytest.raises(Refused) as caught:
        scored_examples(str(folder), "Correctness")
    assert caught.value.code == "nothing_to_label"
