"""From the jobs' files to an analysis: the one call behind the notebook's results cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from model_evaluation.kinds.nova.runtime.output.details import LOGPROBS, DetailRow, DetailRows, read_details
from model_evaluation.kinds.nova.runtime.output.result_files import OutputFiles, aggregate_results, headline
from model_evaluation.kinds.nova.runtime.report.nova_analysis import NovaAnalysis
from model_evaluation.kinds.nova.runtime.report.words import recipe_in, report_words
from model_evaluation.runtime.results.cautions import mean_cautions, score_cautions
from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Evaluation, ResultsError, Side
from model_evaluation.runtime.results.examples import examples_table
from model_evaluation.runtime.results.fairness import FairnessReview
from model_evaluation.runtime.results.paired_labels import ClassTable, class_table
from model_evaluation.runtime.results.paired_scores import PairedScores, compare_scores, paired_scores
from model_evaluation.runtime.results.records import Record
from model_evaluation.runtime.results.slices import Places
from model_evaluation.runtime.results.summary import scores_summary, summary_of
from model_evaluation.runtime.rows import DatasetRow
from model_evaluation.runtime.statistics.differences import NOTHING_COMPARED, metric_entry, model_scores_entry
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.summary import Comparison, MetricEntry, Rows, Summary

from .answers import (
    ACCURACY,
    NAMES,
    OVERLAP_METRICS,
    MatchCounts,
    Matching,
    RecordIndex,
    answer_fields,
    labels_by_record,
    matching_cautions,
    metric_named,
)
from .confidence import ConfidenceSummary, answer_confidence, confidence_columns, confidence_summary

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


@dataclass(frozen=True)
class Readings:
    """Records with the answers that were put to them, all of a dataset's or some drawn from it."""

    records: Sequence[Record]
    matchings: Mapping[Side, Matching]
    details: Mapping[Side, DetailRows]


def analyse_answers(asked: Answered, outputs: Mapping[Side, OutputFiles], *, notes: Sequence[str] = ()) -> NovaAnalysis:
    """Scores of each model's answers, paired by record and compared; the classes of a field, and how sure the models
    were of it. Raises :class:`ResultsError` when a model that was asked for has no rows at all."""
    return _of_details(asked, outputs, _read(asked.evaluation, outputs), notes)


def analyse_benchmark(
    evaluation: Evaluation, outputs: Mapping[Side, OutputFiles], *, notes: Sequence[str] = ()
) -> NovaAnalysis:
    """The same of a benchmark, whose dataset is the container's: questions are those of the jobs' own tables, with the
    subtask as their category. Where the rows have its metric under another name, that name is taken. Without tables see
    :func:`analyse_aggregates`."""
    if not any(output.details for output in outputs.values()):
        return analyse_aggregates(evaluation, outputs, notes=notes)
    details = _read(evaluation, outputs)
    rows: dict[tuple[str, str, str], DatasetRow] = {}
    for detail in (row for own in details.values() for row in own.rows):
        category = subtask_of(detail.place.partition(", row ")[0])
        row = DatasetRow(len(rows) + 1, detail.example, detail.gold or None, category=category)
        rows.setdefault((category, detail.example, detail.gold), row)
    names = [NAMES.get(name, name) for row in details[evaluation.sides[0]].rows for name in row.metrics]
    if names and evaluation.primary_metric not in names:
        evaluation = replace(evaluation, primary_metric=names[0])
    return _of_details(Answered(evaluation, list(rows.values())), outputs, details, notes)


def _read(evaluation: Evaluation, outputs: Mapping[Side, OutputFiles]) -> dict[Side, DetailRows]:
    details = {side: read_details(outputs[side].details) for side in evaluation.sides}
    for side, own in details.items():
        if not own.rows:
            raise no_rows(evaluation.names[side], own.problems)
    return details


def _of_details(
    asked: Answered,
    outputs: Mapping[Side, OutputFiles],
    details: Mapping[Side, DetailRows],
    notes: Sequence[str],
) -> NovaAnalysis:
    sides = asked.evaluation.sides
    readings = put_to_records(asked, details)
    records, matchings = readings.records, readings.matchings
    names = dict.fromkeys(name for r in records for own in r.answers.values() for name in own.scores)
    metrics = metrics_of(asked, names)
    paired = paired_scores(records, metrics, sides)
    classes: dict[Side, ClassTable] = {}
    if asked.answer_field:
        field = asked.answer_field
        classes = {
            side: class_table(Counter(labels_by_record(records, side, field, matchings[side]))) for side in sides
        }
    counts = {side: matchings[side].counts for side in sides}
    table = examples_table(records, metrics)
    return conclusion(asked, outputs, readings, paired, metrics, counts, classes, lambda: table, notes=notes)


