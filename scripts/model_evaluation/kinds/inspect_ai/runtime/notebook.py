"""What the cells of a notebook with Inspect call, beside what every notebook calls."""

from __future__ import annotations

from collections.abc import Sequence

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Evaluation, ResultsError, Side
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import AwsClients

from .analysis import LABELS, analyse, viewer_command
from .inspect_runs import log_keys, logs_place
from .logs import Log, read_log
from .settings import InspectSettings

__all__ = ["InspectSettings", "read_results"]


def read_results(runs: Sequence[FinishedRun], settings: InspectSettings, aws: AwsClients) -> Analysis:
    """The samples of these runs' logs, paired and compared; prints how many there are and where their logs lie."""
    sides: dict[Side, FinishedRun] = dict(zip(BOTH_SIDES, runs, strict=False))
    places = {side: _place(aws, run) for side, run in sides.items()}
    logs = {side: _read(aws, place) for side, place in places.items()}
    evaluation = Evaluation(
        kind=settings.kind,
        conditions={"benchmarks": settings.benchmarks, "decoding": dict(settings.decoding)},
        tuned={"name": settings.target.name},
        base={"name": settings.reference.name} if settings.reference else None,
        scope="compare" if settings.reference else "tuned",
        primary_metric=settings.primary_metric,
        execution_arn=runs[0].execution_arn,
        created=runs[0].created.isoformat() if runs[0].created else "",
        simulated=aws.simulated,
        labels=LABELS,
    )
    analysis = analyse(evaluation, logs, tasks=settings.task_names, places=places)
    analysis.summary["warnings"].extend(text for run in runs for text in run.warnings)
    rows = analysis.summary["rows"]
    print(f"Samples × epochs: {rows['dataset']}; paired: {rows['paired']}")  # noqa: T201
    for side, place in places.items():
        print(f"Logs of the {LABELS[side]}: {viewer_command(place)}")  # noqa: T201
    return analysis


def _place(aws: AwsClients, run: FinishedRun) -> str:
    try:
        return logs_place(aws, run.execution_arn)
    except ValueError as error:
        raise ResultsError(
            f"Where {run.execution_arn} left its logs is not known: {error}.", fix="Run the evaluation again."
        ) from error


def _read(aws: AwsClients, place: str) -> list[Log]:
    bucket, keys = S3Uri.parse(place).bucket, log_keys(aws, place)
    if not keys:
        raise ResultsError(
            f"There are no logs of Inspect below {place}.",
            fix="Look at the log of the run's job in CloudWatch. Logs in CSV or JSON Lines cannot be read: "
            'output_format="json" must stand in the launch cell.',
        )
    return [
        read_log(bytes(aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()), key.rpartition("/")[2])
        for key in keys
    ]
