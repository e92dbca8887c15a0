"""The charts of predictive models, titled with what they show. Drawn like all charts of reports, in their look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from sklearn.metrics import silhouette_samples

from model_evaluation.kinds.predictive.runtime.problem import LOWER_IS_BETTER
from model_evaluation.kinds.predictive.runtime.statistics import cells
from model_evaluation.kinds.predictive.runtime.statistics.curves import POINTS, BinaryCurves, binary_curves, cost_curve
from model_evaluation.kinds.predictive.runtime.statistics.shapes import shape_sample
from model_evaluation.kinds.predictive.runtime.tables import Floats
from model_evaluation.runtime.report.charts import look
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.statistics.proportions import wilson_interval

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

COLOURS = {"tuned": look.TUNED, "base": look.BASE}
DASHES = {"tuned": "-", "base": (0, (5, 2))}  # told apart in grey, too
DRAWN_POINTS = 2_000
MOST_CLASSES = 25
MOST_SEGMENTS = 24
HISTOGRAM_BINS = 30
BAND_ROWS = 30  # whose median error is one point of a line
SEED = 20260101
Drawing = Callable[[], look.Chart | None]


def drawings(analysis: PredictiveAnalysis) -> Mapping[str, Drawing]:
    """The charts of this problem, by name."""
    problem = analysis.problem.type
    chosen: dict[str, Callable[[PredictiveAnalysis], look.Chart | None]] = {"metrics": metrics_chart}
    if problem == "binary":
        chosen |= {
            "roc": roc_chart,
            "precision_recall": precision_recall_chart,
            "calibration": calibration_chart,
            "threshold_cost": cost_chart,
            "confusion": confusion_chart,
            "gains": gains_chart,
            "scores": scores_chart,
        }
    elif problem == "multiclass":
        chosen |= {"confusion": confusion_chart, "classes": classes_chart}
    elif problem == "regression":
        chosen |= {"predicted": predicted_chart, "residuals": residuals_chart, "errors": errors_chart}
    else:
        chosen |= {"silhouettes": silhouettes_chart, "sizes": sizes_chart}
    chosen["slices"] = slices_chart
    return {name: partial(draw, analysis) for name, draw in chosen.items()}


def _label(analysis: PredictiveAnalysis, side: str) -> str:
    return str(analysis.labels[side])


def _both(analysis: PredictiveAnalysis, name: str) -> str:
    """``ROC-AUC 0.993 against 0.973``, as far as there are numbers."""
    values = [_number(own["value"]) for own in _measured(analysis, name).values() if own["value"] is not None]
    return " against ".join(values)


def _measured(analysis: PredictiveAnalysis, name: str) -> dict[str, Any]:
    entry = analysis.found["metrics"].get(name)
    return {side: entry[side] for side in analysis.joined.said if entry and entry[side]}


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}" if abs(value) < 10_000 else f"{value:,.0f}"


def _finding(analysis: PredictiveAnalysis, name: str) -> str:
    """Who is better on a metric, in words."""
    entry = analysis.found["metrics"].get(name)
    label = _label(analysis, "tuned").capitalize() if "tuned" in analysis.joined.said else ""
    verdict = entry["verdict"] if entry else None
    return {
        "improved": f"{label} is better: ",
        "regressed": f"{label} is worse: ",
        "equivalent": "Practically the same: ",
        "no_worse": f"{label} is no worse: ",
        "inconclusive": "No difference is shown: ",
    }.get(verdict or "", "")


def metrics_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Every metric that lies between 0 and 1, with both models' intervals."""
    entries = {
        name: entry
        for name, entry in analysis.found["metrics"].items()
        if entry["limits"] and any(own and own["value"] is not None for own in (entry["tuned"], entry["base"]))
    }
    if not entries:
        return None
    primary = analysis.found["primary_metric"]
    verdicts = [entry["verdict"] for entry in entries.values()]
    better, worse = verdicts.count("improved"), verdicts.count("regressed")
    name = primary if primary in entries else next(iter(entries))
    title = f"{name} {_both(analysis, name)}"
    if len(analysis.joined.said) == 2:
        compared = sum(verdict is not None for verdict in verdicts)
        counts = f"better on {better or 'none'}, worse on {worse or 'none'} of the {compared} compared here"
        title = f"{_label(analysis, 'tuned').capitalize()}: {counts}"
    alt = "; ".join(f"{own}: {_both(analysis, own)}" for own in entries)
    chart = look.new_chart("Metrics with their intervals", title, alt, 1.2 + 0.4 * len(entries))
    axes = chart.add_subplot()
    sides = list(analysis.joined.said)
    for at, side in enumerate(sides):
        shift = 0 if len(sides) == 1 else 0.18 * (2 * at - 1)
        for row, entry in enumerate(entries.values()):
            own = entry[side]
            if own is None or own["value"] is None:
                continue
            label = _label(analysis, side) if row == 0 else None
            if own["ci_low"] is not None:
                axes.plot([own["ci_low"], own["ci_high"]], [row + shift] * 2, color=COLOURS[side], linewidth=3)
            marker = "o" if side == "tuned" else "D"
            axes.plot([own["value"]], [row + shift], marker, color=COLOURS[side], markersize=7, label=label)
    look.label_rows(axes, list(entries), list(entries).index(primary) if primary in entries else None)
    axes.grid(axis="x")
    axes.set_xlabel("value with its 95% interval")
    if len(sides) > 1:
        look.legend_above(axes)
    return chart


