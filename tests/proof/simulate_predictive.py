"""How often the intervals of predictive metrics hold the truth, and how often a verdict is wrong.

``python tests/proof/simulate_predictive.py`` plays evaluations of models whose true metrics are known through the
functions that the notebook uses, writes ``predictive_coverage.md`` beside this file, and fails when a promise is not
kept. Two models' scores share most of their noise, as those of two models on the same rows do.
"""

from __future__ import annotations

import argparse
import math
import pathlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "scripts")]

from model_evaluation.kinds.predictive.runtime.joined import Joined, Said  # noqa: E402
from model_evaluation.kinds.predictive.runtime.problem import PrimaryMetric, ProblemType, ThresholdRule  # noqa: E402
from model_evaluation.kinds.predictive.runtime.statistics.measures import measure, settle  # noqa: E402

COST = ThresholdRule.parse("cost 1 20 cross-fit")
NONE = ThresholdRule()
TRUTH_ROWS = 1_000_000
LOWEST = 0.93
WRONG = 0.025
SLACK = 4.0  # standard errors


@dataclass(frozen=True)
class Design:
    """One way evaluations come about. ``gain`` is what the candidate's signal has more than the champion's; ``few``
    says how often at least the truth is held where intervals that rest on large samples do it less often."""

    problem: ProblemType
    name: str
    n: int
    prevalence: float = 0.5
    gain: float = 0.0
    cluster: int = 1
    classes: int = 2
    few: Mapping[str, float] = field(default_factory=dict)

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


FEW_POSITIVES = {"average_precision": 0.91, "expected_cost": 0.91}
TAILS = {"mean_squared_error": 0.89, "root_mean_squared_error": 0.89, "r2": 0.9}
DESIGNS: tuple[Design, ...] = (
    Design("binary", "half positive", 50),
    Design("binary", "half positive", 200),
    Design("binary", "a tenth positive", 500, 0.1),
    Design("binary", "20 positives expected", 1_000, 0.02, few=FEW_POSITIVES),
    Design("binary", "50 positives expected", 5_000, 0.01, few=FEW_POSITIVES),
    Design("binary", "half positive, better", 200, 0.5, 0.35),
    Design("binary", "a tenth positive, better", 2_000, 0.1, 0.35),
    Design("binary", "80 groups of 10", 800, 0.3, cluster=10),
    Design("multiclass", "four classes", 200, classes=4),
    Design("multiclass", "four classes, better", 1_000, gain=0.25, classes=4),
    Design("regression", "heavy tails", 50, few=TAILS),
    Design("regression", "heavy tails", 500, few=TAILS),
    Design(
        "regression",
        "heavy tails, better",
        500,
        gain=0.06,
        few=TAILS,
    ),
    Design(
        "regression",
        "heavy tails, 80 groups of 10",
        800,
        cluster=10,
        few=TAILS,
    ),
)


class Line(NamedTuple):
    """What came of one metric of a design. Shares of evaluations; ``None`` where there was no such number."""

    design: Design
    metric: str
    truth: float
    one: float
    gap: float
    both: float
    improved: float
    regressed: float
    counted: int


def true_values(design: Design) -> dict[str, tuple[float, float]]:
    """Each metric's value and difference, from so many rows that their own error does not matter."""
    entries = _entries(design, design.draw(np.random.default_rng(77), TRUTH_ROWS), single=True)
    values = {}
    for name, entry in entries.items():
        tuned, base = entry["tuned"], entry["base"]
        if tuned and base and tuned["value"] is not None and base["value"] is not None:
            gap = 0.0 if design.gain == 0 else tuned["value"] - base["value"]
            values[name] = tuned["value"], gap
    return values


def _entries(design: Design, joined: Joined, *, single: bool = False):  # type: ignore[no-untyped-def]
    if single and joined.clusters is not None:
        joined = Joined(joined.ids, joined.truth, joined.classes, joined.said, joined.rows)
    skipped = {"median_absolute_error"}  # its difference is bootstrapped, which takes too long here
    entries = measure(joined, design.problem, COST if design.problem == "binary" else NONE, _without(design, skipped))
    for name in entries:
        settle({name: entries[name]}, PrimaryMetric(name))
    return entries


