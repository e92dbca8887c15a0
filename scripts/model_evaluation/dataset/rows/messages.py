"""Conversations: lists of chat messages, and what they say as prompt, system text and answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

from model_evaluation.dataset.rows.formats import Column
from model_evaluation.runtime.rows import SYSTEM_ROLES, TURN_SEPARATOR, message_text

from .foreign import OTHER_ROLES
from .formats import Fault, safe_name, type_name
from .unseen import TOOL_ROLES, message_faults

ROLES = SYSTEM_ROLES | {"user", "assistant", "tool", "function"}


class Conversations(NamedTuple):
    """What conversations say, as columns; texts that are absent or blank are ``None``.

    ``prompts`` are what the user says, turn by turn; ``answers`` the last messages, where they are the assistant's.
    """

    prompts: list[str | None]
    systems: list[str | None]
    answers: list[str | None]
    faults: list[tuple[Fault, ...]]


class _Turns(NamedTuple):
    """Which messages of a sequence of roles say what, by position, and what is wrong with the sequence."""

    users: tuple[int, ...]
    systems: tuple[int, ...]
    ends_with_answer: bool
    faults: tuple[Fault, ...]


_NO_TURNS = _Turns((), (), False, ())


def read_conversations(conversations: Sequence[Column], field: str) -> Conversations:
    """What the messages in ``field`` say. Only `messages` may end with the assistant's answer."""
    messages = list(chain.from_iterable(conversations))
    try:
        roles = [message["role"] for message in messages]
        texts = [message["content"] for message in messages]
        plain = set(map(len, messages)) == {2} and all(map(str.strip, texts)) and set(map(type, roles)) == {str}
    except (TypeError, KeyError):
        plain = False
    if not plain:
        return _columns(_read_with_care(conversation, field) for conversation in conversations)
    size, pattern = len(conversations), tuple(roles[: len(conversations[0])])
    turns, width = _turns(pattern, field), len(pattern)
    if set(map(len, conversations)) == {width} and tuple(roles) == pattern * size and len(turns.users) == 1:
        nothing: list[str | None] = [None] * size
        return Conversations(
            texts[turns.users[0] :: width],
            texts[turns.systems[0] :: width] if turns.systems else nothing,
            texts[width - 1 :: width] if turns.ends_with_answer else nothing.copy(),
            [turns.faults] * size,
        )
    ends = accumulate(map(len, conversations))
    parts = [
        (roles[end - len(own) : end], texts[end - len(own) : end]) for own, end in zip(conversations, ends, strict=True)
    ]
    return _columns((_turns(tuple(own_roles), field), own_texts, ()) for own_roles, own_texts in parts)


def _columns(read: Iterable[tuple[_Turns, list[str], tuple[Fault, ...]]]) -> Conversations:
    columns = Conversations([], [], [], [])
    for turns, texts, faults in read:
        columns.prompts.append(_said([texts[at] for at in turns.users]))
        columns.systems.append(_said([texts[at] for at in turns.systems]))
        columns.answers.append(_said(texts[-1:] if turns.ends_with_answer else []))
        columns.faults.append(faults + turns.faults)
    return columns


def _said(texts: list[str]) -> str | None:
    text = TURN_SEPARATOR.join(texts)
    return text if text.strip() else None


def _read_with_care(messages: Column, field: str) -> tuple[_Turns, list[str], tuple[Fault, ...]]:
    """A conversation that may hold something unusual."""
    faults = _message_faults(messages, field)
    if any(fault.kind == "wrong_type" for fault in faults):
        return _NO_TURNS, [], faults
    turns = _turns(tuple(message["role"] for message in messages), field)
    texts = [message_text(message.get("content")) for message in messages]
    if turns.users and not _said([texts[at] for at in turns.users]):
        faults = (*faults, Fault("blank_prompt", f"`{field}`"))
    return turns, texts, faults


