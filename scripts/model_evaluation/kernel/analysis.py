"""From an execution's files to its analysis: the one call behind the notebook's results cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .comparison import compare, score_arrays
from .results import (
    MEAN_TOLERANCE,
    Problem,
    Record,
    ResultFiles,
    ResultRow,
    ResultRows,
    ResultsError,
    find_result_files,
    pair_records,
    read_aggregate_means,
    read_result_rows,
)
from .rows import read_dataset_rows
from .scales import Metric, read_metrics
from .verdicts import MODEL_LABELS

FIXED_COLUMNS = (
    "record_id",
    "occurrence",
    "prompt",
    "reference",
    "category",
    "tuned_response",
    "base_response",
)


@dataclass(frozen=True)
class Analysis:
    """A finished analysis. ``summary`` is ``summary.json``, ``per_example`` the table beside it."""

    summary: dict[str, Any]
    records: list[Record]
    per_example: pd.DataFrame
    problems: list[Problem]
    metrics: list[Metric]


def analyse_execution(
    s3: Any,
    *,
    output_uri: str,
    execution_arn: str,
    dataset_lines: Iterable[bytes | str],
    judge: str,
    model_names: Mapping[str, str | None],
    builtin_metrics: Sequence[str] | None,
    custom_metrics_json: str | None,
    primary_metric: str,
    scope: str,
    simulated: bool,
    created: str,
    further_executions: Sequence[str] = (),
) -> Analysis:
    """Read, pair and compare the results of one execution, and of those that evaluated the dataset's further files.

    ``scope`` is ``compare``, ``tuned`` or ``base``; ``model_names`` has the keys ``tuned`` and ``base``.
    Raises :class:`ResultsError` when the execution left no result files for any model that was asked for.
    """
    wanted = ["tuned", "base"] if scope == "compare" else [scope]
    ids = [arn.rsplit("/", 1)[-1] for arn in (execution_arn, *further_executions)]
    parts = [find_result_files(s3, output_uri, execution_id) for execution_id in ids]
    for execution_id, part in zip(ids, parts, strict=True):
        if not any(getattr(part, side) for side in wanted):
            raise ResultsError(
                f"No result files of execution {execution_id} under {output_uri}.",
                fix="Check that the execution's judge steps succeeded and that S3_OUTPUT is the prefix it was given.",
            )
    files = parts[0] if len(parts) == 1 else _joined(parts)
    found = {side: getattr(files, side) for side in wanted}
    rows = {side: read_result_rows(s3, files.bucket, keys) for side, keys in found.items()}
    nothing = ResultRows([], [])
    dataset = read_dataset_rows(dataset_lines)
    records = pair_records(dataset.rows, rows.get("tuned", nothing).rows, rows.get("base", nothing).rows)
    metrics = read_metrics(builtin_metrics, custom_metrics_json)
    problems = [problem for side in wanted for problem in rows[side].problems]
    summary = compare(
        records,
        metrics=metrics,
        primary_metric=primary_metric.removeprefix("Builtin."),
        scope=scope,
        judge=judge,
        models=model_names,
        execution_arn=execution_arn,
        created=created,
        simulated=simulated,
        problems=_file_warnings(s3, files, rows, metrics, problems, dataset.skipped),
    )
    if further_executions:
        summary["warnings"].append(f"The dataset was evaluated in {len(ids)} parts, by executions {', '.join(ids)}.")
    names = {metric.name for metric in metrics}
    metrics += [Metric(name, chosen=False) for name in summary["metrics"] if name not in names]
    return Analysis(summary, records, per_example_table(records, metrics), problems, metrics)


def _joined(parts: Sequence[ResultFiles]) -> ResultFiles:
    """The files of several executions as those of one. Their means are left out: each is a part's own."""
    tuned, base, superseded = (
        [key for part in parts for key in getattr(part, name)] for name in ("tuned", "base", "superseded")
    )
    return ResultFiles(parts[0].bucket, tuned, base, [], [], superseded)


