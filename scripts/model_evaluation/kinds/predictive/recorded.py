"""Recorded answers as values, and the tables that they name."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.errors import Refused

from .runtime.problem import Columns, PrimaryMetric, Problem, ThresholdRule
from .tables.duck import Table, open_table
from .tables.profile import TableProfile
from .tables.source import Source, find_table, is_local

if TYPE_CHECKING:
    from model_evaluation.lookups.session import Aws

BATCH, ENDPOINT, FILE = "batch", "endpoint", "file"
CONSTANT, NO_REFERENCE = "constant", "none"


def columns_of(context: Context) -> Columns:
    return Columns.parse(str(context.value("columns")))


def problem_of(context: Context) -> Problem:
    return Problem.parse(str(context.value("problem")))


def threshold_of(context: Context) -> ThresholdRule:
    return ThresholdRule.parse(str(context.value("threshold") or "none"))


def primary_of(context: Context) -> PrimaryMetric:
    return PrimaryMetric.parse(str(context.value("primary_metric")))


def profile_of(context: Context) -> TableProfile:
    """What the ``data`` step found."""
    return TableProfile.of(context.facts("data")["profile"])


def features_of(context: Context) -> list[str]:
    """Columns that the model is given, in the file's order."""
    return columns_of(context).features(context.facts("columns")["names"])


def sides_of(context: Context) -> dict[str, str]:
    """Where each model's predictions come from: batch, endpoint or file, by ``model`` and ``reference``."""
    sides = {"model": str(context.facts("model").get("source", ""))}
    if context.facts("reference").get("source"):
        sides["reference"] = str(context.facts("reference")["source"])
    return sides


def uses_jobs(context: Context) -> bool:
    """Whether a model has to be asked: by batch transform or at an endpoint."""
    return bool({BATCH, ENDPOINT} & set(sides_of(context).values()))


def uses_batch(context: Context) -> bool:
    return BATCH in sides_of(context).values()


def needs_role(context: Context) -> bool:
    """Whether a SageMaker model has to be made, of a package or a training job: one that exists has its own role."""
    sides = sides_of(context).items()
    return any(source == BATCH and ":model/" not in str(context.value(side)) for side, source in sides)


def uses_aws(context: Context) -> bool:
    """Whether anything of this evaluation is in AWS."""
    return uses_jobs(context) or any(not is_local(uri) for uri in _tables(context))


def files_here(context: Context) -> list[str]:
    """The tables that lie on this machine and nowhere else."""
    return [uri for uri in _tables(context) if is_local(uri)]


def _tables(context: Context) -> list[str]:
    uris = [str(context.facts(step).get("uri", "")) for step in ("dataset", "model", "reference", "train_data")]
    return [uri for uri in (*uris, threshold_of(context).validation) if uri]


def located(context: Context, text: str) -> str:
    """A table as it was named; a file that lies in the project's folder may be named from there."""
    inside = os.path.join(context.project, os.path.expanduser(text))
    return inside if is_local(text) and not os.path.exists(text) and os.path.exists(inside) else text


def aws_for(context: Context, uri: str) -> Aws | None:
    """AWS, where it takes that to read a table."""
    return None if is_local(uri) else context.aws


def find_for(context: Context, uri: str) -> Source:
    """The table of that URI."""
    return find_table(aws_for(context, uri), uri)


def open_test_set(context: Context, more: Source | None = None, *, once: bool = False) -> AbstractContextManager[Table]:
    """The test set, as it was recorded, with another table beside it; as :func:`.duck.open_table` has them."""
    source = test_source(context)
    more_aws = aws_for(context, more.uri) if more else None
    return open_table(aws_for(context, source.uri), source, more, more_aws, once=once)


def test_source(context: Context) -> Source:
    """The test set as it is now. Raises Refused when it is another one than was recorded."""
    facts = context.facts("dataset")
    source = find_for(context, str(facts["uri"]))
    if source.etag != facts["etag"]:
        raise Refused(
            f"{source.uri} was replaced after it was checked.",
            fix="Check it again: evaluate.py revise dataset",
            code="dataset_changed",
        )
    return source