def no_rows(label: str, problems: Sequence[str]) -> ResultsError:
    return ResultsError(
        f"The job of the {label} left no table of rows (details_*.parquet) that can be read"
        f"{': ' + problems[0] if problems else ''}.",
        fix="See the job's log; where it ended well, look into its output in S3.",
    )


def put_to_records(asked: Answered, details: Mapping[Side, DetailRows]) -> Readings:
    """The models' rows at the dataset's."""
    index = RecordIndex(asked.rows)
    matchings = {side: index.match(own.rows, side, asked.answer_field) for side, own in details.items()}
    return Readings(index.records, matchings, details)


def metrics_of(asked: Answered, names: Iterable[str]) -> list[Metric]:
    """The metrics in the order of reports. Raises :class:`ResultsError` when the primary one is not among them."""
    primary = asked.evaluation.primary_metric
    found = sorted(dict.fromkeys(names), key=_order)
    if primary not in found:
        raise ResultsError(
            f"No row has the primary metric {primary}; the rows have {', '.join(found) or 'none'}.",
            fix="Set PRIMARY_METRIC to one of these and run this cell and those after it again.",
        )
    return [metric_named(name, primary) for name in found]


def conclusion(
    asked: Answered,
    outputs: Mapping[Side, OutputFiles],
    readings: Readings,
    paired: PairedScores,
    metrics: Sequence[Metric],
    counts: Mapping[Side, MatchCounts],
    classes: Mapping[Side, ClassTable],
    records_table: Callable[[], pa.Table],
    *,
    places: Places | None = None,
    notes: Sequence[str] = (),
) -> NovaAnalysis:
    """The analysis of ``paired``, the scores of all records. What only texts tell is of ``readings``, those of the
    records at ``places`` where these are not all; ``records_table`` is asked last, since it may be made meanwhile."""
    evaluation, sides = asked.evaluation, asked.evaluation.sides
    labels, records = evaluation.names, readings.records
    comparison = compare_scores(paired, metrics)
    read = paired if places is None else chosen_places(paired, places)
    fairness = None
    if len(sides) == 2:
        primary = next(metric for metric in metrics if metric.name == evaluation.primary_metric)
        fairness = FairnessReview(records, read, comparison, primary, labels, asked.longest).fairness()
    told = records if read is paired else [record for record in records if len(record.answers) == len(sides)]
    warnings = [
        *notes,
        *_file_cautions(outputs, readings.details, asked, labels),
        *(text for side in sides for text in matching_cautions(counts[side], labels[side], paired.dataset_rows)),
        *(
            text
            for side in sides
            for text in mean_cautions(labels[side], container_numbers(outputs[side]), side, comparison.metrics)
        ),
        *_overlap_caution(asked),
        *score_cautions(told, comparison, sides, labels),
        *comparison.remarks,
    ]
    summary = scores_summary(evaluation, comparison, warnings=warnings, fairness=fairness)
    further: dict[str, object] = {"container": {side: dict(container_numbers(outputs[side])) for side in sides}}
    if classes:
        headed: dict[str, object] = {"field": asked.answer_field}
        further["classification"] = headed | {str(side): own for side, own in classes.items()}
    confident, columns = _confidence(readings, asked.answer_field)
    further |= confident
    table = records_table()
    for name, values in columns.items():
        table = table.append_column(name, placed(values, places, len(table)))
    whole: Summary = {**summary, **further}  # type: ignore[typeddict-item]
    return NovaAnalysis(whole, report_words(whole), table)


def chosen_places(paired: PairedScores, places: Places) -> PairedScores:
    """The scores of some records, without slices and clusters."""
    chosen = {name: {side: own.at(places) for side, own in by_side.items()} for name, by_side in paired.scores.items()}
    answered = {side: own[places] for side, own in paired.answered.items()}
    lengths = {side: own[places] for side, own in paired.lengths.items()}
    groups = paired.groups[places] if paired.groups is not None else None
    return PairedScores(chosen, answered, len(places), lengths, groups=groups)


def placed(values: Sequence[float | str | None], places: Places | None, n: int) -> pa.Array:
    """Values of the records that were read, at their places among all."""
    if places is None:
        return pa.array(values)
    found = np.full(n, -1, np.int64)
    found[places] = np.arange(len(places))
    return pa.array(values).take(pa.array(found, mask=found < 0))


def _order(name: str) -> tuple[int, str]:
    """Our own metrics first, those of functions next, overlap of words last."""
    return (0 if name == ACCURACY else 2 if name in OVERLAP_METRICS else 1, name)


def container_numbers(output: OutputFiles) -> Mapping[str, float]:
    """The container's own numbers of the whole job under the documents' names, without what it calls their errors:
    for counts these are not standard errors that an interval could be built from."""
    numbers = headline(aggregate_results(output))
    return {NAMES.get(name, name): value for name, value in numbers.items() if not name.endswith("_stderr")}


