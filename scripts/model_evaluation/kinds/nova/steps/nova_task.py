"""nova_task: what the container does with the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Choose, Refused
from model_evaluation.kinds.nova.chosen import family_of
from model_evaluation.kinds.nova.runtime.recipes.families import family_of_id
from model_evaluation.kinds.nova.runtime.recipes.recipe import (
    BENCHMARKS,
    GEN_QA,
    IMAGE_JUDGE,
    LLM_JUDGE,
    RFT,
    RUBRIC,
    STRONG_REJECT,
    TASKS,
    WITH_SUBTASKS,
)

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

WHAT = {
    GEN_QA: ("Own questions with reference answers", "needs gen_qa.jsonl; tells how right the answers are"),
    LLM_JUDGE: ("A judge compares two answers", "needs llm_judge.jsonl with both; tells which side is preferred"),
    IMAGE_JUDGE: ("A judge compares two answers about images", "needs mm_llm_judge.jsonl with images; tells the same"),
    RUBRIC: ("A judge scores two answers by criteria", "needs llm_judge.jsonl with both; also tells why"),
    RFT: ("A reward function scores each answer", "needs messages and reference_answer, and a Lambda SageMaker-..."),
}
SHORT = {RFT: "rft"}
NO_ROWS = (
    "strong_reject leaves no rows, only a share by subtask, and does not say of how many questions: the numbers are "
    "shown beside the reference's, without an interval, and nothing is decided."
)


def check(text: str, context: Context) -> Answer:
    words = text.split()
    if words and words[0].lower().replace("-", "_") == "benchmark":
        words = words[1:]
        if not words:
            raise Choose("Which benchmark?", fix="Choose one.", choices=_benchmarks(context))
    name, *more = [word.replace("-", "_") for word in words] or [""]
    name = name.lower()
    name = RFT if name == SHORT[RFT] else name
    if name not in TASKS:
        raise Choose(
            f"{text[:100]!r} is not a task of the Nova evaluation container.",
            fix="Choose one.",
            choices=_choices(context),
        )
    family = family_of(context)
    if family.id not in TASKS[name].families:
        names = [known.name for one in TASKS[name].families if (known := family_of_id(one))]
        raise Refused(
            f"{name} is not for {family.name}: it takes {', '.join(names)}.",
            fix=f"Choose another task, or another model: evaluate.py revise model. For {family.name}: "
            f"{', '.join(SHORT.get(name, name) for name in _supported(context))}.",
            code="not_supported",
        )
    found = []
    if more and not TASKS[name].subtasks:
        note = f"Whether {name} has the subtask {more[0][:60]!r} shows only when the job runs."
        found.append(finding("subtask_unknown", note, fix=f"Ask the user to check the name, or take all: {name}"))
    if name == IMAGE_JUDGE:
        note = (
            "AWS's guide calls its file mm_llm_judge.jsonl in one place and llm_judge.jsonl in another; the first is "
            "taken."
        )
        fix = "If the job says that it finds no rows, the name is why: tell the user before they confirm."
        found.append(finding("file_name_unsure", note, level="warning", fix=fix))
    if name == STRONG_REJECT:
        found.append(finding("no_rows", NO_ROWS, level="warning"))
    answer = " ".join([SHORT.get(name, name), *_subtask(name, more)])
    return Answer(answer, facts={"task": name, "subtask": " ".join(more)}, findings=found)


def _subtask(name: str, more: list[str]) -> list[str]:
    if not more:
        return []
    known = TASKS[name].subtasks
    if name not in WITH_SUBTASKS:
        raise Refused(f"{name} has no subtasks; {' '.join(more)!r} was given.", fix=f"Answer {name}.", code="subtask")
    if len(more) > 1 or (known and more[0] not in known):
        raise Refused(
            f"{name} has no subtask {' '.join(more)!r}.",
            fix=f"Leave it out for all of them, or take one of {', '.join(known)}." if known else "Give one name.",
            code="subtask",
        )
    return more


def _supported(context: Context) -> list[str]:
    family = context.facts("model")["family"]
    return [name for name, task in TASKS.items() if family in task.families]


def _benchmarks(context: Context) -> list[dict[str, str]]:
    return [
        {"value": f"benchmark {name}", "label": name, "note": f"metric {TASKS[name].metric}"}
        for name in _supported(context)
        if name in BENCHMARKS
    ]


def _choices(context: Context) -> list[dict[str, str]]:
    own = [
        {"value": SHORT.get(name, name), "label": WHAT[name][0], "note": WHAT[name][1]}
        for name in _supported(context)
        if name in WHAT
    ]
    return [*own, *_benchmarks(context)]


def offer(context: Context) -> Offer:
    return Offer(choices=_choices(context))


STEP = Step(
    "nova_task",
    title="Task",
    question="What should the container do?",
    expects="gen_qa, llm_judge, rubric_llm_judge, rft, or `benchmark NAME [SUBTASK]`",
    example="gen_qa",
    reference="references/nova.md",
    check=check,
    offer=offer,
)
