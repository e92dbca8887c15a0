"""The look that all charts share: colours, labels that cannot be misread as markup, saving, the watermark.

Figures are made without pyplot, so nothing global changes and no window opens.
"""

from __future__ import annotations

import io
import math
import re
import textwrap
import unicodedata
import warnings
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from .wording import one_line

# Okabe and Ito's colours, which people with any of the common colour blindnesses can tell apart.
GOOD, BAD, UNCLEAR = "#0072B2", "#D55E00", "#7A828C"
TUNED, BASE, TIE = "#0072B2", "#E69F00", "#D0D7DE"
INK, MUTED, GRID, PAPER, BAND = "#1F2328", "#57606A", "#D8DEE3", "#FFFFFF", "#EEF1F4"
ON_DARK = "#FEFEFE"  # text on a coloured area, the same in a light and a dark theme
MISSING_GLYPH = "Glyph .* missing from"  # an emoji in a name is drawn as a box
CHART_WIDTH = 8.0  # inches
CHART_STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a $ in a name is a dollar
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "xtick.labelsize": 9,
    "ytick.color": INK,
    "ytick.left": False,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",
}


class Chart(Figure):
    """A figure that a notebook shows by itself; ``alt`` describes it in words, ``title`` is what it found."""

    alt: str = ""
    title: str = ""

    def _repr_png_(self) -> bytes:
        return figure_png(self)


def new_chart(title: str, alt: str, height: float) -> Chart:
    """An empty chart of ``height`` inches below its title, which is wrapped to the width."""
    wrapped = textwrap.wrap(title, int(8.5 * CHART_WIDTH))
    chart = Chart(figsize=(CHART_WIDTH, height + 0.1 + 0.22 * len(wrapped)))
    chart.set_layout_engine("constrained", h_pad=0.1)  # inches; one chart follows the other in a notebook
    chart.suptitle("\n".join(wrapped), x=0.01, ha="left", weight="bold", size=12.5)
    chart.title, chart.alt = one_line(title), one_line(f"{title}. {alt}")
    return chart


def settle_layout(figure: Figure) -> None:
    """Lay the figure out once and for all; each time it is saved would do it again."""
    engine = figure.get_layout_engine()
    assert engine is not None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=MISSING_GLYPH)
        engine.execute(figure)
    # No engine at all: with a placeholder ("none") every saving begins with a draw for its sake.
    with mpl.rc_context({"figure.autolayout": False, "figure.constrained_layout.use": False}):
        figure.set_layout_engine(None)


def figure_png(figure: Figure, dpi: int = 144) -> bytes:
    """The figure as PNG."""
    return _saved(figure, "png", "", dpi=dpi)


def figure_svg(figure: Figure, salt: str = "chart", *, titled: bool = True) -> str:
    """The figure as SVG with real text. Equal figures give equal bytes; ``salt`` keeps the ids of several
    figures on one page apart. Without its title it is as much lower, for pages that have a heading for it."""
    options: dict[str, Any] = {"metadata": dict.fromkeys(("Date", "Creator", "Format", "Type"))}
    heading = None if titled else next((t for t in figure.texts if t.get_text() == figure.get_suptitle()), None)
    if heading is not None:
        width, _ = figure.get_size_inches()
        options["bbox_inches"] = Bbox([[0, 0], [width, heading.get_window_extent().y0 / figure.dpi]])
        heading.set_visible(False)
    try:
        return _saved(figure, "svg", salt, **options).decode("utf-8")
    finally:
        if heading is not None:
            heading.set_visible(True)


def _saved(figure: Figure, kind: str, salt: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with mpl.rc_context({**CHART_STYLE, "svg.hashsalt": salt}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=MISSING_GLYPH)
        figure.savefig(buffer, format=kind, facecolor=PAPER, **options)
    return buffer.getvalue()


def watermark(figure: Figure) -> None:
    """SIMULATED across the whole figure."""
    width, height = figure.get_size_inches()
    angle = min(30.0, math.degrees(math.atan(height / width)))
    text = figure.text(0.5, 0.5, "SIMULATED", rotation=angle, size=min(60, 24 * height), color=BAD, alpha=0.17)
    text.set(weight="bold", ha="center", va="center", zorder=10)


def chart_label(text: str, width: int = 26, lines: int = 2) -> str:
    """Text for a chart: control and direction marks become spaces, then it is wrapped at spaces, underscores and
    hyphens. What is too long loses its middle: names often differ in their ends only."""
    clean = " ".join("".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in text).split())
    pieces = re.findall(r"[^\s_-]*[\s_-]*", clean)
    wrapped = [""]
    for piece in (whole[at : at + width] for whole in pieces for at in range(0, len(whole), width)):
        if len((wrapped[-1] + piece).rstrip()) > width and wrapped[-1]:
            wrapped.append("")
        wrapped[-1] += piece
    if len(wrapped) > lines:
        head = "".join(wrapped[lines - 1 :])[: width // 2] if lines == 1 else ""
        tail = clean[-(width - len(head) - 1) :]
        start = re.search(r"[\s_-]", tail[: len(tail) // 2])
        wrapped[lines - 1 :] = [f"{head}…{tail[start.end() :] if start else tail}"]
    return "\n".join(line.strip() for line in wrapped) or "(blank)"


def label_rows(axes: Axes, labels: list[str], bold: int | None) -> None:
    """One label per row of a horizontal chart, the first on top, number ``bold`` in bold."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    for at, tick in enumerate(axes.get_yticklabels()):
        tick.set_fontweight("bold" if at == bold else "normal")


def right_column(axes: Axes, words: list[str], heading: str) -> None:
    """A text per row at the right of a horizontal chart, below a heading of at most two lines."""
    column = axes.secondary_yaxis("right")
    column.set_yticks(range(len(words)), words)
    column.tick_params(length=0, labelcolor=MUTED, labelsize=9)
    column.spines["right"].set_visible(False)
    place: dict[str, Any] = {"xytext": (6, 4), "textcoords": "offset points", "xycoords": "axes fraction"}
    axes.annotate(textwrap.fill(heading, 20), (1, 1), **place, ha="left", va="bottom", size=9, color=MUTED)


def legend_above(axes: Axes) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.2, handlelength=1.4)
