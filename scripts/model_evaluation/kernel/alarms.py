"""What a careful reader must know before believing the numbers: rows, answers, coverage, the judge's family."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .results import Record
from .truncation import truncation_warnings
from .verdicts import COVERAGE_FLOOR, MODEL_LABELS

SMALL_EVALUATION = 30
MODEL_FAMILIES = {
    "Anthropic Claude": ("anthropic", "claude"),
    "Amazon Nova": ("amazon.nova", "nova-", "-nova"),
    "Meta Llama": ("llama",),
    "Mistral": ("mistral", "mixtral", "ministral"),
    "Qwen": ("qwen",),
    "DeepSeek": ("deepseek",),
    "OpenAI GPT": ("gpt-", "openai"),
    "Google Gemma": ("gemma", "gemini"),
    "Cohere Command": ("cohere",),
}
REFUSAL_OPENING = re.compile(
    r"\s*(?:i['’]?m (?:really |very )?sorry|(?:sorry,? (?:but )?)?i (?:cannot|can['’]t|am unable to|won['’]t)"
    r"|i['’]m (?:unable|not able) to|as an ai\b)",
    re.IGNORECASE,
)


def result_warnings(
    records: Sequence[Record],
    metrics: Mapping[str, Mapping[str, Any]],
    rows: Mapping[str, Any],
    scope: str,
    judge: str,
    models: Mapping[str, str | None],
) -> list[str]:
    """What a careful reader must know before believing the numbers, most serious first."""
    sides = ["tuned", "base"] if scope == "compare" else [scope]
    found = _pairing_warnings(records, rows, sides)
    found += _answer_warnings(records, sides)
    found += _coverage_warnings(metrics, rows, sides)
    if scope == "compare" and 0 < rows["paired"] < SMALL_EVALUATION:
        found.append(
            f"Paired rows: only {rows['paired']}. Only large differences can be shown, and the intervals rest on "
            "assumptions that so few rows cannot check."
        )
    for family, marks in MODEL_FAMILIES.items():
        if any(mark in judge.lower() for mark in marks):
            same = [MODEL_LABELS[s] for s in sides if any(m in (models.get(s) or "").lower() for m in marks)]
            if same:
                found.append(
                    f"The judge and the {' and the '.join(same)} are of the same family ({family}): judges "
                    "tend to prefer answers like their own."
                )
    return found


def _pairing_warnings(records: Sequence[Record], rows: Mapping[str, Any], sides: Sequence[str]) -> list[str]:
    found = []
    for side in sides:
        if not rows[side]:
            found.append(f"The {MODEL_LABELS[side]} has no result rows.")
            continue
        absent = sum(r.row is not None and getattr(r, side) is None for r in records)
        strange = sum(r.row is None and getattr(r, side) is not None for r in records)
        if absent:
            found.append(f"Dataset rows without a result of the {MODEL_LABELS[side]}: {absent}.")
        if strange:
            found.append(
                f"Result rows of the {MODEL_LABELS[side]} whose prompt and reference are not in the dataset: "
                f"{strange}; they were kept."
            )
    if len(sides) == 2 and rows["tuned"] and rows["base"]:
        alone = [
            sum(getattr(r, a) is not None and getattr(r, b) is None for r in records)
            for a, b in (("tuned", "base"), ("base", "tuned"))
        ]
        if any(alone):
            found.append(
                "The models were not judged on the same prompts. Rows with only the fine-tuned model's answer: "
                f"{alone[0]}, with only the base model's: {alone[1]}. Only rows with both are compared."
            )
    repeated = sum(r.occurrence > 1 for r in records)
    if repeated:
        found.append(
            f"Rows that repeat an earlier prompt and reference: {repeated}; the n-th of one model is paired "
            "with the n-th of the other."
        )
    return found


def _answer_warnings(records: Sequence[Record], sides: Sequence[str]) -> list[str]:
    found = []
    pairs = [(r.tuned.response, r.base.response) for r in records if r.tuned and r.base]
    same = sum(tuned == base != "" for tuned, base in pairs)
    if len(pairs) >= 5 and same >= COVERAGE_FLOOR * len(pairs):
        found.append(
            f"{same} of {len(pairs)} answers are identical for both models: the base step may have run the "
            "fine-tuned weights, or fine-tuning changed nothing."
        )
    for side in sides:
        answers = [row.response for r in records if (row := getattr(r, side)) is not None]
        empty = sum(not answer.strip() for answer in answers)
        refused = sum(answer.lstrip()[:1] in "iIaAsS" and bool(REFUSAL_OPENING.match(answer)) for answer in answers)
        if empty:
            found.append(f"The {MODEL_LABELS[side]} answered empty on {empty} of {len(answers)} rows.")
        if refused >= 3 and refused >= 0.1 * len(answers):
            found.append(f"{refused} of {len(answers)} answers of the {MODEL_LABELS[side]} read like a refusal.")
        found += truncation_warnings(answers, MODEL_LABELS[side])
    return found


def _coverage_warnings(
    metrics: Mapping[str, Mapping[str, Any]], rows: Mapping[str, Any], sides: Sequence[str]
) -> list[str]:
    """Metrics scored on less than 95% of the rows, by model, and metrics scored more often for one model."""
    found = []
    total = {side: rows["dataset"] or rows[side] for side in sides if rows[side]}
    for side in total:
        low = []
        for name, entry in metrics.items():
            scored = entry[side]["n_scored"]
            if scored < COVERAGE_FLOOR * total[side]:
                why = ", ".join(f"{count} {reason}" for reason, count in entry[side]["missing_reasons"].items())
                low.append(f"{name} {scored}" + (f" ({why})" if why else ""))
        if low:
            found.append(f"Scored rows of the {MODEL_LABELS[side]}, fewer than 95% of {total[side]}: {'; '.join(low)}.")
    if len(total) == 2:
        shares = {name: [entry[side]["n_scored"] / total[side] for side in sides] for name, entry in metrics.items()}
        apart = [
            f"{name} {tuned:.0%} and {base:.0%}"
            for name, (tuned, base) in shares.items()
            if abs(tuned - base) > 1 - COVERAGE_FLOOR
        ]
        if apart:
            found.append(
                f"Scored for the fine-tuned and for the base model: {'; '.join(apart)}. If scores are missing because "
                "answers are bad, the comparison is too kind to the model that misses more."
            )
    return found
