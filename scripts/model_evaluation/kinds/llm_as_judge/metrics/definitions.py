"""A custom metric in Bedrock's format, with the direction of better scores beside it, as it is after its check."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import NotRequired, TypedDict


class RatingValue(TypedDict):
    """One of the two."""

    floatValue: NotRequired[float]
    stringValue: NotRequired[str]


class Rating(TypedDict):
    definition: str
    value: RatingValue


class Definition(TypedDict):
    name: str
    instructions: str
    ratingScale: NotRequired[list[Rating]]


class CustomMetric(TypedDict):
    customMetricDefinition: Definition
    direction: NotRequired[str]


LEVELS = ("error", "warning", "info")

# Kind of a finding to its message and the fix. The first table refuses the set; the second is what is only unwise.
_ERRORS = {
    "json_syntax": (
        "Not JSON: {fault}.",
        "Mend it at this place: straight double quotes, a line break in a text as \\n, no fence, no comments.",
    ),
    "duplicate_key": (
        "The key {key} stands twice in one object; readers disagree on which one counts.",
        "Remove one of the two.",
    ),
    "no_metrics": ("The array is empty; expected 1 to 10 metrics.", "Add a metric, or answer none."),
    "too_many_metrics": (
        "{count} metrics; expected at most 10.",
        "Remove {more} of them, or evaluate the rest in a second run.",
    ),
    "not_an_array": (
        "Received {kind}; expected an array, for one metric too.",
        'Write it so: [{{"customMetricDefinition": {{"name": ..., "instructions": ..., "ratingScale": [...]}}}}]',
    ),
    "not_wrapped": (
        "customMetricDefinition is missing.",
        'Put name, instructions and ratingScale inside it: {{"customMetricDefinition": {{...}}}}.',
    ),
    "wrong_type": ("Received {kind}; expected {expected}.", "Write {expected}."),
    "unknown_key": ("Unknown key: {keys}; expected {allowed}.", "Rename or remove it."),
    "missing_key": ("{key} is missing.", "Add {key}: {expected}."),
    "blank": ("Blank; expected text of 1 to {most} characters.", "Fill it in."),
    "too_long": ("{count} characters; expected at most {most}.", "Shorten it by {more}."),
    "bad_character": ("Holds U+{code:04X}, which is not a character of a text.", "Remove it."),
    "direction": (
        'Received {value}; expected "higher" or "lower".',
        'Write "lower" if a low score is good, else "higher".',
    ),
    "name_characters": (
        "{name} holds {wrong}; expected A-Z, a-z, digits, hyphen, underscore, dot.",
        "Name it {suggestion}, for example.",
    ),
    "builtin_name": ("{name} is a built-in metric's name; results could not tell them apart.", "Choose another name."),
    "duplicate_name": (
        "{name} is already the name at {first}; names differ by more than upper and lower case.",
        "Rename one of the two.",
    ),
    "unknown_variable": (
        "{braces} is not a variable; expected {{{{prompt}}}}, {{{{prediction}}}} or {{{{ground_truth}}}}.",
        "Use one of them (all that the model was given is in {{{{prompt}}}}), or remove the double braces.",
    ),
    "no_variables": (
        "Neither {{{{prompt}}}} nor {{{{prediction}}}} occurs; the judge would see nothing to grade.",
        "End with the inputs, for example: Prompt: {{{{prompt}}}} Response: {{{{prediction}}}}",
    ),
    "rating_count": ("{count} ratings; expected 1 to 10.", "Judges separate three to five best. None: leave it out."),
    "one_value": ("{count} of floatValue and stringValue; expected one.", 'Write {{"floatValue": 1}}.'),
    "not_finite": ("Not a finite number.", "Write an ordinary number such as 0, 0.5 or 1."),
    "mixed_values": (
        "Some ratings have floatValue, others stringValue; expected one kind in a scale.",
        "Give every rating a floatValue: only numbers can be averaged and compared.",
    ),
    "duplicate_rating": (
        "The same {what} stands at {first}; a rating must be told from every other.",
        "Change it, or remove one of the two ratings.",
    ),
}
_WARNINGS = {
    "short_task": (
        "Words of directions: {count}; a judge needs at least 15.",
        "Say what is graded, what earns the best rating and what the worst.",
    ),
    "escaped_twice": (
        "The judge reads a backslash and an n where a new line was meant: the text was escaped twice.",
        "Write each new line as \\n in the JSON text, once.",
    ),
    "no_rating_scale": (
        "Without ratingScale there is no average and no comparison, only the judge's free text.",
        "Add three to five ratings with floatValue.",
    ),
    "definition_wording": (
        "{definition} is more than a label; expected at most five words without articles.",
        "Shorten it, and explain the label in the instructions.",
    ),
    "one_rating": ("One rating: every answer gets the same score.", "Add at least a second rating."),
    "scale_mismatch": (
        "The instructions speak of {stated}, the scale of {scale}.",
        "Use the same words and numbers in both, for every rating.",
    ),
    "label_scale": (
        "Labels have no order, so there is no average, no difference and no verdict for this metric.",
        "Give each rating a floatValue instead.",
    ),
    "scale_order": (
        "The ratings are listed with the values {values}; a judge reads the list as a ladder.",
        "List them from the lowest value to the highest.",
    ),
    "not_applicable_rating": (
        "{definition} is a rating with the value {number:g} and would count; results that hold it are missing scores.",
        "Leave it out of ratingScale, and say in the instructions which rating fits such answers.",
    ),
    "variable_spacing": ("{braces} has spaces inside; the documented form has none.", "Take the spaces out."),
    "literal_braces": ("{braces} is not a variable and reaches the judge as it stands.", "Leave it if that is meant."),
    "single_brace": ("{braces} has single braces and is not replaced.", "Double the braces."),
    "missing_prediction": (
        "{{{{prediction}}}} does not occur; the judge grades without seeing the model's answer.",
        "Add {{{{prediction}}}} at the end.",
    ),
    "variable_not_last": (
        "Text follows the last variable; that can spoil the scores.",
        "Move all directions before the variables.",
    ),
}
_INFOS = {
    "direction_undeclared": (
        "No direction is given: higher counts as better.",
        'Add "direction": "lower" beside customMetricDefinition if it is the other way round.',
    )
}
_TEXTS = {
    kind: (level, *texts)
    for level, table in zip(LEVELS, (_ERRORS, _WARNINGS, _INFOS), strict=True)
    for kind, texts in table.items()
}


class Findings:
    """Collects findings: ``{"level", "kind", "message", "position", "fix"}``."""

    def __init__(self) -> None:
        self._items: list[dict[str, str]] = []

    def add(self, kind: str, position: str, /, **values: object) -> None:
        """A finding of this kind; ``values`` fill its texts."""
        level, message, fix = _TEXTS[kind]
        self._items.append(
            {
                "level": level,
                "kind": kind,
                "message": message.format(**values),
                "position": position or "top level",
                "fix": fix.format(**values),
            }
        )

    @property
    def count_errors(self) -> int:
        return sum(item["level"] == "error" for item in self._items)

    def as_list(self) -> list[dict[str, str]]:
        """Errors, then warnings, then infos; each group in the order of the text."""
        return sorted(self._items, key=lambda item: LEVELS.index(item["level"]))


def quoted(value: object, limit: int = 60) -> str:
    """``value`` in double quotes, shortened to ``limit`` characters, nothing in it unprintable.

    A value that is not text is shown by its JSON kind ("a number", "an array").
    """
    if not isinstance(value, str):
        return json_kind(value)
    text = value if len(value) <= limit else value[: limit - 1] + "…"
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text) + '"'


def json_kind(value: object) -> str:
    """What JSON calls the kind of ``value``."""
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "an array"}
    return names.get(type(value), "an object")


def close_match(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like ``word`` in any case, or ``None``."""
    folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.75)
    return folded[matches[0]] if matches else None


