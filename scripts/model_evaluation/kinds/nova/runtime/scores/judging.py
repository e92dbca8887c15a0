"""Pairwise judgments: forward and backward pass of each prompt joined, and who was preferred how surely."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from model_evaluation.kinds.nova.runtime.output.details import DetailRow, read_details
from model_evaluation.kinds.nova.runtime.output.result_files import OutputFiles, aggregate_results, headline
from model_evaluation.kinds.nova.runtime.report.nova_analysis import NovaAnalysis
from model_evaluation.kinds.nova.runtime.report.words import report_words
from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Evaluation, ResultsError, Side
from model_evaluation.runtime.results.examples import examples_table
from model_evaluation.runtime.results.preferences import LOSS, TIE, WIN, WIN_RATE, Preferences, preferences_summary
from model_evaluation.runtime.results.records import Record, ScoredAnswer, plain_text
from model_evaluation.runtime.results.slices import Clusters
from model_evaluation.runtime.rows import DatasetRow
from model_evaluation.runtime.settings import Json
from model_evaluation.runtime.summary import Summary

from .answers import metric_named

VERDICT = re.compile(r"\[\[\s*(?:([AB])\s*(>+|<+|=+)\s*([AB])|(C|tie))\s*\]\]", re.IGNORECASE)
FEW_PROMPTS = 100
MOST_ERRORS = 0.05
SUMMARY_KEYS = (
    "a_scores", "b_scores", "ties", "inference_error", "score", "winrate", "lower_rate", "upper_rate",
    "weighted_score_A", "weighted_score_B", "score_margin",
)  # fmt: skip


class JudgedRow(NamedTuple):
    """One prompt's two judgments: outcomes for response B, NaN where a judgment has no usable verdict."""

    detail: DetailRow
    forward: float
    backward: float


def verdict_of(text: object) -> str:
    """``A``, ``B``, ``tie``, or nothing where the judge gave no usable verdict. The last one in the text counts."""
    found = list(VERDICT.finditer(text)) if isinstance(text, str) else []
    if not found:
        return ""
    left, sign, right, tie = found[-1].groups()
    if tie or sign.startswith("=") or left.upper() == right.upper():
        return "tie"
    return (left if sign.startswith(">") else right).upper()


COUNTS = ("b_scores", "ties", "a_scores")
OUTPUTS = ("forward_output", "backward_output")


def read_pairs(details: Sequence[DetailRow]) -> list[JudgedRow]:
    """Every row's two judgments.

    The row's counts (``a_scores``, ``b_scores``, ``ties``) say who won; whether the backward pass names responses or
    places is not documented and need not be known then. They count both passes, or are means over them: the usable
    verdicts in the outputs tell. Raises :class:`ResultsError` for rows without counts, or with others than these.
    """
    for detail in details:
        if any(name not in detail.metrics for name in COUNTS):
            raise ResultsError(
                f"{detail.place} has no counts of its judgments (a_scores, b_scores, ties); it has "
                f"{', '.join([*detail.metrics, *detail.outputs]) or 'nothing'}.",
                fix="Check that the job's task was a pairwise judge and that this is its table of rows.",
            )
    passes = 2 if _are_means(details) else 1
    return [JudgedRow(detail, *_outcomes(detail, passes)) for detail in details]


def _are_means(details: Sequence[DetailRow]) -> bool:
    """Whether the counts add up to half of the usable verdicts."""
    verdicts = sum(verdict_of(detail.outputs.get(name)) != "" for detail in details for name in OUTPUTS)
    counted = sum(detail.metrics[name] for detail in details for name in COUNTS)
    halves = any(detail.metrics[name] % 1 for detail in details for name in COUNTS)
    return halves or (verdicts > 0 and abs(2 * counted - verdicts) < abs(counted - verdicts))


def _outcomes(detail: DetailRow, passes: int) -> tuple[float, float]:
    counts = [detail.metrics[name] * passes for name in COUNTS]
    if any(count % 1 or count < 0 for count in counts) or sum(counts) > len(OUTPUTS):
        told = ", ".join(f"{name} {detail.metrics[name]:g}" for name in COUNTS)
        raise ResultsError(
            f"{detail.place} counts {told}: that is not two judgments of one prompt.",
            fix="Check that this is the table of a pairwise judge, and read it by hand before anything is concluded.",
        )
    outcomes = [value for value, count in zip((WIN, TIE, LOSS), counts, strict=True) for _ in range(int(count))]
    first, second = (*outcomes, math.nan, math.nan)[:2]
    return first, second


