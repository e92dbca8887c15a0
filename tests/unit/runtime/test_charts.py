"""Charts: which are drawn, what they say, and that no text in them is interpreted."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.charts import draw_charts
from model_evaluation.runtime.report.charts.drawing import (
    BAD,
    GOOD,
    INK,
    PAPER,
    Chart,
    chart_label,
    chart_style,
    figure_png,
    figure_svg,
)
from model_evaluation.runtime.report.charts.metric_charts import coverage_chart, difference_chart
from model_evaluation.runtime.report.charts.score_charts import (
    STRONGEST,
    association_words,
    distributions_chart,
    length_chart,
    length_words,
)
from model_evaluation.runtime.report.markup import TEMPLATES
from unit.runtime.results_world import analysis_of, make_world

ALL = ["difference", "outcomes", "slices", "distributions", "length", "coverage"]


@pytest.fixture(autouse=True)
def matplotlib_is_left_as_it_was() -> Iterator[None]:
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before


@pytest.fixture(scope="module")
def strange() -> dict[str, Chart]:
    """Charts of a real evaluation whose names look like formulas and markup."""
    name, value = "$x^2$_<b>&amp;\\frac", "$\\frac{1}{2}$ <script>alert(1)</script> \u202e"
    custom = json.dumps([{"customMetricDefinition": {"name": name}}])
    world = make_world(metrics={name: ((0, 1, 2), 0.5)}, categories=(value, "$"))
    return draw_charts(
        analysis_of(world, builtin_metrics=[], custom_metrics=custom, primary_metric=name, simulated=False)
    )


@pytest.fixture(scope="module")
def strange_svgs(strange: dict[str, Chart]) -> list[str]:
    return [figure_svg(chart) for chart in strange.values()]


def texts_of(svg: str) -> list[str]:
    return ["".join(e.itertext()) for e in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def drawn_alone(make: Callable[[Analysis], Chart | None], analysis: Analysis) -> Chart | None:
    with chart_style():
        return make(analysis)


def test_every_chart_is_drawn_with_a_title_that_says_what_was_found(
    ordinary: Analysis, charts: dict[str, Chart]
) -> None:
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


def test_points_and_intervals_are_where_the_numbers_say_right_being_better(
    ordinary: Analysis, charts: dict[str, Chart]
) -> None:
    axes = charts["difference"].axes[0]
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) == 2 and line.get_linewidth() == 3]
    for name, sign, line in zip(("Correctness", "Harmfulness"), (1, -1), lines, strict=True):
        difference = ordinary.summary["metrics"][name]["difference"]
        assert sorted(line.get_xdata()) == sorted([sign * difference["ci_low"], sign * difference["ci_high"]])


def test_custom_scale_is_drawn_as_share_of_the_scale() -> None:
    scale = [{"definition": str(v), "value": {"floatValue": v}} for v in range(5)]
    custom = json.dumps([{"customMetricDefinition": {"name": "own", "ratingScale": scale}, "direction": "lower"}])
    world = make_world(metrics={"own": (range(5), 0.5)})
    analysis = analysis_of(world, builtin_metrics=[], custom_metrics=custom, primary_metric="own")
    chart = drawn_alone(difference_chart, analysis)
    assert chart is not None
    (point,) = [line for line in chart.axes[0].get_lines() if line.get_marker() == "o"]
    assert point.get_xdata()[0] == pytest.approx(-analysis.summary["metrics"]["own"]["difference"]["mean"] / 4)


def test_watermark(charts: dict[str, Chart], strange_svgs: list[str]) -> None:
    assert all("SIMULATED" in texts_of(figure_svg(chart)) for chart in charts.values())
    assert not any("SIMULATED" in svg for svg in strange_svgs)


@pytest.mark.parametrize("scope", ["tuned", "base"])
def test_one_model_has_no_comparison_charts(scope: str) -> None:
    charts = draw_charts(analysis_of(make_world(), scope=scope))
    assert list(charts) == ["distributions", "coverage"]


def test_nothing_to_compare_draws_what_there_is() -> None:
    world = make_world(missing=1.0)
    assert list(draw_charts(analysis_of(world))) == ["coverage"]


def test_labels_that_are_no_numbers_have_no_distribution() -> None:
    world = make_world(metrics={"Correctness": ((0.0, 0.5, 1.0), 0.4), "Tone": (("rude", "polite"), 0.5)})
    chart = drawn_alone(distributions_chart, analysis_of(world))
    assert chart is not None
    assert [panel.get_title(loc="left") for panel in chart.axes if panel.get_visible()] == ["Correctness"]


@pytest.mark.parametrize(("scale", "angle"), [((0.0, 0.5, 1.0), 0), ((0.0, 0.25, 1 / 3, 0.5, 2 / 3, 0.75, 1.0), 45)])
def test_scores_that_would_touch_below_a_narrow_panel_are_turned(scale: tuple[float, ...], angle: int) -> None:
    world = make_world(metrics=dict.fromkeys(("Correctness", "Tone", "Style"), (scale, 0.4)))
    chart = drawn_alone(distributions_chart, analysis_of(world))
    assert chart is not None
    for panel in chart.axes:
        assert [label.get_rotation() for label in panel.get_xticklabels()] == [angle] * len(scale)


def test_names_are_never_read_as_formulas_or_markup(strange_svgs: list[str]) -> None:
    assert len(strange_svgs) == len(ALL)
    for svg in strange_svgs:
        assert "<script" not in svg
        assert any("$x^2$" in text for text in texts_of(svg))


def test_saving_does_not_lay_out_again(charts: dict[str, Chart]) -> None:
    chart = charts["difference"]
    before = chart.axes[0].get_position().bounds
    figure_svg(chart)
    figure_png(chart, dpi=50)
    assert chart.axes[0].get_position().bounds == before


def test_same_data_same_bytes_and_ids_apart_on_one_page(ordinary: Analysis, charts: dict[str, Chart]) -> None:
    alone = [drawn_alone(coverage_chart, ordinary) for _ in range(2)]
    first, again = (figure_svg(chart, salt="a") for chart in alone if chart is not None)
    assert first == again
    other = figure_svg(charts["slices"], salt="b")
    ids = [set(re.findall(r' id="([mp][0-9a-f]{10})"', svg)) for svg in (first, other)]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_png_has_content_and_nothing_is_cut_at_its_edge(strange: dict[str, Chart]) -> None:
    for name, chart in strange.items():
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
        ("one two three four five six seven", "one two three four five\nsix seven"),
        ("a_custom_metric_about_the_tone", "a_custom_metric_about_the_\ntone"),
        ("x" * 40, "x" * 26 + "\n" + "x" * 14),
    ],
)
def test_labels(text: str, label: str) -> None:
    assert chart_label(text) == label


@pytest.mark.parametrize("width", [16, 26, 40])
@pytest.mark.parametrize("lines", [1, 2])
def test_long_labels_fit_and_keep_both_ends(width: int, lines: int) -> None:
    for text in (
        "x" * 300,
        "A_long_name_of_a_metric_" * 9 + "12",
        "many words of one name " * 9 + "12",
        "ab-" * 99 + "12",
    ):
        label = chart_label(text, width, lines)
        assert label.count("\n") < lines
        assert all(len(line) <= width for line in label.split("\n"))
        assert "…" in label
        assert (label[0], label[-2:]) == (text[0], text[-2:])


@given(st.text(), st.integers(8, 40), st.integers(1, 3))
def test_any_label_fits(text: str, width: int, lines: int) -> None:
    label = chart_label(text, width, lines)
    assert label
    assert label.count("\n") < lines
    assert all(len(line) <= width for line in label.split("\n"))
    assert all(c.isprintable() for c in label.replace("\n", ""))


def test_text_on_the_heatmap_has_contrast_on_a_light_and_a_dark_page() -> None:
    def rgb(colour: str) -> list[int]:
        return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]

    def light(parts: list[float]) -> float:
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in parts)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    palettes = (TEMPLATES / "page.css").read_text(encoding="utf-8").replace("#fff;", "#ffffff;")
    for paper, ink in ((PAPER, INK), ("#12161b", "#e8ebee")):  # the report's two palettes
        assert paper.lower() in palettes
        for colour in (GOOD, BAD):
            cell = [STRONGEST * c + (1 - STRONGEST) * p for c, p in zip(rgb(colour), rgb(paper), strict=True)]
            low, high = sorted((light(cell), light([float(c) for c in rgb(ink)])))
            assert (high + 0.05) / (low + 0.05) >= 4.5


class TestLength:
    @staticmethod
    def drawn(analysis: Analysis, **effect: Any) -> Chart | None:
        entry = analysis.summary["metrics"]["Correctness"]
        known = {"n": 58, "spearman": 0.31, "ci_low": 0.05, "ci_high": 0.53, "confidence": 0.95,
                 "mean_length_difference": 42.5}  # fmt: skip
        metrics = analysis.summary["metrics"] | {"Correctness": entry | {"length_effect": known | effect}}
        changed = replace(analysis, summary=analysis.summary | {"metrics": metrics})
        return drawn_alone(length_chart, changed)

    @pytest.mark.parametrize(
        ("effect", "title"),
        [
            ({}, "where the fine-tuned answer is longer, its score tends to be higher"),
            ({"ci_low": -0.5, "ci_high": -0.1}, "where the fine-tuned answer is longer, its score tends to be lower"),
            ({"ci_low": -0.1}, "no association between score and length of the answers is shown"),
            ({"ci_low": None, "ci_high": None}, "no association between score and length of the answers is shown"),
        ],
    )
    def test_the_title_says_what_goes_with_what_and_no_more(
        self, ordinary: Analysis, effect: dict[str, Any], title: str
    ) -> None:
        chart = self.drawn(ordinary, **effect)
        assert chart is not None
        assert chart.title == f"Correctness: {title}"
        texts = " ".join(text.get_text() for text in chart.findobj(Text))
        assert "An association, not a cause." in texts
        assert "Spearman's rank correlation +0.31 (58 rows" in texts
        assert "(on average 42 characters longer)" in texts

    @pytest.mark.parametrize(
        ("bounds", "lengths", "title"),
        [
            ((0.1, 0.5), [-3, -1], "the shorter the fine-tuned answer, the lower its score tends to be"),
            ((-0.5, -0.1), [-3, 0], "the shorter the fine-tuned answer, the higher its score tends to be"),
            ((0.1, 0.5), [0, 7], "the longer the fine-tuned answer, the higher its score tends to be"),
            ((-0.5, -0.1), [2, 7], "the longer the fine-tuned answer, the lower its score tends to be"),
            ((-0.5, -0.1), [-1, 7], "where the fine-tuned answer is longer, its score tends to be lower"),
        ],
    )
    def test_the_title_is_about_lengths_that_there_are(
        self, bounds: tuple[float, float], lengths: list[float], title: str
    ) -> None:
        assert association_words(*bounds, np.array(lengths, float)) == title

    @pytest.mark.parametrize(
        ("mean", "words"),
        [
            (-293.6, "on average 294 characters shorter"),
            (1200.0, "on average 1,200 characters longer"),
            (-1.2, "on average 1 character shorter"),
            (0.4, "on average as long"),
        ],
    )
    def test_the_mean_difference_in_length_names_its_direction(self, mean: float, words: str) -> None:
        assert length_words(mean) == words

    def test_points_are_the_rows_with_both_scores(self, ordinary: Analysis) -> None:
        chart = self.drawn(ordinary)
        assert chart is not None
        points = np.asarray(chart.axes[0].collections[0].get_offsets())
        table = ordinary.per_example
        known = table[["Correctness__difference", "tuned_response", "base_response"]].dropna()
        assert len(points) == len(known)
        lengths = known["tuned_response"].str.len() - known["base_response"].str.len()
        ends = (min(0, lengths.quantile(0.005)), max(0, lengths.quantile(0.995)))
        assert points[:, 0] == pytest.approx(lengths.clip(*ends))
        assert points[:, 1] == pytest.approx(known["Correctness__difference"], abs=0.04)

    def test_without_a_correlation_there_is_no_chart(self, ordinary: Analysis) -> None:
        assert self.drawn(ordinary, spearman=None) is None