def _curves(analysis: PredictiveAnalysis) -> dict[str, BinaryCurves]:
    joined = analysis.joined
    truth = np.asarray(joined.truth) == 1
    if not truth.any() or truth.all():
        return {}
    return {
        side: binary_curves(truth, said.score, joined.weight)
        for side, said in joined.said.items()
        if said.score is not None
    }


def _at_threshold(analysis: PredictiveAnalysis, side: str) -> NDArray[np.float64] | None:
    """The confusion matrix of one model at its threshold."""
    said = analysis.joined.said[side]  # type: ignore[index]
    if said.codes is None:
        return None
    truth = np.asarray(analysis.joined.truth, np.int64)
    counted = cells.table(truth, {"tuned": said.codes}, len(analysis.joined.classes), analysis.joined.weight)
    return np.asarray(counted.cells("tuned"), float)


def _square(axes: Axes) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")
    axes.grid()
    axes.xaxis.set_major_formatter(look.share_tick)
    axes.yaxis.set_major_formatter(look.share_tick)


def _beside(axes: Axes) -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0)


def roc_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Found positives against false alarms at every threshold, with Wilson's band of the share that is found."""
    curves = _curves(analysis)
    if not curves:
        return None
    title = f"{_finding(analysis, 'roc_auc')}ROC-AUC {_both(analysis, 'roc_auc')}"
    chart = look.new_chart("ROC curve", title, "Share of positives found by share of false alarms.", 4.2)
    axes = chart.add_subplot()
    positives = int((np.asarray(analysis.joined.truth) == 1).sum())
    for side, own in curves.items():
        label = f"{_label(analysis, side)}, AUC {_number(_measured(analysis, 'roc_auc')[side]['value'])}"
        axes.plot(own.false_positive_rates, own.true_positive_rates, color=COLOURS[side], ls=DASHES[side], label=label)
        band = np.array([wilson_interval(float(rate), positives) for rate in own.true_positive_rates])
        axes.fill_between(own.false_positive_rates, band[:, 0], band[:, 1], color=COLOURS[side], alpha=0.13, lw=0)
        matrix = _at_threshold(analysis, side)
        if matrix is not None:
            x, y = matrix[0, 1] / matrix[0].sum(), matrix[1, 1] / matrix[1].sum()
            marker = "o" if side == "tuned" else "D"
            axes.plot([x], [y], marker, color=COLOURS[side], markersize=8, markeredgecolor=look.PAPER)
    axes.plot([0, 1], [0, 1], color=look.MUTED, linewidth=1, ls=":", label="chance")
    _square(axes)
    axes.set_xlabel("false positive rate: false alarms among the negatives")
    axes.set_ylabel("recall: positives that are found")
    _beside(axes)
    chart.supxlabel("Marks: at the threshold. Bands: 95%, point by point.", x=0.01, ha="left", size=9, color=look.MUTED)
    return chart


