"""What the cells of a benchmark's notebook call, beside what every notebook calls."""

from __future__ import annotations

from collections.abc import Sequence

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.tasks.results import answers_in_words, executions_of_sides

from .analysis import analyse, read_model
from .settings import BenchmarkSettings

__all__ = ["BenchmarkSettings", "read_results"]


def read_results(runs: Sequence[FinishedRun], settings: BenchmarkSettings, aws: AwsClients) -> Analysis:
    """The models' marked answers of these runs, paired and compared; prints how many there are."""
    conditions = {"benchmark": settings.benchmark, "subtasks": sorted(settings.subtasks)}
    evaluation = settings.evaluation(runs, aws, {**conditions, "decoding": dict(settings.decoding)})
    files = {
        side: read_model(aws.s3, settings.s3_output, ids, step, evaluation.names[side])
        for side, (step, ids) in executions_of_sides(settings, runs, evaluation).items()
    }
    effect = settings.smallest_effect / 100 if settings.smallest_effect else None
    analysis = analyse(evaluation, files, settings.benchmark, smallest_effect=effect)
    analysis.summary["warnings"].extend(text for run in runs for text in run.warnings)
    questions = analysis.summary["rows"]["dataset"]
    print(f"Questions: {questions}; {answers_in_words(analysis, evaluation)}")  # noqa: T201
    return analysis
