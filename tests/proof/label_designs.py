"""People's labels of a random subset: do the corrected difference and the judge's rates hold the truth?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from model_evaluation.kinds.llm_as_judge.people.judge_error import corrected_mean, yes_no_error
from model_evaluation.runtime.statistics.counts import Floats

Draw = Callable[[np.random.Generator, int], tuple[Floats, Floats]]


NOTES = """
{evaluations:,} evaluations a line. A random part of the rows has people's scores; the judge is biased or noisy.
*Width*: the corrected difference's interval against that of people's scores alone. The run fails when the correction
leaves 93 to 97%, three standard errors allowed. The rates' intervals are Wilson's; with few labels of one kind they
cover more than 97%, because counts are whole numbers.
"""


class LabelDesign(NamedTuple):
    """``draw`` gives people's and the judge's difference of n rows; ``truth`` is the mean of people's."""

    name: str
    rows: int
    labelled: int
    draw: Draw
    truth: float


def stepped(shift: float, agree: float, bias: float) -> tuple[Draw, float]:
    """People change by -0.25, 0, 0.25 or 0.5; the judge says the same with chance ``agree``, else ``bias`` more."""
    steps, chances = np.array([-0.25, 0.0, 0.25, 0.5]), np.array([0.2, 0.5, 0.2, 0.1])

    def draw(rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        people = rng.choice(steps, size=n, p=chances) + shift
        return people, np.where(rng.random(n) < agree, people, rng.choice(steps, size=n, p=chances) + shift + bias)

    return draw, float(steps @ chances) + shift


def noisy(correlation: float) -> tuple[Draw, float]:
    """Both normal with standard deviation 0.3; people's mean is 0.05, the judge's 0.15."""

    def draw(rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        people, own = rng.normal(size=(2, n))
        judge = correlation * people + math.sqrt(1 - correlation**2) * own
        return 0.05 + 0.3 * people, 0.15 + 0.3 * judge

    return draw, 0.05


CORRECTED = tuple(
    LabelDesign(name, rows, labelled, *made)
    for name, made in (
        ("few values, judge mostly right", stepped(0.0, 0.8, 0.0)),
        ("few values, generous judge", stepped(0.0, 0.5, 0.25)),
        ("continuous, good judge", noisy(0.9)),
        ("continuous, poor judge", noisy(0.2)),
    )
    for rows, labelled in ((200, 30), (1_000, 50), (1_000, 200))
)
RATES = ((50, 0.5, 0.9, 0.8), (50, 0.1, 0.95, 0.95), (200, 0.5, 0.9, 0.8), (200, 0.1, 0.95, 0.95))


def labels_table(evaluations: int, *, seed: int = 3) -> tuple[str, list[str]]:
    """The section of the document, and which lines leave 93 to 97%, three standard errors allowed."""
    lines, wrong = [], []
    slack = 3 * math.sqrt(0.95 * 0.05 / evaluations)
    for number, design in enumerate(CORRECTED):
        rng = np.random.default_rng([seed, number])
        held, widths, alone = 0, [], []
        for _ in range(evaluations):
            people, judge = design.draw(rng, design.rows)
            k = design.labelled
            found = corrected_mean(people[:k], judge[:k], judge[k:])
            only = corrected_mean(people[:k], judge[:k], judge[:0])
            assert found.low is not None
            assert found.high is not None
            assert only.low is not None
            assert only.high is not None
            held += found.low <= design.truth <= found.high
            widths.append(found.high - found.low)
            alone.append(only.high - only.low)
        share = held / evaluations
        if not 0.93 - slack <= share <= 0.97 + slack:
            wrong.append(f"{design.name}, {design.labelled} of {design.rows}: {share:.1%}")
        narrower = float(np.mean(widths)) / float(np.mean(alone))
        what = f"corrected difference: {design.name}"
        lines.append(f"| {what} | {design.rows:,} | {design.labelled} | {share:.1%} | {narrower:.0%} |")
    for number, (labelled, yes, sensitivity, specificity) in enumerate(RATES):
        rng = np.random.default_rng([seed, 100 + number])
        people = (rng.random((evaluations, labelled)) < yes).astype(float)
        right = rng.random((evaluations, labelled)) < np.where(people == 1, sensitivity, specificity)
        judges = np.where(right, people, 1 - people)
        found = [yes_no_error(p, j, yes=1.0) for p, j in zip(people, judges, strict=True)]
        for name, truth in (("sensitivity", sensitivity), ("specificity", specificity)):
            rates = [error[name] for error in found]
            held = sum(rate.ci_low is None or rate.ci_low <= truth <= rate.ci_high for rate in rates)
            share = held / evaluations
            if share < 0.93 - slack:
                wrong.append(f"{name} {truth}, {labelled} labels: {share:.1%}")
            what = {"sensitivity": "true-positive rate", "specificity": "true-negative rate"}[name]
            lines.append(f"| {what} {truth:.0%}, {yes:.0%} of labels yes | – | {labelled} | {share:.1%} | – |")
    head = (
        "## People's labels",
        NOTES.format(evaluations=evaluations),
        "| what | rows | labelled | coverage | width |",
        "|---|--:|--:|--:|--:|",
    )
    return "\n".join((*head, *lines)), wrong
