"""The table of metrics as cells of plain text, and as a text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from model_evaluation.runtime.statistics.entries import MeasuredValue, count_of, value_of
from model_evaluation.runtime.statistics.verdicts import evidence_text, interval_words, number_digits, signed_words
from model_evaluation.runtime.summary import (
    Entry,
    Summary,
    capital,
    evaluated_models,
    minus_words,
    scope_of,
    short_labels,
)

from .plain_text import one_line
from .words import ReportWords

if TYPE_CHECKING:
    from model_evaluation.runtime.analysis import Analysis


class DecisionWords(NamedTuple):
    """What a decision is called: as a headline, in the table (a metric's verdict), and its class in the style sheet."""

    headline: str
    verdict: str = ""
    look: str = ""


DECISIONS = {
    "improved": DecisionWords("Better", "better", "good"),
    "regressed": DecisionWords("Worse", "worse", "bad"),
    "equivalent": DecisionWords("Practically the same", "same"),
    "no_worse": DecisionWords("No worse", "no worse"),
    "inconclusive": DecisionWords("Not clear", "unclear"),
    "mixed": DecisionWords("Mixed", look="bad"),
    "invalid": DecisionWords("No valid comparison", look="bad"),
    "none": DecisionWords("One model only"),
}
TABLE_HEADINGS = (
    "Metric", "Verdict", "Base", "Fine-tuned", "Difference", "95% CI", "p (adjusted)", "Won / tied / lost", "Rows",
)  # fmt: skip
ONE_MODEL_HEADINGS = ("Metric", "Mean", "Scored rows", "Missing")
MEASURED_HEADINGS = ("Metric", "Value", "95% CI", "Rows")


def ordered_metrics(summary: Summary, words: ReportWords) -> list[str]:
    """The primary metric, those that guard the decision, then the others in the evaluation's order."""
    primary = summary["primary_metric"]
    return sorted(summary["metrics"], key=lambda name: (name != primary, name not in words.guards))


def row_metrics(analysis: Analysis) -> list[str]:
    """Those that score records one by one, and so have columns in the table of records."""
    columns = set(analysis.table.column_names)
    return [name for name in ordered_metrics(analysis.summary, analysis.words) if f"{name}__tuned" in columns]


def metrics_table(summary: Summary, words: ReportWords) -> tuple[tuple[str, ...], list[list[str]]]:
    """Headings and lines, one line per metric, the primary one first; with one model a short form."""
    entries = {name: summary["metrics"][name] for name in ordered_metrics(summary, words)}
    side, *others = evaluated_models(summary)
    if others:
        lines = [[metric_label(name, entry), *entry_cells(entry)] for name, entry in entries.items()]
        return table_headings(summary), lines
    measured = {name: cast("MeasuredValue", entry[side]) for name, entry in entries.items() if entry[side]}
    if any("ci_low" in own for own in measured.values()):
        return MEASURED_HEADINGS, [[metric_label(name, entries[name]), *_cells(own)] for name, own in measured.items()]
    lines = []
    for name, entry in entries.items():
        scores = entry[side]
        value = value_of(scores)
        text = "–" if value is None else f"{value:.3g}"
        missing = str(scores.get("n_missing", "–")) if scores else "–"
        lines.append([metric_label(name, entry), text, str(count_of(scores)), missing])
    return ONE_MODEL_HEADINGS, lines


def table_headings(summary: Summary) -> tuple[str, ...]:
    """``TABLE_HEADINGS`` with the models' names."""
    short = short_labels(summary)
    names = {"Base": capital(short["base"]), "Fine-tuned": capital(short["tuned"])}
    return tuple(names.get(heading, heading) for heading in TABLE_HEADINGS)


def _cells(own: MeasuredValue) -> list[str]:
    """Value, interval and rows of one model's measured value."""
    value = own["value"]
    interval = (
        interval_words({"mean": value, "ci_low": own["ci_low"], "ci_high": own["ci_high"]})
        if value is not None
        else "–"
    )
    return ["–" if value is None else f"{value:.{number_digits(value)}f}", interval, str(own["n"])]


def metric_label(name: str, entry: Entry) -> str:
    return name + (" ↓" if entry["direction"] == "lower" else "")


def table_note(summary: Summary) -> str:
    """What the reader of the table must know."""
    note = "Mean scores over the scored rows"
    if any("ci_low" in (entry[side] or {}) for entry in summary["metrics"].values() for side in ("tuned", "base")):
        note = "Each value with its 95% interval and the rows that it rests on"
    if scope_of(summary) == "compare":
        note = f"{capital(minus_words(summary))}, over the rows that both models have a score for"
    return note + ("; ↓ lower is better" if any_lower(summary) else "")


def any_lower(summary: Summary) -> bool:
    """Whether lower is better on any metric."""
    return any(entry["direction"] == "lower" for entry in summary["metrics"].values())


def entry_cells(entry: Entry) -> list[str]:
    """The columns after the first of ``TABLE_HEADINGS``."""
    difference = entry["difference"]
    values = [value_of(entry[side]) for side in ("base", "tuned")]
    if difference is None:
        shown = ["–" if value is None else f"{value:.{number_digits(value)}f}" for value in values]
        return ["–", *shown, *["–"] * (len(TABLE_HEADINGS) - 5), _rows_of_one(entry)]
    digits = number_digits(*(difference[key] for key in ("mean", "ci_low", "ci_high")))
    outcomes = [entry[outcome] for outcome in ("wins", "ties", "losses")]
    p_value = difference["p_adjusted"]
    return [
        DECISIONS[entry["verdict"] or "none"].verdict,
        *("–" if value is None else f"{value:.{digits}f}" for value in values),
        signed_words(difference),
        interval_words(difference),
        "–" if p_value is None else "<0.001" if p_value < 0.001 else f"{p_value:.3f}",
        "–" if None in outcomes else " / ".join(map(str, outcomes)),
        str(entry["n_paired"]),
    ]


def _rows_of_one(entry: Entry) -> str:
    """The rows of the one model that has a value."""
    counts = [count_of(entry[side]) for side in ("tuned", "base") if value_of(entry[side]) is not None]
    return str(max(counts)) if counts else "–"


def left_columns(summary: Summary) -> int:
    """How many columns of the table hold words; the numbers of the others stand to the right."""
    return 2 if scope_of(summary) == "compare" else 1


def comparison_text(summary: Summary, words: ReportWords) -> str:
    """Verdict, what was not fair, table and warnings as plain text for a terminal."""
    headings, body = metrics_table(summary, words)
    rows = [[one_line(cell) for cell in row] for row in (headings, *body)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = left_columns(summary)
    lines = [
        "  ".join(f"{cell:{'<' if column < left else '>'}{widths[column]}}" for column, cell in enumerate(row)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    parts = [words.simulated, ""] if summary["simulated"] else []
    parts += [one_line(summary["verdict"]["sentence"]), ""]
    if unfair := fairness_lines(summary):
        parts += [words.checks_heading, *(f"- {one_line(text)}" for text in unfair), ""]
    parts += lines
    if any_lower(summary):
        parts += ["", "↓ lower is better"]
    if summary["warnings"]:
        parts += ["", "Take care:", *(f"- {one_line(text)}" for text in summary["warnings"])]
    return "\n".join(parts)


def rows_words(summary: Summary) -> str:
    """``80 in the dataset (8 different questions)``."""
    rows = summary["rows"]
    distinct = f" ({rows['distinct']} different questions)" if rows.get("distinct") else ""
    return f"{rows['dataset']} in the dataset{distinct}"


def planned_text(summary: Summary) -> str:
    """The difference that was said to be shown beside what it came to; empty where the summary does not say."""
    return str((summary.get("planned") or {"sentence": ""})["sentence"])


def sound_rows_text(summary: Summary) -> str:
    """The difference on the primary metric among the rows that are sound in both models; empty where it is unknown."""
    sound = fairness["sound_rows"] if (fairness := summary.get("fairness")) else None
    if not sound or sound["n_paired"] == summary["metrics"][summary["primary_metric"]]["n_paired"]:
        return ""
    evidence = evidence_text(sound, f"{sound['n_paired']} rows")
    return f"Among the rows that are sound in both models, the difference on {summary['primary_metric']} is {evidence}."


def fairness_lines(summary: Summary) -> list[str]:
    """What did not pass of the checks of fairness, and the difference among sound rows; empty where all is well."""
    checks = fairness["checks"] if (fairness := summary.get("fairness")) else []
    unfair = [check["message"] for check in checks if check["status"] != "pass"]
    return [text for text in (*unfair, sound_rows_text(summary)) if text]
