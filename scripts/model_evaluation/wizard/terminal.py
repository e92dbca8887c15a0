"""The terminal: prompt_toolkit's line editor, colours where the terminal has them (and NO_COLOR is not set)."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.styles import Style

from model_evaluation.json_types import Question

from .completion import AnswerCompleter

STYLE = Style.from_dict(
    {
        "title": "bold",
        "good": "ansigreen",
        "warning": "ansiyellow",
        "error": "ansired bold",
        "faint": "ansibrightblack",
        "prompt": "ansicyan bold",
    }
)
MAX_WIDTH = 110


class Terminal:
    """A Screen on the terminal that the process runs in. ``earlier`` answers are in the history from the start."""

    def __init__(self, project: str, earlier: Iterable[str] = ()) -> None:
        self.project = project
        self.width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
        self.session: PromptSession[str] = PromptSession(
            history=InMemoryHistory(list(earlier)),
            auto_suggest=AutoSuggestFromHistory(),
            complete_while_typing=False,
            style=STYLE,
            key_bindings=_keys(),
        )

    def say(self, text: str, style: str = "") -> None:
        print_formatted_text(FormattedText([(f"class:{style}" if style else "", text)]), style=STYLE)

    def ask(self, step: Question | None, steps: Sequence[str]) -> str:
        completer = AnswerCompleter(step, steps, self.project)
        return self.session.prompt([("class:prompt", "> ")], completer=completer)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")  # pasted text keeps its line breaks anyway

    @keys.add("c-c")
    def _(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt)

    return keys