def _file_warnings(
    s3: Any,
    files: ResultFiles,
    rows: Mapping[str, ResultRows],
    metrics: Sequence[Metric],
    problems: Sequence[Problem],
    skipped: int,
) -> list[str]:
    found = []
    if problems:
        first = problems[0]
        found.append(
            f"Lines of the result files that could not be read: {len(problems)}. The first is line {first.line} of "
            f"{first.key}: {first.message}."
        )
    if skipped:
        found.append(f"Lines of the dataset that are not usable rows: {skipped}.")
    if files.superseded:
        found.append(f"Result files of an earlier attempt of a judge step, left out: {len(files.superseded)}.")
    for side, keys in (("tuned", files.tuned_aggregates), ("base", files.base_aggregates)):
        if side in rows:
            means = read_aggregate_means(s3, files.bucket, keys)
            found += _aggregate_warnings(MODEL_LABELS[side], means, rows[side].rows, metrics)
    return found


def _aggregate_warnings(
    label: str, means: Mapping[str, float], rows: Sequence[ResultRow], metrics: Sequence[Metric]
) -> list[str]:
    """Where the service's own mean is not the mean of its row scores."""
    found = []
    for metric in metrics:
        numbers = [metric.number(row.scores.get(metric.name)) for row in rows]
        scored = [number for number in numbers if number == number]
        reported = means.get(metric.name)
        if reported is None or not scored:
            continue
        mean = sum(scored) / len(scored)
        if abs(mean - reported) > MEAN_TOLERANCE + 1e-9:
            found.append(
                f"{metric.name}: the service reports a mean of {reported:.4g} for the {label}, its own row scores "
                f"give {mean:.4g} over {len(scored)} scored rows; the row scores are used."
            )
    return found


def per_example_table(records: Sequence[Record], metrics: Sequence[Metric]) -> pd.DataFrame:
    """One line per record, in dataset order. A metadata field named like another column gets the prefix
    ``metadata_``. A label without a number stays text; its difference is missing."""
    columns: dict[str, Any] = {
        "record_id": [r.record_id for r in records],
        "occurrence": [r.occurrence for r in records],
        "prompt": [r.prompt for r in records],
        "reference": [r.reference for r in records],
        "category": [r.row.category if r.row else None for r in records],
    }
    later = {
        f"{m.name}__{part}"
        for m in metrics
        for part in ("tuned", "base", "difference", "tuned_explanation", "base_explanation")
    }
    fields = sorted({name for r in records if r.row for name in r.row.metadata})
    for name in fields:
        column = name
        while column in columns or column in FIXED_COLUMNS or column in later:
            column = f"metadata_{column}"
        columns[column] = [r.row.metadata.get(name) if r.row else None for r in records]
    for side in ("tuned", "base"):
        columns[f"{side}_response"] = [row.response if (row := getattr(r, side)) else None for r in records]
    for metric in metrics:
        tuned, base = score_arrays(metric, records)
        for side, numbers in (("tuned", tuned), ("base", base)):
            columns[f"{metric.name}__{side}"] = _score_column(metric, records, side, numbers)
        columns[f"{metric.name}__difference"] = tuned - base
        for side in ("tuned", "base"):
            columns[f"{metric.name}__{side}_explanation"] = [
                row.explanations.get(metric.name) if (row := getattr(r, side)) else None for r in records
            ]
    return pd.DataFrame(columns)


def _score_column(metric: Metric, records: Sequence[Record], side: str, numbers: Any) -> Any:
    """Numbers, or the labels as text when the metric has any label that is not a number."""
    scores = [row.scores.get(metric.name) if (row := getattr(r, side)) else None for r in records]
    if any(isinstance(s, str) and metric.number(s) != metric.number(s) for s in scores):
        return [None if s is None else str(s) for s in scores]
    return numbers
