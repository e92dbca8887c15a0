"""The text of an answer: where it is read from, and what no step can take."""

from __future__ import annotations

import os
import sys
import unicodedata
from typing import TYPE_CHECKING

from model_evaluation.errors import Refused

if TYPE_CHECKING:
    from .workflow import Step


MAX_BYTES = 4 * 1024 * 1024
QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "‚": "‘", "«": "»", "»": "«", "「": "」"}


def read_value(value: str, step_id: str) -> str:
    """The text that VALUE stands for: itself, standard input for `-`, a file's content for `@FILE`."""
    if value == "-":
        return read_text(value, step_id)
    if value.startswith("@") and len(value) > 1:
        return read_text(value[1:], step_id, "Check the path. A value that really begins with @ is given with --text.")
    return value


def read_text(path: str, step_id: str | None = None, unreadable: str = "Check the path.") -> str:
    """The text of a file, or of standard input for `-`. Raises Refused, with the fix ``unreadable`` when it cannot be
    read."""
    if path == "-":
        data, source = sys.stdin.buffer.read(MAX_BYTES + 1), "standard input"
    else:
        source = os.path.abspath(os.path.expanduser(path))
        try:
            with open(source, "rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise Refused(
                f"{source} cannot be read: {error.strerror}.",
                fix=unreadable,
                code="file_not_found" if isinstance(error, FileNotFoundError) else "file_unreadable",
                step=step_id,
            ) from error
    if len(data) > MAX_BYTES:
        message = f"{source} holds more than {MAX_BYTES:,} bytes, too many for an answer."
        raise Refused(message, fix="Give a shorter value.", code="too_long", step=step_id)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{source} is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}."
        fix = "Save it as UTF-8 and answer again." if step_id else "Save it as UTF-8."
        raise Refused(message, fix=fix, code="invalid_utf8", step=step_id) from error


def clean(text: str, step: Step) -> str:
    """The trimmed text of an answer, out of the quotes it was copied with; raises Refused for what no step can take.

    Free text, JSON and the user's own words keep their quotes.
    """
    value = text.strip()
    if not (step.multiline or step.consent):
        value = _unquoted(value)
    if not value:
        raise Refused(
            f"An empty answer was received for {step.id}; expected: {step.expects}.",
            fix=f"For example: evaluate.py answer {step.id} {step.example!r}",
            code="empty",
        )
    if len(value) > step.limit:
        raise Refused(
            f"An answer of {len(value):,} characters was received for {step.id}; at most {step.limit:,} are allowed.",
            fix=f"Expected: {step.expects}.",
            code="too_long",
        )
    for index, character in enumerate(value, start=1):
        category, what = unicodedata.category(character), f"Character {index} of the answer for {step.id}"
        if category == "Cc" and not (step.multiline and character in "\n\r\t"):
            message = f"{what} is the control character U+{ord(character):04X}."
            raise Refused(message, fix="Remove it and answer again.", code="control_character")
        if category == "Cs":
            fix = "Save or paste the value as UTF-8 and answer again."
            raise Refused(f"{what} is not valid UTF-8 text.", fix=fix, code="invalid_utf8")
    return value


def _unquoted(value: str) -> str:
    """Without the one matching pair around it. ``"a","b"`` is a list and stays."""
    end, inner = QUOTES.get(value[:1]), value[1:-1]
    if len(value) > 1 and end and value.endswith(end) and not {value[0], end} & set(inner):
        return inner.strip()
    return value
