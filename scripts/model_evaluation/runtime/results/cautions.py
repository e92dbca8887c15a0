"""What a careful reader must know before believing the numbers: rows, answers, coverage."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from model_evaluation.runtime.statistics.verdicts import COVERAGE_FLOOR
from model_evaluation.runtime.summary import MODEL_LABELS, MetricEntry, ModelScores, Rows

from .answer_texts import cut_answers
from .evaluation import Side
from .paired_scores import ScoreComparison
from .records import Record

SMALL_EVALUATION = 30
MEAN_TOLERANCE = 0.005  # of a scale of 1 or more: services round some means to two decimals
REFUSAL = re.compile(
    r"(?i)\s*(?:i['’]?m (?:really |very )?sorry|(?:sorry,? (?:but )?)?i (?:cannot|can['’]t|am unable to|won['’]t)"
    r"|i['’]m (?:unable|not able) to|as an ai\b)"
)
REASON_WORDS = {
    "absent": "without a score",
    "null": "with an empty score",
    "not applicable": "to which it does not apply",
    "unparsable": "with a score that cannot be read",
}


def score_cautions(
    records: Sequence[Record],
    comparison: ScoreComparison,
    sides: Sequence[Side],
    labels: Mapping[str, str] = MODEL_LABELS,
) -> list[str]:
    """The most serious first; ``labels`` name the models. What makes a comparison unfair is told by
    :mod:`.fairness`."""
    rows = comparison.rows
    cautions = [text for side in sides for text in _row_cautions(records, rows, side, labels[side])]
    for side in sides:
        answers = [record.answers[side].response for record in records if side in record.answers]
        cautions += _answer_cautions(answers, labels[side], alone=len(sides) == 1)
    cautions += _coverage_cautions(comparison.metrics, rows, sides, labels)
    if len(sides) == 2 and 0 < rows["paired"] < SMALL_EVALUATION:
        cautions.append(
            f"Paired rows: only {rows['paired']}. Only large differences can be shown, and the intervals rest on "
            "assumptions that so few rows cannot check."
        )
    return cautions


def _row_cautions(records: Sequence[Record], rows: Rows, side: Side, label: str) -> list[str]:
    if not rows[side]:
        return [f"The {label} has no result rows."]
    cautions = []
    if absent := sum(record.row is not None and side not in record.answers for record in records):
        cautions.append(f"Dataset rows without a result of the {label}: {absent}.")
    if strange := sum(record.row is None and side in record.answers for record in records):
        of = f"of the {label} whose prompt and reference are not in the dataset"
        cautions.append(f"Result rows {of}: {strange}; they were kept.")
    return cautions


def _answer_cautions(answers: Sequence[str], label: str, *, alone: bool) -> list[str]:
    """``alone``: there is no other model's answer, so that no check of fairness looks at these."""
    cautions = []
    if alone and (empty := sum(not text.strip() for text in answers)):
        cautions.append(f"The {label} answered empty on {empty} of {len(answers)} rows.")
    if alone and (cut := int(cut_answers(answers).sum())):
        cautions.append(
            f"{cut} of {len(answers)} answers of the {label} look cut off at the token limit. The result files do "
            "not say why an answer ended; read some of them."
        )
    refused = sum(REFUSAL.match(text) is not None for text in answers)
    if refused >= 3 and refused >= 0.1 * len(answers):
        cautions.append(f"{refused} of {len(answers)} answers of the {label} read like a refusal.")
    return cautions


def _coverage_cautions(
    metrics: Mapping[str, MetricEntry], rows: Rows, sides: Sequence[Side], labels: Mapping[str, str]
) -> list[str]:
    """Metrics scored on less than 95% of the rows, by model, and metrics that one model lacks more scores of."""
    cautions = []
    total = {side: rows["dataset"] or rows[side] or 0 for side in sides if rows[side]}
    for side in total:
        low = [
            f"{name} {own['n_scored']}{_reasons(own)}"
            for name, entry in metrics.items()
            if (own := entry[side]) and own["n_scored"] < COVERAGE_FLOOR * total[side]
        ]
        if low:
            cautions.append(f"Scored rows of the {labels[side]}, fewer than 95% of {total[side]}: {'; '.join(low)}.")
    if len(total) == 2:
        apart = [
            f"{name} {own['n_missing']} and {its['n_missing']}"
            for name, entry in metrics.items()
            if (own := entry["tuned"]) and (its := entry["base"]) and own["n_missing"] != its["n_missing"]
        ]
        if apart:
            models = f"the {labels['tuned'].removesuffix(' model')} and of the {labels['base']}"
            cautions.append(
                f"Missing scores of {models}: {'; '.join(apart)}. If scores are missing because answers are bad, the "
                "comparison is too kind to the model that misses more."
            )
    return cautions


def _reasons(scores: ModelScores) -> str:
    reasons = scores["missing_reasons"]
    why = ", ".join(f"{count} {REASON_WORDS.get(reason, reason)}" for reason, count in reasons.items())
    return f" ({why})" if why else ""


def mean_cautions(label: str, means: Mapping[str, float], side: Side, metrics: Mapping[str, MetricEntry]) -> list[str]:
    """Where the service's own mean, by metric in ``means``, is not the mean of its row scores."""
    cautions = []
    for name, entry in metrics.items():
        own, reported = entry[side], means.get(name)
        if own is None or own["mean"] is None or reported is None:
            continue
        span = entry["limits"][1] - entry["limits"][0] if entry["limits"] else abs(reported)
        if abs(own["mean"] - reported) > MEAN_TOLERANCE * max(1.0, span) + 1e-9:
            scored = own["n_scored"] - sum((own["labels"] or {}).values())
            cautions.append(
                f"{name}: the service reports a mean of {reported:.4g} for the {label}, its own row "
                f"scores give {own['mean']:.4g} over {scored} scored rows; the row scores are used."
            )
    return cautions