def _without(design: Design, skipped: Iterable[str]) -> set[str]:
    from model_evaluation.kinds.predictive.runtime.problem import METRICS

    return set(METRICS[design.problem]) - set(skipped)


def play(design: Design, evaluations: int, seed: int = 1) -> list[Line]:
    """So many evaluations of a design, each metric by itself."""
    truths = true_values(design)
    rng = np.random.default_rng(seed)
    hits: dict[str, list[tuple[bool, bool, str]]] = {name: [] for name in truths}
    for _ in range(evaluations):
        entries = _entries(design, design.draw(rng, design.n))
        for name, (value, gap) in truths.items():
            entry = entries[name]
            own, found = entry["tuned"], entry["difference"]
            if own is None or own["ci_low"] is None or found is None or found["ci_low"] is None:
                continue
            hits[name].append(
                (
                    own["ci_low"] <= value <= own["ci_high"],
                    found["ci_low"] <= gap <= found["ci_high"],
                    entry["verdict"],
                )
            )
    lines = []
    for name, own in hits.items():
        if len(own) >= evaluations / 2:
            n = len(own)
            verdicts = [verdict for _, _, verdict in own]
            shares = (sum(hit[part] for hit in own) / n for part in (0, 1))
            wrong = (verdicts.count(word) / n for word in ("improved", "regressed"))
            lines.append(Line(design, name, truths[name][0], truths[name][1], *shares, *wrong, n))
    return lines


def faults(line: Line) -> list[str]:
    """The promises that a line does not keep, four standard errors allowed: there are some 700 of them."""
    said = []
    lowest = line.design.few.get(line.metric, LOWEST)
    for what, share in (("one model", line.gap), ("the difference", line.both)):
        slack = SLACK * math.sqrt(share * (1 - share) / line.counted + 1e-9)
        if share + slack < lowest:
            said.append(f"{what} is covered in {share:.1%} only")
    directions = []
    lower_is_better = line.metric in ("log_loss", "brier_score", "expected_cost") or "error" in line.metric
    good = -line.one if lower_is_better else line.one
    if good <= 0:
        directions.append(("improved", line.improved))
    if good >= 0:
        directions.append(("regressed", line.regressed))
    for word, share in directions:
        if share - SLACK * math.sqrt(WRONG * (1 - WRONG) / line.counted) > WRONG:
            said.append(f"{word} is wrong in {share:.1%}")
    return said


HEAD = """# Intervals and verdicts of predictive models against a known truth

Remade by `python tests/proof/simulate_predictive.py` (`make proof`).

Every line plays {evaluations:,} evaluations of two models through the functions the notebook uses. Nominal coverage is
95%. *One model* is how often the candidate's interval holds its true value, *difference* how often that of the paired
difference does. *Better* and *worse* are verdicts on each metric by itself; where the true difference is 0 both are
wrong.

The run fails, four standard errors allowed, when coverage is below {lowest:.0%} or a wrong verdict comes in more than
2.5%. Intervals of counts, and Newcombe's of an AUC, are more careful than nominal where classes are rare. Some
intervals hold the truth less often than nominal, because the few rows that matter most may all be missing: costs and
average precision with few positives, and squared errors with heavy tails. There the last column says how often at least
they must.

| design | rows | metric | true value | true difference | one model | difference | better | worse | at least |
|---|--:|---|--:|--:|--:|--:|--:|--:|--:|
"""


def table(lines: Sequence[Line], evaluations: int) -> str:
    rows = [
        f"| {own.design.name} | {own.design.n:,} | {own.metric} | {own.truth:.4g} | {own.one:+.4f} | {own.gap:.1%} | "
        f"{own.both:.1%} | {own.improved:.1%} | {own.regressed:.1%} | {own.design.few.get(own.metric, LOWEST):.0%} |"
        for own in lines
    ]
    return HEAD.format(evaluations=evaluations, lowest=LOWEST) + "\n".join(rows) + "\n"


def main(arguments: Sequence[str] | None = None, out: Callable[[str], None] = print) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=1_000)
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
