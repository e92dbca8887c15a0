"""The five documented formats: which one a row is in, and which of its fields say what."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, NamedTuple

from model_evaluation.dataset.personal_data import hidden

Column = list[Any]
"""The values of one field, row by row, of whatever types the rows have."""
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
PROMPT_FIELDS = {"openai_chat": "messages", "sagemaker": "query"}  # the others have `prompt`
REFERENCE_FIELDS = {"sagemaker": "response", "prompt_completion": "completion", "preference": "chosen"}
VERL_MARKS = ("reward_model", "extra_info", "data_source", "ability")
FIELDS_THAT_COUNT = tuple(dict.fromkeys([*sorted(NOT_METADATA), *VERL_MARKS]))  # in telling or reading a format


class Fault(NamedTuple):
    """Something to be said about a row or a file; ``kind`` is one of ``FAULT_KINDS``."""

    kind: str
    detail: str = ""


def family(name: str) -> str:
    """The documented format a variant belongs to: ``prompt_completion_conversational`` is a ``prompt_completion``."""
    return name.removesuffix("_conversational").removesuffix("_legacy")


def format_of(obj: Mapping[str, object]) -> str | None:
    """The format one row is in, told by its keys; ``None`` when it is none of the five."""
    return format_with(obj, conversational=isinstance(obj.get("prompt"), list))


def format_with(keys: Container[str], *, conversational: bool) -> str | None:
    """The format of a row with these keys; ``conversational``: its `prompt` is a list of messages."""
    if "messages" in keys:
        return "openai_chat"
    if "query" in keys:
        return "sagemaker"
    if "prompt" not in keys:
        return None
    if "completion" in keys:
        name = "prompt_completion"
    elif "chosen" in keys:
        name = "preference"
    elif any(mark in keys for mark in VERL_MARKS):
        return "verl" if conversational else "verl_legacy"
    else:
        name = "preference" if "rejected" in keys else "prompt_completion"
    return f"{name}_conversational" if conversational else name


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
