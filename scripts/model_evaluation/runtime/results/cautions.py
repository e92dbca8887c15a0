"""What a careful reader must know before believing the numbers: rows, answers, coverage."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from model_evaluation.runtime.statistics.entries import MetricEntry, ModelScores, Rows
from model_evaluation.runtime.statistics.verdicts import COVERAGE_FLOOR, MODEL_LABELS

from .evaluation import Side
from .paired_scores import ScoreComparison
from .records import Record, ScoredAnswer
from .truncation import ends_in_the_middle, truncation_warnings

SMALL_EVALUATION = 30
FEWEST_IDENTICAL = 5
REFUSAL = re.compile(
    r"(?i)\s*(?:i['’]?m (?:really |very )?sorry|(?:sorry,? (?:but )?)?i (?:cannot|can['’]t|am unable to|won['’]t)"
    r"|i['’]m (?:unable|not able) to|as an ai\b)"
)


def score_cautions(records: Sequence[Record], comparison: ScoreComparison, sides: Sequence[Side]) -> list[str]:
    """The most serious first."""
    rows = comparison.rows
    cautions = _pairing_cautions(records, rows, sides)
    cautions += _answer_cautions(records, sides)
    cautions += _coverage_cautions(comparison.metrics, rows, sides)
    if len(sides) == 2 and 0 < rows["paired"] < SMALL_EVALUATION:
        cautions.append(
            f"Paired rows: only {rows['paired']}. Only large differences can be shown, and the intervals rest on "
            "assumptions that so few rows cannot check."
        )
    return cautions


def _pairing_cautions(records: Sequence[Record], rows: Rows, sides: Sequence[Side]) -> list[str]:
    cautions = []
    for side in sides:
        if not rows[side]:
            cautions.append(f"The {MODEL_LABELS[side]} has no result rows.")
            continue
        absent = sum(record.row is not None and side not in record.answers for record in records)
        strange = sum(record.row is None and side in record.answers for record in records)
        if absent:
            cautions.append(f"Dataset rows without a result of the {MODEL_LABELS[side]}: {absent}.")
        if strange:
            cautions.append(
                f"Result rows of the {MODEL_LABELS[side]} whose prompt and reference are not in the dataset: "
                f"{strange}; they were kept."
            )
    if len(sides) == 2 and rows["tuned"] and rows["base"]:
        only_tuned, only_base = (sum(set(record.answers) == {side} for record in records) for side in sides)
        if only_tuned or only_base:
            cautions.append(
                "The models were not judged on the same prompts. Rows with only the fine-tuned model's answer: "
                f"{only_tuned}, with only the base model's: {only_base}. Only rows with both are compared."
            )
    repeated = sum(record.occurrence > 1 for record in records)
    if repeated:
        cautions.append(
            f"Rows that repeat an earlier prompt and reference: {repeated}; the n-th of one model is paired "
            "with the n-th of the other."
        )
    return cautions


def _answer_cautions(records: Sequence[Record], sides: Sequence[Side]) -> list[str]:
    cautions = []
    if len(sides) == 2:
        pairs = [(r.answers["tuned"].response, r.answers["base"].response) for r in records if len(r.answers) == 2]
        same = sum(tuned == base and bool(tuned) for tuned, base in pairs)
        if len(pairs) >= FEWEST_IDENTICAL and same >= COVERAGE_FLOOR * len(pairs):
            cautions.append(
                f"{same} of {len(pairs)} answers are identical for both models: the base step may have run the "
                "fine-tuned weights, or fine-tuning changed nothing."
            )
    for side in sides:
        answers = [record.answers[side] for record in records if side in record.answers]
        cautions += _one_models_answers(answers, MODEL_LABELS[side])
    return cautions


def _one_models_answers(answers: Sequence[ScoredAnswer], label: str) -> list[str]:
    cautions = []
    texts = [answer.response for answer in answers]
    empty = sum(not text.strip() for text in texts)
    refused = sum(REFUSAL.match(text) is not None for text in texts)
    if empty:
        cautions.append(f"The {label} answered empty on {empty} of {len(texts)} rows.")
    if refused >= 3 and refused >= 0.1 * len(texts):
        cautions.append(f"{refused} of {len(texts)} answers of the {label} read like a refusal.")
    lengths, ragged = (
        np.array([len(text) for text in texts], int),
        np.array([ends_in_the_middle(t) for t in texts], bool),
    )
    return cautions + truncation_warnings(lengths, ragged, label)


def _coverage_cautions(metrics: Mapping[str, MetricEntry], rows: Rows, sides: Sequence[Side]) -> list[str]:
    """Metrics scored on less than 95% of the rows, by model, and metrics scored more often for one model."""
    cautions = []
    total = {side: rows["dataset"] or rows[side] or 0 for side in sides if rows[side]}
    for side in total:
        low = []
        for name, entry in metrics.items():
            own = entry[side]
            if own is not None and own["n_scored"] < COVERAGE_FLOOR * total[side]:
                low.append(f"{name} {own['n_scored']}{_reasons(own)}")
        if low:
            cautions.append(
                f"Scored rows of the {MODEL_LABELS[side]}, fewer than 95% of {total[side]}: {'; '.join(low)}."
            )
    if len(total) == 2:
        apart = []
        for name, entry in metrics.items():
            tuned, base = (own["n_scored"] / total[side] for side in sides if (own := entry[side]) is not None)
            if abs(tuned - base) > 1 - COVERAGE_FLOOR:
                apart.append(f"{name} {tuned:.0%} and {base:.0%}")
        if apart:
            cautions.append(
                f"Scored for the fine-tuned and for the base model: {'; '.join(apart)}. If scores are missing because "
                "answers are bad, the comparison is too kind to the model that misses more."
            )
    return cautions


def _reasons(scores: ModelScores) -> str:
    why = ", ".join(f"{count} {reason}" for reason, count in scores["missing_reasons"].items())
    return f" ({why})" if why else ""
