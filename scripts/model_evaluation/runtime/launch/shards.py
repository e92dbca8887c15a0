"""A dataset in several files: a judge job takes 1000 rows at most, so they are evaluated one after another."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from model_evaluation.runtime.session import AwsClients, dataset_object
from model_evaluation.runtime.settings import EvaluationSettings, NotebookError

from .launcher import launch_evaluation
from .waiting import FinishedRun, wait_for_evaluation


def finish_evaluation(
    execution_arn: str,
    settings: EvaluationSettings,
    aws: AwsClients,
    *,
    launch: Callable[[EvaluationSettings, AwsClients], str] = launch_evaluation,
    wait: Callable[[str, EvaluationSettings, AwsClients], FinishedRun] = wait_for_evaluation,
    out: Callable[[str], None] = print,
) -> list[FinishedRun]:
    """Waits for the execution, and starts and waits for those of the dataset's other files, one at a time.

    Each file's evaluation is on record like any other: called again after a failure or in a new kernel this
    attaches to what is finished or running and starts only what is left. Raises what launching and waiting raise.
    """
    runs: list[FinishedRun] = []
    for number, shard in enumerate(settings.shards, 1):
        if number > 1:
            out(f"File {number} of {len(settings.shards)}: {shard.dataset}")
            _refuse_changed_file(shard, aws)
            execution_arn = launch(shard, aws)
        runs.append(wait(execution_arn, shard, aws))
    return runs


class FileChangedError(NotebookError):
    """A file of the dataset is no longer the one that was confirmed."""


def _refuse_changed_file(shard: EvaluationSettings, aws: AwsClients) -> None:
    """The checks cell looked at every file, but that may be hours ago."""
    if not shard.dataset_etag:
        return
    bucket, key = dataset_object(shard, aws)
    try:
        etag = aws.s3.head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
    except (ClientError, BotoCoreError):
        return  # starting it meets the same trouble, and says so
    if etag != shard.dataset_etag:
        raise FileChangedError(
            f"{shard.dataset} has changed since it was confirmed (ETag {etag}, expected {shard.dataset_etag}). "
            "The files before it are evaluated; their runs are on record.",
            fix="Put the confirmed file back and run the notebook again: it goes on with this file. Or answer the "
            "dataset again and render the notebook anew.",
        )