def precision_recall_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """How many alerts are right, by how many positives are found; the prevalence is what chance reaches."""
    curves = _curves(analysis)
    if not curves:
        return None
    prevalence = analysis.found["prevalence"]["value"]
    found = f"average precision {_both(analysis, 'average_precision')}; chance reaches {prevalence:.3g}"
    title = _finding(analysis, "average_precision") + found
    title = title[0].upper() + title[1:]
    chart = look.new_chart(
        "Precision and recall", title, "Share of alerts that are right by share of positives found.", 4.2
    )
    axes = chart.add_subplot()
    for side, own in curves.items():
        label = f"{_label(analysis, side)}, {_number(_measured(analysis, 'average_precision')[side]['value'])}"
        axes.step(
            own.true_positive_rates, own.precisions, where="pre", color=COLOURS[side], ls=DASHES[side], label=label
        )
        matrix = _at_threshold(analysis, side)
        if matrix is not None and matrix[:, 1].sum():
            x, y = matrix[1, 1] / matrix[1].sum(), matrix[1, 1] / matrix[:, 1].sum()
            marker = "o" if side == "tuned" else "D"
            axes.plot([x], [y], marker, color=COLOURS[side], markersize=8, markeredgecolor=look.PAPER)
    axes.axhline(prevalence, color=look.MUTED, linewidth=1, ls=":", label=f"prevalence {prevalence:.3g}")
    _square(axes)
    axes.set_xlabel("recall: positives that are found")
    axes.set_ylabel("precision: alerts that are right")
    _beside(axes)
    chart.supxlabel("Marks: at the threshold.", x=0.01, ha="left", size=9, color=look.MUTED)
    return chart


