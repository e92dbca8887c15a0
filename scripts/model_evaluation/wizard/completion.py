"""What Tab offers: the step's choices, the wizard's words, files where a file is expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from .wording import WORDS

# Steps whose answer may be a file, and steps that take several choices between commas.
FILE_STEPS = ("custom_metrics", "notebook")
LIST_STEPS = ("builtin_metrics",)


class StepCompleter(Completer):
    """Completes one step's answer."""

    def __init__(self, step: Mapping[str, Any], steps: Iterable[str]) -> None:
        self.step = step
        self.steps = list(steps)
        self.paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        text = document.text_before_cursor
        if text.startswith(":"):
            yield from self._words(text)
            return
        if text.startswith("@"):
            yield from self.paths.get_completions(Document(text[1:]), complete_event)
            return
        yield from self._choices(text)
        if self.step["id"] in FILE_STEPS and text:
            yield from self.paths.get_completions(Document(text), complete_event)

    def _choices(self, text: str) -> Iterator[Completion]:
        typed = text.rpartition(",")[2].lstrip() if self.step["id"] in LIST_STEPS else text
        for choice in self.step.get("choices", []):
            if typed.lower() in choice["value"].lower():
                label = choice.get("label", "")
                yield Completion(choice["value"], start_position=-len(typed), display_meta=label)

    def _words(self, text: str) -> Iterator[Completion]:
        word, space, rest = text.partition(" ")
        if not space:
            names = [name.partition(" ")[0] for name in WORDS]
            yield from (Completion(name, start_position=-len(text)) for name in names if name.startswith(text))
        elif word in (":answer", ":revise") and " " not in rest:
            yield from (Completion(name, start_position=-len(rest)) for name in self.steps if name.startswith(rest))
