"""How often the intervals hold the truth, and how often a verdict is wrong: evaluations whose truth is known.

``python tests/proof/simulate_coverage.py`` plays 2,000 evaluations of each design through the same functions
the notebook uses, writes ``coverage.md`` beside this file and fails when a promise is not kept.
"""

from __future__ import annotations

import argparse
import math
import pathlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts"))

from model_evaluation.kernel.entries import difference_entry, settle_verdicts  # noqa: E402
from model_evaluation.kernel.scales import Metric  # noqa: E402
from model_evaluation.kernel.stats import holm  # noqa: E402

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], tuple[Floats, Floats]]
FIVE = (0.0, 0.25, 0.5, 0.75, 1.0)
THREE = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class Design:
    """One way evaluations come about. ``truth`` and ``deviation`` are of one record's difference, exact."""

    name: str
    n: int
    draw: Draw
    truth: float
    deviation: float
    cluster_size: int = 1
    hard: bool = False  # no method knows what so few rows do not show: reported, not required

    def __str__(self) -> str:
        return f"{self.name}, {self.n} rows"


def few_valued(
    name: str, n: int, levels: Sequence[float], base: Sequence[float], steps: dict[int, float], **more: bool
) -> Design:
    """Base scores by ``base``'s probabilities; the fine-tuned score moves by ``steps`` {levels: chance}."""
    joint = np.zeros((len(levels), len(levels)))
    for at, chance in enumerate(base):
        for step, share in steps.items():
            joint[at, min(max(at + step, 0), len(levels) - 1)] += chance * share
    values = np.array(levels)
    differences = values[None, :] - values[:, None]
    truth = float((joint * differences).sum())
    deviation = math.sqrt(float((joint * differences**2).sum()) - truth**2)

    def draw(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
        cell = rng.choice(joint.size, size=count, p=joint.ravel())
        return values[cell % len(levels)], values[cell // len(levels)]

    return Design(name, n, draw, truth, deviation, **more)


def changes(name: str, n: int, steps: dict[float, float], **more: bool) -> Design:
    """Most rows tie at 0.5 of a scale; the others change by ``steps`` {difference: chance}."""
    sizes, chances = np.array([0.0, *steps]), np.array([1 - sum(steps.values()), *steps.values()])
    truth = float(sizes @ chances)
    deviation = math.sqrt(float(sizes**2 @ chances) - truth**2)

    def draw(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
        base = np.full(count, 0.25)
        return base + rng.choice(sizes, size=count, p=chances), base

    return Design(name, n, draw, truth, deviation, **more)


def continuous(name: str, n: int, tuned: tuple[float, float], base: tuple[float, float]) -> Design:
    """Independent beta-distributed scores."""
    (a, b), (c, d) = tuned, base
    truth = a / (a + b) - c / (c + d)
    variance = a * b / (a + b) ** 2 / (a + b + 1) + c * d / (c + d) ** 2 / (c + d + 1)
    return Design(
        name, n, lambda rng, count: (rng.beta(a, b, count), rng.beta(c, d, count)), truth, math.sqrt(variance)
    )


def with_missing(design: Design, name: str, tuned: float, base: float) -> Design:
    """Scores missing at random, at a rate of their own for each model."""

    def draw(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
        scores = [array.copy() for array in design.draw(rng, count)]
        for array, rate in zip(scores, (tuned, base), strict=True):
            array[rng.random(count) < rate] = np.nan
        return scores[0], scores[1]

    return Design(name, design.n, draw, design.truth, design.deviation)


def clustered(name: str, n: int, size: int) -> Design:
    """Records in clusters of ``size`` whose chance of a gain of 0.25 is their own, Beta(1, 1) times 0.6; a
    loss of 0.25 happens in 20% everywhere. The gain is 0.25 * (0.3 - 0.2)."""

    def draw(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
        gain = np.repeat(0.6 * rng.random(count // size), size)
        chance = rng.random(count)
        steps = np.where(chance < gain, 0.25, np.where(chance > 0.8, -0.25, 0.0))
        return 0.5 + steps, np.full(count, 0.5)

    # One cluster mean varies by (E[variance within] / size + variance of the clusters' means); times size for a record.
    within = 0.0625 * (0.5 - 0.01 - 0.36 / 12)
    between = 0.0625 * 0.36 / 12
    return Design(name, n, draw, 0.025, math.sqrt(within + size * between), cluster_size=size)


ORDINARY = (0.1, 0.15, 0.2, 0.3, 0.25)
EVEN = (0.2, 0.2, 0.2, 0.2, 0.2)
SAME = {0: 0.5, 1: 0.2, -1: 0.2, 2: 0.05, -2: 0.05}
BETTER = {0: 0.5, 1: 0.3, -1: 0.1, 2: 0.08, -2: 0.02}
LIKERT_60 = few_valued("five levels, better", 60, FIVE, ORDINARY, BETTER)
DESIGNS = (
    few_valued("five levels, no difference", 10, FIVE, EVEN, SAME),
    few_valued("five levels, no difference", 20, FIVE, EVEN, SAME),
    few_valued("five levels, better", 29, FIVE, ORDINARY, BETTER),
    few_valued("five levels, no difference", 30, FIVE, EVEN, SAME),
    LIKERT_60,
    few_valued("five levels, no difference", 200, FIVE, EVEN, SAME),
    few_valued("five levels, better", 1000, FIVE, ORDINARY, BETTER),
    few_valued("near the top of three levels", 30, THREE, (0.03, 0.12, 0.85), {0: 0.7, 1: 0.15, -1: 0.15}),
    few_valued("near the top of three levels", 100, THREE, (0.03, 0.12, 0.85), {0: 0.7, 1: 0.15, -1: 0.15}),
    few_valued("yes or no, no difference", 40, (0.0, 1.0), (0.5, 0.5), {0: 0.7, 1: 0.15, -1: 0.15}),
    few_valued("yes or no, rare", 100, (0.0, 1.0), (0.9, 0.1), {0: 0.9, 1: 0.05, -1: 0.05}),
    continuous("continuous, skewed", 30, (1.2, 4), (1, 5)),
    continuous("continuous, no difference", 100, (2, 3), (2, 3)),
    continuous("continuous, better", 1000, (2.2, 3), (2, 3)),
    changes("skewed: rare large gains, frequent small losses", 100, {0.75: 0.05, -0.25: 0.15}),
    changes("90% ties, few values", 100, {0.5: 0.03, 0.25: 0.03, -0.25: 0.04}),
    changes("95% ties", 60, {0.5: 0.02, -0.25: 0.03}),
    with_missing(LIKERT_60, "five levels, better, 10% missing at random", 0.1, 0.1),
    with_missing(LIKERT_60, "five levels, better, 30% missing for one model", 0.3, 0.02),
    clustered("clusters of five rows", 100, 5),
    clustered("clusters of ten rows", 400, 10),
    changes("rare large gains on very few rows", 12, {0.75: 0.12, -0.25: 0.36}, hard=True),
)


class Outcome(NamedTuple):
    """Shares of a design's evaluations: truth below and above the interval, and each verdict shown."""

    design: Design
    evaluations: int
    below: float
    above: float
    width: float
    improved: float
    regressed: float
    equivalent: float

    @property
    def coverage(self) -> float:
        return 1 - self.below - self.above

    @property
    def power_by_theory(self) -> float:
        """Chance to show the difference, normal theory, all n rows."""
        shift = abs(self.design.truth) * math.sqrt(self.design.n) / self.design.deviation
        normal = NormalDist()
        return normal.cdf(shift - 1.959964) + normal.cdf(-shift - 1.959964)


def simulate(design: Design, evaluations: int, *, seed: int = 1, resamples: int = 10_000) -> Outcome:
    """Play a design. An interval that does not exist (fewer than two pairs) counts as holding the truth."""
    rng = np.random.default_rng([seed, design.n, len(design.name)])
    metric = Metric("M", limits=(0.0, 1.0))
    below = above = 0
    widths, verdicts = [], []
    for _ in range(evaluations):
        tuned, base = design.draw(rng, design.n)
        clusters = np.arange(design.n) // design.cluster_size if design.cluster_size > 1 else None
        entry = difference_entry(metric, tuned, base, rng=rng, clusters=clusters, resamples=resamples)
        settle_verdicts([entry], [metric], holm)
        low, high = entry["difference"]["ci_low"], entry["difference"]["ci_high"]
        verdicts.append(entry["verdict"])
        if low is not None:
            below += design.truth < low - 1e-12
            above += design.truth > high + 1e-12
            widths.append(high - low)
    share = {name: verdicts.count(name) / evaluations for name in ("improved", "regressed", "equivalent")}
    return Outcome(
        design, evaluations, below / evaluations, above / evaluations, float(np.mean(widths)), *share.values()
    )


def broken_promises(outcome: Outcome) -> list[str]:
    """What this outcome fails, three standard errors of the simulation allowed."""
    design, runs = outcome.design, outcome.evaluations

    def noise(share: float) -> float:
        return 3 * math.sqrt(share * (1 - share) / runs)

    broken = []
    if outcome.coverage < 0.93 - noise(0.93):
        broken.append(f"covers {outcome.coverage:.1%}, less than 93%")
    wrong = [outcome.improved] * (design.truth <= 1e-12) + [outcome.regressed] * (design.truth >= -1e-12)
    if max(wrong) > 0.025 + noise(0.025):
        broken.append(f"a wrong verdict in {max(wrong):.1%}")
    return broken


def table(outcomes: Sequence[Outcome], seconds: float) -> str:
    lines = [
        "# Intervals and verdicts against a known truth",
        "",
        (
            "Remade by `python tests/proof/simulate_coverage.py` (`make proof`). Every line plays "
            f"{outcomes[0].evaluations:,} evaluations of one metric on a 0 to 1 scale through the functions the "
            "notebook uses. Nominal coverage is 95%; a truth below the interval and a truth above it should each "
            "happen in 2.5%. *Improved* and *regressed* are verdicts; with a true difference of 0 each is wrong. "
            "Above 97% coverage means few distinct scores: such an interval cannot be exact, and errs on the "
            "careful side. *Power* is normal theory's chance to show the difference (without missing rows). A verdict "
            "needs the interval and the exact test, so with few rows or many ties it shows less than theory promises."
        ),
        "",
        (
            "| design | rows | true difference | coverage | truth below | truth above | mean width | improved | "
            "regressed | equivalent | power |"
        ),
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for o in outcomes:
        d = o.design
        power = "–" if abs(d.truth) < 1e-12 else f"{o.power_by_theory:.1%}"
        lines.append(
            f"| {d.name}{' (beyond any method)' if d.hard else ''} | {d.n:,} | {d.truth + 0.0:.4f} | "
            f"{o.coverage:.1%} | {o.below:.1%} | {o.above:.1%} | {o.width:.3f} | {o.improved:.1%} | "
            f"{o.regressed:.1%} | {o.equivalent:.1%} | {power} |"
        )
    lines += ["", f"{sum(o.evaluations for o in outcomes):,} evaluations in {seconds:.0f} s.", ""]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=2_000)
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "coverage.md")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    outcomes, failures = [], 0
    for design in DESIGNS:
        outcome = simulate(design, options.evaluations)
        outcomes.append(outcome)
        broken = [] if design.hard else broken_promises(outcome)
        failures += bool(broken)
        sys.stderr.write(
            f"{design.name} n={design.n} d={design.truth:.4f}: {outcome.coverage:.1%} "
            f"({outcome.below:.1%}|{outcome.above:.1%}) imp {outcome.improved:.1%} reg {outcome.regressed:.1%} "
            f"eq {outcome.equivalent:.1%} power {outcome.power_by_theory:.1%} {'; '.join(broken)}\n"
        )
    options.output.write_text(table(outcomes, time.monotonic() - started), encoding="utf-8")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
