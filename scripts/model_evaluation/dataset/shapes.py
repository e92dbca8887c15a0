"""How the texts of each format lie in typed rows: a prompt that is a text or a conversation, and a ground
truth that is a field of its own, the last message, or somewhere in Verl's fields.

A shape takes out what rows say; rows it cannot vouch for (an unusual order of roles, a field of another
type) it leaves to the slow way.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, ClassVar, Literal, NamedTuple

import msgspec

from model_evaluation.runtime.rows import TURN_SEPARATOR

from .formats import VERL_MARKS

_UNSET = msgspec.UNSET
OPTIONAL_TEXT: Any = str | msgspec.UnsetType | None
_PROMPT_FIELDS = frozenset(["messages", "query", "prompt", "completion", "chosen"])


class Unproven(Exception):
    """These rows may hold a fault."""


class Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A message of the documented kind; any other is left to the slow way."""

    role: Literal["system", "user", "assistant"]
    content: str


class Texts(NamedTuple):
    """What rows say, as columns."""

    prompts: list[str]
    references: list[str | None]
    given_references: list[str]  # those there are
    systems: list[str | None]
    with_system: int
    several_turns: list[int]
    strings: int  # keys and texts in the rows, those of category and of other fields aside


def all_say_something(texts: list[str]) -> None:
    """Raises ``Unproven`` when a text is blank, ``TypeError`` when one is no text."""
    if not all(map(str.strip, texts)):
        raise Unproven


def optional_texts(column: list[Any]) -> tuple[list[str | None], list[str], int]:
    """The column with ``None`` for what is absent; the texts there are; how many rows lack the field."""
    try:
        all_say_something(column)
    except TypeError:  # null, or no such field
        given = [text for text in column if isinstance(text, str)]
        all_say_something(given)
        return [text if isinstance(text, str) else None for text in column], given, column.count(_UNSET)
    return column, column, 0


class PlainShape:
    """Prompt and reference answer are texts."""

    own: ClassVar[tuple[str, ...]] = ()
    never = _PROMPT_FIELDS.union(VERL_MARKS)  # a row with one of these is, or may be, in another format

    def __init__(self, extra_fields: tuple[str, ...]) -> None:
        prompt, reference = self.own[:2]
        self.names = {"prompt": prompt, "reference": reference, "system": "system"}
        self.fields: list[Any] = [
            ("prompt", str),
            ("reference", OPTIONAL_TEXT, _UNSET),
            ("system", OPTIONAL_TEXT, _UNSET),
        ]
        # Without its reference answer such a row belongs to another format.
        self._needs_reference = reference == "chosen" or (reference == "completion" and "rejected" in extra_fields)

    def texts(self, rows: list[Any]) -> Texts:
        prompts = [row.prompt for row in rows]
        all_say_something(prompts)
        references, given, without_reference = optional_texts([row.reference for row in rows])
        systems, spoken, without_system = optional_texts([row.system for row in rows])
        if without_reference and self._needs_reference:
            raise Unproven
        strings = 4 * len(rows) - without_reference - without_system + len(given) + len(spoken)
        return Texts(prompts, references, given, systems, len(spoken), [], strings)


class ChatShape:
    """Messages that hold prompt, system text and, last, the reference answer."""

    own: ClassVar[tuple[str, ...]] = ("messages", "category")
    never = _PROMPT_FIELDS | {"system"}

    def __init__(self, _extra_fields: tuple[str, ...]) -> None:
        self.names = {"prompt": "messages"}
        self.fields: list[Any] = [("prompt", list[Message])]

    def texts(self, rows: list[Any]) -> Texts:
        return _spoken_texts([row.prompt for row in rows], has_answer=True)


class ConversationalShape:
    """Prompt and reference answer are lists of messages."""

    own: ClassVar[tuple[str, ...]] = ()
    never = _PROMPT_FIELDS.union(VERL_MARKS) | {"system"}

    def __init__(self, _extra_fields: tuple[str, ...]) -> None:
        prompt, reference = self.own[:2]
        self.names = {"prompt": prompt, "reference": reference}
        self.fields: list[Any] = [("prompt", list[Message]), ("reference", list[Message])]

    def texts(self, rows: list[Any]) -> Texts:
        texts = _spoken_texts([row.prompt for row in rows], has_answer=False)
        answers = list(chain.from_iterable([row.reference for row in rows]))
        if any(len(row.reference) != 1 for row in rows) or any(answer.role != "assistant" for answer in answers):
            raise Unproven
        given = [answer.content for answer in answers]
        all_say_something(given)
        return texts._replace(references=given, given_references=given, strings=texts.strings + 5 * len(rows))


