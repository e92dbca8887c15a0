"""Showing things: rich in Jupyter, plain text anywhere else."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from .settings import Json, well_formed

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

    from .report.charts.look import Chart

BANNER_STYLE = "background:#fff3cd;color:#664d03;border-left:4px solid #d98c00;padding:8px 12px;margin:0"
LOG_LINES = 200  # more would make a saved notebook heavy and is never read


def in_jupyter() -> bool:
    """Whether a Jupyter front end is listening (not a plain interpreter, not IPython in a terminal)."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


def show(html: str, text: str) -> None:
    """HTML with the same content as text for front ends, and readers, that do without."""
    show_bundle({"text/html": html, "text/plain": text})


def show_chart(chart: Chart) -> None:
    """A chart as an image, with its ``alt`` text for whoever cannot see it."""
    data = base64.b64encode(chart._repr_png_()).decode("ascii")
    width, _ = chart.get_size_inches()
    show_bundle({"image/png": data, "text/plain": chart.alt}, {"image/png": {"width": round(width * 96)}})


def show_simulated_banner(simulated: bool) -> None:
    """Says that nothing here comes from AWS; silent when it does."""
    if simulated:
        text = "SIMULATED: this notebook talks to a local stand-in for AWS, not to AWS."
        show(f'<p style="{BANNER_STYLE}">{text}</p>', text)


def show_bundle(bundle: dict[str, str], metadata: Json | None = None) -> None:
    """A Jupyter display message; outside Jupyter its plain text is printed."""
    bundle = {kind: well_formed(content) for kind, content in bundle.items()}
    if in_jupyter():
        from IPython.display import display

        display(bundle, raw=True, metadata=metadata or {})  # type: ignore[no-untyped-call]
    else:
        print(bundle["text/plain"])  # noqa: T201


class ProgressView:
    """Progress of something slow: one display updated in place in Jupyter, lines of text elsewhere.

    ``log`` is for events, which are few; ``refresh`` redraws the current picture and may be called often.
    """

    def __init__(self, *, jupyter: bool | None = None, out: Callable[[str], None] = print) -> None:
        self._jupyter = in_jupyter() if jupyter is None else jupyter
        self._out = out
        self._lines: deque[str] = deque(maxlen=LOG_LINES)
        self._handle: DisplayHandle | None = None
        self._picture: tuple[str, str] | None = None

    def log(self, line: str) -> None:
        """Adds an event."""
        line = well_formed(line)
        self._lines.append(line)
        if not self._jupyter:
            self._out(line)

    def refresh(self, html: str) -> None:
        """Draws ``html`` in place of what was drawn before; nothing is sent when nothing changed."""
        if not self._jupyter:
            return
        from IPython.display import display

        picture = (well_formed(html), "\n".join(self._lines))
        if picture == self._picture:
            return
        self._picture = picture
        bundle = {"text/html": picture[0], "text/plain": picture[1]}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)  # type: ignore[no-untyped-call]