def calibration_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Share of positives by score, in bins of equally many rows, and how the scores are distributed."""
    own = analysis.found["calibration"]
    if not own:
        return None
    first = next(iter(own))
    chart = look.new_chart(
        "Calibration", _calibration_title(_label(analysis, first), own[first]), _calibration_alt(analysis), 4.6
    )
    top, below = chart.subplots(2, 1, height_ratios=[4, 1], sharex=True)
    top.plot([0, 1], [0, 1], color=look.MUTED, linewidth=1, ls=":", label="perfect")
    for side, part in own.items():
        bins = part["bins"]
        x, y = [b["mean_score"] for b in bins], [b["share"] for b in bins]
        spans = [
            [max(0.0, b["share"] - b["ci_low"]) for b in bins],
            [max(0.0, b["ci_high"] - b["share"]) for b in bins],
        ]
        marker = "o" if side == "tuned" else "D"
        top.errorbar(
            x,
            y,
            yerr=spans,
            fmt=marker,
            color=COLOURS[side],
            ls=DASHES[side],
            lw=1.2,
            ms=5,
            label=_label(analysis, side),
        )
        score = analysis.joined.said[side].score
        below.hist(score, bins=HISTOGRAM_BINS, range=(0, 1), histtype="step", color=COLOURS[side], ls=DASHES[side])
    top.set_ylim(-0.02, 1.02)
    top.set_ylabel("share that is positive")
    top.grid()
    top.yaxis.set_major_formatter(look.share_tick)
    look.legend_above(top)
    below.set_ylabel("rows")
    below.set_xlim(-0.01, 1.01)
    below.set_xlabel("score (bins of equally many rows; bars: 95% interval)")
    below.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return chart


def _calibration_title(label: str, own: Mapping[str, Any]) -> str:
    """Too high or too low comes first, then too sure."""
    if own["slope"] is None or own["intercept"] is None:
        return f"{label.capitalize()}: too few rows of a class to say whether the scores are calibrated"
    slope, shift = own["slope_ci"], own["intercept_ci"]
    findings = []
    if shift[1] < 0 or shift[0] > 0:
        findings.append("too high" if shift[1] < 0 else "too low")
    if slope[1] < 1 or slope[0] > 1:
        findings.append("too sure of themselves" if slope[1] < 1 else "not sure enough")
    said = f"scores are {' and '.join(findings)}" if findings else "no miscalibration is shown"
    return f"{label.capitalize()}: {said} (slope {own['slope']:.2f}, 95% CI {slope[0]:.2f} to {slope[1]:.2f})"


def _calibration_alt(analysis: PredictiveAnalysis) -> str:
    parts = [
        f"{_label(analysis, side)}: mean distance {own['ece']:.3f}, {own['ece_expected']:.3f} expected by chance"
        for side, own in analysis.found["calibration"].items()
    ]
    return "; ".join(parts)


def cost_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """The mean cost per row at every threshold, on the rows that the threshold was chosen on."""
    if analysis.rule.rule != "cost":
        return None
    rows = analysis.validation or analysis.joined
    truth = np.asarray(rows.truth) == 1
    cost = _measured(analysis, "expected_cost").get("tuned")
    value = analysis.found["conditions"]["threshold"]["value"]
    if cost is None or cost["value"] is None or value is None or not truth.any() or truth.all():
        return None
    title = (
        f"At the threshold {value:.3g} the errors of the {_label(analysis, 'tuned')} cost {cost['value']:.3g} per row"
    )
    chart = look.new_chart("Cost by threshold", title, "Mean cost of errors per row at each threshold.", 3.2)
    axes = chart.add_subplot()
    for side, said in rows.said.items():
        if said.score is None:
            continue
        thresholds, costs = cost_curve(truth, said.score, analysis.rule.values, rows.weight)
        axes.plot(thresholds, costs, color=COLOURS[side], ls=DASHES[side], label=_label(analysis, side))
        own = analysis.found["conditions"]["threshold"]["values"].get(side)
        if own is not None:
            axes.axvline(own, color=COLOURS[side], ls=DASHES[side], lw=1)
    axes.grid()
    where = "the validation set" if analysis.validation else "the test set: the lowest point flatters, see the table"
    axes.set_xlabel(f"threshold (upright lines: the chosen ones), on {where}")
    axes.set_ylabel("cost per row")
    look.legend_above(axes)
    return chart


def confusion_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Counts and shares of each actual class, both models on one scale."""
    joined = analysis.joined
    matrices = {side: _at_threshold(analysis, side) for side in joined.said}
    known = {side: own for side, own in matrices.items() if own is not None}
    if not known or len(joined.classes) > MOST_CLASSES:
        return None
    first = next(iter(known))
    names = [look.chart_label(name, 14, 1) for name in joined.classes]
    size = len(names)
    chart = look.new_chart(
        "Confusion matrix",
        _confusion_title(analysis, first, known[first]),
        "Rows are actual classes, columns predicted ones.",
        2.6 + 0.23 * max(0, size - 2) * (1 if len(known) == 2 else 1.6),
    )
    panels = chart.subplots(1, len(known), squeeze=False)[0]
    for panel, (side, own) in zip(panels, known.items(), strict=True):
        totals = own.sum(axis=1, keepdims=True)
        shares = np.divide(own, totals, out=np.zeros_like(own), where=totals > 0)
        for (row, column), share in np.ndenumerate(shares):
            colour = look.GOOD if row == column else look.BAD
            panel.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, alpha=0.6 * share, lw=0))
            if size <= 6:
                text = f"{own[row, column]:,.0f}\n{share:.1%}"
            else:
                text = f"{own[row, column]:,.0f}" if own[row, column] else ""
            panel.annotate(text, (column, row), ha="center", va="center", size=10 if size <= 4 else 7, color=look.INK)
        panel.set_xlim(-0.5, size - 0.5)
        panel.set_ylim(size - 0.5, -0.5)
        panel.set_xticks(range(size), names, rotation=0 if size <= 10 else 90)
        panel.set_yticks(range(size), names)
        panel.set_title(_label(analysis, side).capitalize())
        panel.set_xlabel("predicted")
        panel.tick_params(length=0)
        for spine in panel.spines.values():
            spine.set_visible(False)
    panels[0].set_ylabel("actual")
    return chart


