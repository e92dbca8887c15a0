"""Every check before an evaluation of a predictive model, in the order in which they are shown. Those about AWS say
nothing where no part of the evaluation is there."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator

from model_evaluation.conversation.context import Context
from model_evaluation.packages import how_to_install
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.results import Result, failed, passed, warned
from model_evaluation.preflight.shared_checks import Check
from model_evaluation.preflight.subject import Subject

from .kind import Predictive
from .recorded import columns_of, features_of, profile_of, sides_of, uses_aws, uses_batch, uses_jobs
from .runtime.families import NUMBERS_ONLY

ENDPOINTS = ("s3", "sagemaker.api", "sagemaker.runtime", "sts", "logs")
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


def enough_rows(subject: Subject) -> Iterator[Result]:
    """Rows enough to say anything."""
    profile = profile_of(subject.context)
    if profile.rows < 2:
        yield failed("The test set has one row.", "Give a test set with more rows:\nevaluate.py revise dataset")
    else:
        yield passed(f"{profile.rows:,} rows, {len(profile.columns)} columns.")


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
                f"{family} takes numbers only; of the columns that it would be sent, {len(texts)} "
                f"{'holds' if len(texts) == 1 else 'hold'} text: {listed}.",
                "Leave them out (ignore=...), or encode them as for the training:\nevaluate.py revise columns",
                part=side,
            )
            return
    yield passed(f"{len(names)} columns are sent to the model; the label {columns_of(context).label!r} is not.")


def comparison(subject: Subject) -> Iterator[Result]:
    """Both models on the same rows."""
    context = subject.context
    counts = [context.facts(side).get("counts") for side in sides_of(context)]
    missing = [own["missing"] for own in counts if own]
    if len(set(missing)) == 2:
        yield warned(
            f"The candidate lacks predictions for {missing[0]:,} rows, the reference for {missing[1]:,}: they are "
            "compared on the rows that both have.",
            "Give predictions for every row of the test set.",
        )
    elif len(counts) == 2:
        yield passed("Both models are compared on the same rows, put together by id.")


def _where(check: Check, applies: Callable[[Context], bool]) -> Check:
    """The check, for evaluations that it is about."""

    def run(subject: Subject) -> Iterator[Result]:
        if applies(subject.context):
            yield from check.run(subject)

    return Check(check.id, run, check.needs)


CHECKS: tuple[Check, ...] = (
    _where(shared.IDENTITY, uses_aws),
    _where(shared.ENDPOINT, uses_aws),
    _where(shared.CLOCK, uses_aws),
    Check("packages", packages),
    Check("test_set", enough_rows, ("dataset", "data")),
    Check("features", features, ("columns", "model")),
    Check("comparison", comparison, ("model", "reference", "predictions")),
    _where(shared.ROLE, has_role),
    _where(shared.role_may(Predictive.permission_steps), has_role),
    _where(shared.caller_may(Predictive.permission_steps), uses_jobs),
    _where(shared.BUCKET_POLICY, has_role),
    _where(shared.ENCRYPTION, has_role),
    _where(shared.studio_network(ENDPOINTS), uses_jobs),
    _where(shared.SDK, uses_jobs),
    _where(shared.SDK_ENVIRONMENT, uses_batch),
)
