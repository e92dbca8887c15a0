"""The five documented formats: which one a row is in, and what is wrong with its fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from model_evaluation.runtime.rows import (
    SYSTEM_ROLES,
    DatasetRow,
    canonical_prompt,
    is_conversation,
    message_text,
    read_dataset_row,
)

from .personal import hidden

FORMATS = (
    "openai_chat",
    "sagemaker",
    "prompt_completion",
    "prompt_completion_conversational",
    "preference",
    "preference_conversational",
    "verl",
    "verl_legacy",
)
# The fields that hold prompt or reference answer in one of the formats.
FIELDS_READ = ("messages", "query", "response", "prompt", "completion", "chosen")
NOT_METADATA = frozenset([*FIELDS_READ, "rejected", "system", "category", "metadata", "extra_info", "reward_model"])
VERL_MARKS = ("reward_model", "extra_info", "data_source", "ability")
ROLES = SYSTEM_ROLES | {"user", "assistant", "tool", "function"}
# What people call the prompt elsewhere; only used to say what to rename.
LIKELY_PROMPTS = ("question", "input", "instruction", "text", "user", "user_prompt", "conversations")
CONTROL_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Fault(NamedTuple):
    kind: str
    detail: str = ""


class CheckedRow(NamedTuple):
    """``row`` is ``None`` when the row cannot be used; then ``faults`` holds at least one error."""

    format: str | None
    row: DatasetRow | None
    faults: list[Fault]

    @property
    def kinds(self) -> set[str]:
        return {fault.kind for fault in self.faults}


def family(name: str) -> str:
    """The documented format a variant belongs to: ``prompt_completion_conversational`` is a ``prompt_completion``."""
    return name.removesuffix("_conversational").removesuffix("_legacy")


def format_of(obj: Mapping[str, Any]) -> str | None:
    """The format one row is in, judged by its keys; ``None`` when it is none of the five."""
    if "messages" in obj:
        return "openai_chat"
    if "query" in obj:
        return "sagemaker"
    if "prompt" not in obj:
        return None
    conversational = isinstance(obj["prompt"], list)
    if "completion" in obj:
        name = "prompt_completion"
    elif "chosen" in obj:
        name = "preference"
    elif any(mark in obj for mark in VERL_MARKS):
        return "verl" if conversational else "verl_legacy"
    else:
        name = "preference" if "rejected" in obj else "prompt_completion"
    return f"{name}_conversational" if conversational else name


def check_object(obj: Any, line: int, *, needs_reference: bool = False, nova: bool = False) -> CheckedRow:
    """One decoded row: its format, its content, and every fault in its fields."""
    if not isinstance(obj, dict):
        return CheckedRow(None, None, [Fault("not_an_object", f"found {type_name(obj)}")])
    name = format_of(obj)
    if name is None:
        return CheckedRow(None, None, [Fault("unknown_format", _what_it_has(obj))])
    faults = _ambiguities(obj)
    unusable = _check_prompt(obj, name, faults) | _check_fields(obj, name, faults)
    if nova and name == "openai_chat" and "prompt" not in obj:
        faults.append(Fault("nova_prompt"))
    if unusable:
        return CheckedRow(name, None, faults)
    try:
        row = read_dataset_row(obj, line)
    except ValueError as error:  # our checks and the notebook's reader disagree: the notebook decides
        return CheckedRow(name, None, [*faults, Fault("missing_prompt", str(error))])
    if needs_reference and not (row.reference or "").strip():
        faults = [fault for fault in faults if fault.kind != "empty_reference"] + [Fault("missing_reference")]
    if nova and (row.reference is not None or row.system is not None):
        faults.append(Fault("nova_drops"))
    for text in (row.prompt, row.reference, row.system):
        if text is not None and CONTROL_CHARACTER.search(text):
            faults.append(Fault("control_character"))
            break
    return CheckedRow(name, row, faults)


def _check_prompt(obj: dict[str, Any], name: str, faults: list[Fault]) -> bool:
    """Check the field that holds the prompt. True when the row cannot be used."""
    field = "messages" if name == "openai_chat" else "query" if name == "sagemaker" else "prompt"
    value = obj[field]
    if value is None:
        faults.append(Fault("missing_prompt", f"`{field}` is null"))
        return True
    if isinstance(value, str) and field != "messages":
        if not value.strip():
            faults.append(Fault("blank_prompt", f"`{field}`"))
            return True
        return False
    if not isinstance(value, list) or field == "query":
        faults.append(Fault("wrong_type", f"`{field}` is {type_name(value)}"))
        return True
    if not value:
        faults.append(Fault("missing_prompt", f"`{field}` is an empty list"))
        return True
    if not _check_messages(value, field, faults):
        return True
    _check_order(value, field, faults, has_answer=field == "messages")
    users = [m for m in value if m["role"] == "user"]
    if not users:
        faults.append(Fault("missing_prompt", f"`{field}` has no message with role user"))
        return True
    if not canonical_prompt(value).strip():
        faults.append(Fault("blank_prompt", f"`{field}`"))
        return True
    if len(users) > 1:
        faults.append(Fault("multi_turn"))
    return False


def _check_fields(obj: dict[str, Any], name: str, faults: list[Fault]) -> bool:
    """Check reference answer, system text, category and metadata. True when the row cannot be used."""
    unusable = False
    if name == "openai_chat":
        last = obj["messages"][-1] if is_conversation(obj["messages"]) else None
        blank = last is not None and not message_text(last.get("content")).strip()
        if last is not None and blank and last["role"] == "assistant" and last.get("content") is not None:
            faults.append(Fault("empty_reference", "`messages`"))
    for field in _REFERENCE_FIELDS.get(family(name), ()):
        value = obj.get(field)
        if isinstance(value, list) and name != "sagemaker":
            if not value:
                faults.append(Fault("empty_reference", f"`{field}`"))
            elif not _check_messages(value, field, faults):
                unusable = True
            elif not any(m["role"] == "assistant" for m in value):
                faults.append(Fault("role_order", f"`{field}` has no message with role assistant"))
        elif isinstance(value, str):
            if not value.strip():
                faults.append(Fault("empty_reference", f"`{field}`"))
        elif value is not None:
            faults.append(Fault("wrong_type", f"`{field}` is {type_name(value)}"))
            unusable = True
    if family(name) == "verl":
        unusable |= _check_verl(obj, faults)
    system = obj.get("system")
    if isinstance(system, str):
        if not system.strip():
            faults.append(Fault("empty_text", "`system`"))
    elif system is not None:
        faults.append(Fault("wrong_type", f"`system` is {type_name(system)}"))
        unusable = True
    category = obj.get("category")
    if isinstance(category, str):
        if not category.strip():
            faults.append(Fault("empty_text", "`category`"))
    elif category is not None:
        faults.append(Fault("wrong_type_optional", f"`category` is {type_name(category)}"))
    metadata = obj.get("metadata")
    if metadata is not None and not isinstance(metadata, str | dict):
        faults.append(Fault("wrong_type_optional", f"`metadata` is {type_name(metadata)}"))
    return unusable


_REFERENCE_FIELDS = {
    "sagemaker": ("response",),
    "prompt_completion": ("completion",),
    "preference": ("chosen",),
}


def _check_verl(obj: dict[str, Any], faults: list[Fault]) -> bool:
    unusable = False
    for field, inner in (("extra_info", "answer"), ("reward_model", "ground_truth")):
        value = obj.get(field)
        if value is None:
            continue
        if not isinstance(value, dict):
            faults.append(Fault("wrong_type", f"`{field}` is {type_name(value)}"))
            unusable = True
            continue
        answer = value.get(inner)
        if isinstance(answer, str):
            if not answer.strip():
                faults.append(Fault("empty_reference", f"`{field}.{inner}`"))
        elif answer is not None and not isinstance(answer, int | float):
            faults.append(Fault("wrong_type", f"`{field}.{inner}` is {type_name(answer)}"))
            unusable = True
    return unusable


def _check_messages(messages: list[Any], field: str, faults: list[Fault]) -> bool:
    """Check every message's shape. False when the conversation cannot be read."""
    parts = empty = False
    for message in messages:
        if not isinstance(message, dict):
            faults.append(Fault("wrong_type", f"`{field}[]` is {type_name(message)}"))
            return False
        role, content = message.get("role"), message.get("content")
        if not isinstance(role, str):
            what = "missing" if "role" not in message else type_name(role)
            faults.append(Fault("wrong_type", f"`{field}[].role` is {what}"))
            return False
        if role not in ROLES:
            faults.append(Fault("unknown_role", f"`{safe_name(role)}`"))
        if isinstance(content, str):
            empty |= not content.strip() and role != "user"
        elif isinstance(content, list) and all(isinstance(part, str | dict) for part in content):
            parts = True
        else:
            what = "missing" if "content" not in message else type_name(content)
            faults.append(Fault("wrong_type", f"`{field}[].content` is {what}"))
            return False
    if parts:
        faults.append(Fault("content_parts"))
    if empty and not (field == "messages" and messages[-1]["role"] == "assistant"):
        faults.append(Fault("empty_text", f"`{field}[].content`"))
    return True