def _confusion_title(analysis: PredictiveAnalysis, side: str, own: NDArray[np.float64]) -> str:
    label = _label(analysis, side).capitalize()
    if analysis.problem.type == "binary":
        return (
            f"{label}: finds {own[1, 1]:,.0f} of {own[1].sum():,.0f} positives, with {own[0, 1]:,.0f} false alarms "
            f"among {own[0].sum():,.0f} negatives"
        )
    wrong = own - np.diag(np.diag(own))
    if not wrong.any():
        return f"{label}: no row is wrong"
    row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    actual, taken = analysis.joined.classes[row], analysis.joined.classes[column]
    rows = f"{wrong[row, column]:,.0f} of {own[row].sum():,.0f} rows"
    return f"{label}: most often {actual!r} is taken for {taken!r} ({rows})"


def gains_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """How many of the positives are among the rows with the highest scores."""
    curves = _curves(analysis)
    if not curves:
        return None
    first = next(iter(curves))
    top = float(np.interp(0.2, curves[first].alerts, curves[first].true_positive_rates))
    label = _label(analysis, first).capitalize()
    title = f"{label}: the fifth of the rows with the highest scores holds {top:.0%} of the positives"
    chart = look.new_chart("Gains", title, "Share of positives found by share of rows, highest scores first.", 3.6)
    axes = chart.add_subplot()
    for side, own in curves.items():
        axes.plot(
            own.alerts, own.true_positive_rates, color=COLOURS[side], ls=DASHES[side], label=_label(analysis, side)
        )
    share = analysis.found["prevalence"]["value"]
    axes.plot([0, share, 1], [0, 1, 1], color=look.MUTED, lw=1, ls="--", label="best possible")
    axes.plot([0, 1], [0, 1], color=look.MUTED, lw=1, ls=":", label="any order")
    axes.grid()
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.03)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(look.share_tick)
    axes.set_xlabel("share of the rows, highest scores first")
    axes.set_ylabel("share of the positives")
    _beside(axes)
    return chart


def scores_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """The scores of either class, a panel per model."""
    joined = analysis.joined
    truth = np.asarray(joined.truth) == 1
    known = {side: said.score for side, said in joined.said.items() if said.score is not None}
    curves = _curves(analysis)
    if not known or not curves:
        return None
    first = next(iter(curves))
    apart = float((curves[first].true_positive_rates - curves[first].false_positive_rates).max())
    title = f"{_label(analysis, first).capitalize()}: one cut tells at most {apart:.0%} of the classes apart"
    chart = look.new_chart(
        "Scores by class", title, "Histograms of scores; the measure is Kolmogorov and Smirnov's.", 2.9
    )
    panels = chart.subplots(1, len(known), squeeze=False, sharey=True)[0]
    for panel, (side, score) in zip(panels, known.items(), strict=True):
        edges = np.histogram_bin_edges(score, HISTOGRAM_BINS, (0, 1) if joined.said[side].probabilities else None)
        for own, colour, name in ((False, look.UNCLEAR, joined.classes[0]), (True, look.BAD, joined.classes[1])):
            part = score[truth == own]
            heights = np.histogram(part, edges)[0] / max(1, len(part))
            label = look.chart_label(f"{name} ({len(part):,})", 24, 1)
            panel.stairs(heights, edges, fill=True, color=colour, alpha=0.45, label=label)
            panel.stairs(heights, edges, color=colour, lw=1.4, ls="-" if own else "--")
        threshold = joined.said[side].threshold
        if threshold is not None:
            panel.axvline(threshold, color=look.INK, lw=1, ls=":")
        panel.set_title(f"{_label(analysis, side).capitalize()}")
        panel.set_xlabel("score (dotted: the threshold)" if threshold is not None else "score")
        panel.yaxis.set_major_formatter(look.share_tick)
        panel.grid(axis="y")
    panels[0].set_ylabel("share of the class")
    panels[0].legend(loc="upper center")
    return chart


