"""How sure a model was of its answer's value: log probabilities put to the characters of that value.

The tokens of all positions are joined and have to give the very answer; then the tokens that overlap the value's
characters are taken. A row for which that fails has no confidence, with the reason, and never a low one.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from model_evaluation.kinds.nova.runtime.output.details import DetailRow, plain_answer
from model_evaluation.runtime.statistics.proportions import wilson_interval

Floats = NDArray[np.float64]
BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
SENTENCE_PIECE_SPACE = "\u2581"
BINS = 10
TARGET = 0.9  # share of right answers among those that are taken unseen
OVERCONFIDENT = 0.7
FEWEST_ROWS = 20  # on each half, below which no threshold and no map is fitted


class Confidence(NamedTuple):
    """``joint`` is the probability of all tokens of the value, ``first`` of the first alone, both in 0 to 1 and NaN
    with a ``reason``: no_logprobs, bad_json, no_value or no_alignment.

    The first token says little where labels begin alike (Hardware_Critical, Hardware_Minor): the joint one counts."""

    joint: float = math.nan
    first: float = math.nan
    reason: str = ""


def answer_confidence(detail: DetailRow, answer_field: str) -> Confidence:
    """The confidence of ``answer_field`` of a JSON answer; of the whole answer where that is empty."""
    if not detail.logprobs:
        return Confidence(reason="no_logprobs")
    plain = plain_answer(detail.prediction)
    start = detail.prediction.find(plain)
    span = (0, len(plain))
    if answer_field:
        try:
            spans = value_spans(plain)
        except ValueError:
            return Confidence(reason="bad_json")
        if answer_field not in spans:
            return Confidence(reason="no_value")
        span = spans[answer_field]
    if span[0] >= span[1]:
        return Confidence(reason="no_value")
    chosen = [max(choices.items(), key=lambda item: item[1]) for choices in detail.logprobs]
    pieces = token_texts([token for token, _ in chosen])
    at = "".join(pieces).find(detail.prediction.strip())
    if at < 0:
        return Confidence(reason="no_alignment")
    offset = at + start - (len(detail.prediction) - len(detail.prediction.lstrip()))
    numbers = _overlapping(pieces, [number for _, number in chosen], offset + span[0], offset + span[1])
    if not numbers:
        return Confidence(reason="no_alignment")
    return Confidence(min(1.0, math.exp(sum(numbers))), min(1.0, math.exp(numbers[0])))


def _overlapping(pieces: Sequence[str], numbers: Sequence[float], low: int, high: int) -> list[float]:
    found, end = [], 0
    for piece, number in zip(pieces, numbers, strict=True):
        begin, end = end, end + len(piece)
        if begin < high and end > low and piece:
            found.append(number)
    return found


def value_spans(text: str) -> dict[str, tuple[int, int]]:
    """Where the values of a JSON object's own keys lie in its text; of a text without its quotes. ``ValueError`` for
    anything but an object. Of a repeated key the last one counts, as for every reader of JSON."""
    decoder, spans = json.JSONDecoder(), {}
    if not isinstance(json.loads(text), dict):
        raise ValueError("no JSON object")
    at = text.index("{") + 1
    while text[at:].lstrip().startswith('"'):
        at = _skip(text, at)
        key, at = decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        value, end = decoder.raw_decode(text, at)
        spans[str(key)] = (at + 1, end - 1) if isinstance(value, str) else (at, end)
        at = _skip(text, end)
        at += text[at : at + 1] == ","
    return spans


def _skip(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def token_texts(tokens: Sequence[str]) -> list[str]:
    """What each token adds to the text. Of a character that several byte tokens make, the last one adds it."""
    texts: list[str] = []
    pending = b""
    for token in tokens:
        byte = BYTE.fullmatch(token)
        if byte:
            pending += bytes.fromhex(byte[1])
            try:
                texts.append(pending.decode("utf-8"))
                pending = b""
            except UnicodeDecodeError:
                texts.append("")
            continue
        pending = b""
        texts.append(token.replace(SENTENCE_PIECE_SPACE, " "))
    return texts


class Bin(TypedDict):
    """Answers whose confidence lies in a tenth of 0 to 1. The interval is Wilson's of the accuracy."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    ci_low: float
    ci_high: float


class Threshold(TypedDict):
    """A confidence from which answers are taken, chosen on held-out rows so that ``target`` of them are right there;
    accuracy and coverage are of the other rows."""

    value: float
    target: float
    chosen_on: int
    n: int
    coverage: float
    accuracy: float | None
    ci_low: float | None
    ci_high: float | None


class ConfidenceSummary(TypedDict):
    """One model's. ``calibrated_ece`` is of the rows on which the map was not fitted, ``same_rows_ece`` of the same
    without it."""

    resolved: int
    unresolved: dict[str, int]
    mean: float | None
    accuracy: float | None
    ece: float | None
    reliability: list[Bin]
    overconfident: int
    overconfident_at: float
    threshold: Threshold | None
    calibrated_ece: float | None
    same_rows_ece: float | None


