"""What containers answer with, and what that means: each one's own shape, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from model_evaluation.kinds.predictive.runtime.problem import Problem
from model_evaluation.kinds.predictive.runtime.reading.answers import parse_answer, predictions_of, split_answers
from model_evaluation.runtime.results.evaluation import ResultsError

BINARY = Problem("binary", "1")
NUMBER = Problem("regression")
IDS = ["a", "b", "c"]

SHAPES: list[tuple[str, str, tuple[float, ...], str]] = [
    ("XGBoost", "0.71", (0.71,), ""),
    ("XGBoost, classes", "[0.32, 0.31, 0.37]", (0.32, 0.31, 0.37), ""),
    ("XGBoost, quoted list", '"[0.3, 0.7]"', (0.3, 0.7), ""),
    ("Linear Learner", '{"score": 0.4, "predicted_label": 0}', (0.4,), "0"),
    ("Linear Learner, classes", '{"score": [0.1, 0.9], "predicted_label": 1}', (0.1, 0.9), "1"),
    ("k-NN", '{"predicted_label": 2.0}', (), "2"),
    ("K-Means", '{"closest_cluster": 1.0, "distance_to_cluster": 3.0}', (), "1"),
    ("LightGBM", '{"probabilities": [[0.9, 0.1]]}', (0.9, 0.1), ""),
    ("LightGBM, regression", '{"prediction": [12.5]}', (12.5,), ""),
    ("one in predictions", '{"predictions": [{"score": 0.71}]}', (0.71,), ""),
    ("scikit-learn, scores", "0.1,0.9", (0.1, 0.9), ""),
    ("a class by name", "churn", (), "churn"),
    ("a placeholder", "ERROR", (), ""),
    ("not a number", "nan", (), ""),
    ("null", "null", (), ""),
    ("infinite", '{"score": Infinity}', (), ""),
    ("NumPy's own writing", "[np.float64(0.1), np.float64(0.9)]", (0.1, 0.9), ""),
]


@pytest.mark.parametrize(("name", "text", "numbers", "label"), SHAPES, ids=[shape[0] for shape in SHAPES])
def test_an_answer_is_read(name: str, text: str, numbers: tuple[float, ...], label: str) -> None:
    answer = parse_answer(text)
    assert (answer.numbers, answer.label) == (numbers, label)


def test_fields_that_a_container_was_told_to_give_are_read_by_name() -> None:
    keys = ["predicted_label", "probability", "probabilities", "labels"]
    answer = parse_answer("""1, 0.1, "[0.9, 0.1]", "['1', '0']" """, keys)
    assert (answer.label, answer.numbers, answer.labels) == ("1", (0.9, 0.1), ("1", "0"))


BODIES = [
    ("0.71,0.02,0.5", ["0.71", "0.02", "0.5"]),
    ("0.71\n0.02\n0.5\n", ["0.71", "0.02", "0.5"]),
    ('{"predictions": [{"score": 1}, {"score": 2}, {"score": 3}]}', ['{"score": 1}', '{"score": 2}', '{"score": 3}']),
    ('{"probabilities": [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]}', ["[0.9, 0.1]", "[0.2, 0.8]", "[0.5, 0.5]"]),
    ("[[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]", ["[0.9, 0.1]", "[0.2, 0.8]", "[0.5, 0.5]"]),
    ("[1, 0, 1]", ["1", "0", "1"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "texts"), BODIES)
def test_a_body_is_split_into_one_answer_per_row(body: str, texts: list[str]) -> None:
    assert split_answers(body, 3) == texts


@pytest.mark.parametrize("body", ["0.1,0.2", "", '{"predictions": [{"score": 1}]}', "[[1], [2], [3], [4]]"])
def test_more_or_fewer_answers_than_rows_are_refused(body: str) -> None:
    with pytest.raises(ResultsError, match="3 rows were sent and"):
        split_answers(body, 3)


def test_the_score_of_class_one_is_turned_when_class_zero_is_the_positive_one() -> None:
    found = predictions_of(IDS, ["0.2", "0.9", "0.4"], Problem("binary", "0"), ["0", "1"])
    assert found.score is not None
    assert found.score.tolist() == pytest.approx([0.8, 0.1, 0.6])
    assert "one minus that" in found.notes[0]
    straight = predictions_of(IDS, ["0.2", "0.9", "0.4"], BINARY, ["0", "1"])
    assert straight.score is not None
    assert straight.score.tolist() == [0.2, 0.9, 0.4]
    assert straight.notes == ()


def test_classes_without_scores_stay_classes() -> None:
    found = predictions_of(IDS, ["1", "0.0", "1.0"], BINARY, ["0", "1"])
    assert found.score is None
    assert found.prediction is not None
    assert found.prediction.tolist() == ["1", "0", "1"]


def test_a_list_has_the_order_of_its_labels_else_of_the_numbers_else_of_the_names() -> None:
    told = [json.dumps({"probabilities": [0.7, 0.3], "labels": ["yes", "no"]})] * 3
    assert predictions_of(IDS, told, Problem("binary", "yes"), ["no", "yes"]).classes == ("yes", "no")
    numbered = ["[0.1, 0.2, 0.7]"] * 3
    multi = Problem("multiclass")
    assert predictions_of(IDS, numbered, multi, ["0", "1", "2"]).classes == ("0", "1", "2")
    assert predictions_of(IDS, numbered, multi, ["c", "a", "b"]).classes == ("a", "b", "c")


def test_three_scores_are_no_binary_answer_and_two_no_regression() -> None:
    with pytest.raises(ResultsError, match="3 scores per row, the test set has the classes 0, 1"):
        predictions_of(IDS, ["[0.1, 0.2, 0.7]"] * 3, BINARY, ["0", "1"])
    with pytest.raises(ResultsError, match="2 numbers per row; a regression has one"):
        predictions_of(IDS, ["0.1,0.2"] * 3, NUMBER, [])
    with pytest.raises(ResultsError, match="4 scores per row, and the test set has 3 classes"):
        predictions_of(IDS, ["[1, 2, 3, 4]"] * 3, Problem("multiclass"), ["a", "b", "c"])


def test_what_cannot_be_read_is_counted_and_nothing_readable_is_refused() -> None:
    found = predictions_of(["a", "b", "b", "c"], ["0.1", "ERROR", "0.3", "nan"], NUMBER, [], sent=5, surplus=2)
    assert (found.ids.tolist(), found.unparsable, found.duplicate) == (["a"], 2, 1)
    assert (found.missing, found.surplus) == (2, 2)
    with pytest.raises(ResultsError, match="None of the 3 answers can be read; the first is 'ERROR'"):
        predictions_of(IDS, ["ERROR", "", "nan"], BINARY, ["0", "1"])
    with pytest.raises(ResultsError, match="1 and 2 numbers per row"):
        predictions_of(IDS, ["0.1", "0.1,0.9", "0.2"], BINARY, ["0", "1"])


def test_clusters_are_names_even_where_a_distance_stands_beside_them() -> None:
    found = predictions_of(IDS, ["1.0,3.5", "0.0,2.25", "1.0,0.5"], Problem("clustering"), [], family="kmeans")
    assert found.prediction is not None
    assert found.prediction.tolist() == ["1", "0", "1"]
    assert found.score is None


def test_regression_numbers_are_scores() -> None:
    found = predictions_of(IDS, ['{"score": 1.5}', '{"score": 2}', '{"score": -3}'], NUMBER, [])
    assert found.score is not None
    assert np.array_equal(found.score, [1.5, 2.0, -3.0])