def classes_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """F1 of each class, weakest first."""
    classes = {
        name: own
        for name, own in analysis.found["classes"].items()
        if own["n"] and own.get("tuned", own.get("base"))["f1"]["value"] is not None
    }
    if not classes:
        return None
    sides = list(analysis.joined.said)
    order = sorted(classes, key=lambda name: classes[name][sides[0]]["f1"]["value"])[:MOST_SEGMENTS]
    weakest = classes[order[0]]
    left_out = len(classes) - len(order)
    score = weakest[sides[0]]["f1"]["value"]
    title = f"Weakest class of the {_label(analysis, sides[0])}: {order[0]} (F1 {score:.2f}, {weakest['n']:,} rows)"
    chart = look.new_chart("F1 by class", title, "Dots with 95% intervals, a row per class.", 1.1 + 0.36 * len(order))
    axes = chart.add_subplot()
    for at, side in enumerate(sides):
        shift = 0 if len(sides) == 1 else 0.16 * (2 * at - 1)
        for row, name in enumerate(order):
            own = classes[name][side]["f1"]
            if own["value"] is None:
                continue
            axes.plot([own["ci_low"], own["ci_high"]], [row + shift] * 2, color=COLOURS[side], lw=3)
            label = _label(analysis, side) if row == 0 else None
            axes.plot([own["value"]], [row + shift], "o" if side == "tuned" else "D", color=COLOURS[side], label=label)
    look.label_rows(axes, [look.chart_label(f"{name} ({classes[name]['n']:,})", 30, 1) for name in order])
    axes.grid(axis="x")
    axes.set_xlabel("F1" + (f"; {left_out} stronger classes are left out" if left_out else ""))
    if len(sides) > 1:
        look.legend_above(axes)
    return chart


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
    own = next(iter(_measured(analysis, "median_absolute_error").values()))
    first = next(iter(joined.said))
    label = _label(analysis, first).capitalize()
    title = f"{label}: half of the predictions lie within {_number(own['value'])} of the truth"
    chart = look.new_chart("Predicted against actual", title, "A dot per row; on the line the two are equal.", 3.7)
    panels = chart.subplots(1, len(joined.said), squeeze=False, sharey=True, sharex=True)[0]
    for panel, (side, said) in zip(panels, joined.said.items(), strict=True):
        score = np.asarray(said.score)
        panel.plot(truth[rows], score[rows], "o", color=COLOURS[side], ms=3.5, alpha=0.5, mew=0)
        ends = [float(min(truth.min(), score.min())), float(max(truth.max(), score.max()))]
        panel.plot(ends, ends, color=look.INK, lw=1, ls=":")
        panel.set_title(_label(analysis, side).capitalize())
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
    label = _label(analysis, first).capitalize()
    title = f"{label}: no bias is shown ({bias['value']:+.3g} on average)"
    if bias["ci_low"] is not None and (bias["ci_low"] > 0 or bias["ci_high"] < 0):
        title = (
            f"{label}: predicts {_number(abs(bias['value']))} too {'high' if bias['value'] > 0 else 'low'} on average "
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
        panel.set_title(_label(analysis, side).capitalize())
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
    title = f"{_label(analysis, first).capitalize()}: nine of ten errors are at most {_number(ninth)}"
    chart = look.new_chart("Size of errors", title, "Share of rows with an error of at most so much.", 3.2)
    axes = chart.add_subplot()
    for side, own in errors.items():
        at = np.unique(np.linspace(0, len(own) - 1, POINTS).astype(int))
        axes.plot(own[at], (at + 1) / len(own), color=COLOURS[side], ls=DASHES[side], label=_label(analysis, side))
    axes.set_xlim(0, max(float(np.quantile(own, 0.99)) for own in errors.values()) or 1)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(look.share_tick)
    axes.grid()
    axes.set_xlabel("absolute error (up to the 99th percentile)")
    axes.set_ylabel("rows with at most this error")
    look.legend_above(axes)
    return chart


def silhouettes_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Each row's silhouette, by cluster: below 0 it lies nearer to another one."""
    joined = analysis.joined
    if joined.features is None:
        return None
    usable = np.flatnonzero(np.isfinite(joined.features).all(axis=1))
    rows = usable[shape_sample(len(usable))]
    drawn: dict[Side, tuple[Floats, NDArray[np.int64]]] = {}
    for side, said in joined.said.items():
        assert said.codes is not None
        codes = said.codes[rows]
        if 2 <= len(np.unique(codes)) < len(codes):
            drawn[side] = np.asarray(silhouette_samples(joined.features[rows], codes)), codes
    if not drawn:
        return None
    first = next(iter(drawn))
    nearer = float((drawn[first][0] < 0).mean())
    title = (
        f"{_label(analysis, first).capitalize()}: {nearer:.0%} of the rows lie nearer to another cluster than their own"
    )
    chart = look.new_chart("Silhouettes", title, "Rows by cluster and silhouette, the mean as a line.", 3.8)
    panels = chart.subplots(1, len(drawn), squeeze=False, sharex=True)[0]
    for panel, (side, (values, codes)) in zip(panels, drawn.items(), strict=True):
        at = 0
        numbers = np.unique(codes)
        for number in numbers:
            own = np.sort(values[codes == number])[::-1]
            panel.fill_betweenx(np.arange(at, at + len(own)), 0, own, color=COLOURS[side], alpha=0.75, lw=0, step="mid")
            panel.annotate(f"{len(own):,}", (0.01, at + len(own) / 2), size=8, va="center", color=look.INK)
            at += len(own) + max(2, len(values) // 60)
        panel.axvline(float(values.mean()), color=look.INK, lw=1, ls="--")
        panel.set_yticks([])
        panel.invert_yaxis()
        panel.set_title(f"{_label(analysis, side).capitalize()}: {len(numbers)} clusters, mean {values.mean():.2f}")
        panel.set_xlabel("silhouette (numbers: rows)")
        panel.grid(axis="x")
    return chart


def sizes_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """How many rows each cluster holds."""
    sizes = analysis.found["cluster_sizes"]
    first = next(iter(sizes))
    total = sum(sizes[first])
    label, share = _label(analysis, first).capitalize(), sizes[first][0] / total
    title = f"{label}: the largest of {len(sizes[first])} clusters holds {share:.0%} of the rows"
    chart = look.new_chart("Sizes of clusters", title, "Rows per cluster, the largest first.", 2.6)
    axes = chart.add_subplot()
    width = 0.8 / len(sizes)
    for at, (side, own) in enumerate(sizes.items()):
        shown = own[:MOST_SEGMENTS]
        places = np.arange(len(shown)) + (at - (len(sizes) - 1) / 2) * width
        bars = axes.bar(places, shown, width * 0.92, color=COLOURS[side], label=_label(analysis, side))
        if len(shown) <= 12:
            axes.bar_label(bars, [f"{count:,}" for count in shown], size=8, color=look.MUTED)
    axes.set_xticks([])
    axes.set_ylabel("rows")
    axes.grid(axis="y")
    look.legend_above(axes)
    return chart


def slices_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """The heat map of segments: the candidate's metrics in each, by how far they are from all rows, and the difference
    to the reference."""
    summary = analysis.found
    primary = summary["primary_metric"]
    side = "tuned" if "tuned" in analysis.joined.said else "base"
    parts = [
        (field, value, own)
        for field, values in summary["slices"].items()
        for value, own in values.items()
        if primary in own and own[primary][side] and own[primary][side]["value"] is not None
    ]
    if not parts:
        return None
    sign = -1.0 if primary in LOWER_IS_BETTER else 1.0
    parts.sort(key=lambda part: sign * part[2][primary][side]["value"])
    guarded = [part for part in parts if part[2][primary][side]["ci_low"] is not None]
    left_out, parts = len(parts) - MOST_SEGMENTS, parts[:MOST_SEGMENTS]
    names = list(dict.fromkeys([primary, *(name for name in parts[0][2])]))
    both = len(analysis.joined.said) == 2
    columns = names + (["difference"] if both else [])
    if guarded:
        field, value, own = guarded[0]
        where = f"{look.chart_label(field, 24, 1)} is {look.chart_label(value, 24, 1)}"
        title = (
            f"{_label(analysis, side).capitalize()}: weakest where {where} "
            f"({primary} {_number(own[primary][side]['value'])}, {own[primary][side]['n']:,} rows)"
        )
    else:
        title = "No segment has rows enough to say anything of it"
    chart = look.new_chart("By segment", title, "Rows are segments, columns metrics.", 1.7 + 0.32 * len(parts))
    axes = chart.add_subplot()
    for column, name in enumerate(columns):
        whole = None if name == "difference" else summary["metrics"].get(name)
        overall = whole[side]["value"] if whole and whole[side] else None
        direction = -1.0 if (primary if name == "difference" else name) in LOWER_IS_BETTER else 1.0
        gaps = []
        for _, _, entries in parts:
            entry = entries[primary if name == "difference" else name]
            if name == "difference":
                gaps.append(None if entry["difference"] is None else entry["difference"]["mean"])
            else:
                own_value = entry[side]["value"] if entry[side] else None
                gaps.append(None if own_value is None or overall is None else own_value - overall)
        reach = max((abs(gap) for gap in gaps if gap is not None), default=0.0) or 1.0
        for row, ((_, _, entries), gap) in enumerate(zip(parts, gaps, strict=True)):
            entry = entries[primary if name == "difference" else name]
            guard = entry[side] is not None and entry[side]["ci_low"] is None
            place = (column - 0.48, row - 0.46)
            if gap is None:
                axes.add_patch(Rectangle(place, 0.96, 0.92, facecolor=look.BAND))
                continue
            colour = look.GOOD if direction * gap > 0 else look.BAD
            strength = 0.0 if guard else 0.6 * min(1.0, abs(gap) / reach)
            axes.add_patch(Rectangle(place, 0.96, 0.92, facecolor=colour, alpha=strength))
            value = gap if name == "difference" else entry[side]["value"]
            text = f"{value:+.3g}".replace("-", "−") if name == "difference" else _number(value)
            shown = name == "difference" and entry["verdict"] in look.VERDICT_COLOURS
            axes.annotate(
                text + "*" * shown,
                (column, row),
                ha="center",
                va="center",
                size=9,
                color=look.MUTED if guard else look.INK,
                weight="bold" if shown else "normal",
            )
    look.label_rows(
        axes,
        [
            f"{look.chart_label(field, 16, 1)}: {look.chart_label(value, 20, 1)} ({own[primary][side]['n']:,})"
            for field, value, own in parts
        ],
    )
    shown_columns = [
        (f"{primary}: {_label(analysis, 'tuned')} minus {_label(analysis, 'base')}" if name == "difference" else name)
        for name in columns
    ]
    axes.set_xticks(range(len(columns)), [look.chart_label(name.replace("_", " "), 20, 4) for name in shown_columns])
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=look.INK)
    axes.spines["bottom"].set_visible(False)
    note = "Blue: better than over all rows, or than the reference; orange: worse. Rows in brackets. Grey numbers\n"
    note += "without colour: too few rows. * shown even allowing for the number of segments."
    if left_out > 0:
        note += f" {left_out} stronger segments are left out."
    chart.supxlabel(note, x=0.01, ha="left", size=9, color=look.MUTED)
    return chart
