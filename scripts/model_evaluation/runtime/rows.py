"""One dataset row, in any of the five formats SageMaker documents, as prompt and reference.

=================  =======================  ==========================================  ====================
format             prompt                   reference                                   recognised by
=================  =======================  ==========================================  ====================
OpenAI chat        ``messages`` (user)      ``messages``: the final assistant message   ``messages``
SageMaker eval     ``query``                ``response``                                ``query``
HF completion      ``prompt``               ``completion``                              ``prompt``
HF preference      ``prompt``               ``chosen`` (``rejected`` is ignored)        ``prompt``
Verl               ``prompt``               ``extra_info.answer``, else                 ``prompt``
                                            ``reward_model.ground_truth``
=================  =======================  ==========================================  ====================

Every text may be a string or a list of chat messages. The *canonical prompt* of a conversation is what
the user said in it, turn by turn, separated by one blank line; system text and the assistant's earlier
turns are left out. It is what dataset rows and result rows have in common, whose conversations may be written in
another way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeGuard

TURN_SEPARATOR = "\n\n"
SYSTEM_ROLES = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One usable row. ``line`` is its 1-based line in the file; absent parts are ``None``, never ``""``."""

    line: int
    prompt: str
    reference: str | None = None
    system: str | None = None
    category: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


class DatasetRows(NamedTuple):
    """The usable rows in file order, and how many lines could not be used (blank lines are not counted)."""

    rows: list[DatasetRow]
    skipped: int


def whole_text(text: str) -> str:
    """Text that can be written as UTF-8: halves of surrogate pairs, which JSON allows, become ``?``."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def message_text(content: object) -> str:
    """Text of one message's ``content``: a string, or a list of parts of which the text parts count."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""


def is_conversation(value: object) -> TypeGuard[list[dict[str, object]]]:
    """Whether ``value`` is a non-empty list of chat messages (objects with a ``role``)."""
    return isinstance(value, list) and bool(value) and all(isinstance(m, dict) and "role" in m for m in value)


def canonical_prompt(value: object) -> str:
    """What the user said: a string as it is, a conversation's user turns joined by a blank line."""
    if isinstance(value, str):
        return value
    if not is_conversation(value):
        return ""
    return TURN_SEPARATOR.join(message_text(m.get("content")) for m in value if m["role"] == "user")


def read_dataset_row(obj: object, line: int) -> DatasetRow:
    """One decoded JSON value as a row.

    Raises ``ValueError`` with a plain reason when it is not an object, or has no prompt.
    """
    if not isinstance(obj, Mapping):
        raise ValueError(f"expected a JSON object, found {_json_kind(obj)}")
    system = _text_or_none(obj.get("system"))
    if "messages" in obj:
        conversation = obj["messages"]
        if not is_conversation(conversation):
            raise ValueError("'messages' must be a list of messages with 'role' and 'content'")
        answer = conversation[-1] if conversation[-1]["role"] == "assistant" else None
        prompt: object = conversation[:-1] if answer is not None else conversation
        reference = message_text(answer.get("content")) if answer is not None else None
    elif "query" in obj:
        prompt, reference = obj["query"], _reference_text(obj.get("response"))
    elif "prompt" in obj:
        prompt, reference = obj["prompt"], _prompt_row_reference(obj)
    else:
        raise ValueError("no 'messages', 'query' or 'prompt': not one of the five documented formats")
    text = canonical_prompt(prompt)
    if not text.strip():
        raise ValueError("the prompt is missing or blank")
    if system is None and is_conversation(prompt):
        spoken = [message_text(m.get("content")) for m in prompt if m["role"] in SYSTEM_ROLES]
        system = _text_or_none(TURN_SEPARATOR.join(spoken))
    metadata = _metadata_fields(obj.get("metadata"))
    in_metadata = metadata.pop("category", None)
    category = scalar_as_text(obj.get("category")) or in_metadata
    return DatasetRow(line, whole_text(text), whole_text(reference or "") or None, system, category, metadata)


def read_dataset_rows(lines: Iterable[bytes | str]) -> DatasetRows:
    """Every usable row of a JSON Lines file, in order. Lines that cannot be used are only counted."""
    rows: list[DatasetRow] = []
    skipped = 0
    for number, raw in enumerate(lines, start=1):
        try:
            text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw.removeprefix("\ufeff")
            if not text.strip():
                continue
            rows.append(read_dataset_row(json.loads(text), number))
        except (ValueError, RecursionError):
            skipped += 1
    return DatasetRows(rows, skipped)


def _prompt_row_reference(obj: Mapping[str, object]) -> str | None:
    """The reference of a row that has ``prompt``: the first of the documented places that holds one."""
    for key in ("completion", "chosen"):
        if obj.get(key) is not None:
            return _reference_text(obj[key])
    extra, reward = obj.get("extra_info"), obj.get("reward_model")
    if isinstance(extra, Mapping) and extra.get("answer") is not None:
        return _reference_text(extra["answer"])
    return _reference_text(reward.get("ground_truth")) if isinstance(reward, Mapping) else None


def _reference_text(value: object) -> str | None:
    """A reference as text: a string, a number, or the final assistant message of a conversation."""
    if is_conversation(value):
        answers = [message_text(m.get("content")) for m in value if m["role"] == "assistant"]
        return answers[-1] if answers else None
    return value if isinstance(value, str) else scalar_as_text(value)


def scalar_as_text(value: object) -> str | None:
    """A JSON scalar as text (``true``, ``3``, ``0.5``); ``None`` for null, blank text, lists and objects."""
    if isinstance(value, str):
        return whole_text(value) if value.strip() else None
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _metadata_fields(value: object) -> dict[str, str]:
    """The scalar fields of a metadata object, which may also be the JSON text of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(value, Mapping):
        return {}
    texts = {whole_text(str(name)): scalar_as_text(item) for name, item in value.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _json_kind(value: object) -> str:
    kinds = {list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
