"""From the jobs' files to an analysis: the one call behind the notebook's results cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from model_evaluation.kinds.nova.runtime.output.details import DetailRow, DetailRows, read_details
from model_evaluation.kinds.nova.runtime.output.result_files import OutputFiles, aggregate_results, headline
from model_evaluation.kinds.nova.runtime.report.nova_analysis import NovaAnalysis
from model_evaluation.kinds.nova.runtime.report.words import report_words
from model_evaluation.runtime.results.cautions import score_cautions
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side
from model_evaluation.runtime.results.examples import examples_table
from model_evaluation.runtime.results.fairness import FairnessReview
from model_evaluation.runtime.results.paired_scores import compare_scores, paired_scores
from model_evaluation.runtime.results.records import Record
from model_evaluation.runtime.results.summary import Summary, scores_summary
from model_evaluation.runtime.rows import DatasetRow
from model_evaluation.runtime.statistics.entries import MetricEntry

from .answers import (
    ACCURACY,
    NAMES,
    OVERLAP_METRICS,
    Matching,
    RecordIndex,
    answer_fields,
    labels_by_record,
    matching_cautions,
    metric_named,
)
from .classes import class_table
from .confidence import answer_confidence, confidence_columns, confidence_summary

MEAN_TOLERANCE = 0.005
SHOWN = 3


@dataclass(frozen=True)
class Answered:
    """What is evaluated. ``rows`` are the dataset's, ``answer_field`` the field of JSON answers that is their value
    (empty: none), ``longest`` how many tokens an answer may have."""

    evaluation: Evaluation
    rows: Sequence[DatasetRow]
    answer_field: str = ""
    longest: int | None = None
    skipped: int = 0


def analyse_answers(asked: Answered, outputs: Mapping[Side, OutputFiles], *, notes: Sequence[str] = ()) -> NovaAnalysis:
    """Scores of each model's answers, paired by record and compared; the classes of a field, and how sure the models
    were of it. Raises :class:`ResultsError` when a model that was asked for has no rows at all."""
    evaluation, sides = asked.evaluation, asked.evaluation.sides
    labels = evaluation.names
    index = RecordIndex(asked.rows)
    details = {side: read_details(outputs[side].details) for side in sides}
    matchings: dict[Side, Matching] = {}
    for side in sides:
        if not details[side].rows:
            raise ResultsError(
                f"The job of the {labels[side]} left no table of rows (details_*.parquet) that can be read"
                f"{': ' + details[side].problems[0] if details[side].problems else ''}.",
                fix="See the job's log; where it ended well, look into its output in S3.",
            )
        matchings[side] = index.match(details[side].rows, side, asked.answer_field)
    records = index.records
    names = dict.fromkeys(name for r in records for own in r.answers.values() for name in own.scores)
    metrics = [metric_named(name, evaluation.primary_metric) for name in sorted(names, key=_order)]
    paired = paired_scores(records, metrics, sides)
    comparison = compare_scores(paired, metrics)
    primary = next((metric for metric in metrics if metric.name == evaluation.primary_metric), None)
    if primary is None:
        raise ResultsError(
            f"No row has the primary metric {evaluation.primary_metric}; the rows have {', '.join(names) or 'none'}.",
            fix="Set PRIMARY_METRIC to one of these and run this cell and those after it again.",
        )
    fairness = None
    if len(sides) == 2:
        fairness = FairnessReview(records, paired, comparison, primary, labels, asked.longest).fairness()
    warnings = [
        *notes,
        *_file_cautions(outputs, details, asked.skipped, labels),
        *(text for side in sides for text in matching_cautions(matchings[side], labels[side], len(asked.rows))),
        *(text for side in sides for text in _mean_cautions(side, outputs[side], comparison.metrics, labels[side])),
        *_overlap_caution(asked),
        *score_cautions(records, comparison, sides, labels),
        *comparison.remarks,
    ]
    summary = scores_summary(evaluation, comparison, warnings=warnings, fairness=fairness)
    table = examples_table(records, metrics)
    further: dict[str, Any] = {"container": {side: dict(container_numbers(outputs[side])) for side in sides}}
    if asked.answer_field:
        field = asked.answer_field
        tables = {side: class_table(labels_by_record(records, side, field, matchings[side])) for side in sides}
        further["classification"] = {"field": asked.answer_field, **tables}
    confident, columns = _confidence(records, matchings, details, asked.answer_field)
    further |= confident
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    whole: Summary = {**summary, **further}  # type: ignore[typeddict-item]
    return NovaAnalysis(whole, report_words(whole), table)


def _order(name: str) -> tuple[int, str]:
    """Our own metrics first, those of functions next, overlap of words last."""
    return (0 if name == ACCURACY else 2 if name in OVERLAP_METRICS else 1, name)


def container_numbers(output: OutputFiles) -> Mapping[str, float]:
    """The container's own numbers of the whole job under the documents' names, without what it calls their errors:
    for counts these are not standard errors that an interval could be built from."""
    numbers = headline(aggregate_results(output))
    return {NAMES.get(name, name): value for name, value in numbers.items() if not name.endswith("_stderr")}


def _file_cautions(
    outputs: Mapping[Side, OutputFiles], details: Mapping[Side, DetailRows], skipped: int, labels: Mapping[str, str]
) -> Iterator[str]:
    if skipped:
        yield f"Lines of the dataset that are not usable rows: {skipped}."
    for side, found in details.items():
        problems = [*outputs[side].unusable, *found.problems]
        if problems:
            yield (
                f"Parts of the {labels[side]}'s results that could not be read: {len(problems)}. "
                f"{'; '.join(problems[:SHOWN])}."
            )
        if found.logprobs and found.logprobs != "pred_logprobs":
            yield f"The {labels[side]}'s log probabilities stand in a column named {found.logprobs}; it was read."


def _mean_cautions(side: Side, output: OutputFiles, metrics: Mapping[str, MetricEntry], label: str) -> Iterator[str]:
    """Where the container's own mean is not the mean of its row scores."""
    for name, reported in container_numbers(output).items():
        own = metrics[name][side] if name in metrics else None
        if own is None or own["mean"] is None:
            continue
        limits = metrics[name]["limits"]
        tolerance = MEAN_TOLERANCE * ((limits[1] - limits[0]) if limits else max(1.0, abs(reported)))
        if abs(own["mean"] - reported) > tolerance:
            yield (
                f"{name}: the container reports {reported:.4g} for the {label}, its own rows give "
                f"{own['mean']:.4g} over {own['n_scored']}; the rows are used."
            )


