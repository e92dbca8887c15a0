"""What the cells of a notebook with a judge call, beside what every notebook calls."""

from __future__ import annotations

from collections.abc import Sequence

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.dataset_files import dataset_lines, source_rows
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.summary import labels_of

from .analysis import analyse_execution
from .settings import JudgeSettings

__all__ = ["JudgeSettings", "read_results"]
ROWS = {"dataset": "in the dataset", "paired": "paired", "distinct": "different questions"}


def read_results(runs: Sequence[FinishedRun], settings: JudgeSettings, aws: AwsClients) -> Analysis:
    """The judge's raw results of these runs, paired and compared; prints how many rows there are."""
    files = len(settings.shards)
    evaluation = settings.evaluation(runs, aws, {"judge": settings.judge}, settings.primary_metric)
    analysis = analyse_execution(
        aws.s3,
        evaluation,
        output_uri=settings.s3_output,
        further_executions=[run.execution_arn for run in runs[1:files]],
        reference_executions=[run.execution_arn for run in runs[files:]],
        dataset_lines=dataset_lines(settings, aws),
        dataset=settings.dataset,
        dataset_etag=settings.dataset_etag,
        source=source_rows(settings, aws),
        builtin_metrics=settings.builtin_metrics,
        custom_metrics=settings.custom_metrics,
    )
    analysis.summary["warnings"].extend([*settings.dataset_notes, *(text for run in runs for text in run.warnings)])
    words = {**ROWS, **{side: f"of the {label}" for side, label in labels_of(analysis.summary).items()}}
    counts = [(count, words[name]) for name, count in analysis.summary["rows"].items() if count is not None]
    print("Rows:", ", ".join(f"{count} {text}" for count, text in counts))  # noqa: T201
    return analysis
