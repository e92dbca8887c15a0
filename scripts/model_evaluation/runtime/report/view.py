"""What every report shows of a summary, as plain text. Page, notebook, Markdown and terminal put it into marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from model_evaluation.runtime.statistics.verdicts import (
    evidence_text,
    interval_words,
    is_uncounted,
    number_digits,
    signed_words,
)
from model_evaluation.runtime.summary import (
    BOTH_MODELS,
    Entry,
    FairnessCheck,
    MeasuredValue,
    Side,
    Summary,
    capital,
    count_of,
    evaluated_models,
    labels_of,
    minus_words,
    model_name,
    short_labels,
    value_of,
)

from .people import ScorerError, people_sentences
from .words import ReportWords, enumeration, one_line, paragraphs, short_name, short_time

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
DIFFERENCE = """
The difference is the {tuned}'s mean minus the {base}'s over those rows, on the metric's own scale. Its
95% interval comes from drawing the rows again and again with replacement (a bootstrap), below 100 rows from changing
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


class Table(NamedTuple):
    """Cells of plain text, a line per metric or slice. The first ``left`` columns hold words."""

    headings: Sequence[str]
    lines: list[list[str]]
    left: int = 1


@dataclass(frozen=True)
class ReportView:
    """A summary in its kind's words. ``error`` is what people's labels said of who gave the scores, ``None`` without
    labels."""

    summary: Summary
    words: ReportWords
    error: ScorerError | None = None

    @property
    def compares(self) -> bool:
        """Whether there are two models."""
        return self.summary["scope"] == "compare"

    @property
    def metrics(self) -> dict[str, Entry]:
        """The entries, the primary metric first."""
        return {name: self.summary["metrics"][name] for name in ordered_metrics(self.summary, self.words)}

    @property
    def notice(self) -> str:
        """What stands above everything that local AWS made."""
        return self.words.simulated if self.summary["simulated"] else ""

    @property
    def decision(self) -> DecisionWords:
        return DECISIONS[self.summary["verdict"]["decision"]]

    @property
    def checks(self) -> Sequence[FairnessCheck]:
        return (self.summary.get("fairness") or {"checks": ()})["checks"]

    @property
    def sound_rows(self) -> str:
        """The difference on the primary metric among the rows that are sound in both models; empty where unknown."""
        sound = fairness["sound_rows"] if (fairness := self.summary.get("fairness")) else None
        primary = self.summary["primary_metric"]
        if not sound or sound["n_paired"] == self.summary["metrics"][primary]["n_paired"]:
            return ""
        evidence = evidence_text(sound, f"{sound['n_paired']} rows")
        return f"Among the rows that are sound in both models, the difference on {primary} is {evidence}."

    @property
    def unfair(self) -> list[str]:
        """What did not pass of the checks, and the difference among sound rows; empty where all is well."""
        failed = [check["message"] for check in self.checks if check["status"] != "pass"]
        return [text for text in (*failed, self.sound_rows) if text]

    @property
    def people(self) -> list[str]:
        """What people's labels say of who gave the scores, where labels can check that."""
        return people_sentences(self.error, self.words) if self.compares and self.words.scorer else []

    @property
    def planned(self) -> str:
        """The difference that was said to be shown beside what it came to; empty where the summary does not say."""
        return str((self.summary.get("planned") or {"sentence": ""})["sentence"])

    @property
    def table(self) -> Table:
        """A line per metric; with one model a short form."""
        if self.compares:
            lines = [[metric_label(name, entry), *entry_cells(entry)] for name, entry in self.metrics.items()]
            return Table(("Metric", *self._compared_headings), lines, 2)
        (side,) = evaluated_models(self.summary)
        known = {metric_label(name, entry): entry[side] for name, entry in self.metrics.items()}
        if any(own and "ci_low" in own for own in known.values()):
            measured = {label: cast("MeasuredValue", own) for label, own in known.items() if own}
            return Table(
                ("Metric", "Value", "95% CI", "Rows"), [[label, *_cells(own)] for label, own in measured.items()]
            )
        lines = []
        for label, own in known.items():
            value = value_of(own)
            missing = str(own.get("n_missing", "–")) if own else "–"
            counts = ["–", "–"] if value is not None and not count_of(own) else [str(count_of(own)), missing]
            lines.append([label, "–" if value is None else f"{value:.3g}", *counts])
        return Table(("Metric", "Mean", "Scored rows", "Missing"), lines)

    @property
    def slices(self) -> Table:
        """Every slice on the primary metric, which a chart cannot give to a screen reader."""
        primary = self.summary["primary_metric"]
        lines = [
            [f"{field}: {value}"[:200], *entry_cells(cells[primary])]
            for field, values in self.summary["slices"].items()
            for value, cells in values.items()
            if primary in cells
        ]
        return Table(("Slice", *self._compared_headings), lines, 2)

    @property
    def _compared_headings(self) -> tuple[str, ...]:
        short = short_labels(self.summary)
        models = capital(short["base"]), capital(short["tuned"])
        return ("Verdict", *models, "Difference", "95% CI", "p (adjusted)", "Won / tied / lost", "Rows")

    @property
    def note(self) -> str:
        """What the reader of the table must know."""
        if any(map(is_uncounted, self.metrics.values())):
            return "Numbers as they were given, without the rows behind them"
        note = "Mean scores over the scored rows"
        if any("ci_low" in (entry[side] or {}) for entry in self.metrics.values() for side in BOTH_MODELS):
            note = "Each value with its 95% interval and the rows that it rests on"
        if self.compares:
            note = f"{capital(minus_words(self.summary))}, over the rows that both models have a score for"
        return note + ("; ↓ lower is better" if any_lower(self.summary) else "")

    @property
    def methods(self) -> list[str]:
        """How the numbers were made, in paragraphs."""
        if not self.compares:
            return [self.words.method, *self.words.statistics[:1]]
        statistics = self.words.statistics or (
            " ".join(DIFFERENCE.split()).format_map(labels_of(self.summary)) + self._used("Intervals", "method"),
            " ".join(P_VALUE.split()) + self._used("Tests", "test"),
        )
        return [self.words.method, *statistics, DECISION + _guards_text(self.words.guards), self.margin]

    def _used(self, title: str, key: Literal["method", "test"]) -> str:
        """What was really used, by metric; nothing where the summary does not say."""
        used = {name: difference[key] for name, entry in self.metrics.items() if (difference := entry["difference"])}
        each = "; ".join(f"{own} ({enumeration(names)})" for own, names in _by_value(used.items()).items() if own)
        return f" {title} here: {each}." if each else ""

    @property
    def margin(self) -> str:
        """The margin of "no worse" and "practically the same", in plain words and in each metric's own units."""
        if self.words.margin:
            return self.words.margin
        text = " ".join(MARGIN.split())
        margins = {name: entry["margin"] for name, entry in self.metrics.items() if entry.get("margin") is not None}
        if margins:
            shares = sorted({self.metrics[name].get("margin_share") or 0.05 for name in margins})
            share = " and ".join(f"{100 * share:.3g}" for share in shares)
            by_margin = _by_value((name, f"{margin:.3g}") for name, margin in margins.items())
            each = "; ".join(f"{margin} for {enumeration(names)}" for margin, names in by_margin.items())
            text += f" The margin here is {share}% of a metric's scale: {each}."
        if without := [name for name in self.metrics if name not in margins]:
            text += f" There is none for {enumeration(without)}: no numeric scale is known."
        return text

    @property
    def limits(self) -> list[str]:
        """What the numbers cannot say."""
        shared = self.compares and not self.words.statistics
        return [*self.words.limits, *(paragraphs(LIMITS) if shared else [])]

    @property
    def head(self) -> list[tuple[str, str]]:
        """Name and value of what stands below the title."""
        sides = reversed(evaluated_models(self.summary))
        names = {side: model_name(self.summary, side) or labels_of(self.summary)[side] for side in sides}
        models = [(self._model_title(side), short_name(name)) for side, name in names.items()]
        return [*models, *self.words.conditions, ("Made", short_time(self.summary["created"]))]

    @property
    def configuration(self) -> list[tuple[str, str]]:
        """Name and value of what was evaluated, as the summary has it."""
        summary, rows, labels = self.summary, self.summary["rows"], labels_of(self.summary)
        sides = BOTH_MODELS[::-1]
        results = [f"{rows[side]} results of the {labels[side]}" for side in sides if rows[side] is not None]
        return [
            ("Execution", summary["execution_arn"]),
            *((self._model_title(side), model_name(summary, side) or "–") for side in sides),
            *self.words.conditions,
            ("Created", summary["created"]),
            ("Metrics", ", ".join(self.metrics)),
            ("Primary metric", summary["primary_metric"]),
            ("Rows", rows_words(summary, results)),
        ]

    def _model_title(self, side: Side) -> str:
        """What stands before a model's name."""
        label = labels_of(self.summary)[side]
        return capital(label.removesuffix(short_name(model_name(self.summary, side))).strip() or label)


