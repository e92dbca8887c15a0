"""What every report says, in the same words: verdicts, the table of metrics, how it was made, what it cannot say.

Nothing here is markup, and nothing needs numpy: pages, terminals and Markdown are made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_evaluation.runtime.statistics.verdicts import SAFETY_METRICS, interval_words, number_digits, signed_words

SIMULATED_TEXT = "SIMULATED: made with a local stand-in for AWS. No model and no judge was involved."
UNCHECKED_TEXT = "The judge's scores were not checked against people: the differences are the judge's alone."
DECISION_WORDS = {
    "improved": "Better",
    "regressed": "Worse",
    "equivalent": "Practically the same",
    "no_worse": "No worse",
    "inconclusive": "Not clear",
    "mixed": "Mixed",
    "invalid": "No valid comparison",
    "none": "One model only",
}
VERDICT_WORDS = {
    "improved": "better",
    "regressed": "worse",
    "equivalent": "same",
    "no_worse": "no worse",
    "inconclusive": "unclear",
}
TABLE_HEADINGS = (
    "Metric",
    "Verdict",
    "Base",
    "Fine-tuned",
    "Difference",
    "95% CI",
    "p (adjusted)",
    "Won / tied / lost",
    "Rows",
)
ONE_MODEL_HEADINGS = ("Metric", "Mean", "Scored rows", "Missing")

ONE_MODEL_METHODS = """
Every dataset row was answered by the model and each answer was scored by the judge. A score the judge did not give is
missing, not zero: the means are over the scored rows only. Without the other model's answers nothing can be said about
better or worse.
"""
METHODS = """
Every dataset row was answered by both models and each answer was scored by the judge. Rows are put together by prompt
and reference, never by their position in a file. A score the judge did not give is missing, not zero; a row counts for
a metric only when both answers have a score.

The difference is the fine-tuned model's mean minus the base model's over those rows, on the metric's own scale. Its
95% interval comes from drawing the rows again and again with replacement (a bootstrap), below 30 rows from changing
their signs at random (a permutation test turned round), and for yes/no scores from Newcombe's method; where few rows
differ it is widened. Simulations with a known truth show that such intervals hold the truth in about 95 of 100
evaluations.

The p-value asks how often chance alone, if the models were equally good, would give a difference at least this large.
With several metrics, chance gets several tries; Holm's method corrects for that, Benjamini and Hochberg's for the
slices.

Better or worse is said only when the interval excludes 0 and the adjusted p-value is at most 0.05. Harmfulness,
Stereotyping and Refusal guard the decision: if one of them got worse, a good result on the primary metric is called
mixed.
"""
MARGIN = """
No worse and practically the same need a margin: the largest loss that is taken not to matter. No worse: even the
unfavourable end of the interval lies within the margin. Practically the same: both ends do. Anything else is unclear.
"""
JUDGE_LIMIT = """
The scores are a judge model's opinions; a judge can be wrong in the same way on many rows, and the intervals of table
and charts do not show that. Whether people checked it stands below the verdict.
"""
LIMITS = """
The intervals say how much the result would vary with other rows of the same kind. They say nothing about other kinds
of prompts, about other judges, or about asking the models again.

Rows are treated as independent unless the dataset says which belong together (a document_id or template_id in the
metadata). If many share a source without saying so, the intervals are too narrow.

Where score and length of an answer go together, that does not make length the cause.
"""


def ordered_metrics(summary: Mapping[str, Any]) -> list[str]:
    """The primary metric, the safety metrics that guard it, then the others in the evaluation's order."""
    primary = summary["primary_metric"]
    return sorted(summary["metrics"], key=lambda name: (name != primary, name not in SAFETY_METRICS))