def _check_order(messages: list[dict[str, Any]], field: str, faults: list[Fault], *, has_answer: bool) -> None:
    """Roles in turn: system first if at all, then user and assistant alternating."""
    roles = [m["role"] for m in messages if m["role"] in ROLES]
    spoken = [role for role in roles if role in ("user", "assistant")]
    if any(role in SYSTEM_ROLES for role in roles[1:]):
        problem = "system is not the first message"
    elif spoken and spoken[0] == "assistant":
        problem = "assistant speaks before user"
    elif doubled := [a for a, b in pairwise(spoken) if a == b]:
        problem = f"two {doubled[0]} messages in a row"
    elif has_answer and "assistant" in spoken and spoken[-1] != "assistant":
        problem = "the last message is not the assistant's"
    elif not has_answer and spoken and spoken[-1] == "assistant":
        problem = f"`{field}` ends with an assistant message"
    else:
        return
    faults.append(Fault("role_order", problem))


def _ambiguities(obj: dict[str, Any]) -> list[Fault]:
    prompts = [f"`{key}`" for key in ("messages", "query", "prompt") if key in obj]
    if len(prompts) > 1:
        return [Fault("ambiguous_format", " and ".join(prompts))]
    if "prompt" in obj and "completion" in obj and "chosen" in obj:
        return [Fault("ambiguous_format", "`completion` and `chosen`")]
    return []


def _what_it_has(obj: dict[str, Any]) -> str:
    if not obj:
        return "the object is empty"
    likely = [key for key in LIKELY_PROMPTS if key in obj]
    if likely:
        return f"has `{likely[0]}`"
    close = [key for key in obj if key.strip().lower() in ("messages", "query", "prompt")]
    if close:
        return f"has `{safe_name(close[0])}`"
    return "has " + ", ".join(f"`{safe_name(key)}`" for key in sorted(obj)[:4])


def safe_name(text: str) -> str:
    """A key or role from the file, made harmless: short, printable, personal data and secrets hidden."""
    return "".join(c if c.isprintable() and c != "`" else "?" for c in hidden(text[:400])[:40])


def type_name(value: object) -> str:
    """A JSON value's type in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"
