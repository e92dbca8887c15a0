"""One line of bytes as a JSON value, or the exact reason why it is none."""

from __future__ import annotations

import json
import re
import threading
from typing import Any, NamedTuple, NoReturn

from .formats import Fault, safe_name

BOM = b"\xef\xbb\xbf"
MAX_DEPTH = 500  # of nested objects and arrays; Pythons differ in how many they can read
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
# A text without its closing quote goes to the end: looked for again at each quote it would take hours in 8 MiB.
_TEXT_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.?)*"?|[\[\]{}]')


class DecodedLine(NamedTuple):
    """``value`` counts only when ``readable``. ``at`` is about where the fault is, for an excerpt."""

    value: Any
    readable: bool
    faults: list[Fault]
    at: int = 0


class _NotANumber(ValueError):
    pass


class _HugeNumber(ValueError):
    pass


def _refuse_constant(name: str) -> NoReturn:
    raise _NotANumber(name)


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _HugeNumber(digits[:20])
    return value


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # over sys.get_int_max_str_digits()
        raise _HugeNumber(f"{len(digits)} digits") from None


class _Pairs(threading.local):
    """Builds objects and remembers the keys that appeared twice in one of them."""

    def __init__(self) -> None:
        self.repeated: list[str] = []

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        obj = dict(pairs)
        if len(obj) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen and key not in self.repeated:
                    self.repeated.append(key)
                seen.add(key)
        return obj


_PAIRS = _Pairs()
_DECODERS = {
    duplicate_keys: json.JSONDecoder(
        object_pairs_hook=_PAIRS if duplicate_keys else None,
        parse_constant=_refuse_constant,
        parse_float=_finite,
        parse_int=_integer,
    )
    for duplicate_keys in (True, False)
}


def decode_line(raw: bytes, *, duplicate_keys: bool = True) -> DecodedLine:
    """Decode strictly what the fast path refused, and name the fault.

    ``raw`` is one line, not blank. Without a line end it is the last one and may be cut off.
    """
    faults: list[Fault] = []
    complete = raw.endswith(b"\n")
    body = raw.rstrip(b"\r\n")
    if body.startswith(BOM):
        faults.append(Fault("bom"))
        body = body[len(BOM) :]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"byte 0x{body[error.start]:02x} at byte {error.start + 1}"
        if not complete and error.reason == "unexpected end of data":
            return DecodedLine(None, False, [*faults, Fault("truncated_last_line")], error.start)
        return DecodedLine(None, False, [*faults, Fault("invalid_utf8", detail)], error.start)
    if _nested_too_deep(text):
        return DecodedLine(None, False, [*faults, Fault("too_deep")])
    repeated = _PAIRS.repeated = []
    try:
        value = _DECODERS[duplicate_keys].decode(text)
    except _NotANumber as error:
        return DecodedLine(None, False, [*faults, Fault("not_a_number", str(error))])
    except _HugeNumber as error:
        return DecodedLine(None, False, [*faults, Fault("huge_number", str(error))])
    except json.JSONDecodeError as error:
        fault = _json_fault(error, text, may_be_cut=not complete)
        return DecodedLine(None, False, [*faults, fault], error.pos)
    if _SURROGATE_ESCAPE.search(text) and _has_lone_surrogate(value):
        return DecodedLine(None, False, [*faults, Fault("lone_surrogate")])
    faults.extend(Fault("duplicate_key", f"`{safe_name(key)}`") for key in repeated[:1])
    return DecodedLine(value, not repeated, faults)


def _nested_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _TEXT_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            return True
    return False


def _json_fault(error: json.JSONDecodeError, text: str, *, may_be_cut: bool) -> Fault:
    at_end = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    if may_be_cut and at_end and text.lstrip().startswith("{"):
        return Fault("truncated_last_line")
    if error.msg.startswith("Invalid control character"):
        return Fault("raw_control_character", f"U+{ord(text[error.pos]):04X}" if error.pos < len(text) else "")
    found = text[error.pos : error.pos + 1]
    before = text[: error.pos].rstrip()
    if error.msg.startswith("Extra data"):
        reason = "several values on one line" if found in "{[" else "text after the JSON value"
    elif found == "'":
        reason = "single quotes instead of double quotes"
    elif error.msg.startswith("Illegal trailing comma") or (found in "}]" and found and before.endswith(",")):
        reason = "trailing comma"
    elif text[error.pos :].startswith(("True", "False", "None")):
        reason = "Python literal instead of true, false or null"
    elif at_end:
        reason = "breaks off before its end"
    else:
        reason = error.msg[:1].lower() + error.msg[1:]
    return Fault("invalid_json", reason)


def _has_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    except RecursionError:
        return False
    return False