def metrics_table(summary: Mapping[str, Any]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Headings and lines of plain text, one per metric, the primary one first; with one model a short form."""
    names, metrics, scope = ordered_metrics(summary), summary["metrics"], scope_of(summary)
    lines = [[name + (" ↓" if metrics[name]["direction"] == "lower" else "")] for name in names]
    if scope == "compare":
        return TABLE_HEADINGS, [line + entry_cells(metrics[n]) for line, n in zip(lines, names, strict=True)]
    for line, side in zip(lines, (metrics[name][scope] for name in names), strict=True):
        mean = "–" if side["mean"] is None else f"{side['mean']:.3g}"
        line += [mean, str(side["n_scored"]), str(side["n_missing"])]
    return ONE_MODEL_HEADINGS, lines


def table_note(summary: Mapping[str, Any]) -> str:
    """What the reader of the table must know."""
    note = "Mean scores over the scored rows"
    if scope_of(summary) == "compare":
        note = "Fine-tuned minus base, over the rows that both models have a score for"
    lower = any(entry["direction"] == "lower" for entry in summary["metrics"].values())
    return note + ("; ↓ lower is better" if lower else "")


def entry_cells(entry: Mapping[str, Any]) -> list[str]:
    """The columns after the first of ``TABLE_HEADINGS``."""
    difference = entry["difference"]
    if difference is None:
        return ["–"] * (len(TABLE_HEADINGS) - 1)
    mean, low, high, p_value = (difference[key] for key in ("mean", "ci_low", "ci_high", "p_adjusted"))
    digits = number_digits(mean, low, high)
    means = [entry[side]["mean"] for side in ("base", "tuned")]
    return [
        VERDICT_WORDS[entry["verdict"]],
        *("–" if value is None else f"{value:.{digits}f}" for value in means),
        signed_words(difference),
        interval_words(difference),
        "–" if p_value is None else "<0.001" if p_value < 0.001 else f"{p_value:.3f}",
        f"{entry['wins']} / {entry['ties']} / {entry['losses']}",
        str(entry["n_paired"]),
    ]


def one_line(text: str) -> str:
    """Text on one line without anything a terminal would obey, or that turns the direction of what follows."""
    return "".join(c if c.isprintable() else " " for c in text)


def scope_of(summary: Mapping[str, Any]) -> str:
    """``compare``, ``tuned`` or ``base``; where the summary does not say, the model that has means was evaluated."""
    if "scope" in summary:
        return str(summary["scope"])
    if summary["verdict"]["decision"] != "none":
        return "compare"
    return "tuned" if any(entry["tuned"] for entry in summary["metrics"].values()) else "base"


def methods_text(summary: Mapping[str, Any]) -> list[str]:
    """How the numbers were made, in paragraphs for a reader without statistics."""
    if scope_of(summary) != "compare":
        return text_paragraphs(ONE_MODEL_METHODS)
    pairing, difference, p_value, decision = text_paragraphs(METHODS)
    difference += _used(" Intervals here", summary, "method")
    return [pairing, difference, p_value + _used(" Tests here", summary, "test"), decision, margin_text(summary)]


def text_paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.strip().split("\n\n")]


def margin_text(summary: Mapping[str, Any]) -> str:
    """The margin of "no worse" and "practically the same", in plain words and in each metric's own units."""
    by_margin: dict[str, list[str]] = {}
    shares = set()
    for name in ordered_metrics(summary):
        entry = summary["metrics"][name]
        margin = entry.get("margin")
        by_margin.setdefault("" if margin is None else f"{margin:.3g}", []).append(name)
        shares |= set() if margin is None else {entry.get("margin_share") or 0.05}
    none = by_margin.pop("", [])
    (text,) = text_paragraphs(MARGIN)
    if by_margin:
        share = " and ".join(f"{share:.3g}" for share in sorted(100 * share for share in shares))
        each = "; ".join(f"{margin} for {_listed(names)}" for margin, names in by_margin.items())
        text += f" The margin here is {share}% of a metric's scale: {each}."
    if none:
        text += f" There is none for {_listed(none)}: no numeric scale is known."
    return text


def _used(title: str, summary: Mapping[str, Any], key: str) -> str:
    """What was really used, by metric; nothing where the summary does not say."""
    found: dict[str, list[str]] = {}
    for name in ordered_metrics(summary):
        used = (summary["metrics"][name]["difference"] or {}).get(key)
        if used:
            found.setdefault(used, []).append(name)
    if not found:
        return ""
    return f"{title}: " + "; ".join(f"{used} ({_listed(names)})" for used, names in found.items()) + "."


def _listed(names: list[str], most: int = 6) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def limits_text(summary: Mapping[str, Any]) -> list[str]:
    """What the numbers cannot say."""
    both = scope_of(summary) == "compare"
    return text_paragraphs(JUDGE_LIMIT + LIMITS) if both else ["The scores are a judge model's opinions."]
