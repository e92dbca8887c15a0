"""The results of evaluations whose models answer the questions of one task: each model's files, read for a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import Client

from .files import Question, TaskMeans, find_task_files, read_means, read_questions
from .runs import MODEL_STEPS
from .settings import TaskSettings

if TYPE_CHECKING:
    from model_evaluation.runtime.summary import SoundRows, Summary


class StepResults(NamedTuple):
    """What one execution's step left: the file of means, and the rows by the task's key where there are any."""

    means: TaskMeans
    questions: Mapping[str, Sequence[Question]]


class Unanswered(TypedDict):
    """How many of a model's n rows hold no answer, as a number and a share, and why."""

    n: int
    unanswered: int
    share: float
    reasons: dict[str, int]


class Unfinished(TypedDict):
    """Rows without an answer, by model, and the comparison among those that both models answered."""

    tuned: Unanswered | None
    base: Unanswered | None
    both_finished: SoundRows | None


class Reported(TypedDict):
    """What a service itself says of a model on the primary metric: its value with the standard error that it gives,
    and the standard error that such a value really has."""

    value: float
    stderr: float | None
    standard_error: float | None


def read_step_results(
    s3: Client, output_uri: str, execution_ids: Sequence[str], side: Side, label: str, *, needs_rows: bool = False
) -> list[StepResults]:
    """What the step of a model left in each of these executions; ``label`` is what sentences call the model. Raises
    :class:`ResultsError` where there is nothing, nothing readable, or no row although they are needed."""
    bucket, step = S3Uri.parse(output_uri).bucket, MODEL_STEPS[side]

    def body(key: str) -> bytes:
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    results = []
    for execution_id in execution_ids:
        files = find_task_files(s3, output_uri, execution_id, step)
        if not files.means:
            raise ResultsError(
                f"No results of the {label} from execution {execution_id} under {output_uri}.",
                fix=f"Check that its step {step} succeeded and that S3_OUTPUT is the prefix it was given.",
            )
        if needs_rows and not files.details:
            raise ResultsError(
                f"Execution {execution_id} left means of the {label}, but no rows ({files.means}).",
                fix="Without the rows' scores nothing can be compared row by row: run the evaluation again.",
            )
        key, questions = files.means, {}
        try:
            means = read_means(body(key))
            for task, key in files.details.items():
                questions[task] = read_questions(body(key))
        except ValueError as error:
            raise ResultsError(
                f"s3://{bucket}/{key} cannot be read: {error}.",
                fix="Take it away if something else put it there; otherwise run the evaluation again.",
            ) from error
        results.append(StepResults(means, questions))
    return results


def executions_of_sides(
    settings: TaskSettings, runs: Sequence[FinishedRun], evaluation: Evaluation
) -> dict[Side, tuple[Side, list[str]]]:
    """By side the step that answered for it, and the ids of the executions: a reference is the fine-tuned model of runs
    of its own."""
    ids = [run.execution_arn.rsplit("/", 1)[-1] for run in runs]
    own = len(settings.runs_of_a_model)
    return {
        side: ("tuned", ids[own:]) if side == "base" and settings.reference else (side, ids[:own])
        for side in evaluation.sides
    }


def answers_in_words(analysis: Analysis, evaluation: Evaluation) -> str:
    """How many answers of each model there are, and how many are paired."""
    rows = analysis.summary["rows"]
    counts: dict[Side, int | None] = {"tuned": rows["tuned"], "base": rows["base"]}
    each = [f"{count} of the {evaluation.names[side]}" for side, count in counts.items() if count is not None]
    return f"answers: {', '.join(each)}; {rows['paired']} paired"


def decoding_condition(summary: Summary) -> tuple[str, str]:
    """The decoding settings of an evaluation, as a condition."""
    settings = summary["conditions"].get("decoding")
    settings = settings if isinstance(settings, dict) else {}
    return "Decoding", ", ".join(f"{name} {value}" for name, value in settings.items()) or "the recipe's own settings"