def judge_analysis(
    evaluation: Evaluation, output: OutputFiles, rows: Sequence[Mapping[str, object]], *, notes: Sequence[str] = ()
) -> NovaAnalysis:
    """Preferences of the judge between the dataset's pairs: B, the challenger, stands as the tuned model."""
    details = read_details(output.details)
    if not details.rows:
        raise ResultsError(
            "The judge's job left no table of rows (details_*.parquet) that can be read.",
            fix="See the job's log; where it ended well, look into its output in S3.",
        )
    judged, repeated = _once_each(read_pairs(details.rows), rows)
    both = np.array([row[1:] for row in judged], float)
    preferences = Preferences(both[:, 0], both[:, 1], _clusters(judged))
    container = {key: value for key, value in headline(aggregate_results(output)).items() if key in SUMMARY_KEYS}
    summary: Summary = preferences_summary(evaluation, preferences)
    summary.pop("planned", None)  # that speaks of differences of scores, not of wins minus losses
    errors = int(np.isnan(both).sum())
    told = {name: int((both == outcome).sum()) for name, outcome in (("a", LOSS), ("b", WIN), ("ties", TIE))}
    counted = {"judgments": both.size - errors, **told, "unusable": errors}
    warnings = [
        *notes,
        *_cautions(len(judged), len(rows), repeated, errors),
        *details.problems[:3],
        *container_sentences(container, counted),
    ]
    inside: Json = {**summary["preferences"], "judgments": counted, "container": container}
    summary["rows"]["dataset"] = len(rows) or len(judged)
    summary["warnings"][:0] = warnings
    summary["preferences"] = inside  # type: ignore[typeddict-item]
    rubric = rubric_summary([row.detail for row in judged])
    whole: Summary = {**summary, **({"rubric": rubric} if rubric else {})}  # type: ignore[typeddict-item]
    return NovaAnalysis(whole, report_words(whole), _table(judged, preferences, rows))


def _once_each(judged: list[JudgedRow], rows: Sequence[Mapping[str, object]]) -> tuple[list[JudgedRow], int]:
    """Rows without those that another file repeats: no prompt is judged more often than the dataset has it."""
    wanted: dict[str, int] = defaultdict(int)
    for row in rows:
        wanted[_key(str(row["prompt"]))] += 1
    kept: list[JudgedRow] = []
    seen: dict[str, int] = defaultdict(int)
    for own in judged:
        key = _key(own.detail.example)
        seen[key] += 1
        if not rows or key not in wanted or seen[key] <= wanted[key]:
            kept.append(own)
    return kept, len(judged) - len(kept)


def _key(text: str) -> str:
    return plain_text(text).casefold()


def _clusters(judged: Sequence[JudgedRow]) -> Clusters | None:
    numbers: dict[str, int] = {}
    places = [numbers.setdefault(_key(own.detail.example), len(numbers)) for own in judged]
    if len(numbers) == len(judged) or not all(own.detail.example for own in judged):
        return None
    return Clusters("the same prompt", np.array(places, np.int64))


def _cautions(prompts: int, expected: int, repeated: int, errors: int) -> list[str]:
    cautions = []
    if expected and prompts != expected:
        cautions.append(f"The dataset has {expected} pairs, the results {prompts}.")
    if repeated:
        cautions.append(f"Rows that several result files repeat, counted once: {repeated}.")
    if errors > MOST_ERRORS * 2 * prompts:
        cautions.append(
            f"{errors} of {2 * prompts} judgments have no usable verdict, more than {MOST_ERRORS:.0%}: look for "
            "prompts that are too long, and for broken rows, before believing the rest."
        )
    elif errors:
        cautions.append(f"{errors} of {2 * prompts} judgments have no usable verdict.")
    if prompts < FEW_PROMPTS:
        cautions.append(f"Only {prompts} prompts were judged; with fewer than {FEW_PROMPTS} only clear cases show.")
    return cautions


