"""Answers are checked again: a model may have been retired, an object replaced, an app deleted since."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator

from model_evaluation.errors import Choose, Refused
from model_evaluation.json_types import Facts
from model_evaluation.lookups.s3.dataset_files import recorded_files
from model_evaluation.preflight.fixes import commands_in, lines, pasteable
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject


def again(step_id: str) -> Callable[[Subject], Iterator[Result]]:
    """A check that runs a step's own check on the recorded answer."""

    def run(subject: Subject) -> Iterator[Result]:
        context, facts, value = subject.context, subject.facts(step_id), subject.value(step_id)
        text = ",".join(value) if isinstance(value, list) else str(value)
        try:
            answer = context.kind.step(step_id).check(text, context)
        except Refused as error:
            yield failed(error.message, _with_command(error, step_id), code=error.code, evidence=error.details)
            return
        if step_id == "dataset" and answer.facts.get("etag") != facts.get("etag"):
            yield failed(
                f"{_replaced(facts, answer.facts)} was replaced after it was checked.",
                "Check it again:",
                f"evaluate.py answer dataset {shlex.quote(str(context.value('dataset')))}",
                recorded=facts.get("etag"),
                now=answer.facts.get("etag"),
            )
            return
        yield passed(f"{step_id}: {text if len(text) <= 200 else text[:199] + '…'}", evidence=answer.facts)
        for item in answer.findings:
            kind, message = str(item["kind"]), str(item["message"])
            if kind.endswith("not_simulated"):
                yield skipped(message, part=kind)
            elif item.get("level") == "warning":
                fix = str(item.get("fix") or lines("To change the answer:", f"evaluate.py revise {step_id}"))
                yield warned(message, fix, part=kind, evidence=answer.facts)

    return run


def profile(subject: Subject) -> Iterator[Result]:
    """The profile belongs to the dataset."""
    facts, rows = subject.facts("data"), int(subject.facts("data")["profile"]["rows"])
    if facts.get("etag") == subject.facts("dataset").get("etag"):
        yield passed(f"{rows:,} rows." if rows else "It needs no rows of yours.", rows=rows)
    else:
        again = lines("Read the file again:", "evaluate.py revise data")
        yield failed("The dataset's profile was made of another version of the file.", again, rows=rows)


def _replaced(facts: Facts, now: Facts) -> str:
    """The first of the dataset's files whose ETag is another one."""
    etags = zip(str(facts.get("etag")).split(","), str(now.get("etag")).split(","), strict=False)
    files = zip(recorded_files(facts), etags, strict=False)
    return str(next((uri for uri, (before, after) in files if before != after), facts.get("uri")))


def _with_command(error: Refused, step_id: str) -> str:
    """The refusal's fix; where it names no command, the choices there are and the command that reopens the step."""
    fix = pasteable(error.fix)
    if commands_in(fix):
        return fix
    choices = ", ".join(choice["value"] for choice in error.choices) if isinstance(error, Choose) else ""
    return lines(fix, f"To choose from: {choices}" if choices else "", f"evaluate.py revise {step_id}")
