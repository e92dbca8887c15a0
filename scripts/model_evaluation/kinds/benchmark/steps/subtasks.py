"""subtasks: all of the benchmark, or some of its subtasks."""

from __future__ import annotations

import difflib

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.benchmark.runtime.tasks import TASKS
from model_evaluation.kinds.benchmark.sizes import half_width, question_words

ALL = "ALL"
SHOWN = 8  # subtasks as choices; the reference page lists all


def check(text: str, context: Context) -> Answer:
    benchmark = str(context.value("benchmark"))
    task = TASKS[benchmark]
    if text.strip().upper() == ALL:
        return Answer(ALL)
    if not task.subtasks:
        raise Refused(f"{benchmark} has no subtasks to choose from.", fix=f"Answer {ALL}.", code="no_subtasks")
    names = list(dict.fromkeys(name.strip().lower().replace(" ", "_") for name in text.split(",") if name.strip()))
    for name in names:
        if name not in task.subtasks:
            close = difflib.get_close_matches(name, task.subtasks, 5, 0.4)
            raise Refused(
                f"{name[:80]!r} is not a subtask of {benchmark}.",
                fix=f"Close to it: {', '.join(close)}." if close else f"They are: {', '.join(task.subtasks)}.",
                code="unknown_subtask",
            )
    count = task.size(tuple(names))
    findings = [
        finding("subtasks", f"{question_words(count)}; a share is known to ±{half_width(count or 1):.1f} points.")
    ]
    if len(names) > 1:
        note = (
            f"{len(names)} runs for each model, one after another: SageMaker's recipe takes one subtask a run. "
            "The results are put together."
        )
        findings.append(finding("several_runs", note))
    return Answer(names, facts={"questions": count} if count else {}, findings=findings)


def settle(context: Context) -> Answer:
    """All of it: with fewer questions less can be shown."""
    task = TASKS[str(context.value("benchmark"))]
    fix = (
        f"To ask some only: evaluate.py answer subtasks {','.join(list(task.subtasks)[:2])}" if task.subtasks else None
    )
    note = finding(
        "subtasks", f"All of it is asked: {question_words(task.questions)}.", **({"fix": fix} if fix else {})
    )
    facts = {"questions": task.questions} if task.questions else {}
    return Answer(ALL, origin="default", facts=facts, findings=[note])


def offer(context: Context) -> Offer:
    subtasks = TASKS[str(context.value("benchmark"))].subtasks
    choices = [
        {"value": ALL, "label": "All of the benchmark", "note": "suggested: it can show the smallest differences"}
    ]
    for name, count in list(subtasks.items())[:SHOWN]:
        choices.append({"value": name, "label": f"{count} questions, ±{half_width(count):.1f} points"})
    return Offer(choices=choices, suggested=ALL)


STEP = Step(
    "subtasks",
    title="Subtasks",
    question="All of the benchmark, or some of its subtasks?",
    expects="ALL, or names of subtasks separated by commas",
    example=ALL,
    reference="references/benchmark.md",
    check=check,
    offer=offer,
    settle=settle,
)
