"""What a careful reader must know before believing the numbers: rows, answers, coverage, the judge's family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from model_evaluation.kinds.llm_as_judge.runtime.result_files import SIDES

from .pairing import Pairs
from .scored_rows import BLANK_ANSWER, CUT_ANSWER, REFUSAL
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


def result_warnings(
    pairs: Pairs,
    metrics: Mapping[str, Mapping[str, Any]],
    rows: Mapping[str, Any],
    scope: str,
    judge: str,
    models: Mapping[str, str | None],
) -> list[str]:
    """What a careful reader must know before believing the numbers, most serious first."""
    sides = SIDES[scope]
    found = _pairing_warnings(pairs, rows, sides)
    found += _answer_warnings(pairs, sides)
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


def _pairing_warnings(pairs: Pairs, rows: Mapping[str, Any], sides: Sequence[str]) -> list[str]:
    found = []
    has = {side: at >= 0 for side, at in pairs.at.items()}
    listed = len(pairs.listed.lines)
    for side in sides:
        if not rows[side]:
            found.append(f"The {MODEL_LABELS[side]} has no result rows.")
            continue
        absent = int(np.count_nonzero(~has[side][:listed]))
        strange = int(np.count_nonzero(has[side][listed:]))
        if absent:
            found.append(f"Dataset rows without a result of the {MODEL_LABELS[side]}: {absent}.")
        if strange:
            found.append(
                f"Result rows of the {MODEL_LABELS[side]} whose prompt and reference are not in the dataset: "
                f"{strange}; they were kept."
            )
    if len(sides) == 2 and rows["tuned"] and rows["base"]:
        alone = [int(np.count_nonzero(has[a] & ~has[b])) for a, b in (("tuned", "base"), ("base", "tuned"))]
        if any(alone):
            found.append(
                "The models were not judged on the same prompts. Rows with only the fine-tuned model's answer: "
                f"{alone[0]}, with only the base model's: {alone[1]}. Only rows with both are compared."
            )
    repeated = int(np.count_nonzero(pairs.occurrence > 1))
    if repeated:
        found.append(
            f"Rows that repeat an earlier prompt and reference: {repeated}; the n-th of one model is paired "
            "with the n-th of the other."
        )
    return found


def _answer_warnings(pairs: Pairs, sides: Sequence[str]) -> list[str]:
    found = []
    rows = {side: pairs.sides[side].rows for side in sides if side in pairs.sides}
    if len(rows) == 2:
        both = (pairs.at["tuned"] >= 0) & (pairs.at["base"] >= 0)
        tuned, base = (np.ascontiguousarray(judged["answer"])[pairs.at[side][both]] for side, judged in rows.items())
        same = np.count_nonzero((tuned == base) & (pairs.lengths("tuned")[both] > 0))
        if len(tuned) >= 5 and same >= COVERAGE_FLOOR * len(tuned):
            found.append(
                f"{same} of {len(tuned)} answers are identical for both models: the base step may have run the "
                "fine-tuned weights, or fine-tuning changed nothing."
            )
    for side, answers in rows.items():
        marks = np.ascontiguousarray(answers["marks"])
        empty, refused = (np.count_nonzero(marks & mark) for mark in (BLANK_ANSWER, REFUSAL))
        if empty:
            found.append(f"The {MODEL_LABELS[side]} answered empty on {empty} of {len(answers)} rows.")
        if refused >= 3 and refused >= 0.1 * len(answers):
            found.append(f"{refused} of {len(answers)} answers of the {MODEL_LABELS[side]} read like a refusal.")
        found += truncation_warnings(answers["length"], marks & CUT_ANSWER > 0, MODEL_LABELS[side])
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