def _spoken_texts(conversations: list[list[Message]], *, has_answer: bool) -> Texts:
    """``has_answer``: a conversation may end with its answer."""
    messages = list(chain.from_iterable(conversations))
    contents = [message.content for message in messages]
    roles = [message.role for message in messages]
    size = len(conversations[0])
    pattern = roles[:size]
    has_system = pattern[:1] == ["system"]
    several_turns: list[int] = []
    spoken = ["user", "assistant"] if has_answer else ["user"]
    alike = set(map(len, conversations)) == {size} and roles == pattern * len(conversations)
    if alike and pattern[has_system:] == spoken:
        columns: list[Any] = [contents[at::size] for at in range(size)]
        if not has_system:
            columns.insert(0, [None] * len(conversations))
        if not has_answer:
            columns.append([None] * len(conversations))
        systems, prompts, references = columns
    else:
        told = [_turns(messages, has_answer=has_answer) for messages in conversations]
        systems, prompts, references = map(list, zip(*told, strict=True))
        several_turns = [i for i, said in enumerate(conversations) if sum(m.role == "user" for m in said) > 1]
    all_say_something(prompts)
    references, given, _ = optional_texts(references)
    systems, given_systems, _ = optional_texts(systems)
    strings = len(conversations) + 4 * len(messages)
    return Texts(prompts, references, given, systems, len(given_systems), several_turns, strings)


def _turns(messages: list[Message], *, has_answer: bool) -> tuple[str | None, str, str | None]:
    """System text, prompt and answer: user and assistant alternating and all saying something."""
    has_system = bool(messages) and messages[0].role == "system"
    spoken = messages[has_system:]
    users = [message.content for message in spoken[::2] if message.role == "user"]
    others = [message.content for message in spoken[1::2] if message.role == "assistant"]
    ends_with_answer = len(users) == len(others)
    if not users or len(users) + len(others) != len(spoken) or (ends_with_answer and not has_answer):
        raise Unproven
    if has_answer and not ends_with_answer and others:
        raise Unproven
    all_say_something(others)
    return (
        messages[0].content if has_system else None,
        TURN_SEPARATOR.join(users),
        others[-1] if ends_with_answer else None,
    )


class VerlShape:
    """A prompt of either kind, with the reference answer in ``extra_info`` or ``reward_model``."""

    own: ClassVar[tuple[str, ...]] = ("prompt", "category")
    never = _PROMPT_FIELDS | {"system"}
    prompt_type: ClassVar[Any] = list[Message]

    def __init__(self, extra_fields: tuple[str, ...]) -> None:
        self.names = {"prompt": "prompt"}
        self.fields: list[Any] = [("prompt", self.prompt_type)]
        self._marks = [f"extra{extra_fields.index(mark)}" for mark in VERL_MARKS if mark in extra_fields]
        self._answers = [
            (f"extra{extra_fields.index(field)}", inner)
            for field, inner in (("extra_info", "answer"), ("reward_model", "ground_truth"))
            if field in extra_fields
        ]

    def texts(self, rows: list[Any]) -> Texts:
        texts = self._prompts([row.prompt for row in rows])
        references = [self._reference(row) for row in rows]
        return texts._replace(references=references, given_references=[text for text in references if text is not None])

    def _prompts(self, prompts: list[Any]) -> Texts:
        return _spoken_texts(prompts, has_answer=False)

    def _reference(self, row: Any) -> str | None:
        if all(getattr(row, mark) is _UNSET for mark in self._marks):
            raise Unproven  # of another format
        reference = None
        for field, inner in self._answers:
            value = getattr(row, field)
            if value is _UNSET or value is None:
                continue
            if not isinstance(value, dict):
                raise Unproven
            answer = value.get(inner)
            if answer is None:
                continue
            if not isinstance(answer, str) or not answer.strip():
                raise Unproven  # numbers are allowed; the slow way writes them out
            reference = answer if reference is None else reference
        return reference


class LegacyVerlShape(VerlShape):
    prompt_type: ClassVar[Any] = str

    def _prompts(self, prompts: list[Any]) -> Texts:
        all_say_something(prompts)
        none = [None] * len(prompts)
        return Texts(prompts, list(none), [], list(none), 0, [], 2 * len(prompts))


def _plain(prompt: str, reference: str) -> type[PlainShape]:
    never = _PROMPT_FIELDS if prompt == "query" else PlainShape.never
    return type("Plain", (PlainShape,), {"own": (prompt, reference, "system", "category"), "never": never})


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
