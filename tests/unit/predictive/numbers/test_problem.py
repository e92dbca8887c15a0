"""Answers of the conversation as values: what is written parses to the same value, and what is wrong is said."""

from __future__ import annotations

import pytest

from model_evaluation.kinds.predictive.runtime.problem import Columns, PrimaryMetric, Problem, ThresholdRule


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("binary positive=1", Problem("binary", "1")),
        ("binary positive=past due, 60 days", Problem("binary", "past due, 60 days")),
        (" Multiclass ", Problem("multiclass")),
        ("regression", Problem("regression")),
        ("clustering", Problem("clustering")),
    ],
)
def test_a_problem_is_read_and_written(text: str, problem: Problem) -> None:
    assert Problem.parse(text) == problem
    assert Problem.parse(str(problem)) == problem


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a type of problem"),
        ("ranking", "Expected one of"),
        ("binary", "needs the positive class"),
        ("binary positive=", "needs the positive class"),
        ("binary 1", "needs the positive class"),
        ("regression positive=1", "takes nothing after it"),
    ],
)
def test_a_wrong_problem_is_explained(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Problem.parse(text)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("label=y", Columns("y")),
        ("id=customer, label=y", Columns("y", "customer")),
        ("label=y,ignore=a,b,ignore=c", Columns("y", ignore=("a", "b", "c"))),
        ("label=0,id=1,group=g,time=t,weight=w", Columns("0", "1", (), "g", "t", "w")),
        ('"label=price, EUR",id=x', Columns("price, EUR", "x")),
        ("label=y,ignore=a=b", Columns("y", ignore=("a=b",))),
        ('label=say ""hello""', Columns('say ""hello""')),
        ("ignore=x", Columns(ignore=("x",))),
        ("label=y,id=c,group=c", Columns("y", "c", group="c")),
    ],
)
def test_columns_are_read_and_written(text: str, columns: Columns) -> None:
    assert Columns.parse(text) == columns
    assert Columns.parse(str(columns)) == columns


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "No column is named"),
        ("y", "does not say which column is what"),
        ("target=y", "one of label, id, ignore, group, time, weight"),
        ("label=", "names no column"),
        ("label=a,label=b", "given twice"),
        ("label=a,id=a", "cannot be the label and something else"),
        ("label=a,id=b,weight=b", "cannot be the weight"),
        ("label=a,b", "does not say which column is what"),
    ],
)
def test_wrong_columns_are_explained(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Columns.parse(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("0.3", ThresholdRule("fixed", (0.3,))),
        ("none", ThresholdRule()),
        ("cost 1 50 cross-fit", ThresholdRule("cost", (1.0, 50.0), "cross-fit")),
        ("recall 0.9 validation s3://b/my file.csv", ThresholdRule("recall", (0.9,), "s3://b/my file.csv")),
        ("precision 0.8 Cross-Fit", ThresholdRule("precision", (0.8,), "cross-fit")),
    ],
)
def test_a_threshold_rule_is_read_and_written(text: str, rule: ThresholdRule) -> None:
    assert ThresholdRule.parse(text) == rule
    assert ThresholdRule.parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "No threshold"),
        ("high", "is not a number for the threshold"),
        ("nan", "is not a number for the threshold"),
        ("0.5 0.6", "is not a threshold"),
        ("cost 1 cross-fit", "'cross-fit' is not a number for the cost"),
        ("cost 1", "two numbers"),
        ("cost 0 0 cross-fit", "one of the two is above 0"),
        ("cost -1 5 cross-fit", "at least 0"),
        ("recall 90 cross-fit", "up to 1"),
        ("recall 0.9", "never chosen on the rows"),
        ("recall 0.9 test", "Received: test"),
    ],
)
def test_a_wrong_threshold_rule_is_explained(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ThresholdRule.parse(text)


def test_a_primary_metric_is_read_and_written() -> None:
    metric = PrimaryMetric.parse("log_loss margin=0.01", "binary")
    assert metric == PrimaryMetric("log_loss", 0.01)
    assert metric.direction == "lower"
    assert PrimaryMetric.parse(str(metric)) == metric
    assert str(PrimaryMetric.parse("r2")) == "r2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a metric of binary"),
        ("r2", "is not a metric of binary"),
        ("f1 0.01", "margin=X"),
        ("f1 margin=-1", "at least 0"),
        ("f1 margin=5", "lies between 0 and 1"),
        ("f1 margin=small", "is not a number for the margin"),
    ],
)
def test_a_wrong_primary_metric_is_explained(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PrimaryMetric.parse(text, "binary")
