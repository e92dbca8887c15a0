"""The metrics and the data as they are recorded: whoever wrote the state file, they are checked as answers are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from model_evaluation.errors import Refused
from model_evaluation.steps import load as load_step

from .result import Result, failed, lines, passed
from .subject import Subject

# Amazon Bedrock user guide: prompts per evaluation job with a judge.
ROWS_PER_JOB = 1_000


def metrics(subject: Subject) -> Iterator[Result]:
    """Names and definitions: the SDK sends a mistyped one on, and it fails in the scoring step."""
    builtin, custom = subject.value("builtin_metrics") or [], subject.value("custom_metrics") or []
    wrong = []
    for step_id, text in (
        ("builtin_metrics", ",".join(builtin) or "none"),
        ("custom_metrics", json.dumps(custom) if custom else "none"),
    ):
        try:
            load_step(step_id).check(text, subject.context)
        except Refused as refusal:
            wrong.append((step_id, refusal))
    names = [*builtin, *(str(item.get("customMetricDefinition", {}).get("name")) for item in custom)]
    primary = subject.value("primary_metric")
    for step_id, error in wrong:
        yield failed(error.message, lines(error.fix, f"evaluate.py revise {step_id}"), part=step_id)
    if primary and primary not in names:
        yield failed(
            f"The primary metric {primary} is not among the chosen ones: {', '.join(names)}.",
            lines("Choose one of them:", "evaluate.py revise primary_metric"),
            part="primary_metric",
        )
    elif not wrong:
        yield passed(f"{len(names)} metrics: {', '.join(names)}.", metrics=names)


def data(subject: Subject) -> Iterator[Result]:
    """The profile belongs to the dataset, and its rows fit into one judge job."""
    facts, dataset = subject.facts("data"), subject.facts("dataset")
    rows = int(facts["profile"]["rows"])
    evidence: dict[str, Any] = {"rows": rows, "limit": ROWS_PER_JOB}
    if facts.get("etag") != dataset.get("etag"):
        yield failed(
            "The dataset's profile was made of another version of the file.",
            lines("Read the file again:", "evaluate.py revise data"),
            **evidence,
        )
    elif rows > ROWS_PER_JOB:
        yield failed(
            f"The dataset has {rows:,} rows; a judge job takes {ROWS_PER_JOB:,}.",
            lines("Draw a sample, or split the file:", f"evaluate.py answer data 'sample {ROWS_PER_JOB}'"),
            **evidence,
        )
    else:
        yield passed(f"{rows:,} rows of at most {ROWS_PER_JOB:,}.", **evidence)