def _file_cautions(
    outputs: Mapping[Side, OutputFiles], details: Mapping[Side, DetailRows], asked: Answered, labels: Mapping[str, str]
) -> Iterator[str]:
    if asked.skipped:
        yield f"Lines of the dataset that are not usable rows: {asked.skipped}."
    wanted = recipe_in(asked.evaluation.conditions).get("inference", {}).get("top_logprobs")
    for side, found in details.items():
        problems = [*outputs[side].unusable, *found.problems]
        if problems:
            yield (
                f"Parts of the {labels[side]}'s results that could not be read: {len(problems)}. "
                f"{'; '.join(problems[:SHOWN])}."
            )
        if found.logprobs and found.logprobs != "pred_logprobs":
            yield f"The {labels[side]}'s log probabilities stand in a column named {found.logprobs}; it was read."
        if wanted and not any(row.logprobs for row in found.rows):
            yield (
                f"The recipe asks for top_logprobs {wanted}, and the {labels[side]}'s results have none in a column "
                f"named {' or '.join(LOGPROBS)}: how sure it was is not known."
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
    readings: Readings, answer_field: str
) -> tuple[dict[str, object], dict[str, Sequence[float | str | None]]]:
    """``confidence`` of the first model that has log probabilities, ``base`` within it, and columns by record."""
    by_side: dict[Side, ConfidenceSummary] = {}
    columns: dict[str, Sequence[float | str | None]] = {}
    records, details = readings.records, readings.details
    for side, matching in readings.matchings.items():
        if not any(row.logprobs for row in details[side].rows):
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


def analyse_aggregates(
    evaluation: Evaluation, outputs: Mapping[Side, OutputFiles], *, notes: Sequence[str] = ()
) -> NovaAnalysis:
    """The container's own numbers where it left no rows: how many questions they stand for is not known, so they have
    no interval, and nothing is decided. Raises :class:`ResultsError` when a model's numbers lack the metric."""
    primary, results = evaluation.primary_metric, {side: aggregate_results(own) for side, own in outputs.items()}
    for side, tasks in results.items():
        if primary not in headline(tasks):
            raise ResultsError(
                f"The job of the {evaluation.names[side]} left no rows, and no {primary} in its results either.",
                fix="See the job's log; where it ended well, look into its output in S3.",
            )
    metric, sides = metric_named(primary, primary), evaluation.sides
    parts = [name for name in results[sides[0]] if all(primary in own.get(name, {}) for own in results.values())]
    entries = {name: _bare_entry(metric, {side: results[side][name][primary] for side in sides}) for name in parts}
    whole = _bare_entry(metric, {side: headline(results[side])[primary] for side in sides})
    counts = {side: 0 if side in sides else None for side in BOTH_SIDES}
    rows: Rows = {"dataset": 0, "tuned": counts["tuned"], "base": counts["base"], "paired": 0}
    subtasks = {subtask_of(name): {primary: own} for name, own in entries.items() if ":" in name}
    why = (
        f"The container left no rows: it says {primary} of each subtask, and not of how many questions. So there are "
        "no intervals, and whether a difference is more than chance cannot be told from these numbers."
    )
    summary = summary_of(
        evaluation, rows=rows, metrics={primary: whole}, slices={"category": subtasks} if subtasks else {},
        warnings=[*notes, why],
    )  # fmt: skip
    return NovaAnalysis(summary, report_words(summary), examples_table([], [metric]))


def _bare_entry(metric: Metric, values: Mapping[Side, float]) -> MetricEntry:
    """Values of which nobody knows how many rows they are of."""
    comparison: Comparison = {**NOTHING_COMPARED}
    if len(values) == 2:
        comparison["verdict"] = "inconclusive"
        comparison["difference"] = {
            "mean": values["tuned"] - values["base"], "ci_low": None, "ci_high": None, "confidence": 0.95,
            "method": "none: the number of questions is not known", "p_value": None, "p_adjusted": None,
            "p_exact": None, "test": None, "deviation": None, "detectable": None,
        }  # fmt: skip
    return metric_entry(metric, {side: model_scores_entry(value, 0) for side, value in values.items()}, comparison)


def subtask_of(name: str) -> str:
    """``details_custom|mmlu:anatomy_zs_cot|0_2026….parquet`` is of ``anatomy``; a whole task of its own name."""
    parts = name.rpartition("/")[2].split("|")
    task = parts[1] if len(parts) > 1 else name
    for strategy in ("_zs_cot", "_fs_cot", "_zs", "_fs"):
        task = task.removesuffix(strategy)
    return task.partition(":")[2] or task
