"""Files' tables become test sets and predictions: by names, by id, in one spelling, and nothing lost unsaid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from model_evaluation.kinds.predictive.runtime.joined import join
from model_evaluation.kinds.predictive.runtime.problem import Columns, Problem
from model_evaluation.kinds.predictive.runtime.reading.answer_columns import answer_columns
from model_evaluation.kinds.predictive.runtime.reading.labels import (
    canonical_label,
    canonical_labels,
    class_order,
    encode,
)
from model_evaluation.kinds.predictive.runtime.reading.table_reading import (
    read_predictions,
    read_test_set,
    score_lists,
    unique_predictions,
)
from model_evaluation.kinds.predictive.runtime.tables import Predictions, TestSet
from model_evaluation.runtime.results.evaluation import ResultsError
from unit.predictive.numbers.cases import BINARY, ids, texts

REGRESSION, MULTICLASS, CLUSTERING = Problem("regression"), Problem("multiclass"), Problem("clustering")


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (1, "1"), (1.0, "1"), ("1", "1"), ("1.0", "1"), (" 1 ", "1"), (True, "true"),
        ("True", "true"), ("false", "false"),
        (np.int64(7), "7"), (np.float32(2.0), "2"), ("1e2", "100"), ("-0.0", "0"), (2.5, "2.5"), ("2.50", "2.50"),
        ("007", "007"), ("yes ", "yes"), ("Yes", "Yes"), (None, ""), (math.nan, ""), ("", ""), ("nan", "nan"),
        ("None", "None"), ("inf", "inf"), (math.inf, "inf"), ("1e999", "1e999"),
    ],
)  # fmt: skip
def test_a_label_has_one_spelling(value: object, label: str) -> None:
    assert canonical_label(value) == label


def test_what_was_read_as_what_is_told() -> None:
    own = canonical_labels(np.array(["1.0", "0.0", 1.0, None, "yes"], object))
    assert own.texts.tolist() == ["1", "0", "1", "", "yes"]
    assert own.notes == ("Labels were read as one spelling: '1.0' as '1', '0.0' as '0'.",)


def test_classes_stand_in_the_order_of_numbers() -> None:
    assert class_order(["10", "9", "b", "a", "", "-1"]) == ("-1", "9", "10", "a", "b")
    assert encode(texts([9, 10, 11]), ("9", "10")).tolist() == [0, 1, -1]


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def read(table: pd.DataFrame, problem: Problem, known: Sequence[str] = ("0", "1")) -> Predictions:
    columns = answer_columns(list(table.columns), "id", problem, list(known), lambda name: list(map(str, table[name])))
    return read_predictions(table, columns, problem)


def test_a_test_set_is_read_with_every_role() -> None:
    table = frame(
        id=["007", "8", "9"],
        y=["1.0", "0", ""],
        w=["1", "2.5", "1"],
        g=["a", "a", "b"],
        t=["2026", "2026", "2025"],
        x=[1, 2, 3],
    )
    test = read_test_set(table, Columns("y", "id", (), "g", "t", "w"), BINARY, ["g", "x"])
    assert test.ids.tolist() == ["007", "8"]
    assert np.asarray(test.label).tolist() == ["1", "0"]
    assert test.weight is not None
    assert test.weight.tolist() == [1.0, 2.5]
    assert test.slices["x"].tolist() == ["1", "2"]
    assert any("1 of 3 rows of the test set have no label" in note for note in test.notes)


def test_without_an_id_column_a_rows_number_is_its_id() -> None:
    test = read_test_set(frame(y=["1", "", "0"]), Columns("y"), BINARY)
    assert test.ids.tolist() == ["0", "2"]


@pytest.mark.parametrize(
    ("table", "columns", "problem", "says"),
    [
        (frame(y=["1"]), Columns("label"), BINARY, "has no column 'label'; its columns are 'y'"),
        (frame(y=["1", "0"], i=["a", "a"]), Columns("y", "i"), BINARY, "repeat: 1 of them, such as 'a'"),
        (frame(y=["1", "0"], i=["a", ""]), Columns("y", "i"), BINARY, "1 rows of the test set have no id"),
        (frame(y=["1", "0"], w=["1", "-2"]), Columns("y", weight="w"), BINARY, "not a number of at least 0 in 1 rows"),
        (frame(y=["1", "0"], w=["1", "x"]), Columns("y", weight="w"), BINARY, "such as 'x'"),
        (frame(y=["1", "0"], w=["0", "0"]), Columns("y", weight="w"), BINARY, "Every weight"),
        (frame(y=["1", "low"]), Columns("y"), REGRESSION, "not a finite number in 1 of 2 rows, such as 'low'"),
        (frame(y=["1", "inf"]), Columns("y"), REGRESSION, "not a finite number"),
        (frame(y=["", None]), Columns("y"), BINARY, "No row of the test set has a label"),
        (frame(y=["1"]), Columns(id="y"), BINARY, "No column is the label"),
    ],
)
def test_a_test_set_that_cannot_be_used_is_refused(table: Any, columns: Columns, problem: Problem, says: str) -> None:
    with pytest.raises(ResultsError, match=says) as caught:
        read_test_set(table, columns, problem)
    assert caught.value.fix


def test_clusters_have_the_features_that_no_role_takes() -> None:
    test = read_test_set(frame(id=["a", "b"], x=["1", "2"], z=["3", "?"]), Columns(id="id"), CLUSTERING)
    assert test.features is not None
    assert test.features.shape == (2, 2)
    assert "1 rows have a feature that is not a number" in test.notes[0]


@pytest.mark.parametrize(
    ("columns", "problem", "score", "prediction", "classes"),
    [
        ({"score": ["0.2", "0.9"]}, BINARY, [0.2, 0.9], None, ()),
        ({"Probability": [0.2, 0.9], "predicted_label": ["0", "1.0"]}, BINARY, [0.2, 0.9], ["0", "1"], ()),
        ({"prediction": ["cat", "dog"]}, MULTICLASS, None, ["cat", "dog"], ()),
        ({"Score_A": ["1", "0"], "prob B": ["0", "1"]}, MULTICLASS, [[1, 0], [0, 1]], None, ("A", "B")),
        ({"score_1": ["0.2", "0.9"]}, BINARY, [0.2, 0.9], None, ()),
        ({"score_a": ["1", "0"], "score_b": ["0", "1"]}, MULTICLASS, [[1, 0], [0, 1]], None, ("a", "b")),
        ({"probabilities": ["[0.3, 0.7]", "[1, 0]"]}, BINARY, [[0.3, 0.7], [1, 0]], None, ()),
        (
            {"probabilities": ["[0.3, 0.7]", "[1, 0]"], "labels": ["['no', 'yes']"] * 2},
            BINARY,
            [[0.3, 0.7], [1, 0]],
            None,
            ("no", "yes"),
        ),
        ({"prediction": ["10.5", "7"]}, REGRESSION, [10.5, 7], None, ()),
        ({"closest_cluster": ["1.0", "0.0"]}, CLUSTERING, None, ["1", "0"], ()),
    ],
)
def test_predictions_are_read_by_the_names_of_their_columns(
    columns: dict[str, Any], problem: Problem, score: Any, prediction: Any, classes: tuple[str, ...]
) -> None:
    own = read(frame(id=["a", "b"], **columns), problem, [*classes, *(prediction or ["0", "1"])])
    assert own.ids.tolist() == ["a", "b"]
    assert own.classes == classes
    assert (own.score is None) == (score is None)
    if score is not None:
        assert np.asarray(own.score).tolist() == score
    assert (None if own.prediction is None else own.prediction.tolist()) == prediction


def test_what_cannot_be_read_is_counted_and_the_first_answer_counts() -> None:
    table = frame(id=["a", "a", "b", "c", "d"], score=["0.1", "0.9", "ERROR", "nan", "inf"])
    own = read(table, BINARY)
    assert own.ids.tolist() == ["a"]
    assert np.asarray(own.score).tolist() == [0.1]
    assert (own.duplicate, own.unparsable) == (1, 3)


def test_lists_of_different_lengths_are_not_understood() -> None:
    scores = score_lists(["[0.1, 0.9]", "[0.5]", "text", [0.3, 0.7]])
    assert np.isnan(scores[1]).all()
    assert np.isnan(scores[2]).all()
    assert scores[3].tolist() == [0.3, 0.7]


def test_ids_in_another_spelling_are_matched_and_told() -> None:
    test = TestSet(texts([1, 2, 3]), texts([1, 0, 1]))
    said = Predictions(texts(["1.0", "2.0", "3.0"]), np.array([0.9, 0.1, 0.8]))
    joined = join(test, {"tuned": said}, BINARY)
    assert len(joined) == 3
    assert "Ids were written in two ways" in joined.notes[0]


def test_class_scores_that_were_rounded_are_probabilities_all_the_same() -> None:
    score = np.array([[0.333, 0.333, 0.333], [0.5, 0.25, 0.25]])
    joined = join(
        TestSet(ids(2), texts([0, 1])), {"tuned": Predictions(ids(2), score, None, ("0", "1", "2"))}, MULTICLASS
    )
    assert joined.said["tuned"].probabilities
    assert np.asarray(joined.said["tuned"].score)[0].sum() == pytest.approx(1)
    raw = join(
        TestSet(ids(2), texts([0, 1])), {"tuned": Predictions(ids(2), 3 * score, None, ("0", "1", "2"))}, MULTICLASS
    )
    assert not raw.said["tuned"].probabilities


def test_scores_of_more_classes_than_there_are_need_names() -> None:
    score = np.full((2, 4), 0.25)
    with pytest.raises(ResultsError, match="4 scores per row, but there are 2 classes"):
        join(TestSet(ids(2), texts([0, 1])), {"tuned": Predictions(ids(2), score)}, MULTICLASS)


def test_unique_predictions_keep_the_classes_order() -> None:
    own = unique_predictions(ids(2), np.array([[0.1, 0.9], [0.4, 0.6]]), None, ["0.0", "1.0"])
    assert own.classes == ("0", "1")


def test_intervals_of_a_regression_are_read() -> None:
    own = read(frame(id=["a", "b"], prediction=["1", "2"], lower=["0", "x"], upper_bound=["3", "4"]), REGRESSION)
    assert own.bounds is not None
    assert own.bounds[0].tolist() == [0, 3]
    assert np.isnan(own.bounds[1, 0])