def read_answer(messages: Column, field: str) -> tuple[str | None, tuple[Fault, ...]]:
    """The assistant's last message in a reference answer that is written as messages, and what is wrong with them."""
    faults = _message_faults(messages, field)
    if any(fault.kind == "wrong_type" for fault in faults):
        return None, faults
    answers = [message_text(message.get("content")) for message in messages if message["role"] == "assistant"]
    if not answers:
        return None, (*faults, Fault("role_order", f"`{field}` has no message with role assistant"))
    return _said(answers[-1:]), faults


@lru_cache(256)
def _turns(roles: tuple[str, ...], field: str) -> _Turns:
    faults = [Fault("unknown_role", f"`{safe_name(role)}`") for role in dict.fromkeys(roles) if role not in ROLES][:1]
    disorder = _disorder([role for role in roles if role in ROLES], field)
    faults += [Fault("role_order", disorder)] if disorder else []
    users = _where(roles, "user")
    if not users:
        other = next((role for role in roles if OTHER_ROLES.get(role) == "user"), None)
        if other and field == "messages":
            return _Turns((), (), False, (Fault("foreign_conversation", f"role `{other}` instead of `user`"),))
        faults.append(Fault("missing_prompt", f"`{field}` has no message with role user"))
    if len(users) > 1:
        faults.append(Fault("multi_turn"))
    if TOOL_ROLES & set(roles):
        faults.append(Fault("tools", "tool results"))
    return _Turns(users, _where(roles, *SYSTEM_ROLES), roles[-1:] == ("assistant",), tuple(faults))


def _where(roles: tuple[str, ...], *wanted: str) -> tuple[int, ...]:
    return tuple(at for at, role in enumerate(roles) if role in wanted)


def _disorder(roles: Sequence[str], field: str) -> str:
    """What breaks the order: system first if at all, then user and assistant in turn; empty when nothing does."""
    spoken = [role for role in roles if role in ("user", "assistant")]
    if any(role in SYSTEM_ROLES for role in roles[1:]):
        return "system is not the first message"
    if spoken and spoken[0] == "assistant":
        return "assistant speaks before user"
    in_turn = [role for role in roles if role not in SYSTEM_ROLES]  # a tool may speak in between
    if doubled := [a for a, b in pairwise(in_turn) if a == b and a in spoken]:
        return f"two {doubled[0]} messages in a row"
    if field == "messages":
        return "the last message is not the assistant's" if "assistant" in spoken and spoken[-1] == "user" else ""
    return f"`{field}` ends with an assistant message" if spoken and spoken[-1] == "assistant" else ""


def _message_faults(messages: Column, field: str) -> tuple[Fault, ...]:
    """What is wrong with single messages. One of kind ``wrong_type`` means that they cannot be read."""
    faults: list[Fault] = []
    for number, message in enumerate(messages, start=1):
        if not isinstance(message, dict):
            return (*faults, Fault("wrong_type", f"`{field}[]` is {type_name(message)}"))
        role, content = message.get("role"), message.get("content")
        if not isinstance(role, str):
            what = "missing" if "role" not in message else type_name(role)
            return (*faults, Fault("wrong_type", f"`{field}[].role` is {what}"))
        beside = message_faults(message)
        faults += beside
        if isinstance(content, str):
            is_answer = field == "messages" and number == len(messages) and role == "assistant"
            if not content.strip() and beside:
                continue
            if not content.strip() and is_answer:
                faults.append(Fault("empty_reference", f"`{field}`"))
            elif not content.strip() and role != "user":
                faults.append(Fault("empty_text", f"`{field}[].content`"))
        elif isinstance(content, list) and all(isinstance(part, str | dict) for part in content):
            faults += [] if beside else [Fault("content_parts")]
        elif content is None and beside:
            continue
        else:
            what = "missing" if "content" not in message else type_name(content)
            return (*faults, Fault("wrong_type", f"`{field}[].content` is {what}"))
    return tuple(dict.fromkeys(faults))
