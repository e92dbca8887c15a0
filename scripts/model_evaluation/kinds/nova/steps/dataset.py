"""dataset: the container's one file of rows, by its exact name; none for a benchmark."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.nova.runtime.recipe import TASKS
from model_evaluation.steps import dataset as shared

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

NONE = "none"


def check(text: str, context: Context) -> Answer:
    task = str(context.facts("nova_task")["task"])
    file = TASKS[task].file
    if not file:
        if text.strip().lower() != NONE:
            raise Refused(
                f"{task} has its own questions; {text[:100]!r} would not be read.",
                fix=f"Answer {NONE}, or choose gen_qa for questions of your own: evaluate.py revise nova_task",
                code="no_dataset",
            )
        return Answer(NONE, facts={"reason": "the benchmark has its own questions"})
    if text.startswith("arn:"):
        raise Refused(
            "A training job reads its rows from S3; an entry of the AI Registry cannot be a channel of it.",
            fix=f"Give the S3 URI of the file, named {file}.",
            code="wrong_kind",
        )
    answer = shared.check(text, context)
    uri = str(answer.value)
    if uri.rpartition("/")[2] != file:
        copy = f"{uri.rpartition('/')[0]}/{task}/{file}"
        raise Refused(
            f"{uri} has another name than the container looks for: it has to be {file}.",
            fix=f"If the user agrees, copy it and answer with the copy: aws s3 cp {shlex.quote(uri)} "
            f"{shlex.quote(copy)}",
            code="file_name",
        )
    return answer


def settle(context: Context) -> Answer | None:
    task = str(context.facts("nova_task")["task"])
    if TASKS[task].file:
        return None
    note = f"{task} brings its own questions."
    facts = {"reason": "the benchmark has its own questions"}
    return Answer(NONE, origin="default", facts=facts, findings=[finding("dataset", note)])


STEP = Step(
    "dataset",
    title="Evaluation dataset",
    question="Where are the rows? The container takes one file, named gen_qa.jsonl for own questions and "
    "llm_judge.jsonl for a judge.",
    expects="the S3 URI of that file",
    example="s3://my-bucket/evaluation/gen_qa.jsonl",
    reference="references/nova.md",
    check=check,
    settle=settle,
    in_turn=True,
)
