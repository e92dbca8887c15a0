"""From a job's result file to its analysis: one reader for each of the four shapes that results can have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.results.aggregates import Aggregate, Aggregates, aggregates_summary
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError
from model_evaluation.runtime.results.examples import examples_table
from model_evaluation.runtime.results.paired_scores import compare_scores, paired_scores
from model_evaluation.runtime.results.preferences import LOSS, TIE, WIN, Preferences, preferences_summary
from model_evaluation.runtime.results.records import Record, ScoredAnswer
from model_evaluation.runtime.results.summary import summary_of
from model_evaluation.runtime.rows import DatasetRow
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.statistics.adjustment import holm
from model_evaluation.runtime.statistics.differences import compare_paired, settle_verdicts
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.statistics.proportions import wilson_interval
from model_evaluation.runtime.summary import MeasuredEntry, MeasuredValue, Summary

from .settings import ToySettings
from .words import TOYS, report_words

__all__ = ["ToySettings", "read_results", "report_words"]
PRIMARY = {"scores": "fun", "labels": "accuracy", "preferences": "win_rate", "aggregates": "accuracy"}
CHOICES = {"tuned": WIN, "tie": TIE, "base": LOSS, None: np.nan}

Row = Mapping[str, object]


def read_results(runs: Sequence[FinishedRun], settings: ToySettings, aws: AwsClients) -> Analysis:
    """The results of the one run."""
    return analyse(aws, settings, runs[0].execution_arn, created=runs[0].created.isoformat() if runs[0].created else "")


def analyse(aws: AwsClients, settings: ToySettings, arn: str, created: str) -> Analysis:
    """What the job with this ARN wrote, compared. Raises :class:`ResultsError` when it wrote nothing."""
    evaluation = Evaluation(
        kind="toy",
        conditions={"shape": settings.shape},
        tuned={"name": TOYS["tuned"]},
        base={"name": TOYS["base"]},
        primary_metric=PRIMARY[settings.shape],
        execution_arn=arn,
        created=created,
        simulated=aws.simulated,
    )
    rows = _rows(aws, settings, arn)
    read = {"scores": _scores, "labels": _labels, "preferences": _preferences, "aggregates": _aggregates}
    summary, records, metric = read[settings.shape](evaluation, rows)
    return Analysis(summary, report_words(summary), examples_table(records, [metric]) if records else NO_RECORDS)


NO_RECORDS = pa.table({"record_id": pa.array([], pa.string())})
Result = tuple[Summary, list[Record], Metric]


def _rows(aws: AwsClients, settings: ToySettings, arn: str) -> list[Row]:
    bucket, prefix = S3Uri.parse(settings.s3_output)
    key = f"{prefix}/{arn.rsplit('/', 1)[-1]}/rows.jsonl"
    try:
        body = aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except aws.s3.exceptions.NoSuchKey as error:
        fix = "Check that the job succeeded and that S3_OUTPUT is the prefix it was given."
        raise ResultsError(f"There is no s3://{bucket}/{key}.", fix=fix) from error
    return [json.loads(line) for line in body.splitlines()]


def _records(rows: Sequence[Row], metric: str, scores: Mapping[str, Sequence[object]]) -> list[Record]:
    """A record per row, with each toy's score."""
    records = []
    for at, row in enumerate(rows):
        prompt = str(row["query"])
        answers = {side: ScoredAnswer(prompt, None, "", {metric: own[at]}) for side, own in scores.items()}
        records.append(Record(str(at + 1), 1, DatasetRow(at + 1, prompt), answers))
    return records


def _scores(evaluation: Evaluation, rows: Sequence[Row]) -> Result:
    metric = Metric("fun", limits=(0.0, 1.0))
    records = _records(rows, metric.name, {side: [row[side] for row in rows] for side in TOYS})
    comparison = compare_scores(paired_scores(records, [metric], evaluation.sides), [metric])
    summary = summary_of(evaluation, rows=comparison.rows, metrics=comparison.metrics, slices=comparison.slices)
    return summary, records, metric


def _labels(evaluation: Evaluation, rows: Sequence[Row]) -> Result:
    metric = Metric("accuracy", limits=(0.0, 1.0))
    hits = {side: np.array([float(row[side] == row["truth"]) for row in rows]) for side in TOYS}
    comparison = compare_paired(metric, hits["tuned"], hits["base"], rng=np.random.default_rng(1))
    settle_verdicts([comparison], [metric], holm)
    values: dict[str, MeasuredValue] = {}
    for side, own in hits.items():
        low, high = wilson_interval(float(own.mean()), len(own))
        values[side] = {"value": float(own.mean()), "ci_low": low, "ci_high": high, "n": len(own), "method": "Wilson"}
    entry: MeasuredEntry = {
        "direction": "higher",
        "limits": [0.0, 1.0],
        "guard": False,
        "tuned": values["tuned"],
        "base": values["base"],
        **comparison,
    }
    n = len(rows)
    summary = summary_of(
        evaluation, rows={"dataset": n, "tuned": n, "base": n, "paired": n}, metrics={metric.name: entry}
    )
    return summary, _records(rows, metric.name, {side: own.tolist() for side, own in hits.items()}), metric


def _preferences(evaluation: Evaluation, rows: Sequence[Row]) -> Result:
    wins = np.array([CHOICES[row["choice"]] for row in rows])
    scores = {"tuned": wins.tolist(), "base": (1 - wins).tolist()}
    records = _records(rows, "win_rate", scores)
    return preferences_summary(evaluation, Preferences(wins)), records, Metric("win_rate")


def _aggregates(evaluation: Evaluation, rows: Sequence[Row]) -> Result:
    metric = Metric("accuracy", limits=(0.0, 1.0))
    parts = {str(row["part"]): {side: Aggregate(row[side], row["n"]) for side in TOYS} for row in rows}
    return aggregates_summary(evaluation, Aggregates(metric, parts)), [], metric
