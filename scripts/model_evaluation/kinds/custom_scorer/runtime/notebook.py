"""What the cells of a notebook with a scorer call, beside what every notebook calls."""

from __future__ import annotations

from collections.abc import Sequence

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.dataset_files import dataset_lines, source_rows
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.tasks.results import answers_in_words, executions_of_sides

from .analysis import analyse, read_model
from .settings import ScorerSettings

__all__ = ["ScorerSettings", "read_results"]


def read_results(runs: Sequence[FinishedRun], settings: ScorerSettings, aws: AwsClients) -> Analysis:
    """The scorer's scores of these runs, paired and compared; prints how many rows there are."""
    conditions = {"scorer": settings.scorer, "decoding": dict(settings.decoding)}
    evaluation = settings.evaluation(runs, aws, conditions, settings.primary_metric)
    files = {
        side: read_model(aws.s3, settings.s3_output, ids, step, evaluation.names[side])
        for side, (step, ids) in executions_of_sides(settings, runs, evaluation).items()
    }
    limit = settings.decoding.get("max_new_tokens")
    analysis = analyse(
        evaluation,
        files,
        dataset_lines(settings, aws),
        direction=settings.direction,
        limit=int(limit) if limit else None,
        source=source_rows(settings, aws),
    )
    summary = analysis.summary
    summary["inputs"] = {"dataset": settings.dataset, "dataset_etag": settings.dataset_etag}
    summary["warnings"].extend([*settings.dataset_notes, *(text for run in runs for text in run.warnings)])
    counts = answers_in_words(analysis, evaluation)
    print(f"Rows: {summary['rows']['dataset']} in the dataset; {counts}")  # noqa: T201
    return analysis