def container_sentences(container: Mapping[str, float], counted: Mapping[str, int]) -> list[str]:
    """The container's own numbers in words, and where they are others than those of its rows. Its interval is over
    judgments, of which two are of one prompt; what it says follows from its ends, nothing else."""
    sentences = []
    rate, low, high = (container.get(name) for name in ("winrate", "lower_rate", "upper_rate"))
    if rate is not None and low is not None and high is not None:
        meaning = "does not cross 0.5" if low > 0.5 or high < 0.5 else "crosses 0.5, so it shows no preference"
        sentences.append(
            f"The container's own win rate of B is {rate:.3f}, its interval {low:.3f} to {high:.3f} {meaning}. How "
            "that is drawn is not documented; the interval of the table takes a prompt's two judgments together."
        )
    for name, key in (("a_scores", "a"), ("b_scores", "b"), ("ties", "ties")):
        own = container.get(name)
        if own is not None and own > 1 and abs(own - counted[key]) > 0.5:
            sentences.append(f"The container counts {own:g} {name}, its rows give {counted[key]}; the rows are used.")
    return sentences


def rubric_summary(details: Sequence[DetailRow]) -> dict[str, object]:
    """Of a rubric judge: the mean weighted scores and their margin (A minus B, as the container has it), and each
    criterion's mean difference B minus A on the container's 0 to 1; empty for a plain judge."""
    margins = [row.metrics["score_margin"] for row in details if "score_margin" in row.metrics]
    if not margins:
        return {}
    criteria: dict[str, list[float]] = defaultdict(list)
    for row in details:
        breakdown = row.outputs.get("criteria_breakdown")
        for name, entry in breakdown.items() if isinstance(breakdown, dict) else ():
            a, b = _unit(entry, "score_A"), _unit(entry, "score_B")
            if a is not None and b is not None:
                criteria[str(name)].append(b - a)
    means = {
        name: float(np.mean([row.metrics[name] for row in details if name in row.metrics]))
        for name in ("weighted_score_A", "weighted_score_B", "score_margin")
        if any(name in row.metrics for row in details)
    }
    return {
        **means,
        "n": len(margins),
        "criteria": {
            name: {"difference": float(np.mean(values)), "n": len(values)} for name, values in sorted(criteria.items())
        },
    }


def _unit(entry: object, name: str) -> float | None:
    """A criterion's score on 0 to 1: of a scale of 1 to 5 (s - 1) / 4, of yes and no 1 and 0."""
    if not isinstance(entry, dict):
        return None
    value = entry.get(name)
    if isinstance(value, bool):
        return float(value)
    if not isinstance(value, int | float):
        return None
    yes_or_no = "bool" in str(entry.get("type", "")).lower()
    return float(value) if yes_or_no else (float(value) - 1) / 4


def _table(judged: Sequence[JudgedRow], preferences: Preferences, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """The records' table. Answers are the dataset's, where the prompt leaves no choice which."""
    by_prompt: dict[str, list[tuple[str, Mapping[str, object]]]] = defaultdict(list)
    for number, row in enumerate(rows, 1):
        by_prompt[_key(str(row["prompt"]))].append((str(number), row))
    metric, records = metric_named(WIN_RATE), []
    for at, (item, outcome) in enumerate(zip(judged, preferences.outcomes.tolist(), strict=True), 1):
        same, prompt = by_prompt[_key(item.detail.example)], item.detail.example
        record_id, row = same[0] if len(same) == 1 else (f"judged-{at}", {})
        answers: dict[Side, ScoredAnswer] = {}
        for side, name in zip(BOTH_SIDES, ("response_B", "response_A"), strict=True):
            score = outcome if side == "tuned" else 1 - outcome
            answers[side] = ScoredAnswer(prompt, None, str(row.get(name, "")), {metric.name: score})
        answers["tuned"].explanations[metric.name] = _words(item.detail)
        records.append(Record(record_id, 1, DatasetRow(at, prompt), answers))
    return examples_table(records, [metric])


def _words(detail: DetailRow) -> str:
    """What the judge said in both passes; a plain judge gives its verdict alone."""
    said = [str(detail.outputs.get("overall_justification") or "")]
    said += [f"{name.removesuffix('_output')}: {text}" for name in OUTPUTS if (text := detail.outputs.get(name))]
    return "\n".join(filter(None, said))
