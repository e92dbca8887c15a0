"""Charts of regressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model_evaluation.kinds.predictive.runtime.statistics.curves import POINTS
from model_evaluation.runtime.report.charts import drawing as look

from .chart_parts import COLOURS, DASHES, measured_sides, named, number_text

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

DRAWN_POINTS = 2_000
BAND_ROWS = 30  # whose median error is one point of a line
SEED = 20260101


def _drawn_rows(n: int) -> NDArray[np.int64]:
    """All rows, or a seeded sample of as many as a chart can show."""
    if n <= DRAWN_POINTS:
        return np.arange(n)
    return np.sort(np.random.default_rng(SEED).choice(n, DRAWN_POINTS, replace=False))


def _few(n: int) -> str:
    return f"; {DRAWN_POINTS:,} of {n:,} rows are drawn" if n > DRAWN_POINTS else ""


def predicted_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Predicted against actual numbers."""
    joined = analysis.joined
    truth = np.asarray(joined.truth, float)
    rows = _drawn_rows(len(joined))
    own = next(iter(measured_sides(analysis, "median_absolute_error").values()))
    first = next(iter(joined.said))
    label = named(analysis, first).capitalize()
    title = f"{label}: half of the predictions lie within {number_text(own['value'])} of the truth"
    chart = look.new_chart("Predicted against actual", title, "A dot per row; on the line the two are equal.", 3.7)
    panels = chart.subplots(1, len(joined.said), squeeze=False, sharey=True, sharex=True)[0]
    for panel, (side, said) in zip(panels, joined.said.items(), strict=True):
        score = np.asarray(said.score)
        panel.plot(truth[rows], score[rows], "o", color=COLOURS[side], ms=3.5, alpha=0.5, mew=0)
        ends = [float(min(truth.min(), score.min())), float(max(truth.max(), score.max()))]
        panel.plot(ends, ends, color=look.INK, lw=1, ls=":")
        panel.set_title(named(analysis, side).capitalize())
        panel.set_xlabel("actual")
        panel.grid()
    panels[0].set_ylabel("predicted" + _few(len(joined)))
    return chart


def residuals_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Errors by prediction, with the median of rows with like predictions: a bend is what the model has not seen."""
    joined = analysis.joined
    truth = np.asarray(joined.truth, float)
    rows = _drawn_rows(len(joined))
    first = next(iter(joined.said))
    bias = analysis.found["errors"][first]["bias"]
    label = named(analysis, first).capitalize()
    title = f"{label}: no bias is shown ({bias['value']:+.3g} on average)"
    if bias["ci_low"] is not None and (bias["ci_low"] > 0 or bias["ci_high"] < 0):
        way = "high" if bias["value"] > 0 else "low"
        title = (
            f"{label}: predicts {number_text(abs(bias['value']))} too {way} on average "
            f"(95% CI {bias['ci_low']:.3g} to {bias['ci_high']:.3g})"
        )
    chart = look.new_chart(
        "Errors by prediction", title.replace("-", "−"), "A dot per row, predicted minus actual.", 3.4
    )
    panels = chart.subplots(1, len(joined.said), squeeze=False, sharey=True)[0]
    for panel, (side, said) in zip(panels, joined.said.items(), strict=True):
        score = np.asarray(said.score)
        error = score - truth
        panel.plot(score[rows], error[rows], "o", color=COLOURS[side], ms=3.5, alpha=0.45, mew=0)
        bands = min(20, len(score) // BAND_ROWS)
        if bands > 2:
            parts = np.array_split(np.argsort(score, kind="stable"), bands)
            middles = [(float(np.median(score[part])), float(np.median(error[part]))) for part in parts]
            panel.plot(*zip(*middles, strict=True), color=look.INK, lw=2, label="median of neighbours")
        panel.axhline(0, color=look.INK, lw=1, ls=":")
        panel.set_title(named(analysis, side).capitalize())
        panel.set_xlabel("predicted")
        panel.grid()
    panels[0].set_ylabel("predicted minus actual")
    if panels[0].get_legend_handles_labels()[0]:
        panels[0].legend(loc="best")
    return chart


def errors_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """How large errors are: the share of rows whose error is at most so large."""
    joined = analysis.joined
    truth = np.asarray(joined.truth, float)
    errors = {side: np.sort(np.abs(np.asarray(said.score) - truth)) for side, said in joined.said.items()}
    first = next(iter(errors))
    ninth = float(np.quantile(errors[first], 0.9))
    title = f"{named(analysis, first).capitalize()}: nine of ten errors are at most {number_text(ninth)}"
    chart = look.new_chart("Size of errors", title, "Share of rows with an error of at most so much.", 3.2)
    axes = chart.add_subplot()
    for side, own in errors.items():
        at = np.unique(np.linspace(0, len(own) - 1, POINTS).astype(int))
        axes.plot(own[at], (at + 1) / len(own), color=COLOURS[side], ls=DASHES[side], label=named(analysis, side))
    axes.set_xlim(0, max(float(np.quantile(own, 0.99)) for own in errors.values()) or 1)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(look.share_tick)
    axes.grid()
    axes.set_xlabel("absolute error (up to the 99th percentile)")
    axes.set_ylabel("rows with at most this error")
    look.legend_above(axes)
    return chart
