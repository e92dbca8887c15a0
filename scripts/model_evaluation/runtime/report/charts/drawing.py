"""What all charts share: their style, labels that cannot be misread as markup, saving.

Figures are made without pyplot, so nothing global changes and no window opens.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import re
import textwrap
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from model_evaluation.runtime.report.words import one_line

# Okabe and Ito's colours, which people with any of the common colour blindnesses can tell apart.
GOOD, BAD, UNCLEAR = "#0072B2", "#D55E00", "#7A828C"
TUNED, BASE, TIE = "#0072B2", "#E69F00", "#D0D7DE"
INK, MUTED, GRID, PAPER, BAND = "#1F2328", "#57606A", "#D8DEE3", "#FFFFFF", "#EEF1F4"
ON_DARK = "#FEFEFE"  # text on a coloured area, the same in a light and a dark theme
PAGE_COLOURS = {INK: "--ink", MUTED: "--muted", GRID: "--line", PAPER: "--paper", TIE: "--tie", BAND: "--band"}
MODEL_COLOURS = {"base": BASE, "tuned": TUNED}
VERDICT_COLOURS = {"improved": GOOD, "regressed": BAD}
CHART_WIDTH = 8.0  # inches


class Chart(Figure):
    """A figure that a notebook shows by itself. ``subject`` is what it is about, ``title`` what it found, ``alt`` both
    in words for those who cannot see it."""

    subject: str = ""
    title: str = ""
    alt: str = ""

    @functools.cached_property
    def png(self) -> bytes:
        return figure_png(self)

    def _repr_png_(self) -> bytes:
        return self.png


@contextlib.contextmanager
def chart_style(salt: str = "") -> Iterator[None]:
    """matplotlib with our look; that no font has a sign of a name, such as an emoji, is not worth a warning. ``salt``
    is what ids in an SVG are made from."""
    rc: dict[Any, Any] = {
        "text.parse_math": False,  # a $ in a name is a dollar
        "text.color": INK, "xtick.color": MUTED, "ytick.color": INK, "axes.labelcolor": MUTED,
        "axes.edgecolor": GRID, "grid.color": GRID, "grid.linewidth": 0.7, "axes.axisbelow": True,
        "font.size": 10, "axes.titlesize": 10, "axes.labelsize": 9, "xtick.labelsize": 9, "legend.fontsize": 9,
        "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False, "ytick.left": False,
        "axes.titlelocation": "left", "legend.frameon": False, "svg.fonttype": "none", "svg.hashsalt": salt,
        "figure.autolayout": False, "figure.constrained_layout.use": False,
    }  # fmt: skip
    with mpl.rc_context(rc), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def new_chart(subject: str, title: str, alt: str, height: float) -> Chart:
    """An empty chart of ``height`` inches below its title, which is wrapped to the width."""
    wrapped = textwrap.wrap(title, int(8.5 * CHART_WIDTH), break_on_hyphens=False)
    chart = Chart(figsize=(CHART_WIDTH, height + _title_height(len(wrapped))))
    chart.set_layout_engine("constrained", h_pad=0.1)  # inches; one chart follows the other in a notebook
    chart.suptitle("\n".join(wrapped), x=0.01, ha="left", weight="bold", size=12.5)
    chart.subject, chart.title, chart.alt = subject, one_line(title), one_line(f"{title}. {alt}")
    return chart


def _title_height(lines: int) -> float:
    return 0.1 + 0.22 * lines


def finish(chart: Chart, *, simulated: bool) -> None:
    """Add the watermark where it is due, and lay the chart out once and for all; each saving would do it again."""
    if simulated:
        width, height = chart.get_size_inches()
        room = height - _title_height(chart.get_suptitle().count("\n") + 1)  # a page leaves the title out
        angle = min(30.0, math.degrees(math.atan(room / width)))
        place, size = (0.5, room / height / 2), min(60, 24 * room)
        mark = chart.text(*place, "SIMULATED", rotation=angle, size=size, color=BAD, alpha=0.17)
        mark.set(weight="bold", ha="center", va="center", zorder=10)
    engine = chart.get_layout_engine()
    assert engine is not None
    engine.execute(chart)
    chart.set_layout_engine(None)


def figure_png(figure: Figure, dpi: int = 144) -> bytes:
    """The figure as PNG."""
    buffer = io.BytesIO()
    with chart_style():
        figure.savefig(buffer, format="png", facecolor=PAPER, dpi=dpi)
    return buffer.getvalue()


def figure_svg(figure: Figure, salt: str = "chart", box: Bbox | None = None, title: str = "") -> str:
    """The figure, or what lies in the ``box``, as SVG with real text. Equal figures give equal bytes; ``salt`` keeps
    the ids of several figures on one page apart, ``title`` is told to people who cannot see it."""
    buffer = io.StringIO()
    told = {**dict.fromkeys(("Date", "Creator", "Format", "Type")), **({"Title": title} if title else {})}
    with chart_style(salt):
        figure.savefig(buffer, format="svg", facecolor=PAPER, metadata=told, bbox_inches=box)
    return buffer.getvalue()


def page_svg(chart: Chart, name: str) -> Markup:
    """The chart as inline SVG in the colours of the page's light or dark theme. Its title is left out and it is as much
    lower: on a page it is the heading. ``name`` is like no other chart's on the page."""
    title = next(text for text in chart.texts if text.get_text() == chart.get_suptitle())
    bottom = title.get_window_extent().y0 / chart.dpi
    title.set_visible(False)
    svg = figure_svg(chart, name, Bbox([[0, 0], [chart.get_figwidth(), bottom]]))
    title.set_visible(True)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg[svg.index("<svg") :])  # nothing refers to groups
    for colour, variable in PAGE_COLOURS.items():
        svg = svg.replace(f": {colour.lower()}", f": var({variable})")
    opening = Markup('<svg role="img" aria-label="{}"').format(chart.alt)
    return opening + Markup(svg.removeprefix("<svg"))  # noqa: S704 - matplotlib has escaped every text in it


