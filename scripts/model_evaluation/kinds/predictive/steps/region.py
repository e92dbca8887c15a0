"""region: the one region of all that takes part; none where everything is a file on this machine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer
from model_evaluation.kinds.predictive.recorded import uses_aws
from model_evaluation.steps import region as shared

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


def check(text: str, context: Context) -> Answer:
    if not uses_aws(context):
        return Answer("none")
    return shared.check(text, context)


def moot(context: Context) -> bool:
    return not uses_aws(context)


def settle(context: Context) -> Answer | None:
    return shared.settle(context) if uses_aws(context) else Answer("none", origin="default")


STEP = replace(shared.STEP, check=check, settle=settle, moot=moot)
