"""What the cells of a notebook about agents call, beside what every notebook calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.dataset_files import dataset_lines
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side
from model_evaluation.runtime.rows import read_dataset_rows
from model_evaluation.runtime.session import AwsClients

from .analysis import Asked, analyse
from .multi_turn_runs import MODEL_STEPS
from .settings import MultiTurnSettings
from .tracked_rollouts import ModelRollouts, read_model

__all__ = ["MultiTurnSettings", "read_results"]


def read_results(runs: Sequence[FinishedRun], settings: MultiTurnSettings, aws: AwsClients) -> Analysis:
    """The rollouts of these runs, compared by prompt; prints how many there are and what is billed."""
    conditions = {
        "agent": settings.agent,
        "qualifier": settings.qualifier,
        "hyperparameters": settings.hyperparameters,
    }
    evaluation = settings.evaluation(runs, aws, conditions, settings.primary_metric)
    models = {side: _read_side(side, runs, settings, aws, evaluation) for side in evaluation.sides}
    rows = read_dataset_rows(dataset_lines(settings, aws)).rows
    asked = Asked(settings.group, settings.pass_k, settings.threshold, settings.sampling)
    analysis = analyse(evaluation, models, rows, asked)
    summary = analysis.summary
    tokens = {evaluation.names[side]: _tokens(own) for side, own in models.items() if own.tokens}
    summary["inputs"] = {"dataset": settings.dataset, "dataset_etag": settings.dataset_etag}
    summary["inputs"] |= {f"billed tokens of the {label}": text for label, text in tokens.items()}
    summary["warnings"].extend([*settings.dataset_notes, *(text for run in runs for text in run.warnings)])
    for side, own in models.items():
        label = evaluation.names[side]
        bill = f"; billed tokens: {tokens[label]}" if label in tokens else ""
        print(f"Rollouts of the {label}: {len(own.rollouts)} read, {own.unread} unreadable{bill}")  # noqa: T201
    return analysis


def _read_side(
    side: Side, runs: Sequence[FinishedRun], settings: MultiTurnSettings, aws: AwsClients, evaluation: Evaluation
) -> ModelRollouts:
    """A model's results of every run about it: a reference is the fine-tuned model of runs of its own."""
    own = len(settings.runs_of_a_model)
    mine = runs[own:] if side == "base" and settings.reference else runs[:own]
    step_side: Side = "tuned" if settings.reference else side
    label = evaluation.names[side]
    results = []
    for run in mine:
        step = settings.runs.describe(aws, run.execution_arn).step(MODEL_STEPS[step_side])
        if step is None or not step.job_arn:
            raise ResultsError(
                f"{run.execution_arn} has no job of the {label}.",
                fix="Look at it in SageMaker Studio (Pipelines), and run the evaluation again.",
            )
        results.append(read_model(aws, step.job_arn, str(settings.mlflow_resource_arn), label))
    if len(results) == 1:
        return results[0]
    # Of several files only rollouts can be put together; means of means say nothing of the whole.
    rollouts = [rollout for one in results for rollout in one.rollouts]
    return replace(results[0], metrics={}, rollouts=rollouts, unread=sum(one.unread for one in results))


def _tokens(own: ModelRollouts) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in own.tokens.items())
