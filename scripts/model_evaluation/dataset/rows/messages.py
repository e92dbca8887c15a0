"""What is wrong with lists of chat messages. What they say :mod:`model_evaluation.runtime.rows` reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from model_evaluation.runtime.rows import SYSTEM_ROLES, canonical_prompt

from .foreign import OTHER_ROLES
from .formats import Fault, safe_name, type_name
from .unseen import TOOL_ROLES, unseen_parts

ROLES = SYSTEM_ROLES | {"user", "assistant", "tool", "function"}


def prompt_faults(messages: list[object], field: str) -> list[Fault]:
    """What is wrong with the prompt that stands in ``field``. Only `messages` may end with the assistant's answer."""
    faults, roles = _message_faults(messages, field)
    if roles is None:
        return faults
    if "user" in roles and not canonical_prompt(messages).strip():
        faults.append(Fault("blank_prompt", f"`{field}`"))
    return [*faults, *turn_faults(roles, field)]


def answer_faults(messages: list[object], field: str) -> list[Fault]:
    """What is wrong with a reference answer that is written as messages."""
    faults, roles = _message_faults(messages, field)
    if roles is not None and "assistant" not in roles:
        faults.append(Fault("role_order", f"`{field}` has no message with role assistant"))
    return faults


@lru_cache(256)
def turn_faults(roles: tuple[str, ...], field: str) -> tuple[Fault, ...]:
    """What is wrong with the turns of the prompt that stands in ``field``."""
    faults = [Fault("unknown_role", f"`{safe_name(role)}`") for role in roles if role not in ROLES][:1]
    if disorder := _disorder([role for role in roles if role in ROLES], field):
        faults.append(Fault("role_order", disorder))
    if "user" not in roles:
        other = next((role for role in roles if OTHER_ROLES.get(role) == "user"), None)
        if other and field == "messages":
            return (Fault("foreign_conversation", f"role `{other}` instead of `user`"),)
        faults.append(Fault("missing_prompt", f"`{field}` has no message with role user"))
    if roles.count("user") > 1:
        faults.append(Fault("multi_turn"))
    if TOOL_ROLES & set(roles):
        faults.append(Fault("tools", "tool results"))
    return tuple(faults)


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


def _message_faults(messages: list[object], field: str) -> tuple[list[Fault], tuple[str, ...] | None]:
    """What is wrong with single messages, and their roles; ``None`` when they cannot be read, for which the last fault
    is the reason."""
    faults: list[Fault] = []
    roles: list[str] = []
    for number, message in enumerate(messages, start=1):
        if not isinstance(message, dict):
            return [*faults, Fault("wrong_type", f"`{field}[]` is {type_name(message)}")], None
        role, content = message.get("role"), message.get("content")
        if not isinstance(role, str):
            what = type_name(role) if "role" in message else "missing"
            return [*faults, Fault("wrong_type", f"`{field}[].role` is {what}")], None
        roles.append(role)
        beside = [fault for fault, _ in unseen_parts(message)]
        faults += beside
        if isinstance(content, str):
            if not content.strip() and not beside:
                if field == "messages" and number == len(messages) and role == "assistant":
                    faults.append(Fault("empty_reference", f"`{field}`"))
                elif role != "user":
                    faults.append(Fault("empty_text", f"`{field}[].content`"))
        elif isinstance(content, list) and all(isinstance(part, str | dict) for part in content):
            faults += [] if beside else [Fault("content_parts")]
        elif content is not None or not beside:
            what = type_name(content) if "content" in message else "missing"
            return [*faults, Fault("wrong_type", f"`{field}[].content` is {what}")], None
    return list(dict.fromkeys(faults)), tuple(roles)
