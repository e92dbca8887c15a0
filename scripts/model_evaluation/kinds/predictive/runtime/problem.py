"""What is predicted, from which columns, at which threshold, and which number decides: answers as values.

Each class has ``parse``, which reads what a user wrote and raises :class:`ValueError` with a message for that user, and
``str()``, which writes it again so that it parses to the same value.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Literal

ProblemType = Literal["binary", "multiclass", "regression", "clustering"]
BINARY_METRICS = (
    "accuracy", "balanced_accuracy", "precision", "recall", "specificity", "f1", "f0_5", "f2", "matthews_corrcoef",
    "roc_auc", "average_precision", "log_loss", "brier_score", "expected_cost",
)  # fmt: skip
METRICS: dict[ProblemType, tuple[str, ...]] = {
    "binary": BINARY_METRICS,
    "multiclass": (
        "accuracy", "balanced_accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1",
        "weighted_precision", "weighted_recall", "matthews_corrcoef", "macro_roc_auc", "weighted_roc_auc", "log_loss",
        "brier_score",
    ),
    "regression": (
        "mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "median_absolute_error", "r2",
        "mean_absolute_percentage_error",
    ),
    "clustering": (
        "silhouette", "davies_bouldin", "calinski_harabasz", "adjusted_rand", "adjusted_mutual_info", "stability",
    ),
}  # fmt: skip
"""The metrics of each type of problem from which the primary one is chosen."""
SCORE_METRICS = frozenset(
    {"roc_auc", "average_precision", "log_loss", "brier_score", "macro_roc_auc", "weighted_roc_auc"}
)
"""Metrics that need scores: predicted classes alone do not do."""
WITHIN_ONE = frozenset(name for kind in ("binary", "multiclass") for name in METRICS[kind]) - {
    "matthews_corrcoef",
    "log_loss",
    "brier_score",
    "expected_cost",
}
"""Metrics that lie between 0 and 1, so that no difference reaches 1."""
LOWER_IS_BETTER = frozenset(METRICS["regression"]) - {"r2"} | {
    "log_loss", "brier_score", "expected_cost", "davies_bouldin",
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """What kind of answer the model gives. ``positive`` is the positive class as :func:`.labels.canonical_label` writes
    it, empty unless ``type`` is binary."""

    type: ProblemType
    positive: str = ""

    @classmethod
    def parse(cls, text: str) -> Problem:
        """``binary positive=VALUE``, ``multiclass``, ``regression`` or ``clustering``."""
        word, _, rest = text.strip().partition(" ")
        rest = rest.strip()
        kind = next((known for known in METRICS if known == word.casefold()), None)
        if kind is None:
            raise ValueError(
                f"{word or 'Nothing'!r} is not a type of problem. Expected one of: binary positive=VALUE, multiclass, "
                "regression, clustering."
            )
        if kind != "binary":
            if rest:
                raise ValueError(f"{kind} takes nothing after it, but {rest!r} follows.")
            return cls(kind)
        name, equals, value = rest.partition("=")
        if name.strip().casefold() != "positive" or not equals or not value.strip():
            raise ValueError(
                "binary needs the positive class, the one that the model is meant to find: binary positive=VALUE, such "
                f"as binary positive=1. Received: {text.strip()!r}."
            )
        return cls("binary", value.strip())

    def __str__(self) -> str:
        return f"binary positive={self.positive}" if self.type == "binary" else self.type


@dataclass(frozen=True)
class Columns:
    """Which column of the test set is what; empty where there is none. A file without a header has the names ``0``,
    ``1`` and so on. ``ignore`` are columns that the model is not given."""

    label: str = ""
    id: str = ""
    ignore: tuple[str, ...] = ()
    group: str = ""
    time: str = ""
    weight: str = ""

    @classmethod
    def parse(cls, text: str) -> Columns:
        """``label=y,id=customer,ignore=a,ignore=b``; a part with a comma in it stands in double quotes.

        After ``ignore=`` further names may follow without it: ``ignore=a,b``.
        """
        roles = [field.name for field in fields(cls)]
        single: dict[str, str] = {}
        ignore: list[str] = []
        last = ""
        for part in next(csv.reader([text.strip()], skipinitialspace=True), []):
            role, equals, name = (piece.strip() for piece in part.partition("="))
            role = role.casefold()
            if not part.strip():
                continue
            if not equals and last == "ignore":
                ignore.append(part.strip())
                continue
            if not equals or role not in roles:
                raise ValueError(
                    f"{part.strip()!r} does not say which column is what. Expected role=column, where the role is one "
                    f"of {', '.join(roles)}, such as label=churn,id=customer_id."
                )
            if not name:
                raise ValueError(f"{role}= names no column.")
            last = role
            if role == "ignore":
                ignore.append(name)
            elif role in single:
                raise ValueError(f"{role} is given twice: {single[role]!r} and {name!r}.")
            else:
                single[role] = name
        if not single and not ignore:
            raise ValueError("No column is named. Expected for example label=churn,id=customer_id.")
        columns = cls(**single, ignore=tuple(dict.fromkeys(ignore)))
        # A group may be the id or be ignored as well, and so may a time; a label may be nothing else.
        others = {columns.id, *columns.ignore, columns.group, columns.time, columns.weight} - {""}
        if columns.label in others:
            raise ValueError(f"The column {columns.label!r} cannot be the label and something else.")
        if columns.weight and columns.weight in (columns.id, columns.group, columns.time):
            raise ValueError(f"The column {columns.weight!r} cannot be the weight and something else.")
        return columns

    @property
    def named(self) -> tuple[str, ...]:
        """Every column that has a role, each once."""
        every = (self.label, self.id, *self.ignore, self.group, self.time, self.weight)
        return tuple(dict.fromkeys(name for name in every if name))

    def features(self, names: Iterable[str]) -> list[str]:
        """Those of a table's columns that the model is given."""
        left_out = {self.label, self.id, self.weight, *self.ignore}
        return [name for name in names if name not in left_out]

    def __str__(self) -> str:
        parts = []
        for field in fields(self):
            value = getattr(self, field.name)
            parts += [f"{field.name}={name}" for name in ((value,) if isinstance(value, str) else value) if name]
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow(parts)
        return out.getvalue()


