"""What the answers say that nearly every step asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .runtime.recipes.families import Family, family_of_id
from .runtime.recipes.recipe import TASKS

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


def task_of(context: Context) -> str:
    return str(context.facts("nova_task")["task"])


def family_of(context: Context) -> Family:
    family = family_of_id(str(context.facts("model")["family"]))
    assert family is not None
    return family


def brings_questions(context: Context) -> bool:
    """Whether the task is a benchmark, which needs no dataset."""
    return not TASKS[task_of(context)].file
