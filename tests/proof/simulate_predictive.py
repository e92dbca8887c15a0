"""How often the intervals of predictive metrics hold the truth, and how often a verdict is wrong.

``python tests/proof/simulate_predictive.py`` plays evaluations of models whose true metrics are known through the
functions that the notebook uses, writes ``predictive_coverage.md`` beside this file, and fails when a promise is not
kept. Two models' scores share most of their noise, as those of two models on the same rows do. Each design has its own
seed, so that ``--only`` part of them plays them as the whole run does.
"""

from __future__ import annotations

import argparse
import math
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "scripts")]

from model_evaluation.kinds.predictive.runtime.joined import Joined, Said  # noqa: E402
from model_evaluation.kinds.predictive.runtime.problem import (  # noqa: E402
    LOWER_IS_BETTER,
    METRICS,
    PrimaryMetric,
    ProblemType,
    ThresholdRule,
)
from model_evaluation.kinds.predictive.runtime.statistics import cells  # noqa: E402
from model_evaluation.kinds.predictive.runtime.statistics.entries import settle  # noqa: E402
from model_evaluation.kinds.predictive.runtime.statistics.measures import measure  # noqa: E402

COST = ThresholdRule.parse("cost 1 20 cross-fit")
NONE = ThresholdRule()
TRUTH_ROWS, TRUTH_SETS = 1_000_000, 2
DRAWS = 1_000  # of joint counts, where the notebook takes more: the ends of intervals are a little rougher here
LOWEST, HIGHEST = 0.93, 0.97
WRONG = 0.025
SLACK = 2.0  # standard errors
TOLD = 0.25  # of the evaluations in which the program itself says that the interval is not to be trusted