RuleName = Literal["fixed", "cost", "recall", "precision", "none"]
CHOSEN: tuple[RuleName, ...] = ("cost", "recall", "precision")
CROSS_FIT = "cross-fit"
THRESHOLD_EXPECTED = (
    "Expected a number such as 0.5, or cost FP FN, recall R or precision P followed by validation URI or cross-fit, or "
    "none."
)


@dataclass(frozen=True)
class ThresholdRule:
    """How the score from which on a row counts as positive is found.

    ``rule`` fixed: ``values`` is the threshold. cost: what a false positive and a false negative cost. recall,
    precision: what must at least be met. none: there is no threshold, as for everything but binary problems.
    ``source`` is where it is chosen: ``cross-fit`` or the URI of a validation set; empty for fixed and none, never the
    rows that the result is reported on.
    """

    rule: RuleName = "none"
    values: tuple[float, ...] = ()
    source: str = ""

    @classmethod
    def parse(cls, text: str) -> ThresholdRule:
        """``0.3``, ``none``, ``cost 1 50 validation s3://..``, ``recall 0.9 cross-fit``, ``precision 0.8 ..``."""
        words = text.split()
        if not words:
            raise ValueError(f"No threshold is given. {THRESHOLD_EXPECTED}")
        word = words[0].casefold()
        if word == "none" and len(words) == 1:
            return cls()
        rule = next((known for known in CHOSEN if known == word), None)
        if rule is None:
            if len(words) > 1:
                raise ValueError(f"{text.strip()!r} is not a threshold. {THRESHOLD_EXPECTED}")
            return cls("fixed", (_number(words[0], "threshold"),))
        n = 2 if rule == "cost" else 1
        values = tuple(_number(value, rule) for value in words[1 : 1 + n])
        if len(values) < n:
            needs = "two numbers, what a false positive and what a false negative costs" if n == 2 else "a number"
            raise ValueError(f"{rule} needs {needs}. {THRESHOLD_EXPECTED}")
        if rule == "cost" and (min(values) < 0 or max(values) <= 0):
            raise ValueError("Costs are numbers of at least 0, and one of the two is above 0.")
        if rule != "cost" and not 0 < values[0] <= 1:
            raise ValueError(f"A {rule} to be met is a share above 0 and up to 1, such as 0.9, not {words[1]}.")
        return cls(rule, values, _source(text, words[1 + n :]))

    @property
    def is_chosen(self) -> bool:
        """Whether rows are needed to find the threshold."""
        return self.rule in CHOSEN

    @property
    def validation(self) -> str:
        """The URI of the validation set; empty where there is none."""
        return "" if self.source == CROSS_FIT else self.source

    def __str__(self) -> str:
        numbers = " ".join(f"{value:.12g}" for value in self.values)
        if self.rule in ("fixed", "none"):
            return numbers or "none"
        source = self.source if self.source == CROSS_FIT else f"validation {self.source}"
        return f"{self.rule} {numbers} {source}"


