"""Parts of the report's page that only predictive models have: the constant baseline, classes, gaps, the worst rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from model_evaluation.kinds.predictive.runtime.statistics.losses import log_losses
from model_evaluation.runtime.report.markup import part
from model_evaluation.runtime.report.words import one_line
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.summary import MeasuredValue

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

WORST_ROWS = 15
MOST_CLASSES = 100
CELL_CHARACTERS = 60
RATES = {
    "selection_rate": "rows that count as positive",
    "recall": "positives that are found (recall)",
    "false_positive_rate": "negatives that count as positive",
}
GAP_NOTE = (
    "The largest of many segments is always apart from the smallest: the last column is the gap that chance alone "
    "stays below in 95 of 100 such sets. What a gap means, and whether it is fair, is for people to say."
)


def page_sections(analysis: PredictiveAnalysis) -> Sequence[tuple[str, str, Markup]]:
    """Anchor, heading and body of each part that these results have."""
    parts = [
        ("", "Against a constant answer", _constant(analysis)),
        ("", "Intervals that the models give", _intervals(analysis)),
        ("", "Classes", _classes(analysis)),
        ("", "Gaps between segments", _gaps(analysis)),
        ("rows", "The rows that were furthest off", _worst(analysis)),
    ]
    return [own for own in parts if own[2]]


def _table(headings: Sequence[str], lines: Sequence[Sequence[str]], caption: str, **look: object) -> Markup:
    """A table; nothing without lines."""
    return part("table", headings=headings, lines=lines, caption=caption, **look) if lines else Markup()


def _number(own: MeasuredValue | None) -> str:
    return _text(own and own["value"])


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if abs(value) < 100 else f"{value:,.1f}"


def _constant(analysis: PredictiveAnalysis) -> Markup:
    """The best constant answer beside the models."""
    sides = list(analysis.joined.said)
    lines = [
        [name, _text(value), *(_number(analysis.entries[name][side]) for side in sides)]
        for name, value in analysis.details.get("constant", {}).items()
        if name in analysis.entries
    ]
    headings = ("Metric", "Best constant", *(analysis.labels[side].capitalize() for side in sides))
    caption = "What the majority, the prevalence or the mean would reach on the same rows"
    return _table(headings, lines, caption, short=True)


def _intervals(analysis: PredictiveAnalysis) -> Markup:
    """How often a regression's own intervals hold the number."""
    lines = []
    for side, own in analysis.details.get("errors", {}).items():
        if own["intervals"] and (share := own["intervals"]["coverage"])["value"] is not None:
            interval = f"{share['ci_low']:.1%} to {share['ci_high']:.1%}"
            width = _text(own["intervals"]["mean_width"])
            label = analysis.labels[side].capitalize()
            lines.append([label, f"{share['value']:.1%}", interval, width, f"{share['n']:,}"])
    headings = ("Model", "Holds the number", "95% CI", "Mean width", "Rows")
    return _table(headings, lines, "Compare with the share they promise", short=True)


def _classes(analysis: PredictiveAnalysis) -> Markup:
    sides = list(analysis.joined.said)
    names = ("recall", "precision", "f1", "roc_auc")
    pairs = [(key, side) for key in names for side in sides]
    lines = [
        [one_line(name)[:CELL_CHARACTERS], f"{own['n']:,}", *(_number(own[side][key]) for key, side in pairs)]
        for name, own in list(analysis.details.get("classes", {}).items())[:MOST_CLASSES]
    ]
    headings = ("Class", "Rows", *(f"{key}, {analysis.labels[side]}" for key, side in pairs))
    return _table(headings, lines, "Each class against the rest; intervals are in summary.json")


def _gaps(analysis: PredictiveAnalysis) -> Markup:
    lines = []
    for field, gaps in analysis.details.get("gaps", {}).items():
        for gap in gaps:
            ends = [f"{end['group'][:CELL_CHARACTERS]}: {end['value']:.1%}" for end in (gap["lowest"], gap["highest"])]
            sizes = [f"{gap['gap']:.1%}", f"{gap['by_chance']:.1%}"]
            lines.append([field, RATES[gap["rate"]], analysis.labels[gap["model"]], *ends, *sizes])
    if not lines:
        return Markup()
    headings = ("Field", "Share of", "Model", "Lowest", "Highest", "Gap", "By chance below")
    return part("paragraphs", texts=[GAP_NOTE]) + _table(headings, lines, "Segments with at least 30 such rows", left=5)


def _worst(analysis: PredictiveAnalysis) -> Markup:
    """The rows that the candidate (or the one model) was most wrong on."""
    joined, problem = analysis.joined, analysis.problem.type
    side: Side = "tuned" if "tuned" in joined.said else "base"
    said = joined.said[side]
    if problem == "clustering" or joined.truth is None:
        return Markup()
    if problem == "regression":
        loss = np.abs(np.asarray(said.score) - joined.truth)
    elif said.probabilities and said.score is not None:
        loss = log_losses(np.asarray(joined.truth, np.int64), said.score)
    elif said.codes is not None:
        loss = (said.codes != joined.truth).astype(float)
    else:
        return Markup()
    worst = [at for at in np.argsort(-loss, kind="stable")[:WORST_ROWS].tolist() if loss[at] > 0]
    whats = ("prediction", "error") if problem == "regression" else ("prediction", "score")
    names = {f"{own}_{what}": f"{what}, {analysis.labels[own]}" for what in whats for own in joined.said}
    names = {"record_id": "Row", "label": "label"} | names | {name: name for name in joined.slices}
    columns = [name for name in names if name in analysis.table.column_names][:12]
    rows = analysis.table.select(columns).take(worst).to_pylist() if worst else []
    lines = [[_cell(row[name]) for name in columns] for row in rows]
    headings = [names[name] for name in columns]
    caption = f"The {len(worst)} rows that the {analysis.labels[side]} was furthest off on; per_example.csv has all"
    return _table(headings, lines, caption, left=2)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 100 else _text(value)
    return one_line(str(value))[:CELL_CHARACTERS]
