"""Charts of regressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model_evaluation.kinds.predictive.runtime.statistics.thresholds import POINTS
from model_evaluation.kinds.predictive.runtime.tables import Codes
from model_evaluation.runtime.report.charts import drawing

from .chart_parts import COLOURS, first_label, line, measured_sides, number_text, one_plot, panels

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

DRAWN_POINTS = 2_000
BAND_ROWS = 30  # whose median error is one point of a line
SEED = 20260101


def _drawn_rows(n: int) -> Codes:
    """All rows, or a seeded sample of as many as a chart can show."""
    if n <= DRAWN_POINTS:
        return np.arange(n)
    return np.sort(np.random.default_rng(SEED).choice(n, DRAWN_POINTS, replace=False))


def predicted_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """Predicted against actual numbers."""
    joined = analysis.joined
    truth, n = np.asarray(joined.truth, float), len(joined)
    rows = _drawn_rows(n)
    _, own = next(measured_sides(analysis, "median_absolute_error"))
    label = first_label(analysis, joined.said)
    title = f"{label}: half of the predictions lie within {number_text(own['value'])} of the truth"
    chart = drawing.new_chart("Predicted against actual", title, "A dot per row; on the line the two are equal.", 3.7)
    every = panels(analysis, chart, list(joined.said), sharey=True, sharex=True)
    for panel, (side, said) in zip(every, joined.said.items(), strict=True):
        score = np.asarray(said.score)
        panel.plot(truth[rows], score[rows], "o", color=COLOURS[side], ms=3.5, alpha=0.5, mew=0)
        ends = [float(min(truth.min(), score.min())), float(max(truth.max(), score.max()))]
        panel.plot(ends, ends, color=drawing.INK, lw=1, ls=":")
        panel.set_xlabel("actual")
        panel.grid()
    few = f"; {DRAWN_POINTS:,} of {n:,} rows are drawn" if n > DRAWN_POINTS else ""
    every[0].set_ylabel(f"predicted{few}")
    return chart


def residuals_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """Errors by prediction, with the median of rows with like predictions: a bend is what the model has not seen."""
    joined = analysis.joined
    truth = np.asarray(joined.truth, float)
    rows = _drawn_rows(len(joined))
    bias = analysis.details["errors"][next(iter(joined.said))]["bias"]
    value, low, high = bias["value"] or 0.0, bias["ci_low"], bias["ci_high"]
    finding = f"no bias is shown ({value:+.3g} on average)"
    if low is not None and high is not None and (low > 0 or high < 0):
        way = "high" if value > 0 else "low"
        finding = f"predicts {number_text(abs(value))} too {way} on average (95% CI {low:.3g} to {high:.3g})"
    title = f"{first_label(analysis, joined.said)}: {finding}".replace("-", "−")
    chart = drawing.new_chart("Errors by prediction", title, "A dot per row, predicted minus actual.", 3.4)
    every = panels(analysis, chart, list(joined.said), sharey=True)
    for panel, (side, said) in zip(every, joined.said.items(), strict=True):
        score = np.asarray(said.score)
        error = score - truth
        panel.plot(score[rows], error[rows], "o", color=COLOURS[side], ms=3.5, alpha=0.45, mew=0)
        bands = min(20, len(score) // BAND_ROWS)
        if bands > 2:
            parts = np.array_split(np.argsort(score, kind="stable"), bands)
            middles = [(float(np.median(score[part])), float(np.median(error[part]))) for part in parts]
            panel.plot(*zip(*middles, strict=True), color=drawing.INK, lw=2, label="median of neighbours")
        panel.axhline(0, color=drawing.INK, lw=1, ls=":")
        panel.set_xlabel("predicted")
        panel.locator_params(axis="x", nbins=5)
        panel.grid()
    every[0].set_ylabel("predicted minus actual")
    if every[0].get_legend_handles_labels()[0]:
        every[0].legend(loc="best")
    return chart


def errors_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """How large errors are: the share of rows whose error is at most so large."""
    joined = analysis.joined
    truth = np.asarray(joined.truth, float)
    errors = {side: np.sort(np.abs(np.asarray(said.score) - truth)) for side, said in joined.said.items()}
    ninth = float(np.quantile(next(iter(errors.values())), 0.9))
    title = f"{first_label(analysis, errors)}: nine of ten errors are at most {number_text(ninth)}"
    chart, axes = one_plot("Size of errors", title, "Share of rows with an error of at most so much.", 3.2)
    for side, own in errors.items():
        at = np.unique(np.linspace(0, len(own) - 1, POINTS).astype(int))
        axes.plot(own[at], (at + 1) / len(own), **line(analysis, side))
    axes.set_xlim(0, max(float(np.quantile(own, 0.99)) for own in errors.values()) or 1)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(drawing.share_tick)
    axes.set_xlabel("absolute error (up to the 99th percentile)")
    axes.set_ylabel("rows with at most this error")
    drawing.legend_above(axes)
    return chart
