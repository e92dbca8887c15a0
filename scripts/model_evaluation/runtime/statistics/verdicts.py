"""From intervals to words: the verdict on one metric, and the decision over all.

The rules are cautious on purpose: a better or worse model must be shown, by the interval *and* by the
p-value adjusted over all metrics; everything that is not shown is said to be unclear.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from model_evaluation.runtime.summary import (
    MODEL_LABELS,
    Difference,
    Entry,
    Fairness,
    Interval,
    Rows,
    SoundRows,
    compared,
    count_of,
    value_of,
)

SIGNIFICANCE = 0.05
MARGIN_SHARE = 0.05  # differences within 5% of a metric's scale count as none
COVERAGE_FLOOR = 0.95
PAIRED_FLOOR = 0.8  # of the rows must be scored for both models
FEWEST_PAIRS = 6
SAME_SHARE = 0.5  # of a difference is found again among the sound rows, or they do not say the same
OPENINGS = {
    "improved": "The {tuned} is better on {name}{than}",
    "regressed": "The {tuned} is worse on {name}{than}",
    "equivalent": "The {tuned} and {base} are practically the same on {name}",
    "no_worse": "The {tuned} is no worse on {name}{than}, but not shown to be better",
    "inconclusive": "It is not clear whether the {tuned} is better or worse on {name}{than}",
}


class Verdict(TypedDict):
    """The decision over all metrics, and what it says to a reader without statistics. ``reasons`` say why it is not
    what the scores alone say."""

    decision: str
    sentence: str
    reasons: NotRequired[list[str]]


def metric_verdict(difference: Difference, n: int, direction: str, margin: float | None) -> str:
    """``improved``, ``regressed``, ``equivalent``, ``no_worse`` or ``inconclusive``.

    ``difference`` holds ``ci_low``, ``ci_high`` and ``p_adjusted`` over ``n`` pairs. Improved and regressed need
    an interval that excludes 0 and an adjusted p-value of at most 0.05. Equivalent: the interval lies within plus
    and minus ``margin``, in score units (two one-sided tests: Schuirmann, 1987, here at 2.5% each). No worse: its
    unfavourable end does (non-inferiority). Without an interval, below six pairs (no exact test can reach 0.05 there),
    with a caution, and without a margin for the last two, nothing is claimed.
    """
    low, high, p_value = difference["ci_low"], difference["ci_high"], difference["p_adjusted"]
    if low is None or high is None or n < FEWEST_PAIRS or difference.get("caution"):
        return "inconclusive"
    if direction == "lower":
        low, high = -high, -low
    if p_value is not None and p_value <= SIGNIFICANCE and (low > 0 or high < 0):
        return "improved" if low > 0 else "regressed"
    if margin is not None and low > -margin:
        return "equivalent" if high < margin else "no_worse"
    return "inconclusive"


def overall_verdict(
    metrics: Mapping[str, Entry],
    primary: str,
    scope: str,
    rows: Rows,
    fairness: Fairness | None = None,
    labels: Mapping[str, str] | None = None,
) -> Verdict:
    """The decision and its sentence from the primary metric; metrics with ``guard`` guard it.

    One model only: ``none``. No paired score of the primary, or a check of ``fairness`` that failed: ``invalid``.
    Values of which nobody says how many rows they are of: ``inconclusive``. A check may hold the primary metric back to
    that, too. A guard that regressed turns improved, no worse and
    equivalent into ``mixed``, and an inconclusive primary metric into ``regressed``. Where the rows that are sound in
    both models say something else: ``mixed``. ``labels`` name the models by ``tuned`` and ``base``.
    """
    labels = labels or MODEL_LABELS
    if scope != "compare":
        return {"decision": "none", "sentence": single_model_sentence(metrics, primary, scope, rows, labels)}
    entry = metrics.get(primary)
    difference = entry["difference"] if entry else None
    has_values = entry is not None and (entry["n_paired"] or is_uncounted(entry))
    if entry is None or difference is None or not has_values or difference["mean"] is None:
        lacks = f"a numeric {primary} score for both models" if rows["paired"] else "an answer from both models"
        return {"decision": "invalid", "sentence": f"The models cannot be compared: no row has {lacks}."}
    checks = fairness["checks"] if fairness else []
    failed = [check["message"] for check in checks if check["status"] == "fail"]
    if failed:
        evidence = evidence_text(entry, f"{entry['n_paired']} rows scored for both")
        sentence = (
            f"The models cannot be compared fairly. {' '.join(failed)} So the difference on {primary}, {evidence}, "
            "says nothing."
        )
        return {"decision": "invalid", "sentence": sentence, "reasons": failed}
    reasons = [check["message"] for check in checks if check.get("at_most") == "inconclusive"]
    decision = str(entry["verdict"]) if not reasons else "inconclusive"
    sentence = primary_sentence(primary, entry, decision, rows, labels)
    if reasons:
        sentence += f" {' '.join(reasons)}"
    others = {name: own for name, own in metrics.items() if name != primary}
    guards = sorted(name for name, own in others.items() if own.get("guard") and own["verdict"] == "regressed")
    if guards:
        losses = " and on ".join(f"{name}: {evidence_text(metrics[name])}" for name in guards)
        sentence = f"{sentence} But it got worse on {losses}."
        decision = "regressed" if decision in ("inconclusive", "regressed") else "mixed"
    sound = fairness["sound_rows"] if fairness else None
    if sound and not guards and _disagree(decision, sound, entry):
        reason = f"Among the {sound['n_paired']} rows that are sound in both models it is {evidence_text(sound)}."
        return {"decision": "mixed", "sentence": f"{sentence} But {reason[0].lower()}{reason[1:]}", "reasons": [reason]}
    verdict: Verdict = {"decision": decision, "sentence": sentence}
    if reasons:
        verdict["reasons"] = reasons
    return verdict


def _disagree(decision: str, sound: SoundRows, entry: Entry) -> bool:
    """Whether sound rows say something else than all rows: another shown verdict, or, where a difference is shown, one
    of the other sign, or one that is not shown and less than half as large. Fewer rows that show less of the same are
    no disagreement."""
    mean, whole = sound["difference"]["mean"], (entry["difference"] or {"mean": None})["mean"]
    if mean is None or whole is None or decision == "inconclusive":
        return False
    if decision in ("improved", "regressed"):
        share, shown = mean / whole if whole else 0.0, sound["verdict"]
        other = ("equivalent",) if decision == "improved" else ("equivalent", "no_worse")
        return share <= 0 or shown in other or (shown != decision and share < SAME_SHARE)
    return sound["verdict"] == "regressed" or (decision == "equivalent" and sound["verdict"] == "improved")


def primary_sentence(name: str, entry: Entry, decision: str, rows: Rows, labels: Mapping[str, str]) -> str:
    """What the primary metric says, for a reader without statistics, with difference, interval and rows."""
    opening = OPENINGS[decision]
    title = f"{name} (lower is better)" if entry["direction"] == "lower" else name
    total = max(rows["dataset"], rows["paired"])  # files may hold rows that the dataset does not
    paired = f"{entry['n_paired']} of {total} rows scored for both"
    evidence = uncounted_text(entry) if is_uncounted(entry) else evidence_text(entry, paired)
    usual = labels["base"] == MODEL_LABELS["base"]
    base, than = f"{'its' if usual else 'the'} {labels['base']}", "" if usual else f" than the {labels['base']}"
    opening = opening.format(tuned=labels["tuned"], base=base, name=title, than=than)
    text = f"{opening}: {evidence}"
    if decision == entry["verdict"] == "inconclusive" and entry.get("rows_needed"):
        text += f"; to show a difference of this size takes about {entry['rows_needed']:,} rows"
    if decision in ("equivalent", "no_worse") and entry.get("margin"):
        text += f"; differences up to {entry['margin']:.3g} count as none"
    return text + "."


def single_model_sentence(
    metrics: Mapping[str, Entry], primary: str, scope: str, rows: Rows, labels: Mapping[str, str]
) -> str:
    entry, label = metrics.get(primary), labels[scope]
    own = (entry["tuned"] if scope == "tuned" else entry["base"]) if entry else None
    value = value_of(own)
    if value is None:
        return f"Only the {label} was evaluated, and no row has a numeric {primary} score."
    total = rows["dataset"] or (rows["tuned"] if scope == "tuned" else rows["base"])
    scored = f"{count_of(own)} of {total} rows scored" if count_of(own) else "of how many rows is not known"
    return (
        f"Only the {label} was evaluated: its mean {primary} score is {value:.2f} ({scored}). There is nothing to "
        "compare it with."
    )


def is_uncounted(entry: Entry) -> bool:
    """Whether an entry has values of which nobody says how many rows they are of."""
    if entry["n_paired"]:
        return False
    known = [own for own in (entry["tuned"], entry["base"]) if value_of(own) is not None]
    return bool(known) and not any(map(count_of, known))


def uncounted_text(entry: Entry) -> str:
    """``+0.16 (0.89 against 0.73, ...)``: the values of such an entry, and why they have no interval."""
    tuned, base = (f"{value_of(own):.2f}" for own in (entry["tuned"], entry["base"]))
    return (
        f"{signed_words(compared(entry))} ({tuned} against {base}; of how many rows is not known, so there is no "
        "interval, and the difference may be chance)"
    )


def number_digits(*numbers: float | None) -> int:
    """Decimals to show these numbers with: 2, or 3 when all of them are small."""
    known = [abs(number) for number in numbers if number is not None]
    return 3 if known and max(known) < 0.1 else 2


def evidence_text(entry: Mapping[str, Any], extra: str = "") -> str:
    """``+0.14 (95% CI 0.08 to 0.20, 58 of 60 rows scored for both)``; ``extra`` ends the brackets."""
    difference = entry["difference"]
    inside = "too few rows for an interval"
    if difference["ci_low"] is not None:
        inside = f"{difference['confidence']:.0%} CI {interval_words(difference)}"
    return f"{signed_words(difference)} ({inside}{', ' if extra else ''}{extra})"


def interval_words(difference: Interval) -> str:
    """``0.07 to 0.33``, or ``–`` where there is none."""
    low, high = difference["ci_low"], difference["ci_high"]
    if low is None:
        return "–"
    digits = number_digits(difference["mean"], low, high)
    return f"{signed(low, digits, plus='')} to {signed(high, digits, plus='')}"


def signed_words(difference: Interval) -> str:
    """The difference itself, with as many decimals as its interval."""
    return signed(difference["mean"], number_digits(difference["mean"], difference["ci_low"], difference["ci_high"]))


def signed(value: float | None, digits: int = 2, plus: str = "+") -> str:
    """A number with a real minus sign, ``plus`` before a positive one, and no sign on a rounded zero."""
    if value is None:
        return "–"
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return text
    return f"{'−' if value < 0 else plus}{text}"
