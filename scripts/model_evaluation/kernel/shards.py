"""A dataset in several files: a judge job takes 1000 rows at most, so they are evaluated one after another."""

from __future__ import annotations

from collections.abc import Callable

from .launch import launch_evaluation
from .session import AwsClients, EvaluationSettings
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
            execution_arn = launch(shard, aws)
        runs.append(wait(execution_arn, shard, aws))
    return runs
