"""JSON text read strictly: duplicate keys are seen, faults have their line and column."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .findings import quoted

if TYPE_CHECKING:
    from .findings import Findings


# Ten metrics at every limit, each character escaped as a surrogate pair, stay below this.
MAX_TEXT = 1_000_000
_LONGEST_INTEGER = 30  # digits; longer ones are read as floats, since int() refuses 4300 digits with an error


class MarkedObject(dict[str, object]):
    """A JSON object that remembers the keys it was given twice."""

    duplicates: tuple[str, ...] = ()


def load_json(text: str, findings: Findings) -> object:
    """The value of ``text``; ``None`` with an error in ``found`` when it cannot be read."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        findings.error("empty", "No text; expected a JSON array of metrics.", "top level", "Send the array, or none.")
        return None
    if len(text) > MAX_TEXT:
        findings.error(
            "too_large",
            f"{len(text)} characters; ten metrics at every limit stay below {MAX_TEXT}.",
            "top level",
            "Send the metric definitions alone.",
        )
        return None
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except json.JSONDecodeError as error:
        before = text[: error.pos].rstrip()
        if before.endswith(",") and text[error.pos : error.pos + 1] in ("]", "}"):
            # Python 3.13 points at the comma, earlier ones behind it.
            error = json.JSONDecodeError("Illegal trailing comma", text, len(before) - 1)
        findings.error(
            "json_syntax",
            f"Not JSON: {error.msg}.",
            f"line {error.lineno}, column {error.colno}",
            _syntax_fix(text, error),
        )
    except RecursionError:
        findings.error(
            "nested_too_deep",
            "Arrays or objects are nested too deep; a metric needs five levels.",
            "top level",
            "Send the metric definitions alone.",
        )
    return None


def check_json_tree(value: object, findings: Findings) -> None:
    """Report, anywhere in ``value``, duplicate keys and text that cannot be stored."""
    pending: list[tuple[str, object]] = [("", value)]
    while pending:
        position, node = pending.pop()
        if isinstance(node, MarkedObject):
            for key in node.duplicates:
                findings.error(
                    "duplicate_key",
                    f"The key {quoted(key)} stands there twice; readers disagree on which one counts.",
                    position or "top level",
                    "Remove one of the two.",
                )
            children = [(inside(position, key), child) for key, child in node.items()]
            pending.extend(reversed(children))
        elif isinstance(node, list):
            pending.extend((f"{position}[{i}]", node[i]) for i in range(len(node) - 1, -1, -1))
        elif isinstance(node, str):
            _check_characters(node, position, findings)


def inside(position: str, key: str) -> str:
    """The position of ``key`` within ``position``, readable whatever the key holds."""
    if key.isidentifier() and len(key) <= 40:
        return f"{position}.{key}" if position else key
    return f"{position}[{quoted(key, 40)}]"


def without_marks(value: object) -> object:
    """``value`` with plain dictionaries in place of ``MarkedObject``; nothing else changes."""
    if isinstance(value, dict):
        return {key: without_marks(child) for key, child in value.items()}
    if isinstance(value, list):
        return [without_marks(child) for child in value]
    return value


def _object(pairs: Iterable[tuple[str, object]]) -> MarkedObject:
    pairs = list(pairs)
    result = MarkedObject(pairs)
    if len(result) < len(pairs):
        names: set[str] = set()
        result.duplicates = tuple(
            dict.fromkeys(key for key, _ in pairs if key in names or names.add(key))  # type: ignore[func-returns-value]
        )
    return result


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _check_characters(text: str, position: str, findings: Findings) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        findings.error(
            "lone_surrogate",
            "Half of a surrogate pair (such as \\ud83d alone); it is no character and cannot be stored.",
            position or "top level",
            "Write the whole character.",
        )
    control = next((c for c in text if (c < " " and c not in "\n\r\t") or "\x7f" <= c <= "\x9f"), None)
    if control is not None:
        findings.error(
            "control_character",
            f"Holds the control character U+{ord(control):04X}.",
            position or "top level",
            "Remove it; line breaks and tabs are fine.",
        )


def _syntax_fix(text: str, error: json.JSONDecodeError) -> str:
    at = text[error.pos : error.pos + 5]
    after = text[error.pos + 1 :].lstrip()
    if text.lstrip().startswith("```"):
        return "Send the JSON without the Markdown fence around it."
    if text.lstrip()[0] not in "[{":
        return "Send a JSON array that begins with [; references/custom-metrics.md shows two."
    if at[:1] == "," and after[:1] in ("]", "}"):
        return "Remove the comma before the closing bracket."
    if at[:1] in ("'", "“", "”", "‘", "’"):
        return 'JSON texts and keys stand in straight double quotes: "name".'
    if at.startswith(("True", "False", "None")):
        return "Write true, false or null in small letters."
    if at[:1] in ("/", "#"):
        return "JSON has no comments; remove it."
    if error.msg.startswith("Extra data"):
        return "Put all metrics into one array: [ ... , ... ]."
    if error.msg.startswith("Invalid control character"):
        return "Write a line break inside a text as \\n, a tab as \\t."
    if error.msg.startswith("Invalid \\escape"):
        return "Write a backslash as two: \\\\."
    if not at or error.msg.startswith("Unterminated"):
        return "The text ends too early, or a closing quote or bracket is missing."
    return "Check commas, quotes and brackets at this place."
