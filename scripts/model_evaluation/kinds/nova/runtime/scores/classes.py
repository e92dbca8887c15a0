"""Class metrics of a field of the answers: accuracy, and precision, recall and F1 of every class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from model_evaluation.runtime.statistics.proportions import wilson_interval

NO_CLASS = "(none)"
"""Stands for answers without a readable value."""


class Proportion(TypedDict):
    """A share of ``n`` with Wilson's interval; ``None`` throughout for n = 0."""

    value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int


class ClassEntry(TypedDict):
    """Of one class. Precision is over the answers that name it, recall over the rows whose truth it is; F1 is their
    harmonic mean, 0 where both are, and ``None`` for a class that neither truth nor answers have."""

    precision: Proportion
    recall: Proportion
    f1: float | None


class ClassTable(TypedDict):
    """``confusion`` counts by truth (rows) and answer (columns), both in the order of ``classes``. ``macro_f1`` is the
    mean of F1 over the classes of the truth."""

    n: int
    classes: list[str]
    confusion: list[list[int]]
    per_class: dict[str, ClassEntry]
    macro_f1: float | None


def class_table(pairs: Sequence[tuple[str, str | None]]) -> ClassTable:
    """From truth and answer of each row; an answer without a value counts as one of another class."""
    answered = [(truth, answer if answer is not None else NO_CLASS) for truth, answer in pairs]
    truths = sorted({truth for truth, _ in answered})
    classes = [*truths, *sorted({answer for _, answer in answered} - set(truths))]
    place = {name: at for at, name in enumerate(classes)}
    confusion = [[0] * len(classes) for _ in classes]
    for truth, answer in answered:
        confusion[place[truth]][place[answer]] += 1
    per_class: dict[str, ClassEntry] = {}
    for name in classes:
        if name == NO_CLASS:
            continue
        at = place[name]
        hits, said, true = confusion[at][at], sum(row[at] for row in confusion), sum(confusion[at])
        f1 = 2 * hits / (said + true) if said + true else None
        per_class[name] = {"precision": proportion(hits, said), "recall": proportion(hits, true), "f1": f1}
    scores = [score for name in truths if (score := per_class[name]["f1"]) is not None]
    return {
        "n": len(pairs),
        "classes": classes,
        "confusion": confusion,
        "per_class": per_class,
        "macro_f1": sum(scores) / len(scores) if scores else None,
    }


def proportion(hits: int, n: int) -> Proportion:
    if not n:
        return {"value": None, "ci_low": None, "ci_high": None, "n": 0}
    low, high = wilson_interval(hits / n, n)
    return {"value": hits / n, "ci_low": low, "ci_high": high, "n": n}
