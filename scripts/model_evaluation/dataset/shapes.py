"""How the texts of each format lie in typed rows: a prompt that is a text or a conversation, and a ground
truth that is a field of its own, the last message, or somewhere in Verl's fields.

A shape takes out what rows say; rows it cannot vouch for (an unusual order of roles, a field of another
type) it leaves to the slow way.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple

import msgspec

from model_evaluation.kernel.rows import TURN_SEPARATOR

from .formats import VERL_MARKS

_UNSET = msgspec.UNSET
_OptionalText = str | msgspec.UnsetType | None


class Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A message of the documented kind; any other is left to the slow way."""

    role: Literal["system", "user", "assistant"]
    content: str


class Texts(NamedTuple):
    """What rows say, as columns. ``quotes``: what their keys and texts take, quotes inside not counted."""

    prompts: list[str]
    references: list[Any]
    distinct_references: set[Any] | list[Any]  # only ever asked whether it holds None
    systems: list[Any]
    several_turns: list[int]
    quotes: int
    conversations: list[list[list[Message]]]  # columns of messages, from which the texts were taken
    elsewhere: bool = False  # the references come from extra fields, whose quotes are counted with these

    def joined(self, indices: list[int]) -> str:
        """Every text of these rows in which a quote may stand, one after the other."""
        if self.conversations:
            return "".join([m.content for column in self.conversations for index in indices for m in column[index]])
        columns = (self.prompts, self.references, self.systems)
        return "".join([text for column in columns for index in indices if (text := column[index]) is not None])


def _without_unset(column: list[Any]) -> tuple[list[Any], int, int]:
    """The column with ``None`` for what is absent; how many rows lack the field, how many have it as null."""
    unset = sum(value is _UNSET for value in column)
    column = [None if value is _UNSET else value for value in column]
    return column, unset, column.count(None) - unset


class PlainShape:
    """Prompt and reference answer are texts."""

    own: ClassVar[tuple[str, ...]] = ()

    def __init__(self, extra_fields: tuple[str, ...]) -> None:
        prompt, reference = self.own[:2]
        self.names = {"prompt": prompt, "reference": reference, "system": "system"}
        self.fields: list[Any] = [
            ("prompt", str),
            ("reference", _OptionalText, _UNSET),
            ("system", _OptionalText, _UNSET),
        ]
        # Without its reference answer such a row belongs to another format.
        self._needs_reference = reference == "chosen" or (reference == "completion" and "rejected" in extra_fields)

    def conforming(self, rows: list[Any]) -> list[Any]:
        return rows

    def texts(self, rows: list[Any]) -> Texts | None:
        quotes = 12 * len(rows)
        references = [row.reference for row in rows]
        systems = [row.system for row in rows]
        absent: list[Any] = []
        try:
            sum(map(len, references))
        except TypeError:  # neither null nor an absent field has a length
            references, unset, null = _without_unset(references)
            if unset and self._needs_reference:
                return None
            quotes -= 4 * unset + 2 * null
            absent = [None]
        distinct = set(systems)
        if None in distinct or _UNSET in distinct:
            systems, unset, null = _without_unset(systems)
            quotes -= 4 * unset + 2 * null
        return Texts([row.prompt for row in rows], references, absent, systems, [], quotes, [])


class ChatShape:
    """Messages that hold prompt, system text and, last, the reference answer."""

    own: ClassVar[tuple[str, ...]] = ("messages", "category")

    def __init__(self, extra_fields: tuple[str, ...]) -> None:
        self.names = {"prompt": "messages"}
        self.fields: list[Any] = [("prompt", list[Message])]
        self._usable = "system" not in extra_fields

    def conforming(self, rows: list[Any]) -> list[Any]:
        return rows if self._usable else []

    def texts(self, rows: list[Any]) -> Texts | None:
        return _spoken_texts([row.prompt for row in rows], None)


class ConversationalShape:
    """Prompt and reference answer are lists of messages."""

    own: ClassVar[tuple[str, ...]] = ()

    def __init__(self, extra_fields: tuple[str, ...]) -> None:
        prompt, reference = self.own[:2]
        self.names = {"prompt": prompt, "reference": reference}
        self.fields: list[Any] = [("prompt", list[Message]), ("reference", list[Message])]
        self._usable = "system" not in extra_fields

    def conforming(self, rows: list[Any]) -> list[Any]:
        return rows if self._usable else []

    def texts(self, rows: list[Any]) -> Texts | None:
        return _spoken_texts([row.prompt for row in rows], [row.reference for row in rows])