def _overlap_caution(asked: Answered) -> Iterator[str]:
    fields = answer_fields([row.reference or "" for row in asked.rows])
    if fields and asked.evaluation.primary_metric in OVERLAP_METRICS:
        yield (
            f"The references are JSON, and {asked.evaluation.primary_metric} counts words that answer and reference "
            f"share: names of keys count as right, too. It is not the share of right answers; accuracy of "
            f"{fields[0]} would be."
        )


def _confidence(
    records: Sequence[Record],
    matchings: Mapping[Side, Matching],
    details: Mapping[Side, DetailRows],
    answer_field: str,
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """``confidence`` of the first model that has log probabilities, ``base`` within it, and columns by record."""
    by_side: dict[str, Any] = {}
    columns: dict[str, list[Any]] = {}
    for side, matching in matchings.items():
        if not details[side].logprobs:
            continue
        empty = DetailRow("", "", "", "", {})
        own = [answer_confidence(matching.details.get(record.id, empty), answer_field) for record in records]
        answered = [record.id in matching.details for record in records]
        correct = np.array([_correct(record, side) for record in records], float)
        columns |= confidence_columns(own, side)
        by_side[side] = confidence_summary(
            [item for item, there in zip(own, answered, strict=True) if there],
            correct[answered],
            [record.id for record, there in zip(records, answered, strict=True) if there],
        )
    if not by_side:
        return {}, {}
    first = by_side.get("tuned") or by_side["base"]
    both = {"base": by_side["base"]} if len(by_side) == 2 else {}
    return {"confidence": {**first, **both}}, columns


def _correct(record: Record, side: Side) -> float:
    answer = record.answers.get(side)
    score = answer.scores.get(ACCURACY, answer.scores.get("exact_match")) if answer else None
    return float(score) if isinstance(score, float) else float("nan")


def benchmark_rows(outputs: Mapping[Side, OutputFiles]) -> list[DatasetRow]:
    """The questions of a benchmark as rows, as the jobs' own tables have them: its dataset is the container's. Their
    category is the subtask, by the table's name."""
    rows: dict[tuple[str, str, str], DatasetRow] = {}
    for output in outputs.values():
        for name, content in sorted(output.details.items()):
            category = subtask_of(name)
            for detail in read_details({name: content}).rows:
                key = (category, detail.example, detail.gold)
                rows.setdefault(key, DatasetRow(len(rows) + 1, detail.example, detail.gold or None, category=category))
    return list(rows.values())


def subtask_of(name: str) -> str:
    """``details_custom|mmlu:anatomy_zs_cot|0_2026….parquet`` is of ``anatomy``; a whole task of its own name."""
    parts = name.rpartition("/")[2].split("|")
    task = parts[1] if len(parts) > 1 else name
    for strategy in ("_zs_cot", "_fs_cot", "_zs", "_fs"):
        task = task.removesuffix(strategy)
    return task.partition(":")[2] or task


def benchmark_metric(asked: Answered, outputs: Mapping[Side, OutputFiles]) -> Answered:
    """The same with the name under which the rows have the benchmark's metric, where that is another one."""
    details = next(iter(outputs.values())).details
    rows = read_details(details).rows
    names = list(dict.fromkeys(NAMES.get(name, name) for row in rows for name in row.metrics))
    if asked.evaluation.primary_metric in names or not names:
        return asked
    return replace(asked, evaluation=replace(asked.evaluation, primary_metric=names[0]))
