"""What a check of custom metrics found, in which words; and the checks of keys and texts that all parts share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

MOST_FINDINGS = 100  # more than this is a wrong file, not a wrong metric; output stays readable

_ORDER = ("error", "warning", "info")


class Findings:
    """Collects findings; at most ``MOST_FINDINGS`` are kept, the rest are counted."""

    def __init__(self) -> None:
        self._kept: list[dict[str, str]] = []
        self._left_out = 0
        self.count_errors = 0

    @property
    def has_errors(self) -> bool:
        return self.count_errors > 0

    def error(self, kind: str, message: str, position: str, fix: str) -> None:
        self.count_errors += 1
        self._add("error", kind, message, position, fix)

    def warning(self, kind: str, message: str, position: str, fix: str) -> None:
        self._add("warning", kind, message, position, fix)

    def info(self, kind: str, message: str, position: str, fix: str) -> None:
        self._add("info", kind, message, position, fix)

    def as_list(self) -> list[dict[str, str]]:
        """Errors, then warnings, then infos; each group in the order of the text."""
        ordered = sorted(self._kept, key=lambda finding: _ORDER.index(finding["level"]))
        if self._left_out:
            ordered.append(
                {
                    "level": "error" if self.has_errors else "warning",
                    "kind": "more_findings",
                    "message": f"{self._left_out} further findings are not listed.",
                    "position": "top level",
                    "fix": "Correct the listed ones and check again.",
                }
            )
        return ordered

    def _add(self, level: str, kind: str, message: str, position: str, fix: str) -> None:
        if len(self._kept) >= MOST_FINDINGS:
            self._left_out += 1
            return
        finding = {"level": level, "kind": kind, "message": message, "position": position, "fix": fix}
        self._kept.append(finding)


def quoted(value: object, limit: int = 60) -> str:
    """``value`` in double quotes, shortened to ``limit`` characters, nothing in it unprintable.

    A value that is not text is shown by its JSON kind ("a number", "an array").
    """
    if not isinstance(value, str):
        return json_kind(value)
    text = value if len(value) <= limit else value[: limit - 1] + "…"
    safe = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
    return f'"{safe}"'


def json_kind(value: object) -> str:
    """What JSON calls the kind of ``value``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "an array" if isinstance(value, list) else "an object"


def close_match(word: str, candidates: Iterable[str], cutoff: float = 0.75) -> str | None:
    """The candidate most like ``word`` in any case, or ``None`` below ``cutoff`` (0 to 1)."""
    folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=cutoff)
    return folded[matches[0]] if matches else None


def as_words(text: str) -> str:
    """``text`` in lower case with one space between words and at both ends: ready for `` phrase in``."""
    return " " + " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split()) + " "


_OTHER_KEYS = {
    "metric_name": "name",
    "title": "name",
    "id": "name",
    "prompt": "instructions",
    "description": "instructions",
    "scale": "ratingScale",
    "ratings": "ratingScale",
    "label": "definition",
    "score": "value",
    "number": "floatValue",
    "intvalue": "floatValue",
    "doublevalue": "floatValue",
    "textvalue": "stringValue",
}


def check_keys(holder: Mapping[str, object], allowed: tuple[str, ...], position: str, findings: Findings) -> None:
    """Report every key that is not allowed, with the one that was probably meant."""
    for key in holder:
        if key in allowed or (key == "metricName" and "name" in allowed):
            continue
        if key == "direction":
            fix = "Move direction out, beside customMetricDefinition."
        else:
            close = _OTHER_KEYS.get(key.lower()) or close_match(key.replace("_", ""), allowed, 0.6)
            fix = f"Rename it {close}." if close in allowed and close not in holder else "Remove it."
        findings.error(
            "unknown_key",
            f"Unknown key {quoted(key)}; expected {', '.join(allowed)}.",
            position or "top level",
            fix,
        )


def check_text(holder: Mapping[str, object], key: str, most: int, position: str, findings: Findings) -> str | None:
    """The text under ``key`` when it is usable, after reporting what is wrong with it."""
    place = f"{position}.{key}".lstrip(".")
    if key not in holder:
        findings.error(
            f"missing_{key}",
            f"{key} is missing.",
            position or "top level",
            f"Add {key}: 1 to {most} characters.",
        )
        return None
    value = holder[key]
    if not isinstance(value, str):
        findings.error(
            "wrong_type",
            f"Received {json_kind(value)}; expected text of 1 to {most} characters.",
            place,
            "Write it as text in double quotes.",
        )
        return None
    if not value.strip():
        findings.error("blank", f"Blank; expected text of 1 to {most} characters.", place, "Fill it in.")
        return None
    if len(value) > most:
        findings.error(
            "too_long",
            f"{len(value)} characters; expected at most {most}.",
            place,
            f"Shorten it by {len(value) - most}.",
        )
        return None
    return value
