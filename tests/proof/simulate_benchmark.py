"""How often the intervals of a benchmark's micro and macro differences hold the truth, and what a wrong one would say.

``python tests/proof/simulate_benchmark.py`` plays benchmarks whose true shares are known through the functions that the
notebook uses, writes ``benchmark_coverage.md`` beside this file, and fails when a promise is not kept.
"""

from __future__ import annotations

import argparse
import itertools
import math
import pathlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "scripts")]

from model_evaluation.kinds.benchmark.runtime.analysis import macro_entry  # noqa: E402
from model_evaluation.kinds.benchmark.runtime.tasks import TASKS  # noqa: E402
from model_evaluation.runtime.results.aggregates import (  # noqa: E402
    Aggregate,
    Aggregates,
    aggregates_summary,
    standard_error_of_mean,
)
from model_evaluation.runtime.results.evaluation import Evaluation  # noqa: E402
from model_evaluation.runtime.results.paired_scores import PairedScores, Scores, compare_scores  # noqa: E402
from model_evaluation.runtime.statistics.metrics import Metric  # noqa: E402
from model_evaluation.runtime.summary import Comparison  # noqa: E402

METRIC = Metric("exact_match", "higher", (0.0, 1.0))
Z = 1.959963984540054
LOWEST = 0.93
WRONG = 0.025
SLACK = 4.0  # standard errors
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """One benchmark. Of each subtask the base model is right on a share between 0.25 and 0.85; ``lost`` is how much of
    what it is right on the tuned model gets wrong, ``gained`` how much of the rest it gets right. ``tilt`` makes the
    tuned model better on large subtasks and worse on small ones, so that micro and macro differ."""

    name: str
    sizes: tuple[int, ...]
    lost: float = 0.1
    gained: float = 0.1
    equal: bool = False
    tilt: float = 0.0

    def shares(self) -> tuple[Floats, Floats, Floats]:
        """By subtask: the base model's share of right answers, what is lost of it, what is gained of the rest."""
        count = len(self.sizes)
        base = 0.25 + 0.6 * ((np.arange(count) * 0.61803) % 1.0)
        lost, gained = np.full(count, self.lost), np.full(count, self.gained)
        if self.equal:  # no difference in any subtask
            gained = lost * base / (1 - base)
        if self.tilt:
            larger = np.array(self.sizes) > float(np.mean(self.sizes))
            gained = np.where(larger, gained + self.tilt, gained)
            lost = np.where(larger, lost, lost + self.tilt)
        return base, lost, gained

    def truths(self) -> tuple[float, float]:
        """The true micro and macro difference."""
        base, lost, gained = self.shares()
        by_part = (1 - base) * gained - base * lost
        return float(np.average(by_part, weights=self.sizes)), float(by_part.mean())

    def draw(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        base, lost, gained = (np.repeat(values, self.sizes) for values in self.shares())
        own = rng.random(len(base)) < base
        change = rng.random(len(base))
        tuned = np.where(own, change >= lost, change < gained)
        return tuned.astype(float), own.astype(float)


def subtasks(name: str) -> tuple[int, ...]:
    return tuple(TASKS[name].subtasks.values())


SMALL = (12, 15, 18, 20, 25, 30, 35, 40)
DESIGNS: tuple[Design, ...] = (
    Design("MATH, no difference", subtasks("math"), equal=True),
    Design("MATH, better", subtasks("math"), lost=0.05, gained=0.18),
    Design("MATH, better where it is large", subtasks("math"), lost=0.1, gained=0.1, tilt=0.12),
    Design("BBH, no difference", subtasks("bbh"), equal=True),
    Design("MMLU, a little better", subtasks("mmlu"), lost=0.08, gained=0.12),
    Design("8 small subtasks, no difference", SMALL, equal=True),
    Design("8 small subtasks, better", SMALL, lost=0.05, gained=0.3),
)


class Line(NamedTuple):
    """One quantity of a design. ``half`` is the mean half-width of its interval, in points; ``better`` and ``worse``
    are shares of verdicts, ``None`` where there is none."""

    design: Design
    quantity: str
    truth: float
    coverage: float
    half: float
    better: float | None = None
    worse: float | None = None


class Tally:
    """Intervals of one quantity."""

    def __init__(self, truth: float) -> None:
        self.truth, self.held, self.widths, self.verdicts = truth, 0, 0.0, {"improved": 0, "regressed": 0}

    def add(self, low: float, high: float, verdict: str | None = None) -> None:
        self.held += low <= self.truth <= high
        self.widths += (high - low) / 2
        if verdict in self.verdicts:
            self.verdicts[str(verdict)] += 1

    def entry(self, comparison: Comparison) -> None:
        difference = comparison["difference"]
        assert difference is not None
        low, high = difference["ci_low"], difference["ci_high"]
        assert low is not None
        assert high is not None
        self.add(low, high, comparison["verdict"])


def play(design: Design, evaluations: int, seed: int = 1) -> list[Line]:
    """The lines of a design."""
    rng = np.random.default_rng([seed, len(design.sizes), sum(design.sizes), int(1000 * design.gained)])
    micro, macro = design.truths()
    base_share = float(design.shares()[0].mean())
    tallies = {
        "micro, paired": Tally(micro),
        "macro, paired": Tally(macro),
        "micro, of means only": Tally(micro),
        "macro, of means only": Tally(macro),
        "one model's macro mean": Tally(base_share),
        "the same, standard error of `all`": Tally(base_share),
    }
    ends = np.cumsum([0, *design.sizes])
    places = {f"part{at}": np.arange(a, b) for at, (a, b) in enumerate(itertools.pairwise(ends))}
    n = int(ends[-1])
    there = np.ones(n, bool)
    evaluation = Evaluation("benchmark", {}, {"name": "tuned"}, {"name": "base"}, primary_metric=METRIC.name)
    for _ in range(evaluations):
        tuned, base = design.draw(rng)
        paired = PairedScores(
            {METRIC.name: {"tuned": Scores(tuned), "base": Scores(base)}},
            {"tuned": there, "base": there},
            n,
            {},
            {"subtask": places},
        )
        comparison = compare_scores(paired, [METRIC])
        whole = comparison.metrics[METRIC.name]
        cells = {part: entries[METRIC.name] for part, entries in comparison.slices["subtask"].items()}
        tallies["micro, paired"].entry(whole)
        tallies["macro, paired"].entry(macro_entry(whole, cells, METRIC))
        parts = {
            part: {
                "tuned": Aggregate(float(tuned[own].mean()), len(own)),
                "base": Aggregate(float(base[own].mean()), len(own)),
            }
            for part, own in places.items()
        }
        metrics = aggregates_summary(evaluation, Aggregates(METRIC, parts))["metrics"]  # type: ignore[arg-type]
        tallies["micro, of means only"].entry(metrics[METRIC.name])
        tallies["macro, of means only"].entry(metrics[f"macro_{METRIC.name}"])
        means = [float(base[own].mean()) for own in places.values()]
        errors = [float(base[own].std(ddof=1)) / math.sqrt(len(own)) for own in places.values()]
        mean = sum(means) / len(means)
        right, wrong = standard_error_of_mean(errors), sum(errors) / len(errors)  # the container's is the latter
        tallies["one model's macro mean"].add(mean - Z * right, mean + Z * right)
        tallies["the same, standard error of `all`"].add(mean - Z * wrong, mean + Z * wrong)
    return [_line(design, name, tally, evaluations) for name, tally in tallies.items()]


def _line(design: Design, name: str, tally: Tally, evaluations: int) -> Line:
    compared = "paired" in name or "means only" in name
    better, worse = (tally.verdicts[own] / evaluations if compared else None for own in tally.verdicts)
    return Line(design, name, tally.truth, tally.held / evaluations, 100 * tally.widths / evaluations, better, worse)


def faults(lines: Sequence[Line], evaluations: int) -> list[str]:
    """Promises that are not kept."""
    found = []
    for line in lines:
        what = f"{line.design.name}, {line.quantity}"
        if "`all`" in line.quantity:
            right = next(own for own in lines if own.design is line.design and own.quantity == "one model's macro mean")
            if not line.half > 1.5 * right.half:
                found.append(f"{what}: its interval is not wider than the right one")
            continue
        if line.coverage < LOWEST - SLACK * math.sqrt(LOWEST * (1 - LOWEST) / evaluations):
            found.append(f"{what}: covers {line.coverage:.1%}")
        limit = WRONG + SLACK * math.sqrt(WRONG * (1 - WRONG) / evaluations)
        for share, is_wrong in ((line.better, line.truth <= 1e-12), (line.worse, line.truth >= -1e-12)):
            if share is not None and is_wrong and share > limit:
                found.append(f"{what}: a wrong verdict in {share:.1%}")
    return found


HEADING = """# Intervals of a benchmark's micro and macro differences against a known truth

Remade by `python tests/proof/simulate_benchmark.py` (`make proof`).

Every line plays {evaluations:,} evaluations through the functions the notebook uses, on subtasks of the sizes that the
benchmarks really have. Micro weighs every question alike, macro every subtask. *Paired* is what rows give; *of means
only* is the fallback where there are no rows: its intervals are wider than need be, since both models answered the same
questions. Better and worse are verdicts of each quantity by itself; those against the truth are wrong.

The last two lines of each design are one model's macro mean: with the standard error of a mean of independent subtasks,
sqrt(sum of se²) / K, and with the one that the container writes into `all`, the mean of the subtasks' standard errors,
which the SDK prints. The latter is about sqrt(K) times as wide: nothing that it is laid around can be shown.

The run fails, four standard errors allowed, when coverage is below {lowest:.0%}, or a wrong verdict comes in more than
{wrong:.1%}.

| design | subtasks | questions | quantity | truth, points | coverage | half-width, points | better | worse |
|---|--:|--:|---|--:|--:|--:|--:|--:|
"""


def table(lines: Sequence[Line], evaluations: int) -> str:
    rows = []
    for line in lines:
        verdicts = ["–" if share is None else f"{share:.1%}" for share in (line.better, line.worse)]
        cells = [
            line.design.name, str(len(line.design.sizes)), f"{sum(line.design.sizes):,}", line.quantity,
            f"{100 * line.truth:+.2f}", f"{line.coverage:.1%}", f"±{line.half:.2f}", *verdicts,
        ]  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    return HEADING.format(evaluations=evaluations, lowest=LOWEST, wrong=WRONG) + "\n".join(rows) + "\n"


def main(arguments: Sequence[str] | None = None, out: Callable[[str], None] = print) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=1000)
    options = parser.parse_args(arguments)
    lines = [line for design in DESIGNS for line in play(design, options.evaluations)]
    (HERE / "benchmark_coverage.md").write_text(table(lines, options.evaluations), encoding="utf-8")
    found = faults(lines, options.evaluations)
    for text in found:
        out(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
