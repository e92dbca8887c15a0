"""Rows that reach a model as they should not, and sets with next to nothing in them: a clear error or a finding."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from model_evaluation.kinds.predictive.localaws.containers import Refusal, answer
from model_evaluation.kinds.predictive.localaws.estimators import Trained, train
from model_evaluation.kinds.predictive.localaws.world import image_of
from model_evaluation.kinds.predictive.runtime.notebook import Rows
from model_evaluation.kinds.predictive.runtime.problem import Columns, Problem, ThresholdRule
from model_evaluation.kinds.predictive.runtime.reading.table_files import TableFormat
from model_evaluation.kinds.predictive.runtime.tables import Predictions, TestSet
from model_evaluation.kinds.predictive.runtime.transform_runs import TransformRuns
from model_evaluation.runtime.launch.service import diagnose
from unit.predictive.numbers.cases import analysed, ids, texts

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def model() -> Trained:
    x = RNG.normal(size=(80, 3))
    return train("LogisticRegression", x, (x[:, 0] > 0).astype(int))


def rows_of(path: Path, **columns: str) -> Rows:
    settings = SimpleNamespace(
        test_set=str(path), test_format=TableFormat("csv"), threshold=ThresholdRule(), validation_format=None,
        columns=Columns(**columns), problem=Problem("binary", "1"), slices=(),
    )  # fmt: skip
    return Rows(settings, None)  # type: ignore[arg-type]  # a local file takes no AWS


def test_neither_header_nor_label_nor_id_is_sent_to_the_model(tmp_path: Path, model: Trained) -> None:
    path = tmp_path / "test.csv"
    path.write_text("id,label,a,b,c\nr1,1,0.5,0.25,2\nr2,0,1,,3\n")
    rows = rows_of(path, label="label", id="id")
    (body,) = rows.job_parts(1)
    assert body == b"r1,0.5,0.25,2\nr2,1,,3\n"  # the job takes the id off: $[1:]
    sent = "\n".join(line.partition(",")[2] for line in body.decode().splitlines())
    text, _ = answer(image_of("xgboost", "us-west-2"), model, sent.encode(), "text/csv", batch=True)
    assert len(text.splitlines()) == 2


@pytest.mark.parametrize(
    ("family", "body", "status", "told"),
    [
        ("xgboost", "a,b,c\n1,2,3", 415, "could not read the rows"),  # a header
        ("xgboost", '"1",2,3', 415, "could not read the rows"),
        ("xgboost", "1,2,3\n1,2", 415, "could not read the rows"),
        ("xgboost", "1,0.5,0.25,2", 400, "another number of columns"),  # a label in front
        ("xgboost", "1,2,3\n" * 1_100_000, 413, "too large"),
    ],
)
def test_what_a_container_refuses_is_explained(model: Trained, family: str, body: str, status: int, told: str) -> None:
    with pytest.raises(Refusal) as refusal:
        answer(image_of(family, "us-west-2"), model, body.encode(), "text/csv", batch=True)
    assert refusal.value.status == status
    reason = f"Bad HTTP status received from algorithm: {status}. {refusal.value.text}"
    failure = diagnose(reason, TransformRuns.failures)
    assert told in failure.meaning
    assert failure.fix


def test_a_column_too_few_is_answered_all_the_same_and_hence_checked_before(model: Trained) -> None:
    """XGBoost takes the last column as missing: only the number of columns, known before, tells."""
    text, _ = answer(image_of("xgboost", "us-west-2"), model, b"1,2", "text/csv", batch=True)
    assert 0 <= float(text) <= 1


def test_boolean_features_of_typed_files_are_sent_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "test.parquet"
    pd.DataFrame({"id": ["a", "b"], "label": [True, False], "flag": [True, False]}).to_parquet(path)
    settings = SimpleNamespace(
        test_set=str(path), test_format=TableFormat("parquet"), threshold=ThresholdRule(), validation_format=None,
        columns=Columns("label", "id"), problem=Problem("binary", "true"), slices=(),
    )  # fmt: skip
    rows = Rows(settings, None)  # type: ignore[arg-type]
    assert rows.job_parts(1) == [b"a,1\nb,0\n"]
    assert rows.classes == ["false", "true"]


def test_booleans_and_ones_are_the_same_answers() -> None:
    truth = texts(["true"] * 30 + ["false"] * 30)
    said = Predictions(ids(60), None, texts(["1"] * 25 + ["0"] * 35))
    analysis = analysed(TestSet(ids(60), truth), {"tuned": said}, Problem("binary", "true"), primary="accuracy")
    value = analysis.summary["metrics"]["accuracy"]["tuned"]
    assert value is not None
    assert value["value"] == pytest.approx(55 / 60)  # type: ignore[typeddict-item]
    assert analysis.summary["confusion"]["tuned"] == {"classes": ["false", "true"], "counts": [[30, 0], [5, 25]]}
