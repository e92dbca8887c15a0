"""How often a decision is wrong where scores, answers or rows are not what they seem: with and without the checks.

``python tests/proof/wrong_verdicts.py`` plays evaluations whose truth is known through the same functions the notebook
uses, writes ``wrong_verdicts.md`` beside this file and fails when a promise is not kept.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import pathlib
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "scripts"), str(HERE.parent)]

from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Evaluation, Side  # noqa: E402
from model_evaluation.runtime.results.fairness import FairnessReview  # noqa: E402
from model_evaluation.runtime.results.paired_scores import compare_scores, paired_scores  # noqa: E402
from model_evaluation.runtime.results.records import ScoredAnswer, pair_records  # noqa: E402
from model_evaluation.runtime.results.scales import recognise_scales  # noqa: E402
from model_evaluation.runtime.results.summary import summary_of  # noqa: E402
from model_evaluation.runtime.rows import DatasetRow  # noqa: E402
from model_evaluation.runtime.statistics.metrics import Metric, RatingScale  # noqa: E402

RESAMPLES = 2_000  # the notebook takes 10,000
UNIT = Metric("M", limits=(0.0, 1.0))
POINTS = Metric("M", limits=(0.0, 3.0), scale=RatingScale((0.0, 1.0, 2.0, 3.0)))
FIVE = np.array((0.0, 0.25, 0.5, 0.75, 1.0))
SHOWN = frozenset({"improved", "regressed"})
GOOD = frozenset({"improved", "no_worse", "equivalent"})


class Row(NamedTuple):
    """What one row of an evaluation came to. NaN: no score. A text of ``None`` is an ordinary, finished answer."""

    tuned: float
    base: float
    prompt: str
    tuned_text: str | None = None
    base_text: str | None = None


Draw = Callable[[np.random.Generator, int], list[Row]]


@dataclasses.dataclass(frozen=True)
class Design:
    """One way in which evaluations come about, and the decisions that are wrong of them; of a fair one those that are
    right, of which the checks must take hardly any away."""

    name: str
    n: int
    draw: Draw
    wrong: frozenset[str] = SHOWN
    metric: Metric = UNIT
    fair: bool = False


def question(rng: np.random.Generator) -> str:
    """A question that is like no other: words of random letters."""
    return f"{words(rng, 5)}?"


def words(rng: np.random.Generator, count: int) -> str:
    letters = rng.integers(ord("a"), ord("z") + 1, 6 * count, np.uint8).tobytes().decode()
    return " ".join(letters[at : at + 6] for at in range(0, 6 * count, 6))


def prose(rng: np.random.Generator, sentences: int) -> str:
    return " ".join(f"{words(rng, 9).capitalize()}." for _ in range(sentences))


def mapped(worse: float, better: float) -> Draw:
    """Points on a scale of 0 to 3 as the service gives them back, mapped to 0 to 1; the fine-tuned model is one point
    worse or better on so large a share of the rows."""

    def draw(rng: np.random.Generator, n: int) -> list[Row]:
        base = rng.integers(1, 3, n)
        tuned = base + rng.choice([-1, 1, 0], n, p=[worse, better, 1 - worse - better])
        return [Row(mine / 3, its / 3, question(rng)) for mine, its in zip(tuned, base, strict=True)]

    return draw


def lacking(tuned: float, base: float = 0.0, levels: Sequence[float] = tuple(FIVE)) -> Draw:
    """No difference. The fine-tuned model lacks its worst scores, so large a share of all, the base model its best."""

    def draw(rng: np.random.Generator, n: int) -> list[Row]:
        scores = [rng.choice(levels, n), rng.choice(levels, n)]
        for own, share, sign in zip(scores, (tuned, base), (1, -1), strict=True):
            worst_first = np.argsort(sign * own + rng.uniform(0, 1e-3, n))
            own[worst_first[: rng.binomial(n, share)]] = math.nan
        return [Row(mine, its, question(rng)) for mine, its in zip(*scores, strict=True)]

    return draw


def scored_in_part(share: float) -> Draw:
    """Better by one level on so large a share of the rows; on the others, which have no score, as much worse."""

    def draw(rng: np.random.Generator, n: int) -> list[Row]:
        base = rng.choice(FIVE[:4], n)
        tuned = np.where(rng.random(n) < 0.5, base + 0.25, base)
        hidden = rng.random(n) >= share
        tuned[hidden] = base[hidden] = math.nan
        return [Row(mine, its, question(rng)) for mine, its in zip(tuned, base, strict=True)]

    return draw


def blind(rng: np.random.Generator, n: int) -> list[Row]:
    """The fine-tuned model is worse on half of the rows, and whoever scores gives everything 1."""
    return [Row(1.0, 1.0, question(rng)) for _ in range(n)]


def cut(share: float) -> Draw:
    """The models are equal; so large a share of the base model's answers was cut at the limit, and scored 0."""

    def draw(rng: np.random.Generator, n: int) -> list[Row]:
        rows = []
        for _ in range(n):
            tuned, base = rng.choice(FIVE[1:], 2)
            ended = rng.random() >= share
            whole, long = prose(rng, 5), prose(rng, 15)[: -int(rng.integers(2, 20))]
            rows.append(Row(tuned, base if ended else 0.0, question(rng), prose(rng, 5), whole if ended else long))
        return rows

    return draw