def _spoken_texts(conversations: list[list[Message]], answers: list[list[Message]] | None) -> Texts | None:
    """``answers`` is a column of its own, or ``None`` when each conversation ends with its answer."""
    prompts: list[str] = []
    references: list[str | None] = []
    systems: list[str | None] = []
    several_turns: list[int] = []
    has_answer = answers is None
    for index, messages in enumerate(conversations):
        system = None
        rest = messages
        if messages and messages[0].role == "system":
            system = messages[0].content
            rest = messages[1:]
        if has_answer and len(rest) == 2 and rest[0].role == "user" and rest[1].role == "assistant":
            prompts.append(rest[0].content)
            references.append(rest[1].content)
        elif len(rest) == 1 and rest[0].role == "user":
            prompts.append(rest[0].content)
            references.append(None)
        else:
            told = _turns(rest, has_answer=has_answer)
            if told is None:
                return None
            prompts.append(told[0])
            references.append(told[1])
            several_turns.append(index)
        systems.append(system)
    if answers is not None:
        if any(len(answer) != 1 or answer[0].role != "assistant" for answer in answers):
            return None
        references = [answer[0].content for answer in answers]
    columns = [conversations] if answers is None else [conversations, answers]
    messages_in_all = sum(sum(map(len, column)) for column in columns)
    quotes = 2 * len(columns) * len(conversations) + 8 * messages_in_all
    return Texts(prompts, references, references, systems, several_turns, quotes, columns)


def _turns(messages: list[Message], *, has_answer: bool) -> tuple[str, str | None] | None:
    """Prompt and answer of several turns, user and assistant alternating and all saying something."""
    users = [message.content for message in messages[::2] if message.role == "user"]
    others = [message.content for message in messages[1::2] if message.role == "assistant"]
    if not users or len(users) + len(others) != len(messages):
        return None
    if any(not text or text.isspace() for text in others):
        return None
    ends_with_answer = len(users) == len(others)
    if ends_with_answer != has_answer:
        return None
    return TURN_SEPARATOR.join(users), others[-1] if ends_with_answer else None


class VerlShape:
    """A prompt of either kind, with the reference answer in ``extra_info`` or ``reward_model``."""

    own: ClassVar[tuple[str, ...]] = ("prompt", "category")
    prompt_type: ClassVar[Any] = list[Message]

    def __init__(self, extra_fields: tuple[str, ...]) -> None:
        self.names = {"prompt": "prompt"}
        self.fields: list[Any] = [("prompt", self.prompt_type)]
        self._usable = "system" not in extra_fields
        self._marks = [f"extra{extra_fields.index(mark)}" for mark in VERL_MARKS if mark in extra_fields]
        self._answers = [
            (f"extra{extra_fields.index(field)}", inner)
            for field, inner in (("extra_info", "answer"), ("reward_model", "ground_truth"))
            if field in extra_fields
        ]

    def conforming(self, rows: list[Any]) -> list[Any]:
        if not self._usable:
            return []
        for index, row in enumerate(rows):
            if all(getattr(row, mark) is _UNSET for mark in self._marks):
                return rows[:index]
        return rows

    def texts(self, rows: list[Any]) -> Texts | None:
        references: list[str | None] = []
        for row in rows:
            reference = None
            for field, inner in self._answers:
                value = getattr(row, field)
                if value is _UNSET or value is None:
                    continue
                if not isinstance(value, dict):
                    return None
                answer = value.get(inner)
                if answer is None:
                    continue
                if not isinstance(answer, str):  # numbers are allowed; the slow way writes them out
                    return None
                if not answer or answer.isspace():
                    return None
                reference = answer if reference is None else reference
            references.append(reference)
        return self._with_prompts(rows, references)

    def _with_prompts(self, rows: list[Any], references: list[str | None]) -> Texts | None:
        told = _spoken_texts([row.prompt for row in rows], None)
        if told is None or any(reference is not None for reference in told.references):
            return None  # a prompt that ends with an answer
        return told._replace(references=references, distinct_references=references, elsewhere=True)


class LegacyVerlShape(VerlShape):
    prompt_type: ClassVar[Any] = str

    def _with_prompts(self, rows: list[Any], references: list[str | None]) -> Texts | None:
        prompts = [row.prompt for row in rows]
        said = [[Message("user", prompt)] for prompt in prompts]
        return Texts(prompts, references, references, [None] * len(rows), [], 4 * len(rows), [said], True)


def _plain(prompt: str, reference: str) -> type[PlainShape]:
    return type("Plain", (PlainShape,), {"own": (prompt, reference, "system", "category")})


def _conversational(prompt: str, reference: str) -> type[ConversationalShape]:
    return type("Conversational", (ConversationalShape,), {"own": (prompt, reference, "category")})


SHAPES: dict[str, type[PlainShape | ChatShape | ConversationalShape | VerlShape]] = {
    "openai_chat": ChatShape,
    "sagemaker": _plain("query", "response"),
    "prompt_completion": _plain("prompt", "completion"),
    "prompt_completion_conversational": _conversational("prompt", "completion"),
    "preference": _plain("prompt", "chosen"),
    "preference_conversational": _conversational("prompt", "chosen"),
    "verl": VerlShape,
    "verl_legacy": LegacyVerlShape,
}