@dataclass(frozen=True)
class Design:
    """One way evaluations come about. ``gain`` is what the candidate's signal has more than the champion's."""

    problem: ProblemType
    name: str
    n: int
    prevalence: float = 0.5
    gain: float = 0.0
    cluster: int = 1
    classes: int = 2

    def draw(self, rng: np.random.Generator, n: int) -> Joined:
        groups = np.repeat(np.arange(-(-n // self.cluster)), self.cluster)[:n]
        if self.problem == "regression":
            return self._regression(rng, n, groups)
        return self._binary(rng, n, groups) if self.problem == "binary" else self._multiclass(rng, n, groups)

    def _joined(self, truth: np.ndarray, said: Mapping[str, Said], groups: np.ndarray) -> Joined:  # type: ignore[type-arg]
        n = len(truth)
        rows = {"dataset": n, "tuned": n, "base": n, "paired": n}
        classes = tuple(str(code) for code in range(self.classes)) if self.problem != "regression" else ()
        clusters = groups if self.cluster > 1 else None
        return Joined(np.empty(n, "S1"), truth, classes, said, rows, clusters=clusters)  # type: ignore[arg-type]

    def _binary(self, rng: np.random.Generator, n: int, groups: np.ndarray) -> Joined:  # type: ignore[type-arg]
        """Scores are calibrated up to a shift; a group's rows share their class and half of their noise."""
        count = int(groups.max()) + 1
        truth = (rng.random(count) < self.prevalence).astype(np.int64)[groups]
        shared = math.sqrt(0.5) * (rng.normal(size=count)[groups] + rng.normal(size=n))
        start = math.log(self.prevalence / (1 - self.prevalence))
        said = {}
        for side, gain in (("tuned", self.gain), ("base", 0.0)):
            noise = 0.85 * shared + math.sqrt(1 - 0.85**2) * rng.normal(size=n)
            strength = 1.6 + gain
            logit = start - strength**2 / 2 + strength * (noise + strength * truth)
            score = 1 / (1 + np.exp(-logit))
            said[side] = Said(score, (score >= self.prevalence).astype(np.int64), True, self.prevalence)
        return self._joined(truth, said, groups)

    def _multiclass(self, rng: np.random.Generator, n: int, groups: np.ndarray) -> Joined:  # type: ignore[type-arg]
        shares = np.arange(1, self.classes + 1, dtype=float)
        truth = rng.choice(self.classes, n, p=shares / shares.sum())
        shared = rng.normal(size=(n, self.classes))
        said = {}
        for side, gain in (("tuned", self.gain), ("base", 0.0)):
            logits = 1.2 * (0.8 * shared + 0.6 * rng.normal(size=(n, self.classes)))
            logits[np.arange(n), truth] += 1.6 + gain
            score = np.exp(logits - logits.max(axis=1, keepdims=True))
            score /= score.sum(axis=1, keepdims=True)
            said[side] = Said(score, score.argmax(axis=1), True)
        return self._joined(truth, said, groups)

    def _regression(self, rng: np.random.Generator, n: int, groups: np.ndarray) -> Joined:  # type: ignore[type-arg]
        """Errors with heavy tails (Student's t, 5 degrees); a group's rows share half of their variance."""
        count = int(groups.max()) + 1
        truth = 50 + 5 * rng.normal(size=n)
        shared = rng.standard_t(5, n)
        if self.cluster > 1:
            shared = math.sqrt(0.5) * (shared + rng.standard_t(5, count)[groups])
        said = {}
        for side, gain in (("tuned", self.gain), ("base", 0.0)):
            said[side] = Said(truth + (1 - gain) * (shared + 0.6 * rng.standard_t(5, n)))
        return self._joined(truth, said, groups)


DESIGNS: tuple[Design, ...] = (
    Design("binary", "half positive", 50),
    Design("binary", "half positive", 200),
    Design("binary", "a tenth positive", 500, 0.1),
    Design("binary", "20 positives expected", 1_000, 0.02),
    Design("binary", "50 positives expected", 5_000, 0.01),
    Design("binary", "half positive, better", 200, 0.5, 0.35),
    Design("binary", "a tenth positive, better", 2_000, 0.1, 0.35),
    Design("binary", "80 groups of 10", 800, 0.3, cluster=10),
    Design("binary", "5 positives expected", 500, 0.01),
    Design("binary", "half a positive expected", 50, 0.01),
    Design("multiclass", "four classes", 200, classes=4),
    Design("multiclass", "four classes, better", 1_000, gain=0.25, classes=4),
    Design("regression", "heavy tails", 50),
    Design("regression", "heavy tails", 500),
    Design("regression", "heavy tails", 5_000),
    Design("regression", "heavy tails, better", 500, gain=0.06),
    Design("regression", "heavy tails, 80 groups of 10", 800, cluster=10),
)


class Line(NamedTuple):
    """What came of one metric of a design. Shares of ``counted`` evaluations, those in which both intervals exist;
    ``told`` is how often the program said that they are not to be trusted."""

    design: Design
    metric: str
    truth: float
    one: float
    gap: float
    both: float
    improved: float
    regressed: float
    told: float
    counted: int

    def error(self, share: float) -> float:
        """The standard error that a simulated share of this size has."""
        return math.sqrt(share * (1 - share) / self.counted)

    @property
    def mark(self) -> str:
        """``few``: the program says that it cannot be trusted; ``wide``: a difference is held more often than 97%."""
        if self.told > TOLD:
            return "few"
        most = HIGHEST + SLACK * self.error(HIGHEST)
        return "wide" if max(self.gap, self.both) > most else ""


@cache
def true_values(design: Design) -> dict[str, tuple[float, float]]:
    """Each metric's value and difference, from so many rows that their own error does not matter."""
    sums: dict[str, list[tuple[float, float]]] = {}
    for number in range(TRUTH_SETS):
        joined = design.draw(np.random.default_rng(77 + number), TRUTH_ROWS)
        for name, entry in _entries(design, joined, single=True).items():
            tuned, base = entry["tuned"], entry["base"]
            if tuned and base and tuned["value"] is not None and base["value"] is not None:
                sums.setdefault(name, []).append((tuned["value"], base["value"]))
    values = {}
    for name, own in sums.items():
        tuned_mean, base_mean = (float(mean) for mean in np.mean(own, axis=0))
        if design.gain == 0:  # then both have one true value
            tuned_mean = base_mean = (tuned_mean + base_mean) / 2
        values[name] = tuned_mean, tuned_mean - base_mean
    return values


def _entries(design: Design, joined: Joined, *, single: bool = False):  # type: ignore[no-untyped-def]
    if single and joined.clusters is not None:
        joined = Joined(joined.ids, joined.truth, joined.classes, joined.said, joined.rows)
    chosen = set(METRICS[design.problem])
    if design.n > 50:
        chosen -= {"median_absolute_error"}  # its difference is bootstrapped by rows, which takes too long here
    entries = measure(joined, design.problem, COST if design.problem == "binary" else NONE, chosen)
    for name in entries:
        settle({name: entries[name]}, PrimaryMetric(name))
    return entries


def play(design: Design, evaluations: int) -> list[Line]:
    """So many evaluations of a design, each metric by itself."""
    cells.DRAWS = DRAWS
    truths = true_values(replace(design, name="", n=0))
    rng = np.random.default_rng([1, design.n, int(1000 * design.prevalence), int(100 * design.gain), design.cluster])
    hits: dict[str, list[tuple[bool, bool, bool, bool, bool]]] = {name: [] for name in truths}
    for _ in range(evaluations):
        entries = _entries(design, design.draw(rng, design.n))
        for name, (value, gap) in truths.items():
            entry = entries.get(name)
            own, found = (entry["tuned"], entry["difference"]) if entry else (None, None)
            if own is None or own["ci_low"] is None or found is None or found["ci_low"] is None:
                continue
            hits[name].append(
                (
                    own["ci_low"] <= value <= own["ci_high"],
                    found["ci_low"] <= gap <= found["ci_high"],
                    entry["verdict"] == "improved",
                    entry["verdict"] == "regressed",
                    "caution" in found,
                )
            )
    return [
        Line(design, name, *truths[name], *(float(share) for share in np.mean(own, axis=0)), len(own))
        for name, own in hits.items()
        if len(own) >= evaluations / 20
    ]


def faults(line: Line, slack: float = SLACK) -> list[str]:
    """The promises that a line does not keep, so many of the simulation's standard errors allowed."""
    said = []
    for what, share in (("one model", line.gap), ("the difference", line.both)):
        if line.mark != "few" and share + slack * line.error(LOWEST) < LOWEST:
            said.append(f"{what} is covered in {share:.1%} only")
    lower_is_better = line.metric in LOWER_IS_BETTER
    good = -line.one if lower_is_better else line.one
    for word, share, false in (("improved", line.improved, good <= 0), ("regressed", line.regressed, good >= 0)):
        if false and share - slack * line.error(WRONG) > WRONG:
            said.append(f"{word} is wrong in {share:.1%}")
    return said


HEAD = """# Intervals and verdicts of predictive models against a known truth

Remade by `python tests/proof/simulate_predictive.py` (`make proof`).

Every line plays {evaluations:,} evaluations of two models through the functions the notebook uses ({draws:,} draws of
joint counts in place of 4,000). Nominal coverage is 95%. *One model* is how often the candidate's interval holds its
true value, *difference* how often that of the paired difference does. *Better* and *worse* are verdicts on each metric
by itself; where the true difference is 0 both are wrong. A simulated share of 95% has a standard error of {error:.2%},
one of 2.5% of {wrong_error:.2%}.

The run fails when coverage is below {lowest:.0%}, or a wrong verdict comes in more than 2.5%, by more than two of these
standard errors. By the same rule {kept} of {lines} lines lie between 93% and 97%, and {marked} lines bear a mark:

- **few** ({few} lines): in the share of evaluations that stands behind the mark the program itself says "few positives:
  the interval is not to be trusted", because fewer than 10 rows are of one class, and claims nothing. What so few rows
  leave open no method can know; without a positive row most metrics do not even exist.
- **wide** ({wide} lines): held more often than 97%. The interval of so few rows is longer than it would have to be: a
  difference may be missed for it, none is claimed wrongly.

| design | rows | metric | true value | true difference | one model | difference | better | worse | mark |
|---|--:|---|--:|--:|--:|--:|--:|--:|---|
"""


def table(lines: Sequence[Line], evaluations: int) -> str:
    rows = [
        f"| {own.design.name} | {own.design.n:,} | {own.metric} | {own.truth:.4g} | {own.one:+.4f} | {own.gap:.1%} | "
        f"{own.both:.1%} | {own.improved:.1%} | {own.regressed:.1%} | "
        f"{own.mark}{f' {own.told:.0%}' if own.mark == 'few' else ''} |"
        for own in lines
    ]
    marks = [own.mark for own in lines]
    head = HEAD.format(
        evaluations=evaluations,
        draws=DRAWS,
        error=math.sqrt(0.95 * 0.05 / evaluations),
        wrong_error=math.sqrt(WRONG * (1 - WRONG) / evaluations),
        lowest=LOWEST,
        lines=len(lines),
        kept=sum(mark == "" for mark in marks),
        marked=sum(mark != "" for mark in marks),
        few=marks.count("few"),
        wide=marks.count("wide"),
    )
    return head + "\n".join(rows) + "\n"


def main(arguments: Sequence[str] | None = None, out: Callable[[str], None] = print) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=4_000)
    parser.add_argument("--only", default="", help="part of a design's name")
    args = parser.parse_args(arguments)
    lines, wrong = [], []
    for design in DESIGNS:
        if args.only in f"{design.problem} {design.name} {design.n}":
            own = play(design, args.evaluations)
            lines += own
            wrong += [f"{design.name}, {design.n} rows, {line.metric}: {text}" for line in own for text in faults(line)]
            out(f"{design.problem}: {design.name}, {design.n} rows")
    if not args.only:
        (HERE / "predictive_coverage.md").write_text(table(lines, args.evaluations), encoding="utf-8")
    else:
        out(table(lines, args.evaluations))
    for text in wrong:
        out(f"NOT KEPT {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
