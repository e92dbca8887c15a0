"""What a row holds beside text, which no model gets to see: pictures, sound, files, tools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .formats import Fault

TOOL_ROLES = frozenset(["tool", "function"])
_TEXT_TYPES = frozenset(["text", "input_text", "output_text"])
_PARTS = (  # by what a part's type, or its one key, holds; the first that fits counts
    (("tool_result", "toolresult", "function_call_output"), Fault("tools", "tool results")),
    (("tool", "function"), Fault("tools", "tool calls")),
    (("image",), Fault("not_text", "pictures")),
    (("audio",), Fault("not_text", "audio")),
    (("video",), Fault("not_text", "video")),
    (("file", "document"), Fault("not_text", "files")),
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
_FIELDS = {name: fault for fault, names in _NAMES.items() for name in names.split()}
_CALLS = Fault("tools", "tool calls")
_OF_A_MESSAGE = {"tool_calls": _CALLS, "function_call": _CALLS, "audio": Fault("not_text", "audio")}
_MARK = re.compile(r"<image(?:[_ ]?\d+)?>|<\|(?:image|audio|video)(?:_?\w+)?\|>")
MARKS = (b"<image", b"<|image", b"<|audio", b"<|video")
"""One of these is in every block of bytes whose prompts hold a mark."""


def field_fault(name: str, value: object) -> Fault | None:
    """What a row's field holds that is not text; ``None`` for any other, and when it is empty."""
    kind, what = _FIELDS.get(re.sub("[-_ ]", "", name).lower(), ("", ""))
    if not kind or not value or isinstance(value, bool | int | float):
        return None
    return Fault(kind, f"{what} in `{name}`" if what != name else f"`{name}`")


def unseen_parts(message: Mapping[str, object]) -> list[tuple[Fault, object]]:
    """What a message holds beside text: what is to be said of it, and it."""
    named = [(fault, message[name]) for name, fault in _OF_A_MESSAGE.items() if message.get(name)]
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return named + [(fault, part) for part in parts if (fault := _part_fault(part))]


def unseen_content(messages: Iterable[Mapping[str, object]]) -> str:
    """All of it, as a text that is the same for the same content."""
    held: list[object] = []
    for message in messages:
        held += [message.get("content")] * (message.get("role") in TOOL_ROLES)
        held += [part for _, part in unseen_parts(message)]
    return repr(held)


def mark_in(prompt: str) -> str:
    """The mark that stands for a picture or the like; empty without one."""
    match = _MARK.search(prompt)
    return match[0] if match else ""


def _part_fault(part: object) -> Fault | None:
    if not isinstance(part, Mapping):
        return None
    kind = part.get("type")
    if kind in _TEXT_TYPES or (kind is None and isinstance(part.get("text"), str)):
        return None
    for name in [kind] if isinstance(kind, str) else part:
        for marks, fault in _PARTS:
            if any(mark in name.lower() for mark in marks):
                return fault
    return Fault("not_text", "parts of another type")
