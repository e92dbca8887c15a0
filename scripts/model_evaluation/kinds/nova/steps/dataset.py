"""dataset: the container's one file of rows, by its exact name; none for a benchmark."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.nova.chosen import brings_questions, task_of
from model_evaluation.kinds.nova.runtime.recipes.recipe import IMAGE_JUDGE, JUDGES, RFT, TASKS
from model_evaluation.steps import dataset as shared

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

NONE = "none"


def check(text: str, context: Context) -> Answer:
    task = task_of(context)
    file = TASKS[task].file
    if not file:
        if text.strip().lower() != NONE:
            raise Refused(
                f"{task} has its own questions; {text[:100]!r} would not be read.",
                fix=f"Answer {NONE}, or choose gen_qa for questions of your own: evaluate.py revise nova_task",
                code="no_dataset",
            )
        return Answer(NONE, facts={"reason": "the benchmark has its own questions"})
    if text.lower().startswith("pairs "):
        raise _paired(text, task, context)
    if text.startswith("arn:"):
        raise Refused(
            "A training job reads its rows from S3; an entry of the AI Registry cannot be a channel of it.",
            fix=f"Give the S3 URI of the file, named {'*' if task == RFT else ''}{file}.",
            code="wrong_kind",
        )
    answer = shared.check(text, context)
    uri = str(answer.value)
    if not TASKS[task].takes(uri):
        copy = f"{uri.rpartition('/')[0]}/{task}/{'rows' if task == RFT else ''}{file}"
        raise Refused(
            f"{uri} has another name than the container looks for: it has to be {file}.",
            fix=f"If the user agrees, copy it and answer with the copy: aws s3 cp {shlex.quote(uri)} "
            f"{shlex.quote(copy)}",
            code="file_name",
        )
    return answer


def _paired(text: str, task: str, context: Context) -> Refused:
    """Writes the judge's rows out of two files of answers; says what became of the prompts."""
    from model_evaluation.kinds.nova.pairs import build_pairs, write_rows

    try:
        words = shlex.split(text)[1:]
    except ValueError:  # a quotation mark without its fellow
        words = []
    if task not in JUDGES or task == IMAGE_JUDGE or len(words) != 2:
        return Refused(
            f"{text[:100]!r} was received; pairs are made of two files, for a judge of texts.",
            fix="For example: evaluate.py answer dataset 'pairs baseline.jsonl challenger.jsonl'",
            code="bad_operation",
        )
    baseline, challenger = (os.path.join(context.project, os.path.expanduser(word)) for word in words)
    pairs = build_pairs(baseline, challenger)
    left = "; ".join(f"{count} {why}" for why, count in pairs.left_out.items()) or "none"
    if not pairs.rows:
        return Refused(
            f"The two files have no prompt in common that both answered. Left out: {left}.",
            fix="Check that both models answered the same questions.",
            code="nothing_left",
        )
    path = write_rows(context.project, TASKS[task].file, pairs.rows)
    return Refused(
        f"Pairs written to {path}: {len(pairs.rows)}; nothing was uploaded. Left out: {left}.",
        fix=f"If the user agrees: evaluate.py dataset upload {shlex.quote(path)} s3://BUCKET/FOLDER/{TASKS[task].file} "
        "--yes - then answer with that URI.",
        code="prepared",
        details={"file": path, "pairs": len(pairs.rows), "left_out": pairs.left_out},
    )


def settle(context: Context) -> Answer | None:
    task = task_of(context)
    if not brings_questions(context):
        return None
    note = f"{task} brings its own questions."
    facts = {"reason": "the benchmark has its own questions"}
    return Answer(NONE, origin="default", facts=facts, findings=[finding("dataset", note)])


STEP = Step(
    "dataset",
    title="Evaluation dataset",
    question="Where are the rows? The container takes one file, named gen_qa.jsonl for own questions, "
    "llm_judge.jsonl for a judge, and *.jsonl for rft.",
    expects="the S3 URI of that file; for a judge also `pairs FILE_A FILE_B`, two files of answers on this machine",
    example="s3://my-bucket/evaluation/gen_qa.jsonl",
    reference="references/nova.md",
    check=check,
    settle=settle,
    moot=brings_questions,
    in_turn=True,
)
