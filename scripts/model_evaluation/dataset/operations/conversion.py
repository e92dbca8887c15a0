"""One row from one of the five formats into another, without losing anything it says.

What the target has no place for stays beside it as a field of its own (``id``, ``metadata``,
``rejected``, Verl's fields), so that converting back restores it. A row the target cannot express at all
(several turns in a plain format) is refused, not cut.
"""

from __future__ import annotations

from typing import NamedTuple

from model_evaluation.dataset.rows.formats import PROMPT_FIELDS, REFERENCE_FIELDS, family, format_of
from model_evaluation.dataset.rows.reading import read_object
from model_evaluation.runtime.rows import SYSTEM_ROLES, is_conversation, message_text, read_dataset_row
from model_evaluation.runtime.settings import Json

_OWN_FIELDS = {
    "openai_chat": ("messages",),
    "sagemaker": ("query", "response", "system"),
    "prompt_completion": ("prompt", "completion"),
    "preference": ("prompt", "chosen", "rejected"),
    "verl": ("prompt",),
}
_OTHER_MEANING = "a further field of it means something else in `{}`"


class NotConvertible(ValueError):
    """The target format cannot express the row; the message says why."""


class Parts(NamedTuple):
    """What a row says, whatever its format. ``turns`` are messages without system text and reference answer."""

    system: str | None
    turns: list[Json]
    reference: str | None
    rejected: str | None
    other: Json


def convert_row(obj: Json, target: str) -> Json:
    """A usable row in the ``target`` format (one of ``FORMATS``). Raises ``NotConvertible``."""
    source = format_of(obj)
    assert source is not None
    if source == target and (
        source != "openai_chat" or all(isinstance(m.get("content"), str) for m in obj["messages"])
    ):
        return dict(obj)
    row = _put_together(_take_apart(obj, family(source)), target)
    _same_meaning(obj, row, target)
    return row


def _take_apart(obj: Json, kind: str) -> Parts:
    other = {key: value for key, value in obj.items() if key not in _OWN_FIELDS[kind]}
    prompt = obj[PROMPT_FIELDS.get(kind, "prompt")]
    turns = [_plain(message) for message in prompt] if isinstance(prompt, list) else [_message("user", prompt)]
    if kind == "openai_chat" and turns[-1]["role"] == "assistant":
        turns.pop()
    reference = read_dataset_row(obj, 0).reference
    rejected = _answer(obj["rejected"]) if kind == "preference" and obj.get("rejected") is not None else None
    if kind == "verl" and other.get("extra_info") in ({}, {"answer": reference}):
        del other["extra_info"]  # nothing but the reference answer, which every format has a place for
    system = str(obj.get("system") or "")
    if kind != "sagemaker":
        other.pop("system", None)
    if turns[0]["role"] in SYSTEM_ROLES:
        if system.strip():
            raise NotConvertible("it has both a `system` field and a system message")
        system = turns.pop(0)["content"]
    return Parts(system if system.strip() else None, turns, reference, rejected, other)


def _put_together(parts: Parts, target: str) -> Json:
    kind = family(target)
    other, rejected = dict(parts.other), parts.rejected
    if any(key in other for key in _OWN_FIELDS[kind] if key != "rejected"):
        raise NotConvertible(_OTHER_MEANING.format(target))
    if kind != "preference":
        other |= {"rejected": rejected} if rejected is not None else {}
    elif rejected is None:
        if other.get("rejected") is None:
            raise NotConvertible("it has no rejected answer, which preference rows need")
        rejected = _answer(other.pop("rejected"))
    conversation = ([_message("system", parts.system)] if parts.system else []) + parts.turns
    if kind == "openai_chat":
        if parts.reference is not None:
            conversation.append(_message("assistant", parts.reference))
        elif conversation[-1]["role"] == "assistant":
            raise NotConvertible("its last message would become the reference answer")
        return {"messages": conversation, **other}
    if kind == "sagemaker":
        texts = {"system": parts.system, "query": _only_turn(parts), "response": parts.reference}
        return {name: text for name, text in texts.items() if text is not None} | other
    conversational = target.endswith("_conversational") or target == "verl"
    if not conversational and parts.system:
        raise NotConvertible(f"it has a system text, for which `{target}` has no place")
    row: Json = {"prompt": conversation if conversational else _only_turn(parts)}
    if kind == "verl":
        return _with_verl_answer(row | other, parts.reference)
    answers = {REFERENCE_FIELDS[kind]: parts.reference} | ({"rejected": rejected} if kind == "preference" else {})
    for name, text in answers.items():
        if text is not None:
            row[name] = [_message("assistant", text)] if conversational else text
    return row | other


def _with_verl_answer(row: Json, reference: str | None) -> Json:
    """Add the reference answer unless the row's own Verl fields already give it."""
    if format_of(row) in ("verl", "verl_legacy") and read_dataset_row(row, 0).reference == reference:
        return row
    extra = row.get("extra_info")
    info = dict(extra) if isinstance(extra, dict) else {}
    if (extra is not None and not isinstance(extra, dict)) or info.get("answer") not in (None, reference):
        raise NotConvertible("its `extra_info` holds something else than the reference answer")
    if reference is not None:
        info["answer"] = reference
    return row | {"extra_info": info}


def _plain(message: Json) -> Json:
    content = message.get("content")
    if isinstance(content, list):
        if not all(isinstance(part, str) or _is_text_part(part) for part in content):
            raise NotConvertible("a message holds something other than text")
        content = message_text(content)
    return {**message, "content": content}


def _is_text_part(part: Json) -> bool:
    return isinstance(part.get("text"), str) and set(part) <= {"type", "text"} and part.get("type", "text") == "text"


def _message(role: str, text: str) -> Json:
    return {"role": role, "content": text}


def _answer(value: object) -> str:
    if isinstance(value, str):
        return value
    if is_conversation(value) and len(value) == 1:
        text = message_text(value[0].get("content"))
        if _plain(value[0]) == _message("assistant", text):
            return text
    raise NotConvertible("its rejected answer is more than one text")


def _only_turn(parts: Parts) -> str:
    if len(parts.turns) != 1 or parts.turns[0]["role"] != "user":
        raise NotConvertible("it holds several turns, for which plain formats have no place")
    if set(parts.turns[0]) != {"role", "content"}:
        raise NotConvertible("its message has fields besides role and content")
    text = parts.turns[0]["content"]
    assert isinstance(text, str)
    return text


def _same_meaning(obj: Json, row: Json, target: str) -> None:
    """The last guard: the notebook must read the same from both rows, and the target's rules must hold."""
    if read_object(row).prompt is None or format_of(row) != target:
        raise NotConvertible(_OTHER_MEANING.format(target))
    before, after = read_dataset_row(obj, 0), read_dataset_row(row, 0)
    for name in ("prompt", "reference", "system", "category", "metadata"):
        if getattr(before, name) != getattr(after, name):
            raise NotConvertible(f"its {name} would be read differently")