def chart_label(text: str, width: int = 26, lines: int = 2) -> str:
    """Text for a chart: control and direction marks become spaces, then it is wrapped. What is too long loses its
    middle: names often differ in their ends only."""
    clean = " ".join("".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in text).split())
    wrapped = textwrap.wrap(clean, width) or ["(blank)"]
    if len(wrapped) > lines:
        half = (width - 1) // 2
        wrapped[lines - 1 :] = [f"{wrapped[lines - 1][:half].rstrip()}…{clean[-half:].lstrip()}"]
    return "\n".join(wrapped)


def label_rows(axes: Axes, labels: Sequence[str], bold: int | None = None) -> None:
    """One label per row of a horizontal chart, the first on top, number ``bold`` in bold."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    for at, tick in enumerate(axes.get_yticklabels()):
        tick.set_fontweight("bold" if at == bold else "normal")


def right_column(axes: Axes, texts: Sequence[str], heading: str) -> None:
    """A text per row at the right of a horizontal chart, below a heading of at most two lines."""
    labels = [axes.annotate(textwrap.fill(heading, 20), (1, 1), (6, 4), "axes fraction", "offset points", va="bottom")]
    for row, text in enumerate(texts):
        labels.append(axes.annotate(text, (1, row), (6, 0), ("axes fraction", "data"), "offset points", va="center"))
    for label in labels:
        label.set(ha="left", size=9, color=MUTED)


def legend_above(axes: Axes) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.2, handlelength=1.4)


def share_tick(value: float, _: float) -> str:
    """A tick of an axis of shares."""
    return f"{value:.0%}"


def signed_tick(value: float, _: float) -> str:
    """A tick of an axis of differences."""
    return f"{value:+.3g}".replace("-", "−") if value else "0"
