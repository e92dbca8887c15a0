"""From an execution's files to its analysis: the one call behind the notebook's results cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.dataset_files import SourceRows
from model_evaluation.runtime.results.cautions import mean_cautions, score_cautions
from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Evaluation, ResultsError, Side
from model_evaluation.runtime.results.examples import examples_table
from model_evaluation.runtime.results.fairness import FairnessReview
from model_evaluation.runtime.results.paired_scores import compare_scores, paired_scores, with_unknown_metrics
from model_evaluation.runtime.results.records import pair_records
from model_evaluation.runtime.results.scales import recognise_scales
from model_evaluation.runtime.results.summary import scores_summary
from model_evaluation.runtime.rows import read_dataset_rows
from model_evaluation.runtime.session import Client

from .judge_checks import family_cautions, same_judge
from .metrics import read_metrics
from .result_files import Problem, ResultFiles, find_result_files, read_aggregate_means, read_result_rows
from .words import report_words

ANSWER_TOKENS = 8_192  # the longest answer that serverless inference gives here


def analyse_execution(
    s3: Client,
    evaluation: Evaluation,
    *,
    output_uri: str,
    dataset_lines: Iterable[bytes] | Iterable[str],
    builtin_metrics: Sequence[str] | None,
    custom_metrics: str | Sequence[Mapping[str, object]] | None,
    further_executions: Sequence[str] = (),
    reference_executions: Sequence[str] = (),
    source: SourceRows | None = None,
    dataset: str = "",
    dataset_etag: str = "",
) -> Analysis:
    """Read, pair and compare the results of one execution, and of those that evaluated the dataset's further files.
    Of ``reference_executions`` the fine-tuned model's results stand for the base model.

    Records are named after the rows' lines in the dataset, or in the ``source`` it was prepared from. ``dataset`` and
    its ETag are kept with the results, which are outdated once these are others.
    Raises :class:`ResultsError` when the execution left no result files for any model that was asked for.
    """
    ids = [arn.rsplit("/", 1)[-1] for arn in (evaluation.execution_arn, *further_executions)]
    references = [arn.rsplit("/", 1)[-1] for arn in reference_executions]
    files = _result_files(s3, output_uri, ids, references, evaluation.sides)
    results = {side: read_result_rows(s3, files.bucket, files.rows[side]) for side in evaluation.sides}
    dataset_rows = read_dataset_rows(dataset_lines)
    rows = dataset_rows.rows
    if source is not None and source.lines:
        rows = [replace(row, line=source.lines[row.line - 1]) for row in rows]
    records = pair_records(rows, {side: own.answers for side, own in results.items()})
    declared = with_unknown_metrics(read_metrics(builtin_metrics, custom_metrics), records)
    recognised = recognise_scales(records, declared)
    metrics = [own.metric for own in recognised]
    paired = paired_scores(records, metrics, evaluation.sides)
    comparison = compare_scores(paired, metrics)
    primary = next((metric for metric in metrics if metric.name == evaluation.primary_metric), None)
    fairness = None
    if evaluation.scope == "compare" and primary is not None:
        review = FairnessReview(records, paired, comparison, primary, evaluation.names, limit=ANSWER_TOKENS)
        fairness = review.fairness([same_judge(records, evaluation.names)])
    warnings = [
        *_file_cautions(files, [problem for own in results.values() for problem in own.problems], dataset_rows.skipped),
        *(
            text
            for side in reversed(evaluation.sides)
            for text in mean_cautions(
                evaluation.names[side],
                read_aggregate_means(s3, files.bucket, files.means[side]),
                side,
                comparison.metrics,
            )
        ),
        *score_cautions(records, comparison, evaluation.sides, evaluation.names),
        *family_cautions(evaluation),
        *(own.remark for own in recognised if own.remark),
        *comparison.remarks,
    ]
    if further_executions:
        warnings.append(f"The dataset was evaluated in {len(ids)} parts, by executions {', '.join(ids)}.")
    summary = scores_summary(evaluation, comparison, warnings=warnings, fairness=fairness, source=source)
    if dataset:
        summary["inputs"] = {"dataset": dataset, "dataset_etag": dataset_etag}
    return Analysis(summary, report_words(summary), examples_table(records, metrics))


def _result_files(
    s3: Client, output_uri: str, ids: Sequence[str], references: Sequence[str], sides: Sequence[Side]
) -> ResultFiles:
    """The files of all these executions. Of several the means are left out: each is a part's own."""
    parts = [find_result_files(s3, output_uri, execution_id) for execution_id in ids]
    others = [find_result_files(s3, output_uri, execution_id) for execution_id in references]
    parts += [part._replace(rows={"tuned": [], "base": part.rows["tuned"]}) for part in others]
    for execution_id, part in zip((*ids, *references), parts, strict=True):
        if not any(part.rows[side] for side in sides):
            raise ResultsError(
                f"No result files of execution {execution_id} under {output_uri}.",
                fix="Check that the execution's judge steps succeeded and that S3_OUTPUT is the prefix it was given.",
            )
    if len(parts) == 1:
        return parts[0]
    rows = {side: [key for part in parts for key in part.rows[side]] for side in BOTH_SIDES}
    superseded = [key for part in parts for key in part.superseded]
    return ResultFiles(parts[0].bucket, rows, {side: [] for side in BOTH_SIDES}, superseded)


def _file_cautions(files: ResultFiles, problems: Sequence[Problem], skipped: int) -> list[str]:
    cautions = []
    if problems:
        first = problems[0]
        cautions.append(
            f"Lines of the result files that could not be read: {len(problems)}. The first is line {first.line} of "
            f"{first.key}: {first.message}."
        )
    if skipped:
        cautions.append(f"Lines of the dataset that are not usable rows: {skipped}.")
    if files.superseded:
        cautions.append(f"Result files of an earlier attempt of a judge step, left out: {len(files.superseded)}.")
    return cautions
