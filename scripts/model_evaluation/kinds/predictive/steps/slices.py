"""slices: the fields by which results are broken down, to see for whom the model fails."""

from __future__ import annotations

import csv
import io
import shlex

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.predictive.recorded import columns_of, profile_of

MOST_VALUES = 30
MOST_FIELDS = 8


def check(text: str, context: Context) -> Answer:
    if text.lower() == "none":
        return Answer([])
    cells = next(csv.reader([text], skipinitialspace=True))
    names = list(dict.fromkeys(name.strip() for name in cells if name.strip()))
    profile, label = profile_of(context), columns_of(context).label
    for name in names:
        if name not in profile.names:
            raise Refused(
                f"The test set has no column {name[:60]!r}.",
                fix=f"Choose from {', '.join(candidates(context)) or 'its columns'}.",
                code="no_such_column",
            )
        if name == label:
            raise Refused(f"{name!r} is the label itself.", fix="Choose a column that describes the row.")
        if profile.column(name).distinct > MOST_VALUES:
            raise Refused(
                f"{name!r} has {profile.column(name).distinct:,} values; up to {MOST_VALUES} are shown.",
                fix="Choose a column with few values, or group its values into a new one.",
                code="too_many_values",
            )
    if len(names) > MOST_FIELDS:
        raise Refused(
            f"{len(names)} fields were given; up to {MOST_FIELDS} are shown.", fix="Choose the important ones."
        )
    return Answer(names)


def candidates(context: Context) -> list[str]:
    """Columns of few values that describe rows, texts first."""
    columns = columns_of(context)
    left_out = {columns.label, columns.id, columns.weight}
    fit = [
        column for column in profile_of(context).columns
        if column.name not in left_out and 2 <= column.distinct <= 12 and (column.type == "text" or column.whole)
    ]  # fmt: skip
    return [column.name for column in sorted(fit, key=lambda column: column.type != "text")][:MOST_FIELDS]


def _written(names: list[str]) -> str:
    """The names as one word of a command."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return shlex.quote(line.getvalue())


def settle(context: Context) -> Answer:
    names, profile = candidates(context), profile_of(context)
    # Numbers of few values are mostly measurements.
    names = [name for name in names if profile.column(name).type == "text"] or names
    note = f"Results are not broken down. They could be, by {', '.join(names)}."
    fix = f"To see for whom it fails: evaluate.py answer slices {_written(names[:3])}"
    return Answer([], origin="default", findings=[finding("slices", note, fix=fix)] if names else [])


def offer(context: Context) -> Offer:
    choices = [{"value": name, "label": f"By {name}"} for name in candidates(context)]
    value = context.document.get("reopened", {}).get("slices")
    earlier = [str(name) for name in value] if isinstance(value, list) else []
    fit = set(earlier) <= {*profile_of(context).names} - {columns_of(context).label}
    suggested = ",".join(earlier) if fit and earlier else "none"
    return Offer(choices=[*choices, {"value": "none", "label": "Not at all"}], suggested=suggested)


STEP = Step(
    "slices",
    title="Slices",
    question="By which fields should the results be broken down?",
    expects="columns separated by commas, or `none`",
    example="region,plan",
    closed=True,
    check=check,
    offer=offer,
    settle=settle,
)
