"""How the numbers were made and what they cannot say, for a reader without statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from model_evaluation.runtime.summary import Summary, labels_of, scope_of

from .metrics_table import ordered_metrics
from .plain_text import enumeration, paragraphs
from .words import ReportWords

DIFFERENCE = """
The difference is the {tuned}'s mean minus the {base}'s over those rows, on the metric's own scale. Its
95% interval comes from drawing the rows again and again with replacement (a bootstrap), below 30 rows from changing
their signs at random (a permutation test turned round), and for yes/no scores from Newcombe's method; where few rows
differ it is widened. Simulations with a known truth show that such intervals hold the truth in about 95 of 100
evaluations.
"""
P_VALUE = """
The p-value asks how often chance alone, if the models were equally good, would give a difference at least this large.
With several metrics, chance gets several tries; Holm's method corrects for that, Benjamini and Hochberg's for the
slices.
"""
DECISION = "Better or worse is said only when the interval excludes 0 and the adjusted p-value is at most 0.05."
MARGIN = """
No worse and practically the same need a margin: the largest loss that is taken not to matter. No worse: even the
unfavourable end of the interval lies within the margin. Practically the same: both ends do. Anything else is unclear.
"""
LIMITS = """
Rows are treated as independent unless the dataset says which belong together (a document_id or template_id in the
metadata). If many share a source without saying so, the intervals are too narrow.

Where score and length of an answer go together, that does not make length the cause.
"""


def methods_text(summary: Summary, words: ReportWords) -> list[str]:
    """How the numbers were made, in paragraphs."""
    if scope_of(summary) != "compare":
        return [words.method, *words.statistics[:1]]
    if words.statistics:
        return [words.method, *words.statistics, DECISION + _guards_text(words.guards), margin_text(summary, words)]
    difference, p_value = (" ".join(text.split()) for text in (DIFFERENCE, P_VALUE))
    return [
        words.method,
        difference.format_map(labels_of(summary)) + _used("Intervals", "method", summary, words),
        p_value + _used("Tests", "test", summary, words),
        DECISION + _guards_text(words.guards),
        margin_text(summary, words),
    ]


def limits_text(summary: Summary, words: ReportWords) -> list[str]:
    """What the numbers cannot say."""
    shared = scope_of(summary) == "compare" and not words.statistics
    return [*words.limits, *(paragraphs(LIMITS) if shared else [])]


def margin_text(summary: Summary, words: ReportWords) -> str:
    """The margin of "no worse" and "practically the same", in plain words and in each metric's own units."""
    if words.margin:
        return words.margin
    entries = {name: summary["metrics"][name] for name in ordered_metrics(summary, words)}
    margins = {name: entry["margin"] for name, entry in entries.items() if entry.get("margin") is not None}
    text = " ".join(MARGIN.split())
    if margins:
        shares = sorted({entries[name].get("margin_share") or 0.05 for name in margins})
        share = " and ".join(f"{100 * share:.3g}" for share in shares)
        by_margin = _by_value({name: f"{margin:.3g}" for name, margin in margins.items()})
        each = "; ".join(f"{margin} for {enumeration(names)}" for margin, names in by_margin.items())
        text += f" The margin here is {share}% of a metric's scale: {each}."
    if none := [name for name in entries if name not in margins]:
        text += f" There is none for {enumeration(none)}: no numeric scale is known."
    return text


def _used(title: str, key: Literal["method", "test"], summary: Summary, words: ReportWords) -> str:
    """What was really used, by metric; nothing where the summary does not say."""
    names = ordered_metrics(summary, words)
    differences = {name: summary["metrics"][name]["difference"] for name in names}
    used = {name: difference[key] for name, difference in differences.items() if difference}
    by_value = _by_value({name: value for name, value in used.items() if value})
    each = "; ".join(f"{value} ({enumeration(names)})" for value, names in by_value.items())
    return f" {title} here: {each}." if each else ""


def _by_value(values: Mapping[str, str]) -> dict[str, list[str]]:
    """The names that share a value, by that value."""
    names: dict[str, list[str]] = {}
    for name, value in values.items():
        names.setdefault(value, []).append(name)
    return names


def _guards_text(guards: Sequence[str]) -> str:
    if not guards:
        return ""
    *most, last = guards
    subject, each = (f"{', '.join(most)} and {last} guard", "one of them") if most else (f"{last} guards", "it")
    return f" {subject} the decision: if {each} got worse, a good result on the primary metric is called mixed."