def as_words(text: str) -> str:
    """``text`` in lower case with one space between words and at both ends: ready for `` phrase in``."""
    return " " + " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split()) + " "


def check_keys(holder: Mapping[str, object], allowed: tuple[str, ...], position: str, findings: Findings) -> None:
    """Report the keys that are not allowed."""
    unknown = [key for key in holder if key not in allowed]
    if unknown:
        names = ", ".join(map(quoted, unknown[:5])) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        findings.add("unknown_key", position, keys=names, allowed=", ".join(allowed))


def check_text(holder: Mapping[str, object], key: str, most: int, position: str, findings: Findings) -> str | None:
    """The text under ``key`` when it is usable, after reporting what is wrong with it."""
    place, expected, value = f"{position}.{key}", f"text of 1 to {most} characters", holder.get(key)
    if key not in holder:
        findings.add("missing_key", position, key=key, expected=expected)
    elif not isinstance(value, str):
        findings.add("wrong_type", place, kind=json_kind(value), expected=expected)
    elif not value.strip():
        findings.add("blank", place, most=most)
    elif len(value) > most:
        findings.add("too_long", place, count=len(value), most=most, more=len(value) - most)
    elif wrong := next((c for c in value if not c.isprintable() and _no_text(ord(c))), ""):
        findings.add("bad_character", place, code=ord(wrong))
    else:
        return value
    return None


def _no_text(code: int) -> bool:
    """Whether it is a control character other than tab and line break, or half of a surrogate pair."""
    return (code < 0x20 and code not in (0x09, 0x0A, 0x0D)) or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000
