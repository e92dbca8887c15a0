"""What the cells of a notebook with a scorer call, beside what every notebook calls."""

from __future__ import annotations

from collections.abc import Sequence

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.dataset_files import dataset_lines
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.results.evaluation import Evaluation, Side, named_model, reference_labels
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.source_rows import source_rows

from .analysis import KIND, ModelFiles, analyse, read_model
from .settings import ScorerSettings

__all__ = ["ScorerSettings", "read_results"]


def read_results(runs: Sequence[FinishedRun], settings: ScorerSettings, aws: AwsClients) -> Analysis:
    """The scorer's scores of these runs, paired and compared; prints how many rows there are."""
    names = settings.model_names(aws)
    evaluation = Evaluation(
        kind=KIND,
        conditions={"scorer": settings.scorer, "decoding": dict(settings.decoding)},
        tuned=named_model(names["tuned"]),
        base=named_model(names["base"]),
        scope=settings.scope,
        primary_metric=settings.primary_metric,
        execution_arn=runs[0].execution_arn,
        created=runs[0].created.isoformat() if runs[0].created else "",
        simulated=aws.simulated,
        labels=reference_labels(settings.reference),
    )
    ids = [run.execution_arn.rsplit("/", 1)[-1] for run in runs]
    own = len(settings.runs_of_a_model)
    files: dict[Side, ModelFiles] = {}
    for side in evaluation.sides:
        of_reference = side == "base" and settings.reference
        step, chosen = ("tuned", ids[own:]) if of_reference else (side, ids[:own])
        files[side] = read_model(aws.s3, settings.s3_output, chosen, step, evaluation.names[side])  # type: ignore[arg-type]
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
    rows = summary["rows"]
    counts = {"tuned": rows["tuned"], "base": rows["base"]}
    each = [f"{count} of the {evaluation.names[side]}" for side, count in counts.items() if count is not None]
    print(f"Rows: {rows['dataset']} in the dataset; answers: {', '.join(each)}; {rows['paired']} paired")  # noqa: T201
    return analysis
