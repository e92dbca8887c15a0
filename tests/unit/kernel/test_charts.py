"""Charts: which are drawn, what they say, and that no text in them is interpreted."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pytest

from model_evaluation.kernel.analysis import Analysis
from model_evaluation.kernel.charts import draw_charts
from model_evaluation.kernel.figures import Chart, chart_label, figure_png, figure_svg, readable_ink
from unit.kernel.results_world import World, analyse, make_world, memory_s3, put_world

ALL = ["difference", "outcomes", "slices", "distributions", "coverage"]


def analysis_of(world: World, **changes: Any) -> Analysis:
    with memory_s3() as s3:
        put_world(s3, world)
        return analyse(s3, world.dataset, **changes)


@pytest.fixture(scope="module")
def ordinary() -> Analysis:
    return analysis_of(make_world())


def texts_of(svg: str) -> list[str]:
    return ["".join(e.itertext()) for e in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_every_chart_is_drawn_with_a_title_that_says_what_was_found(ordinary: Analysis) -> None:
    charts = draw_charts(ordinary)
    assert list(charts) == ALL
    entry = ordinary.summary["metrics"]["Correctness"]
    titles = {name: chart.get_suptitle().replace("\n", " ") for name, chart in charts.items()}
    assert titles["difference"] == "Fine-tuned model: better on 1, worse on none of 2 metrics"
    assert titles["outcomes"].startswith(
        f"Correctness: {entry['wins']} rows won, {entry['ties']} tied, {entry['losses']} lost"
    )
    assert titles["slices"].startswith("Correctness by slice: least gain where ")
    assert titles["distributions"].startswith(f"Correctness: mean score {entry['base']['mean']:.2f} for the base model")
    for chart in charts.values():
        assert isinstance(chart, Chart)
        assert chart.alt


def test_points_and_intervals_are_where_the_numbers_say_right_being_better(ordinary: Analysis) -> None:
    axes = draw_charts(ordinary)["difference"].axes[0]
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) == 2 and line.get_linewidth() == 3]
    for name, sign, line in zip(("Correctness", "Harmfulness"), (1, -1), lines, strict=True):
        difference = ordinary.summary["metrics"][name]["difference"]
        assert sorted(line.get_xdata()) == sorted([sign * difference["ci_low"], sign * difference["ci_high"]])


def test_custom_scale_is_drawn_as_share_of_the_scale() -> None:
    scale = [{"definition": str(v), "value": {"floatValue": v}} for v in range(5)]
    custom = json.dumps([{"customMetricDefinition": {"name": "own", "ratingScale": scale}, "direction": "lower"}])
    world = make_world(metrics={"own": (range(5), 0.5)})
    analysis = analysis_of(world, builtin_metrics=[], custom_metrics_json=custom, primary_metric="own")
    axes = draw_charts(analysis)["difference"].axes[0]
    (point,) = [line for line in axes.get_lines() if line.get_marker() == "o"]
    assert point.get_xdata()[0] == pytest.approx(-analysis.summary["metrics"]["own"]["difference"]["mean"] / 4)


@pytest.mark.parametrize(("simulated", "marked"), [(True, True), (False, False)])
def test_watermark(simulated: bool, marked: bool) -> None:
    charts = draw_charts(analysis_of(make_world(20), simulated=simulated))
    for chart in charts.values():
        assert ("SIMULATED" in texts_of(figure_svg(chart))) == marked


@pytest.mark.parametrize("scope", ["tuned", "base"])
def test_one_model_has_no_comparison_charts(scope: str) -> None:
    charts = draw_charts(analysis_of(make_world(), scope=scope))
    assert list(charts) == ["distributions", "coverage"]


def test_nothing_to_compare_draws_what_there_is() -> None:
    world = make_world(missing=1.0)
    assert list(draw_charts(analysis_of(world))) == ["coverage"]


def test_names_are_never_read_as_formulas_or_markup() -> None:
    name, value = "$x^2$_<b>&amp;\\frac", "$\\frac{1}{2}$ <script>alert(1)</script> \u202e"
    custom = json.dumps([{"customMetricDefinition": {"name": name}}])
    world = make_world(metrics={name: ((0, 1, 2), 0.5)}, categories=(value, "$"))
    analysis = analysis_of(world, builtin_metrics=[], custom_metrics_json=custom, primary_metric=name)
    for chart in draw_charts(analysis).values():
        svg = figure_svg(chart)
        assert "<script" not in svg
        assert any("$x^2$" in text for text in texts_of(svg))
        figure_png(chart)


def test_saving_does_not_lay_out_again(ordinary: Analysis) -> None:
    chart = draw_charts(ordinary)["difference"]
    before = chart.axes[0].get_position().bounds
    figure_svg(chart)
    figure_png(chart, dpi=50)
    assert chart.axes[0].get_position().bounds == before


def test_same_data_same_bytes_and_ids_apart_on_one_page(ordinary: Analysis) -> None:
    first, again = (figure_svg(draw_charts(ordinary)["slices"], salt="a") for _ in range(2))
    assert first == again
    other = figure_svg(draw_charts(ordinary)["coverage"], salt="b")
    ids = [set(re.findall(r' id="([mp][0-9a-f]{10})"', svg)) for svg in (first, other)]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_matplotlib_is_left_as_it_was(ordinary: Analysis) -> None:
    before = dict(mpl.rcParams)
    charts = draw_charts(ordinary)
    figure_png(next(iter(charts.values())))
    assert dict(mpl.rcParams) == before


def test_png_has_content_and_nothing_is_cut_at_its_edge(ordinary: Analysis) -> None:
    for name, chart in draw_charts(analysis_of(make_world(), simulated=False)).items():
        pixels = mpl.image.imread(io.BytesIO(figure_png(chart, dpi=72)))[:, :, :3]
        assert pixels.shape[1] == 8 * 72
        edges = np.concatenate([pixels[0], pixels[-1], pixels[:, -1]])
        assert (edges > 0.98).mean() > 0.97, name
        assert pixels.std() > 0.05


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("short", "short"),
        ("", "(blank)"),
        ("\n\t", "(blank)"),
        ("a\nb\u202ec\x00d", "a b c d"),
        ("one two three four five six seven eight nine ten", "one two three four five\nsix seven eight nine ten"),
        ("x" * 70, "x" * 26 + "\n" + "x" * 25 + "…"),
    ],
)
def test_labels(text: str, label: str) -> None:
    assert chart_label(text) == label


def test_text_on_colours_has_contrast() -> None:
    def contrast(a: str, b: str) -> float:
        lights = []
        for colour in (a, b):
            parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
            linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
            lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
        return (max(lights) + 0.05) / (min(lights) + 0.05)

    for colour in ("#0072B2", "#D55E00", "#FFFFFF", "#BBDDF0", "#F6D2BC", "#5EA8D1"):
        rgb = tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        assert contrast(readable_ink(rgb), colour) >= 4.0
