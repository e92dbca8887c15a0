"""What is shown in Jupyter and what is printed elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from model_evaluation.runtime import notebook
from model_evaluation.runtime.launch.progress import LOG_LINES, ProgressView, in_jupyter
from model_evaluation.runtime.notebook import show, show_simulated_banner
from model_evaluation.runtime.settings import NotebookError


class Handle:
    def __init__(self, sent: list[Any]) -> None:
        self._sent = sent

    def update(self, bundle: Any, raw: bool) -> None:
        self._sent.append(bundle)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a front end would receive."""
    bundles: list[Any] = []

    def receive(bundle: Any, **_: Any) -> Handle:
        bundles.append(bundle)
        return Handle(bundles)

    monkeypatch.setattr("IPython.display.display", receive)
    return bundles


def test_here_is_no_jupyter() -> None:
    assert not in_jupyter()


def test_outside_jupyter_the_text_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    show("<b>rich</b>", "plain")
    show_simulated_banner(True)
    show_simulated_banner(False)
    assert capsys.readouterr().out == (
        "plain\nSIMULATED: this notebook talks to a local stand-in for AWS, not to AWS.\n"
    )


def test_in_jupyter_both_are_sent(sent: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "in_jupyter", lambda: True)
    show("<b>rich</b>", "plain")
    assert sent == [{"text/html": "<b>rich</b>", "text/plain": "plain"}]


def test_a_lone_surrogate_is_shown_as_an_escape(sent: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "in_jupyter", lambda: True)
    show("<b>\ud800é</b>", "\udfff")
    assert sent == [{"text/html": "<b>\\ud800é</b>", "text/plain": "\\udfff"}]
    assert str(NotebookError("a\ud800", fix="b")).encode("utf-8").startswith(b"a\\ud800")


def test_progress_in_jupyter_is_one_display_updated_when_something_changed(sent: list[Any]) -> None:
    lines: list[str] = []
    view = ProgressView(jupyter=True, out=lines.append)
    view.refresh("<p>1</p>")
    view.refresh("<p>1</p>")
    view.log("step done")
    view.refresh("<p>2</p>")
    assert sent == [
        {"text/html": "<p>1</p>", "text/plain": ""},
        {"text/html": "<p>2</p>", "text/plain": "step done"},
    ]
    assert not lines


def test_progress_elsewhere_is_lines() -> None:
    lines: list[str] = []
    view = ProgressView(jupyter=False, out=lines.append)
    view.log("step done")
    view.refresh("<p>1</p>")
    assert lines == ["step done"]


def test_progress_keeps_a_bounded_number_of_lines(sent: list[Any]) -> None:
    view = ProgressView(jupyter=True)
    for number in range(10 * LOG_LINES):
        view.log(f"line {number}")
    view.refresh("<p>x</p>")
    assert len(sent[-1]["text/plain"].splitlines()) == LOG_LINES