def confidence_summary(confidences: Sequence[Confidence], correct: Floats, ids: Sequence[str]) -> ConfidenceSummary:
    """``correct`` (n,) is 1, 0 or NaN where that is not known. Overconfident is a wrong answer with a confidence of at
    least OVERCONFIDENT. Rows are held out by their ids: always the same half."""
    joint = np.array([own.joint for own in confidences], float)
    known = np.isfinite(joint) & np.isfinite(correct)
    p, right = joint[known], correct[known]
    held = np.array([held_out(record) for record in ids], bool)[known]
    summary: ConfidenceSummary = {
        "resolved": int(np.isfinite(joint).sum()),
        "unresolved": dict(sorted(Counter(own.reason for own in confidences if own.reason).items())),
        "mean": float(p.mean()) if len(p) else None,
        "accuracy": float(right.mean()) if len(p) else None,
        "ece": expected_calibration_error(p, right),
        "reliability": reliability(p, right),
        "overconfident": int(((p >= OVERCONFIDENT) & (right == 0)).sum()),
        "overconfident_at": OVERCONFIDENT,
        "threshold": None,
        "calibrated_ece": None,
        "same_rows_ece": None,
    }
    if min(int(held.sum()), int((~held).sum())) >= FEWEST_ROWS:
        summary["threshold"] = chosen_threshold(p, right, held, TARGET)
        from sklearn.isotonic import IsotonicRegression

        fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(p[held], right[held])
        summary["calibrated_ece"] = expected_calibration_error(fitted.predict(p[~held]), right[~held])
        summary["same_rows_ece"] = expected_calibration_error(p[~held], right[~held])
    return summary


def held_out(record: str) -> bool:
    """Whether a record belongs to the half on which thresholds and maps are fitted."""
    return zlib.crc32(record.encode("utf-8", "replace")) % 2 == 0


def _bins(p: Floats) -> NDArray[np.int64]:
    """The tenth of each probability (n,); 1 belongs to the last."""
    return np.minimum((p * BINS).astype(np.int64), BINS - 1)


def reliability(p: Floats, correct: Floats) -> list[Bin]:
    """Confidence and accuracy by tenths of confidence (n,); tenths without answers are left out."""
    found: list[Bin] = []
    places = _bins(p)
    for number in range(BINS):
        own = places == number
        n = int(own.sum())
        if n:
            accuracy = float(correct[own].mean())
            ci_low, ci_high = wilson_interval(accuracy, n)
            found.append(
                {
                    "low": number / BINS,
                    "high": (number + 1) / BINS,
                    "n": n,
                    "confidence": float(p[own].mean()),
                    "accuracy": accuracy,
                    "ci_low": ci_low,
                    "ci_high": ci_high,
                }
            )
    return found


def expected_calibration_error(p: Floats, correct: Floats) -> float | None:
    """The mean distance of confidence and accuracy over ten bins of equal width, weighted by their rows, 0 to 1
    (Naeini, Cooper and Hauskrecht, 2015, AAAI 29). ``None`` without rows."""
    if not len(p):
        return None
    return float(sum(own["n"] * abs(own["accuracy"] - own["confidence"]) for own in reliability(p, correct)) / len(p))


def chosen_threshold(p: Floats, correct: Floats, held: NDArray[np.bool_], target: float) -> Threshold | None:
    """The lowest confidence from which at least ``target`` of the held-out answers are right; ``None`` when there is
    none. What it does is measured on the other rows."""
    order = np.argsort(-p[held], kind="stable")
    ranked, right = p[held][order], correct[held][order]
    accuracy = np.cumsum(right) / np.arange(1, len(right) + 1)
    last_of_equals = np.append(ranked[1:] < ranked[:-1], True)
    reached = np.flatnonzero((accuracy >= target) & last_of_equals)
    if not len(reached):
        return None
    value = float(ranked[reached[-1]])
    taken = correct[~held][p[~held] >= value]
    n = len(taken)
    share = float(taken.mean()) if n else None
    ci_low, ci_high = wilson_interval(share, n) if share is not None else (None, None)
    return {
        "value": value,
        "target": target,
        "chosen_on": int(held.sum()),
        "n": n,
        "coverage": n / int((~held).sum()),
        "accuracy": share,
        "ci_low": ci_low,
        "ci_high": ci_high,
    }


def confidence_columns(confidences: Sequence[Confidence], side: str) -> dict[str, Sequence[float | str | None]]:
    """Columns for the records' table."""
    return {
        f"{side}_confidence": [None if math.isnan(own.joint) else own.joint for own in confidences],
        f"{side}_first_token": [None if math.isnan(own.first) else own.first for own in confidences],
        f"{side}_confidence_status": [own.reason or "resolved" for own in confidences],
    }