def _source(text: str, words: Sequence[str]) -> str:
    if [word.casefold() for word in words] == [CROSS_FIT]:
        return CROSS_FIT
    if len(words) >= 2 and words[0].casefold() == "validation":
        at = text.casefold().index("validation")
        return text[at + len("validation") :].strip()
    raise ValueError(
        "Say where the threshold is chosen: validation URI, on a validation set, which is the better way, or "
        "cross-fit, on the other folds of the test set. It is never chosen on the rows that the result is reported on. "
        f"Received: {' '.join(words) or 'nothing'}."
    )


@dataclass(frozen=True)
class PrimaryMetric:
    """The metric that decides, and the smallest difference on it that matters; ``None`` where nobody said."""

    name: str
    margin: float | None = None

    @classmethod
    def parse(cls, text: str, problem: ProblemType | None = None) -> PrimaryMetric:
        """``roc_auc`` or ``roc_auc margin=0.01``; with ``problem`` the name must be one of its metrics."""
        name, _, rest = text.strip().partition(" ")
        known = METRICS[problem] if problem else tuple(dict.fromkeys(m for names in METRICS.values() for m in names))
        if name not in known:
            what = f"a metric of {problem} problems" if problem else "a metric"
            raise ValueError(f"{name or 'Nothing'!r} is not {what}. Expected one of: {', '.join(known)}.")
        if not rest.strip():
            return cls(name)
        key, equals, value = rest.strip().partition("=")
        if key.strip().casefold() != "margin" or not equals:
            raise ValueError(
                f"{rest.strip()!r} is not understood. Expected NAME or NAME margin=X, such as {name} margin=0.01."
            )
        margin = _number(value.strip(), "margin")
        if margin < 0:
            raise ValueError(f"A margin is at least 0, not {value.strip()}.")
        if margin >= 1 and name in WITHIN_ONE:
            raise ValueError(
                f"{name} lies between 0 and 1: a margin of {value.strip()} would call any two models equal."
            )
        return cls(name, margin)

    @property
    def direction(self) -> str:
        """``higher`` or ``lower``: which is better."""
        return "lower" if self.name in LOWER_IS_BETTER else "higher"

    def __str__(self) -> str:
        return self.name if self.margin is None else f"{self.name} margin={self.margin:.12g}"


def _number(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        expected = "" if what == "margin" else f" {THRESHOLD_EXPECTED}"
        raise ValueError(f"{text!r} is not a number for the {what}.{expected}")
    return number
