"""What Tab offers: the question's choices, the wizard's words, files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from model_evaluation.json_types import Question

from .layout import WORDS


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
