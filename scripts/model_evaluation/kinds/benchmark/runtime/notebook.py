"""What the cells of a benchmark's notebook call, beside what every notebook calls."""

from __future__ import annotations

from collections.abc import Sequence

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.results.evaluation import Evaluation, Side, named_model, reference_labels
from model_evaluation.runtime.session import AwsClients

from .analysis import KIND, ModelFiles, analyse, read_model
from .settings import BenchmarkSettings

__all__ = ["BenchmarkSettings", "read_results"]


def read_results(runs: Sequence[FinishedRun], settings: BenchmarkSettings, aws: AwsClients) -> Analysis:
    """The models' marked answers of these runs, paired and compared; prints how many there are."""
    names = settings.model_names(aws)
    evaluation = Evaluation(
        kind=KIND,
        conditions={
            "benchmark": settings.benchmark,
            "subtasks": sorted(settings.subtasks),
            "decoding": dict(settings.decoding),
        },
        tuned=named_model(names["tuned"]),
        base=named_model(names["base"]),
        scope=settings.scope,
        execution_arn=runs[0].execution_arn,
        created=runs[0].created.isoformat() if runs[0].created else "",
        simulated=aws.simulated,
        labels=reference_labels(settings.reference),
    )
    ids = [run.execution_arn.rsplit("/", 1)[-1] for run in runs]
    own = len(settings.runs_of_a_model)
    files: dict[Side, ModelFiles] = {}
    for side in evaluation.sides:
        if side == "base" and settings.reference:
            files[side] = read_model(aws.s3, settings.s3_output, ids[own:], "tuned", evaluation.names["base"])
        else:
            files[side] = read_model(aws.s3, settings.s3_output, ids[:own], side)
    effect = settings.smallest_effect / 100 if settings.smallest_effect else None
    analysis = analyse(evaluation, files, settings.benchmark, smallest_effect=effect)
    analysis.summary["warnings"].extend(text for run in runs for text in run.warnings)
    rows = analysis.summary["rows"]
    counts = {"tuned": rows["tuned"], "base": rows["base"]}
    each = [f"{count} of the {evaluation.names[side]}" for side, count in counts.items() if count is not None]
    print(f"Questions: {rows['dataset']}; answers: {', '.join(each)}; {rows['paired']} paired")  # noqa: T201
    return analysis
