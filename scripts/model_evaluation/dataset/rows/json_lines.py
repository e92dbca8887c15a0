"""A line of bytes as a JSON value, or the exact reason why it cannot be read."""

from __future__ import annotations

import json
import re
from collections import Counter
from math import isinf
from typing import NoReturn

from model_evaluation.runtime.settings import Json

from .formats import Fault, safe_name, type_name

BOM = b"\xef\xbb\xbf"
MAX_DEPTH = 500  # of nested objects and arrays; Pythons differ in how many they can read
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
# A text without its closing quote goes to the end: looked for again at each quote it would take hours in 8 MiB.
_TEXT_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.?)*"?|[\[\]{}]')


class RefusedValueError(ValueError):
    """A value that JSON may hold and no row: kind of the fault, detail."""


def _refuse_constant(name: str) -> NoReturn:
    raise RefusedValueError("not_a_number", name)


def _finite(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise RefusedValueError("huge_number", digits[:20])
    return value


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # over sys.get_int_max_str_digits()
        raise RefusedValueError("huge_number", f"{len(digits)} digits") from None


def unique_keys(pairs: list[tuple[str, object]]) -> Json:
    """The object; RefusedValueError when a key comes twice."""
    obj = dict(pairs)
    if len(obj) != len(pairs):
        repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise RefusedValueError("duplicate_key", f"`{safe_name(repeated)}`")
    return obj


_STRICT = json.JSONDecoder(
    object_pairs_hook=unique_keys, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_integer
)


def decode_line(line: bytes) -> tuple[Json | None, list[Fault]]:
    """The object in one line, ``None`` if there is none, and the line's faults. Without a line end it is the last line
    of the file and may be cut off."""
    faults: list[Fault] = []
    complete = line.endswith(b"\n")
    if line.endswith(b"\r\n"):
        faults.append(Fault("crlf"))
    body = line.rstrip(b"\r\n")
    if not body.strip():
        return None, [Fault("blank_line"), *faults]
    if body.startswith(BOM):
        faults.append(Fault("bom"))
        body = body[len(BOM) :]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        if not complete and error.reason == "unexpected end of data":
            return None, [*faults, Fault("truncated_last_line", at=error.start)]
        detail = f"byte 0x{body[error.start]:02x} at byte {error.start + 1}"
        return None, [*faults, Fault("invalid_utf8", detail, error.start)]
    if _nested_too_deep(text):
        return None, [*faults, Fault("too_deep")]
    try:
        value = _STRICT.decode(text)
    except json.JSONDecodeError as error:
        return None, [*faults, _syntax_fault(error, text, may_be_cut=not complete)]
    except RefusedValueError as error:
        return None, [*faults, Fault(*error.args)]
    if _SURROGATE_ESCAPE.search(text) and _has_lone_surrogate(value):
        return None, [*faults, Fault("lone_surrogate")]
    if not isinstance(value, dict):
        return None, [*faults, Fault("not_an_object", f"found {type_name(value)}")]
    return value, faults


def _nested_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _TEXT_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > MAX_DEPTH:
            return True
    return False


def _syntax_fault(error: json.JSONDecodeError, text: str, *, may_be_cut: bool) -> Fault:
    at_end = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    if may_be_cut and at_end and text.lstrip().startswith("{"):
        return Fault("truncated_last_line", at=error.pos)
    if error.msg.startswith("Invalid control character"):
        return Fault("raw_control_character", f"U+{ord(text[error.pos]):04X}", error.pos)
    there = text[error.pos : error.pos + 1]
    before = text[: error.pos].rstrip()
    if error.msg.startswith("Extra data"):
        reason = "several values on one line" if there in "{[" else "text after the JSON value"
        reason = "comma after the object" if text[error.pos :].strip() == "," else reason
    elif there == "'":
        reason = "single quotes instead of double quotes"
    elif error.msg.startswith("Illegal trailing comma") or (there in "}]" and there and before.endswith(",")):
        reason = "trailing comma"
    elif text[error.pos :].startswith(("True", "False", "None")):
        reason = "Python literal instead of true, false or null"
    elif at_end:
        reason = "breaks off before its end"
    else:
        reason = error.msg[:1].lower() + error.msg[1:]
    return Fault("invalid_json", reason, error.pos)


def _has_lone_surrogate(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
