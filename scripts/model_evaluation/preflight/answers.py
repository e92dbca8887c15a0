"""Answers are checked again: a judge may have been retired, an object replaced, an app deleted since."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from model_evaluation.steps import load as load_step

from .result import Result, failed, lines, passed, skipped, warned
from .subject import Subject


def again(step_id: str) -> Callable[[Subject], Iterator[Result]]:
    """A check that runs a step's own check on the recorded answer."""

    def run(subject: Subject) -> Iterator[Result]:
        context = subject.context
        answer = load_step(step_id).check(context.value(step_id), context)
        recorded = context.facts(step_id)
        if step_id == "dataset" and answer.facts.get("etag") != recorded.get("etag"):
            yield failed(
                f"{recorded.get('uri')} was replaced after it was checked.",
                lines("Check it again:", f"evaluate.py answer dataset {context.value('dataset')}"),
                recorded=recorded.get("etag"),
                now=answer.facts.get("etag"),
            )
            return
        yield passed(f"{step_id}: {_short(answer.value)}", **answer.facts)
        for item in answer.findings:
            if item["kind"].endswith("not_simulated"):
                yield skipped(item["message"], part=item["kind"])
            elif item.get("level") == "warning":
                fix = item.get("fix") or lines("To change the answer:", f"evaluate.py revise {step_id}")
                yield warned(item["message"], fix, part=item["kind"], **answer.facts)

    return run


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:199] + "…"
