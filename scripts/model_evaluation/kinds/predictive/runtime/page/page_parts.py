"""Parts of the report's page that only predictive models have: the constant baseline, classes, gaps, the worst rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from model_evaluation.kinds.predictive.runtime.statistics.losses import log_losses
from model_evaluation.runtime.report.markup import part
from model_evaluation.runtime.report.plain_text import one_line

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


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.1f}"


def _constant(analysis: PredictiveAnalysis) -> Markup:
    """The best constant answer beside the models."""
    constant = analysis.found.get("constant")
    if not constant:
        return Markup()
    sides = list(analysis.joined.said)
    lines = []
    for name, value in constant.items():
        entry = analysis.found["metrics"].get(name)
        if entry is not None:
            lines.append([name, _number(value), *(_number(entry[side]["value"]) for side in sides)])
    headings = ("Metric", "Best constant", *(analysis.labels[side].capitalize() for side in sides))
    caption = "What the majority, the prevalence or the mean would reach on the same rows"
    return part("table", headings=headings, lines=lines, caption=caption, short=True)


def _intervals(analysis: PredictiveAnalysis) -> Markup:
    """How often a regression's own intervals hold the number."""
    lines = []
    for side, own in (analysis.found.get("errors") or {}).items():
        found = own["intervals"]
        if found and found["coverage"]["value"] is not None:
            share = found["coverage"]
            interval = f"{share['ci_low']:.1%} to {share['ci_high']:.1%}"
            label = analysis.labels[side].capitalize()
            lines.append([label, f"{share['value']:.1%}", interval, _number(found["mean_width"]), f"{share['n']:,}"])
    if not lines:
        return Markup()
    headings = ("Model", "Holds the number", "95% CI", "Mean width", "Rows")
    return part("table", headings=headings, lines=lines, caption="Compare with the share they promise", short=True)


def _classes(analysis: PredictiveAnalysis) -> Markup:
    classes = analysis.found.get("classes")
    if not classes:
        return Markup()
    sides = list(analysis.joined.said)
    names = ("recall", "precision", "f1", "roc_auc")
    lines = []
    for name, own in list(classes.items())[:MOST_CLASSES]:
        cells = [_number(own[side][key]["value"] if own[side][key] else None) for key in names for side in sides]
        lines.append([one_line(name)[:CELL_CHARACTERS], f"{own['n']:,}", *cells])
    headings = ("Class", "Rows", *(f"{key}, {analysis.labels[side]}" for key in names for side in sides))
    caption = "Each class against the rest; intervals are in summary.json"
    return part("table", headings=headings, lines=lines, caption=caption)


def _gaps(analysis: PredictiveAnalysis) -> Markup:
    lines = []
    for field, gaps in (analysis.found.get("gaps") or {}).items():
        for gap in gaps:
            ends = [f"{gap[end]['group'][:CELL_CHARACTERS]}: {gap[end]['value']:.1%}" for end in ("lowest", "highest")]
            lines.append(
                [
                    field,
                    RATES[gap["rate"]],
                    analysis.labels[gap["model"]],
                    *ends,
                    f"{gap['gap']:.1%}",
                    f"{gap['by_chance']:.1%}",
                ]
            )
    if not lines:
        return Markup()
    headings = ("Field", "Share of", "Model", "Lowest", "Highest", "Gap", "By chance below")
    table = part("table", headings=headings, lines=lines, caption="Segments with at least 30 such rows", left=5)
    return part("paragraphs", texts=[GAP_NOTE]) + table


def _worst(analysis: PredictiveAnalysis) -> Markup:
    """The rows that the candidate (or the one model) was most wrong on."""
    joined, problem = analysis.joined, analysis.problem.type
    side = "tuned" if "tuned" in joined.said else "base"
    said = joined.said[side]  # type: ignore[index]
    if problem == "clustering" or joined.truth is None:
        return Markup()
    truth = np.asarray(joined.truth)
    if problem == "regression":
        loss = np.abs(np.asarray(said.score) - truth)
    elif said.probabilities and said.score is not None:
        loss = log_losses(np.asarray(truth, np.int64), said.score)
    elif said.codes is not None:
        loss = (said.codes != truth).astype(float)
    else:
        return Markup()
    worst = [at for at in np.argsort(-loss, kind="stable")[:WORST_ROWS].tolist() if loss[at] > 0]
    if not worst:
        return Markup()
    columns = [name for name in analysis.table.column_names if not name.endswith("_correct")][:12]
    rows = analysis.table.select(columns).take(worst).to_pylist()
    lines = [[_cell(row[name]) for name in columns] for row in rows]
    names = {
        "record_id": "Row",
        **{
            f"{own}_{what}": f"{what}, {analysis.labels[own]}"
            for own in joined.said
            for what in ("score", "prediction", "error")
        },
    }
    caption = f"The {len(worst)} rows that the {analysis.labels[side]} was furthest off on; per_example.csv has all"
    headings = tuple(names.get(name, name) for name in columns)
    return part("table", headings=headings, lines=lines, caption=caption, left=2)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else one_line(str(value))[:CELL_CHARACTERS]
