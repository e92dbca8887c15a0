"""What a row holds beside text, which no model gets to see: pictures, sound, files, tools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .formats import Fault

TOOL_ROLES = frozenset(["tool", "function"])
_TEXT_TYPES = frozenset(["text", "input_text", "output_text"])
_PARTS = (  # by what a part's type, or its one key, holds; the first that fits counts
    ("tool_result", "tools", "tool results"),
    ("toolresult", "tools", "tool results"),
    ("function_call_output", "tools", "tool results"),
    ("tool", "tools", "tool calls"),
    ("function", "tools", "tool calls"),
    ("image", "not_text", "pictures"),
    ("audio", "not_text", "audio"),
    ("video", "not_text", "video"),
    ("file", "not_text", "files"),
    ("document", "not_text", "files"),
)
_NAMES = {
    ("not_text", "pictures"): """
        image images imageurl imageurls imagepath imagepaths imagefile imagefiles imagebase64 imagedata img imgs imgpath
        picture pictures photo photos pixelvalues screenshot screenshots
    """,
    ("not_text", "audio"): "audio audios audiopath audiofile audiourl speech",
    ("not_text", "video"): "video videos videopath videofile videourl frames",
    ("not_text", "files"): "files attachment attachments filepaths pdf pdfs",
    ("tools", "tools"): "tools functions toolcalls functioncall tooldefinitions",
}
_FIELDS = {name: found for found, names in _NAMES.items() for name in names.split()}
_MARK = re.compile(r"<image(?:[_ ]?\d+)?>|<\|(?:image|audio|video)(?:_?\w+)?\|>")
MARKS = (b"<image", b"<|image", b"<|audio", b"<|video")
"""One of these is in every block of bytes whose prompts hold a mark."""


def field_fault(name: str, value: object) -> Fault | None:
    """What a row's field holds that is not text; ``None`` for any other, and when it is empty."""
    known = _FIELDS.get(name.replace("_", "").replace("-", "").replace(" ", "").lower())
    if known is None or not value or isinstance(value, bool | int | float):
        return None
    return Fault(known[0], f"{known[1]} in `{name}`" if known[1] != name else f"`{name}`")


def message_faults(message: Mapping[str, object]) -> list[Fault]:
    """What a message holds beside text."""
    faults = [Fault("tools", "tool calls") for name in ("tool_calls", "function_call") if message.get(name)]
    faults += [Fault("not_text", "audio")] * bool(message.get("audio"))
    return faults + [fault for part in _parts(message) if (fault := _part_fault(part))]


def unseen_content(messages: Iterable[Mapping[str, object]]) -> str:
    """All of it, as a text that is the same for the same content."""
    held: list[object] = []
    for message in messages:
        held += [message[name] for name in ("tool_calls", "function_call", "audio") if message.get(name)]
        held += [message.get("content")] * (message.get("role") in TOOL_ROLES)
        held += [part for part in _parts(message) if _part_fault(part)]
    return repr(held)


def mark_in(prompt: str) -> str:
    """The mark that stands for a picture or the like; empty without one."""
    match = _MARK.search(prompt)
    return match[0] if match else ""


def _parts(message: Mapping[str, object]) -> list[object]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _part_fault(part: object) -> Fault | None:
    if not isinstance(part, Mapping):
        return None
    kind = part.get("type")
    if kind in _TEXT_TYPES or (kind is None and isinstance(part.get("text"), str)):
        return None
    names = [str(kind)] if isinstance(kind, str) else [str(name) for name in part]
    for name in names:
        for mark, fault, what in _PARTS:
            if mark in name.lower():
                return Fault(fault, what)
    return Fault("not_text", "parts of another type")