def wordings(questions: int, spread: float, *, same: bool = False) -> Draw:
    """No difference on average over questions, of which each model is better at some; so many questions, each in n /
    ``questions`` wordings, or word for word the ``same`` without anything to tell the rows apart."""

    def draw(rng: np.random.Generator, n: int) -> list[Row]:
        rows = []
        for effect in rng.choice([-spread, spread], questions):
            asked, base = question(rng), rng.choice(FIVE[1:4])
            for at in range(n // questions):
                noise = rng.choice([-0.25, 0.0, 0.25], p=[0.1, 0.8, 0.1])
                prompt = asked if same else f"{asked} ({at})"
                rows.append(Row(float(np.clip(base + effect + noise, 0, 1)), base, prompt))
        return rows

    return draw


def gain(share: float, missing: float = 0.0) -> Draw:
    """Better by one level on so large a share of the rows and worse on a third as many; scores missing at random."""

    def draw(rng: np.random.Generator, n: int) -> list[Row]:
        base = rng.choice(FIVE[1:4], n)
        tuned = base + rng.choice([0.25, -0.25, 0.0], n, p=[share, share / 3, 1 - 4 * share / 3])
        for own in (tuned, base):
            own[rng.random(n) < missing] = math.nan
        return [Row(mine, its, question(rng)) for mine, its in zip(tuned, base, strict=True)]

    return draw


MAPPED = "scores mapped to 0 to 1, the scale declared as 0 to 3"
DESIGNS = (
    Design(f"{MAPPED}; one point worse on 25%, better on 8%", 40, mapped(0.25, 0.08), GOOD, POINTS),
    Design(f"{MAPPED}; one point worse on 55%, better on 38%", 200, mapped(0.55, 0.38), GOOD, POINTS),
    Design("no difference; the fine-tuned model lacks 47% of its scores, the worst", 200, lacking(0.47)),
    Design("no difference; the fine-tuned model lacks 15% of its scores, the worst", 200, lacking(0.15)),
    Design("no difference; the base model lacks 10% of its scores, the best", 300, lacking(0, 0.1)),
    Design("no difference; one lacks 8%, its worst, the other 8%, its best", 300, lacking(0.08, 0.08)),
    Design("the same on yes and no", 300, lacking(0.08, 0.08, (0.0, 1.0))),
    Design("40% of the rows scored, on which it is better; on the others as much worse", 200, scored_in_part(0.4)),
    Design("half of the rows worse, every score 1", 400, blind, GOOD),
    Design("no difference; 51% of the base model's answers cut", 200, cut(0.51)),
    Design("no difference; 15% of the base model's answers cut", 200, cut(0.15)),
    Design("no difference; 8 questions in 10 wordings each", 80, wordings(8, 0.15)),
    Design("no difference; 20 questions in 10 wordings each", 200, wordings(20, 0.15)),
    Design("no difference; 20 prompts, each 5 times, no reference", 100, wordings(20, 0.15, same=True)),
    Design("better on 30%, worse on 10%", 100, gain(0.3), frozenset({"improved"}), fair=True),
    Design("better on 30%, worse on 10%; 2% of each model's scores missing at random", 300, gain(0.3, 0.02),
           frozenset({"improved"}), fair=True),
    Design(f"{MAPPED}; one point better on 25%, worse on 5%", 100, mapped(0.05, 0.25), frozenset({"improved"}), POINTS,
           fair=True),
)  # fmt: skip


class Outcome(NamedTuple):
    """Shares of a design's evaluations that end in one of its decisions, without and with the checks."""

    design: Design
    evaluations: int
    before: float
    after: float


def decisions(design: Design, rng: np.random.Generator) -> tuple[str, str]:
    """The decision on one evaluation without and with the checks: by scores alone on the declared scale, every row
    independent and paired by its position among equal prompts; and as the notebook decides."""
    rows = design.draw(rng, design.n)
    dataset = [DatasetRow(at, row.prompt) for at, row in enumerate(rows, start=1)]
    answers: dict[Side, list[ScoredAnswer]] = {"tuned": [], "base": []}
    for at, row in enumerate(rows):
        for side, score, text in (("tuned", row.tuned, row.tuned_text), ("base", row.base, row.base_text)):
            known = None if math.isnan(score) else float(score)
            missing = {"M": "null"} if known is None else {}
            text = text or f"The {side} answer to question {at} is this."
            answers["tuned" if side == "tuned" else "base"].append(
                ScoredAnswer(row.prompt, None, text, {"M": known}, {}, missing)
            )
    for own in answers.values():
        rng.shuffle(own)
    records = pair_records(dataset, answers)
    evaluation = Evaluation("proof", {}, {"name": "t"}, {"name": "b"}, primary_metric="M")
    (recognised,) = recognise_scales(records, [design.metric])
    made = []
    for metric, checked in ((design.metric, False), (recognised.metric, True)):
        paired = paired_scores(records, [metric], BOTH_SIDES)
        if not checked:
            paired = dataclasses.replace(paired, clusters=None, groups=None)
        comparison = compare_scores(paired, [metric], resamples=RESAMPLES)
        fairness = FairnessReview(records, paired, comparison, metric).fairness() if checked else None
        summary = summary_of(evaluation, rows=comparison.rows, metrics=comparison.metrics, fairness=fairness)
        made.append(summary["verdict"]["decision"])
    return made[0], made[1]


def simulate(design: Design, evaluations: int, seed: int = 1) -> Outcome:
    rng = np.random.default_rng([seed, design.n, len(design.name)])
    made = [decisions(design, rng) for _ in range(evaluations)]
    before, after = (sum(own in design.wrong for own in column) / evaluations for column in zip(*made, strict=True))
    return Outcome(design, evaluations, before, after)


def broken_promises(outcome: Outcome) -> list[str]:
    """What this outcome fails, three standard errors of the simulation allowed: with the checks at most 5% are wrong,
    which is what two sides of 2.5% come to, and of fair evaluations they take at most 3% away."""

    def noise(share: float) -> float:
        return 3 * math.sqrt(share * (1 - share) / outcome.evaluations)

    if outcome.design.fair:
        kept = outcome.after >= outcome.before - 0.03 - noise(0.03)
        return [] if kept else [f"{outcome.before:.1%} are shown without the checks, {outcome.after:.1%} with them"]
    return [] if outcome.after <= 0.05 + noise(0.05) else [f"{outcome.after:.1%} are wrong"]


NOTES = """
Every line plays {evaluations} evaluations whose truth is known: dataset rows and answers with scores, in random order,
through the functions the notebook uses. *Before* is a decision by the scores alone: on the declared scale, every row
independent of the others, equal prompts paired in the order in which they came. *Now* is the decision that the
notebook gives. Wrong are improved and regressed where there is no difference, and every good decision on a model that
is worse. The run fails, three standard errors allowed, when more than 5% are wrong now (2.5% to each side), or when the
checks take more than 3% of the right decisions of fair evaluations away.
"""


def document(outcomes: Sequence[Outcome]) -> str:
    parts = [
        "# Wrong verdicts, before and now",
        "Remade by `python tests/proof/wrong_verdicts.py` (`make proof`).",
        NOTES.format(evaluations=outcomes[0].evaluations).strip(),
    ]
    for title, fair in (("wrong", False), ("right", True)):
        lines = [f"| evaluations | rows | {title} before | {title} now |", "|---|--:|--:|--:|"]
        lines += [
            f"| {own.design.name} | {own.design.n} | {own.before:.1%} | {own.after:.1%} |"
            for own in outcomes
            if own.design.fair is fair
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "wrong_verdicts.md")
    options = parser.parse_args(arguments)
    started, outcomes, failures = time.monotonic(), [], 0
    for design in DESIGNS:
        outcome = simulate(design, options.evaluations)
        outcomes.append(outcome)
        broken = broken_promises(outcome)
        failures += bool(broken)
        line = f"{design.name} n={design.n}: {outcome.before:.1%} -> {outcome.after:.1%} {'; '.join(broken)}"
        sys.stderr.write(f"{line} ({time.monotonic() - started:.0f} s)\n")
    options.output.write_text(document(outcomes), encoding="utf-8")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
