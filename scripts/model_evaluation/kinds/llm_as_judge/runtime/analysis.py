"""From an execution's files to its analysis: the one call behind the notebook's results cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.per_example import paired_table
from model_evaluation.runtime.source_rows import SourceRows
from model_evaluation.runtime.statistics.comparison import compare
from model_evaluation.runtime.statistics.dataset_table import read_listed, traced_to
from model_evaluation.runtime.statistics.metrics import Metric, read_metrics
from model_evaluation.runtime.statistics.pairing import pair_rows
from model_evaluation.runtime.statistics.verdicts import MODEL_LABELS

from .result_files import (
    MEAN_TOLERANCE,
    SIDES,
    Problem,
    ResultFiles,
    ResultsError,
    find_result_files,
    read_aggregate_means,
)
from .result_rows import ResultBlocks, read_judged, text_tables
from .words import report_words


def analyse_execution(
    s3: Any,
    *,
    output_uri: str,
    execution_arn: str,
    dataset_lines: Iterable[bytes] | Iterable[str],
    judge: str,
    model_names: Mapping[str, str | None],
    builtin_metrics: Sequence[str] | None,
    custom_metrics_json: str | None,
    primary_metric: str,
    scope: str,
    simulated: bool,
    created: str,
    further_executions: Sequence[str] = (),
    source: SourceRows | None = None,
) -> Analysis:
    """Read, pair and compare the results of one execution, and of those that evaluated the dataset's further files.

    ``scope`` is ``compare``, ``tuned`` or ``base``; ``model_names`` has the keys ``tuned`` and ``base``. Records are
    named after the rows' lines in the dataset, or in the ``source`` it was prepared from.
    Raises :class:`ResultsError` when the execution left no result files for any model that was asked for.
    """
    wanted = SIDES[scope]
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
    blocks = {side: ResultBlocks(s3, files.bucket, keys) for side, keys in found.items()}
    listed = read_listed(dataset_lines)
    if source is not None and source.lines:
        listed = traced_to(listed, source.lines)
    pairs = pair_rows(listed, {side: read_judged(blocks[side]) for side in wanted})
    metrics = read_metrics(builtin_metrics, custom_metrics_json)
    problems = [problem for side in wanted for problem in pairs.sides[side].problems]
    notes = _file_warnings(files, problems, listed.skipped)
    summary = compare(
        pairs,
        metrics=metrics,
        primary_metric=primary_metric.removeprefix("Builtin."),
        scope=scope,
        judge=judge,
        models=model_names,
        execution_arn=execution_arn,
        created=created,
        simulated=simulated,
        problems=notes,
    )
    for side, keys in (("tuned", files.tuned_aggregates), ("base", files.base_aggregates)):
        if side in wanted:
            means = read_aggregate_means(s3, files.bucket, keys)
            summary["warnings"][len(notes) : len(notes)] = _aggregate_warnings(side, means, summary["metrics"])
    if source is not None and source.lines:
        summary["record_source"] = source.source
    if further_executions:
        summary["warnings"].append(f"The dataset was evaluated in {len(ids)} parts, by executions {', '.join(ids)}.")
    names = {metric.name for metric in metrics}
    metrics += [Metric(name, chosen=False) for name in summary["metrics"] if name not in names]

    def table() -> pa.Table:
        return paired_table(pairs, metrics, {side: _texts(blocks[side], len(pairs.sides[side])) for side in wanted})

    return Analysis(summary, report_words(summary), table)


def _texts(blocks: ResultBlocks, rows: int) -> pa.Table:
    """The texts of a model's ``rows`` judged rows."""
    tables = [pa.table({"response": pa.array([], pa.string())}), *text_tables(blocks)]
    texts = pa.concat_tables(tables, promote_options="default")
    if len(texts) != rows:
        raise ResultsError(
            "The result files have changed since they were compared.",
            fix="Run the cell that reads the results again.",
        )
    return texts


def _joined(parts: Sequence[ResultFiles]) -> ResultFiles:
    """The files of several executions as those of one. Their means are left out: each is a part's own."""
    tuned, base, superseded = (
        [key for part in parts for key in getattr(part, name)] for name in ("tuned", "base", "superseded")
    )
    return ResultFiles(parts[0].bucket, tuned, base, [], [], superseded)


def _file_warnings(files: ResultFiles, problems: Sequence[Problem], skipped: int) -> list[str]:
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
    return found


def _aggregate_warnings(side: str, means: Mapping[str, float], metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Where the service's own mean is not the mean of its row scores."""
    found = []
    for name, entry in metrics.items():
        reported, mean = means.get(name), entry[side]["mean"]
        if reported is None or mean is None:
            continue
        if abs(mean - reported) > MEAN_TOLERANCE + 1e-9:
            scored = entry[side]["n_scored"] - sum((entry[side]["labels"] or {}).values())
            found.append(
                f"{name}: the service reports a mean of {reported:.4g} for the {MODEL_LABELS[side]}, its own row "
                f"scores give {mean:.4g} over {scored} scored rows; the row scores are used."
            )
    return found
