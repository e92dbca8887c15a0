"""The five documented formats: which one a row is in, and which of its fields say what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from model_evaluation.dataset.personal_data import hidden

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
REFERENCE_FIELDS = {"sagemaker": "response", "prompt_completion": "completion", "preference": "chosen"}  # by family
VERL_PLACES = (("extra_info", "answer"), ("reward_model", "ground_truth"))  # of the reference answer
VERL_MARKS = ("reward_model", "extra_info", "data_source", "ability")


class Fault(NamedTuple):
    """Something to be said about a row or a file; ``kind`` is one of ``FAULT_KINDS``, ``at`` about where in the line it
    is."""

    kind: str
    detail: str = ""
    at: int = 0


def family(name: str) -> str:
    """The documented format a variant belongs to: ``prompt_completion_conversational`` is a ``prompt_completion``."""
    return name.removesuffix("_conversational").removesuffix("_legacy")


def format_of(obj: Mapping[str, object]) -> str | None:
    """The format one row is in, told by its keys; ``None`` when it is none of the five."""
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


def safe_name(text: str) -> str:
    """A key or role from the file, made harmless: short, printable, personal data and secrets hidden."""
    return "".join(c if c.isprintable() and c != "`" else "?" for c in hidden(text[:400])[:40])


def type_name(value: object) -> str:
    """A JSON value's type in words."""
    words = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return words.get(type(value), "null")
