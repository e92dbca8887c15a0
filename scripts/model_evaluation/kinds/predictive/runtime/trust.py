"""Whether the numbers can be trusted: what is odd about rows, scores and classes, each with what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.optimize import linear_sum_assignment

from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.statistics.verdicts import PAIRED_FLOOR
from model_evaluation.runtime.summary import FairnessCheck

from .joined import Joined
from .page.words import CONSTANT
from .problem import Problem
from .statistics import cells
from .statistics.entries import Entries
from .tables import Predictions

FEW_OF_A_CLASS = 20
SWAPPED_GAIN = 0.2  # of the rows: how much more would be right if classes were renamed
TOO_GOOD = 0.999
RARE = 0.05
MAIN = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "r2"}
"""The metric that tells whether a model knows anything."""
Names = Mapping[Side, str]
"""What the models are called."""


def trust_checks(
    joined: Joined,
    predictions: Mapping[Side, Predictions],
    entries: Entries,
    problem: Problem,
    names: Names,
    constant: Mapping[str, float | None],
) -> list[FairnessCheck]:
    """Every check that applies, in the order in which people ask. ``constant`` is what the best constant answer reaches
    on the same rows, by metric."""
    checks = [_rows(joined, predictions, names)]
    if problem.type in ("binary", "multiclass"):
        checks.append(_classes(joined, problem))
    if problem.type == "binary":
        checks += _backwards(entries, names)
    elif problem.type == "multiclass":
        checks += _renamed(joined, names)
    checks += _same(joined, names)
    main = MAIN.get(problem.type)
    if main and main in entries:
        checks += _constant(joined, main, entries, names, constant.get(main))
        checks += _too_good(main, entries, names)
    return checks


def _check(
    check_id: str,
    message: str,
    counts: Mapping[str, int] | None = None,
    *,
    status: str = "warn",
    held_back: bool = False,
) -> FairnessCheck:
    """``held_back``: no decision is made with it."""
    check: FairnessCheck = {"id": check_id, "status": status, "counts": dict(counts or {}), "message": message}
    if held_back:
        check["at_most"] = "inconclusive"
    return check


def _rows(joined: Joined, predictions: Mapping[Side, Predictions], names: Names) -> FairnessCheck:
    """Every row predicted once by every model, and nothing beside them. Rows are never put together by position."""
    total, everyone = joined.rows["dataset"], "both models" if len(names) == 2 else "the model"
    parts, counts = [], {"rows": total, "compared": len(joined)}
    for side, own in predictions.items():
        odd = {
            "without a prediction": joined.missing[side],
            "not understood": own.unparsable,
            "answered twice": own.duplicate,
            "for rows that are not in the test set": joined.surplus[side],
        }
        odd = {what: count for what, count in odd.items() if count}
        counts |= {f"{names[side]}, {what}": count for what, count in odd.items()}
        if odd:
            told = ", ".join(f"{count:,} {what}" for what, count in odd.items())
            parts.append(f"Of the {names[side]}'s predictions: {told}.")
    if len(joined) == total:
        good = f"All {total:,} rows of the test set have a prediction of {everyone}, put to them by id."
        return _check("rows", " ".join([good, *parts]), counts, status="warn" if parts else "pass")
    share = len(joined) / total
    message = (
        f"{len(joined):,} of {total:,} rows ({share:.1%}) have a prediction of {everyone}; the numbers are "
        f"about these. {' '.join(parts)} {_bounds(joined)}"
    )
    return _check("rows", " ".join(message.split()), counts, held_back=share < PAIRED_FLOOR)


def _bounds(joined: Joined) -> str:
    """What the accuracy of the candidate lies between if all rows that are not there were wrong, or right. Of weighted
    rows the weight of those that are not there is not known."""
    said, total = joined.said.get("tuned"), joined.rows["dataset"]
    if said is None or said.codes is None or joined.truth is None or joined.weight is not None:
        return ""
    right, absent = int((said.codes == joined.truth).sum()), total - len(joined)
    return (
        f"If the other rows were all wrong or all right, the candidate's accuracy would be {right / total:.3f} or "
        f"{(right + absent) / total:.3f}."
    )


def _classes(joined: Joined, problem: Problem) -> FairnessCheck:
    counts = np.bincount(np.asarray(joined.truth, np.int64), minlength=len(joined.classes))
    told = {name: int(count) for name, count in zip(joined.classes, counts, strict=True)}
    absent = [name for name, count in told.items() if count == 0]
    few = [f"{name!r} ({count})" for name, count in told.items() if 0 < count < FEW_OF_A_CLASS]
    shown = dict(sorted(told.items(), key=lambda item: item[1])[:12])
    if problem.type == "binary" and absent:
        message = f"The test set has no row of the class {absent[0]!r}: most metrics do not exist."
        return _check("classes", message, shown, status="fail")
    parts = []
    if absent:
        parts.append(
            f"No row of the test set is of {', '.join(map(repr, absent[:6]))}, which only predictions hold: averages "
            "are over the other classes."
        )
    if few:
        parts.append(
            f"Classes with fewer than {FEW_OF_A_CLASS} rows: {', '.join(few[:6])}. What is said of them is rough."
        )
    if parts:
        return _check("classes", " ".join(parts), shown)
    message = f"Every class has at least {FEW_OF_A_CLASS} rows."
    if problem.type == "binary" and (share := float(counts[1] / counts.sum())) < RARE:
        message = (
            f"{share:.2%} of the rows are positive: a model that never says so is right in {1 - share:.2%} of them, so "
            "accuracy says little here."
        )
    return _check("classes", message, shown, status="pass")


def _backwards(entries: Entries, names: Names) -> Iterator[FairnessCheck]:
    """Scores that order rows backwards."""
    for side, name in names.items():
        own = entries["roc_auc"][side]
        if own and own["ci_high"] is not None and own["ci_high"] < 0.5:
            message = (
                f"The {name}'s scores order the rows backwards (ROC-AUC {own['value']:.3f}): are they those of the "
                "other class, or are the labels turned round?"
            )
            yield _check("score_order", message, held_back=True)


def _renamed(joined: Joined, names: Names) -> Iterator[FairnessCheck]:
    """Classes that were renamed on the way."""
    truth = np.asarray(joined.truth, np.int64)
    for side, said in joined.said.items():
        assert said.codes is not None
        table = cells.table(truth, {side: said.codes}, len(joined.classes)).cells(side)
        rows, columns = linear_sum_assignment(-table)
        gain = (table[rows, columns].sum() - np.trace(table)) / len(truth)
        if gain > SWAPPED_GAIN:
            moved = [
                f"{joined.classes[column]!r} for {joined.classes[row]!r}"
                for row, column in zip(rows, columns, strict=True)
                if row != column and table[row, column]
            ]
            message = (
                f"The {names[side]} would be right in {gain:.0%} more of the rows if it meant {', '.join(moved[:5])}: "
                "is the order of its classes another one?"
            )
            yield _check("class_order", message, held_back=True)


def _same(joined: Joined, names: Names) -> Iterator[FairnessCheck]:
    """Two models that say the same in every row may be one."""
    if len(joined.said) == 2:
        tuned, base = joined.said["tuned"], joined.said["base"]
        pairs = ((tuned.score, base.score), (tuned.codes, base.codes))
        known = [(a, b) for a, b in pairs if a is not None and b is not None]
        if known and all(np.array_equal(a, b) for a, b in known):
            both = f"The {names['tuned']} and the {names['base']}"
            yield _check("same_predictions", f"{both} say exactly the same in every row: are they one model?")


def _constant(
    joined: Joined, metric: str, entries: Entries, names: Names, floor: float | None
) -> Iterator[FairnessCheck]:
    """Whether a model is shown to be better than the best constant answer, which reaches ``floor``."""
    for side, said in joined.said.items():
        own = entries[metric][side]
        if own is None or own["ci_low"] is None or floor is None or names[side] == CONSTANT:
            continue
        if said.score is not None and len(said.score) and np.ptp(said.score, axis=0).max() == 0:
            yield _check("constant", f"The {names[side]} says the same in every row.")
        elif own["ci_low"] <= floor <= (own["ci_high"] or 0):
            message = (
                f"The {names[side]} is not shown to be better than a constant answer ({metric} {own['value']:.3g}, 95% "
                f"CI from {own['ci_low']:.3g}; the constant has {floor:.3g})."
            )
            yield _check("constant", message)


def _too_good(metric: str, entries: Entries, names: Names) -> Iterator[FairnessCheck]:
    for side, name in names.items():
        own = entries[metric][side]
        if own and own["value"] is not None and own["value"] > TOO_GOOD and own["n"] >= 30:
            message = (
                f"The {name}'s {metric} is {own['value']:.4g}, which is rarely true: does a column give the answer "
                "away, or were these rows in the training set?"
            )
            yield _check("too_good", message)