def comparison_text(summary: Summary, words: ReportWords) -> str:
    """Verdict, what was not fair, table and warnings as plain text for a terminal."""
    view = ReportView(summary, words)
    table = view.table
    rows = [[one_line(cell) for cell in row] for row in (table.headings, *table.lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell:{'<>'[at >= table.left]}{widths[at]}}" for at, cell in enumerate(row)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    parts = [view.notice, ""] if view.notice else []
    parts += [one_line(summary["verdict"]["sentence"]), ""]
    if view.unfair:
        parts += [words.checks_heading, *(f"- {one_line(text)}" for text in view.unfair), ""]
    parts += lines
    if any_lower(summary):
        parts += ["", "↓ lower is better"]
    if summary["warnings"]:
        parts += ["", "Take care:", *(f"- {one_line(text)}" for text in summary["warnings"])]
    return "\n".join(parts)


def ordered_metrics(summary: Summary, words: ReportWords) -> list[str]:
    """The primary metric, those that guard the decision, then the others in the evaluation's order."""
    primary = summary["primary_metric"]
    return sorted(summary["metrics"], key=lambda name: (name != primary, name not in words.guards))


def row_metrics(analysis: Analysis) -> list[str]:
    """Those that score records one by one, and so have columns in the table of records."""
    columns = set(analysis.table.column_names)
    return [name for name in ordered_metrics(analysis.summary, analysis.words) if f"{name}__tuned" in columns]


def metric_label(name: str, entry: Entry) -> str:
    return name + (" ↓" if entry["direction"] == "lower" else "")


def any_lower(summary: Summary) -> bool:
    """Whether lower is better on any metric."""
    return any(entry["direction"] == "lower" for entry in summary["metrics"].values())


def entry_cells(entry: Entry) -> list[str]:
    """Verdict, both models' values, difference, interval, p-value, outcomes and rows."""
    difference = entry["difference"]
    values = [value_of(entry[side]) for side in BOTH_MODELS]
    if difference is None:
        counts = [count_of(entry[side]) for side in BOTH_MODELS if value_of(entry[side]) is not None]
        shown = ["–" if value is None else f"{value:.{number_digits(value)}f}" for value in values]
        return ["–", *shown, "–", "–", "–", "–", str(max(counts, default="–"))]
    digits = number_digits(difference["mean"], difference["ci_low"], difference["ci_high"])
    outcomes = [entry["wins"], entry["ties"], entry["losses"]]
    p_value = difference["p_adjusted"]
    return [
        DECISIONS[entry["verdict"] or "none"].verdict,
        *("–" if value is None else f"{value:.{digits}f}" for value in values),
        signed_words(difference),
        interval_words(difference),
        "–" if p_value is None else "<0.001" if p_value < 0.001 else f"{p_value:.3f}",
        "–" if None in outcomes else " / ".join(map(str, outcomes)),
        "–" if is_uncounted(entry) else str(entry["n_paired"]),
    ]


def _cells(own: MeasuredValue) -> list[str]:
    """Value, interval and rows of one model's measured value."""
    value = own["value"]
    if value is None:
        return ["–", "–", str(own["n"])]
    interval = interval_words({"mean": value, "ci_low": own["ci_low"], "ci_high": own["ci_high"]})
    return [f"{value:.{number_digits(value)}f}", interval, str(own["n"])]


def rows_words(summary: Summary, results: Sequence[str]) -> str:
    """``80 in the dataset (8 different questions), 80 results of the base model, 79 with both``; ``results`` are each
    model's."""
    rows = summary["rows"]
    if any(map(is_uncounted, summary["metrics"].values())):
        return "how many is not known"
    distinct = f" ({rows['distinct']} different questions)" if rows.get("distinct") else ""
    return ", ".join([f"{rows['dataset']} in the dataset{distinct}", *results, f"{rows['paired']} with both"])


def _by_value(values: Iterable[tuple[str, str | None]]) -> Mapping[str | None, list[str]]:
    """The names that share a value, by that value."""
    names: dict[str | None, list[str]] = {}
    for name, value in values:
        names.setdefault(value, []).append(name)
    return names


def _guards_text(guards: Sequence[str]) -> str:
    if not guards:
        return ""
    *most, last = guards
    subject, each = (f"{', '.join(most)} and {last} guard", "one of them") if most else (f"{last} guards", "it")
    return f" {subject} the decision: if {each} got worse, a good result on the primary metric is called mixed."
