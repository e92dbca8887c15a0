"""Checks of the rows, the models and what is needed to put them together."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.predictive.recorded import (
    columns_of,
    features_of,
    profile_of,
    sides_of,
    uses_jobs,
)
from model_evaluation.kinds.predictive.runtime.families import NUMBERS_ONLY
from model_evaluation.packages import how_to_install
from model_evaluation.preflight.results import Result, failed, passed, warned
from model_evaluation.preflight.subject import Subject

NEEDED = ("pandas", "pyarrow", "sklearn", "matplotlib")


def has_role(context: Context) -> bool:
    """Whether an execution role takes part."""
    return str(context.value("role") or "").startswith("arn:")


def packages(subject: Subject) -> Iterator[Result]:
    """What the notebook needs beside the SDK; a SageMaker Studio kernel has it."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        names = ["scikit-learn" if name == "sklearn" else name for name in absent]
        yield warned(
            f"This Python lacks {', '.join(names)}, which the notebook needs. A SageMaker Studio kernel has them.",
            f"To run it here:\n{how_to_install(names)}",
        )
    else:
        yield passed("Everything the notebook needs is installed here.")


def test_set(subject: Subject) -> Iterator[Result]:
    """Rows enough to say anything."""
    profile = profile_of(subject.context)
    if profile.rows < 2:
        yield failed("The test set has one row.", "Give a test set with more rows:\nevaluate.py revise dataset")
    else:
        yield passed(f"{profile.rows:,} rows, {len(profile.columns)} columns.")


test_set.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name


def features(subject: Subject) -> Iterator[Result]:
    """What the model is sent: for the built-in algorithms numbers only."""
    context = subject.context
    if not uses_jobs(context):
        return
    names, profile = features_of(context), profile_of(context)
    if not names:
        yield failed("No column is left that the model could be given.", "evaluate.py revise columns")
        return
    texts = [column.name for column in profile.columns if column.name in names and column.type in ("text", "time")]
    for side in sides_of(context):
        family = str(context.facts(side).get("family", "custom"))
        if texts and family in NUMBERS_ONLY:
            listed = ",".join(texts[:5])
            yield failed(
                f"{family} takes numbers only; {len(texts)} columns that it would be sent hold text: {listed}.",
                "Leave them out (ignore=...), or encode them as for the training:\nevaluate.py revise columns",
                part=side,
            )
            return
    yield passed(f"{len(names)} columns are sent to the model; the label {columns_of(context).label!r} is not.")


def comparison(subject: Subject) -> Iterator[Result]:
    """Both models on the same rows."""
    context = subject.context
    counts = [context.facts(side).get("counts") for side in sides_of(context)]
    known = [own for own in counts if own]
    if len(known) == 2 and known[0]["missing"] != known[1]["missing"]:
        yield warned(
            f"The candidate lacks predictions for {known[0]['missing']:,} rows, the reference for "
            f"{known[1]['missing']:,}: they are compared on the rows that both have.",
            "Give predictions for every row of the test set.",
        )
    elif len(sides_of(context)) == 2:
        yield passed("Both models are compared on the same rows, put together by id.")
