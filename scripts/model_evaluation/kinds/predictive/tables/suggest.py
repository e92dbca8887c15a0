"""Which column may be what, by names and content. Only what is plain is settled; anything else is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from model_evaluation.kinds.predictive.runtime.problem import Columns

from .profile import Column, TableProfile

LABELS = ("label", "target", "y", "class", "ground_truth", "truth", "y_true", "actual", "labels", "target_label")
LABEL_PARTS = re.compile(
    r"(?:^|_)(?:label|target|outcome|survived|churn(?:ed)?|fraud|is_fraud|default(?:ed)?|diagnosis|converted|price)$"
)
IDS = re.compile(r"(?:^|_)(?:id|uuid|guid|key|record|row)$|^(?:id|row|index|rownames|unnamed_0)(?:_|$)")
GROUPS = re.compile(r"(?:customer|user|patient|account|client|member|household|store|device|session)(?:_?id)?$")
TIMES = re.compile(r"(?:^|_)(?:time|date|timestamp|day|when|created|at)(?:_|$)")
WEIGHTS = re.compile(r"^(?:sample_?)?weights?$")
ENOUGH_ROWS = 20  # with fewer, texts differ in every row by chance
AFTER = re.compile(r"outcome|result|chargeback|closed_|_post(?:_|$)|resolved|refund|actual_|final_|recovered")


@dataclass(frozen=True)
class Suggestion:
    """``columns`` are what is plain; ``label_candidates`` what could be the label where several could. ``plain`` says
    that nothing has to be asked."""

    columns: Columns
    label_candidates: tuple[str, ...]
    plain: bool
    reason: str


def suggest_columns(profile: TableProfile) -> Suggestion:
    """By the names first; a file without a header has its label in the first column, as SageMaker trains."""
    names = {column.name: _plain(column.name) for column in profile.columns}
    exact = [name for name, plain in names.items() if plain in LABELS and (plain != "y" or "x" not in names.values())]
    parts = [name for name, plain in names.items() if LABEL_PARTS.search(plain) and name not in exact]
    headless = "0" in names and all(name.removeprefix("f").isdecimal() for name in names)
    if headless:
        label, reason = "0", "without a header the label usually stands first"
    elif exact:
        label, reason = exact[0], "by their names"
    elif len(parts) == 1:
        label, reason = parts[0], "by their names"
    else:
        label, reason = "", ""
    unique = [column for column in profile.columns if _is_key(column, profile.rows) and column.name != label]
    by_name = [column.name for column in unique if IDS.search(names[column.name])]
    codes = [column.name for column in unique if column.type == "text" and not column.words]
    key = by_name[0] if by_name else ""
    if not key and len(codes) == 1 and profile.rows >= ENOUGH_ROWS:
        key, reason = codes[0], f"{codes[0]} differs in every row; others by name"
    group = next((column.name for column in profile.columns
                  if GROUPS.search(names[column.name]) and column.name not in (key, label)
                  and 1 < column.distinct < profile.rows), "")  # fmt: skip
    times = [column.name for column in profile.columns if column.type == "time" and column.name not in (key, label)]
    time = next((name for name in times if TIMES.search(names[name])), times[0] if times else "")
    weight = next((column.name for column in profile.columns
                   if WEIGHTS.search(names[column.name]) and column.type == "number"), "")  # fmt: skip
    ignored = dict.fromkeys((*by_name[1:], *times))  # of several ids one is enough, and no model learns from them
    columns = Columns(label, key, tuple(ignored), group, time, weight)
    candidates = (*exact, *parts)
    plain = not headless and bool(label) and len(candidates) == 1 and not group and not weight
    return Suggestion(columns, candidates, plain, reason)


def in_order(profile: TableProfile) -> list[Column]:
    """The columns as a person looks for them: label, id, group, time and weight, as far as their names tell, then the
    others. Where no name tells the label, the last column, which often is it, comes before the others."""
    own = suggest_columns(profile)
    order = [*([own.columns.label] if own.columns.label else own.label_candidates or profile.names[-1:]),
              own.columns.id, own.columns.group, own.columns.time, own.columns.weight]  # fmt: skip
    first = {name: place for place, name in reversed([*enumerate(order)])}
    return sorted(profile.columns, key=lambda column: first.get(column.name, len(order)))


def is_named_id(column: Column) -> bool:
    """Whether a column's name is that of an id."""
    return bool(IDS.search(_plain(column.name)))


def looks_later(column: Column) -> bool:
    """Whether a column's name is of something that is only known after what is predicted."""
    return bool(AFTER.search(_plain(column.name)))


def _is_key(column: Column, rows: int) -> bool:
    """Different in every row, and no measurement: whole numbers or text."""
    return not column.missing and column.distinct == rows and (column.type == "text" or column.whole)


def _plain(name: str) -> str:
    """``CustomerID`` as ``customer_id``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
