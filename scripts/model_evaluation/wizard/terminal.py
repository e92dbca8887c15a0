"""The terminal: prompt_toolkit's line editor, what Tab offers in it, colours where the terminal has them (and
NO_COLOR is not set)."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.styles import Style

from model_evaluation.json_types import Question

from .layout import WORDS

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


class AnswerCompleter(Completer):
    """Completes an answer to ``step``, a word of the wizard's, or the id of one of ``steps`` after it.

    Where choices do not go on, files of ``project`` do: an answer that names a file is looked for there.
    """

    def __init__(self, step: Question | None, steps: Sequence[str], project: str) -> None:
        self.choices = step.get("choices", []) if step else []
        self.steps = steps
        self.files = PathCompleter(expanduser=True)
        self.project_files = PathCompleter(expanduser=True, get_paths=lambda: [project])

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        text = document.text_before_cursor
        if text.startswith(":"):
            yield from self._words(text)
        elif text.startswith("@"):
            yield from self.files.get_completions(Document(text[1:]), complete_event)
        else:
            choices = list(self._choices(text)) or list(self._choices(text.rpartition(",")[2].lstrip()))
            yield from choices
            if text and not choices:
                yield from self.project_files.get_completions(Document(text), complete_event)

    def _choices(self, text: str) -> Iterator[Completion]:
        for choice in self.choices:
            if text.lower() in choice["value"].lower():
                yield Completion(choice["value"], start_position=-len(text), display_meta=choice.get("label", ""))

    def _words(self, text: str) -> Iterator[Completion]:
        word, space, rest = text.partition(" ")
        if not space:
            names = [name.partition(" ")[0] for name in WORDS]
            yield from (Completion(name, start_position=-len(text)) for name in names if name.startswith(text))
        elif word in (":answer", ":revise") and " " not in rest:
            yield from (Completion(name, start_position=-len(rest)) for name in self.steps if name.startswith(rest))


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
