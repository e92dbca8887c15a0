"""Custom metric definitions in the format of Amazon Bedrock: every fault found before money is spent.

A definition set is JSON text, an array of 1 to 10 objects::

    [{"customMetricDefinition": {"name": ..., "instructions": ..., "ratingScale": [...]},
      "direction": "lower"}]

``direction`` is this project's own; it says which end of the scale is better and is removed before sending.

What breaks a documented limit, or could not be read back, is an ``error`` and refuses the set. What is only
unwise is a ``warning``; what the user should know is an ``info``. One metric without its array, or without
``customMetricDefinition``, is refused rather than repaired: the file would go on failing everywhere else.
Its contents are checked all the same, so that nothing is left for a second round.

Text inside names, instructions and definitions is data. Nothing in it is interpreted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from model_evaluation.errors import Refused
from model_evaluation.kinds.llm_as_judge.metrics.definitions import CustomMetric, Rating
from model_evaluation.kinds.llm_as_judge.runtime.metrics import numeric_scale, read_ratings

from .advice import advise
from .builtin import BUILTIN_NAMES, is_builtin_name
from .findings import Findings, check_keys, check_text, json_kind, quoted
from .json_text import MarkedObject, check_json_tree, inside, load_json, without_marks
from .rating_scale import check_rating_scale

MAX_METRICS = 10
MAX_NAME = 63
MAX_INSTRUCTIONS = 5000
DIRECTIONS = ("higher", "lower")
MOST_IN_MESSAGE = 10  # faults spelled out in an error's message; all of them are in its details

_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
_ITEM_KEYS = ("customMetricDefinition", "direction")
_DEFINITION_KEYS = ("name", "instructions", "ratingScale")
_WRAPPED = '[{"customMetricDefinition": {"name": ..., "instructions": ..., "ratingScale": [...]}}]'


class LintResult:
    """``metrics``: the canonical definitions, empty when there is an error. ``findings``: errors first.

    A finding is ``{"level", "kind", "message", "position", "fix"}``; ``level`` is error, warning or info;
    ``position`` is like ``[2].customMetricDefinition.ratingScale[0].value``, or ``line 3, column 5`` for text
    that is not JSON, or ``top level``.
    """

    __slots__ = ("findings", "metrics")

    def __init__(self, metrics: list[CustomMetric], findings: list[dict[str, str]]) -> None:
        self.metrics = metrics
        self.findings = findings

    @property
    def errors(self) -> list[dict[str, str]]:
        return [finding for finding in self.findings if finding["level"] == "error"]


def lint_custom_metrics(text: str) -> LintResult:
    """Check a definition set; nothing is raised, whatever the text."""
    findings = Findings()
    value = load_json(text, findings)
    if findings.has_errors:
        return LintResult([], findings.as_list())
    check_json_tree(value, findings)
    items, positions = _as_items(value, findings)
    names: dict[str, str] = {}
    for item, position in zip(items, positions, strict=True):
        _check_item(item, position, names, findings)
    metrics = [] if findings.has_errors else [cast(CustomMetric, without_marks(item)) for item in items]
    return LintResult(metrics, findings.as_list())


def parse_custom(text: str) -> list[CustomMetric]:
    """The canonical definitions: the given objects, no text altered. ``none`` gives an empty list.

    Raises
    ------
    Refused
        With every fault at once: the first ten in the message, all under ``details["findings"]``.
    """
    if text.strip().lower() == "none":
        return []
    result = lint_custom_metrics(text)
    errors = result.errors
    if not errors:
        return result.metrics
    if len(errors) == 1:
        raise Refused(_line(errors[0]), fix=errors[0]["fix"], details={"findings": result.findings})
    messages = " ".join(_line(error) for error in errors[:MOST_IN_MESSAGE])
    more = len(errors) - MOST_IN_MESSAGE
    raise Refused(
        f"{len(errors)} faults in the custom metrics. {messages}" + (f" And {more} more." if more > 0 else ""),
        fix="Correct each as its fix under details.findings says, and send all metrics again.",
        details={"findings": result.findings},
    )


def metric_name(metric: CustomMetric) -> str:
    """The name of a canonical metric."""
    return str(metric["customMetricDefinition"]["name"])


def directions(metrics: Iterable[CustomMetric]) -> dict[str, str]:
    """Name to "higher" or "lower"; what is not declared counts as higher."""
    return {metric_name(metric): str(metric.get("direction", "higher")) for metric in metrics}


def scale_range(metric: CustomMetric) -> tuple[float, float] | None:
    """Lowest and highest score of a numeric scale, as the notebook reads it.

    ``None`` where there is no scale, a label is no number, or all ratings have the same value.
    """
    scale = numeric_scale(read_ratings(metric["customMetricDefinition"].get("ratingScale")))
    return (scale.values[0], scale.values[-1]) if scale else None


def _line(error: dict[str, str]) -> str:
    return f"{error['position']}: {error['message']}"


def _as_items(value: object, findings: Findings) -> tuple[list[object], list[str]]:
    """The metrics in ``value`` with their positions, an unwrapped one included."""
    if isinstance(value, list):
        if not value:
            findings.error(
                "no_metrics",
                "The array is empty; expected 1 to 10 metrics.",
                "top level",
                "Add a metric, or answer none.",
            )
        if len(value) > MAX_METRICS:
            findings.error(
                "too_many_metrics",
                f"{len(value)} metrics; expected at most {MAX_METRICS}.",
                "top level",
                f"Remove {len(value) - MAX_METRICS} of them, or evaluate the rest in a second run.",
            )
        # Twice the limit is enough to show what is wrong with an array of something else.
        checked = value[: 2 * MAX_METRICS]
        return checked, [f"[{index}]" for index in range(len(checked))]
    fix = f"Write the array: {_WRAPPED}"
    if isinstance(value, dict):
        inner = [(key, list_) for key, list_ in value.items() if isinstance(list_, list) and key != "ratingScale"]
        if len(inner) == 1 and len(value) == 1:
            key = quoted(inner[0][0])
            fix = f"Send the array inside {key} alone, without the object around it."
            findings.error("not_an_array", f"An object holding {key}; expected an array.", "top level", fix)
            checked = inner[0][1][: 2 * MAX_METRICS]
            return checked, [f"{inside('', inner[0][0])}[{index}]" for index in range(len(checked))]
        fix = f"Put [ and ] around it: {_WRAPPED}"
        findings.error("not_an_array", "One object; expected an array, for one metric too.", "top level", fix)
        return [value], [""]
    if isinstance(value, str):
        fix = "Send the JSON itself, not JSON wrapped in a text."
    findings.error("not_an_array", f"Received {json_kind(value)}; expected an array of metrics.", "top level", fix)
    return [], []


def _check_item(item: object, position: str, names: dict[str, str], findings: Findings) -> None:
    if not isinstance(item, dict):
        findings.error(
            "wrong_type",
            f"Received {json_kind(item)}; expected an object with customMetricDefinition.",
            position,
            f"Write each metric like this: {_WRAPPED[1:-1]}",
        )
        return
    _check_direction(item, position, findings)
    prefix = f"{position}." if position else ""
    if "customMetricDefinition" in item:
        check_keys(item, _ITEM_KEYS, position, findings)
        definition, place = item["customMetricDefinition"], prefix + "customMetricDefinition"
        if not isinstance(definition, dict):
            findings.error(
                "wrong_type",
                f"Received {json_kind(definition)}; expected an object with name and instructions.",
                place,
                f"Write it like this: {_WRAPPED[1:-1]}",
            )
            return
    else:
        findings.error(
            "not_wrapped",
            "customMetricDefinition is missing.",
            position or "top level",
            f"Put name, instructions and ratingScale inside it: {_WRAPPED[1:-1]}",
        )
        if not any(key in item for key in (*_DEFINITION_KEYS, "metricName")):
            check_keys(item, _ITEM_KEYS, position, findings)
            return
        definition, place = MarkedObject((k, v) for k, v in item.items() if k != "direction"), position
    _check_definition(definition, place, item.get("direction"), names, findings)


def _check_direction(item: Mapping[str, object], position: str, findings: Findings) -> None:
    if "direction" in item and item["direction"] not in DIRECTIONS:
        findings.error(
            "direction",
            f'Received {quoted(item["direction"])}; expected "higher" or "lower".',
            f"{position}.direction".lstrip("."),
            'Write "lower" if a low score is good, else "higher".',
        )


def _check_definition(
    definition: Mapping[str, object], position: str, direction: object, names: dict[str, str], findings: Findings
) -> None:
    prefix = f"{position}." if position else ""
    check_keys(definition, _DEFINITION_KEYS, position, findings)
    if "metricName" in definition:
        findings.error(
            "metric_name_key",
            'The key is "name" here; "metricName" belongs to the file upload of the Bedrock console.',
            f"{prefix}metricName",
            'Rename "metricName" to "name".' if "name" not in definition else 'Remove "metricName".',
        )
    name_key = "metricName" if "metricName" in definition and "name" not in definition else "name"
    name = check_text(definition, name_key, MAX_NAME, position, findings)
    if name is not None:
        _check_name(name, f"{prefix}{name_key}", names, findings)
    instructions = check_text(definition, "instructions", MAX_INSTRUCTIONS, position, findings)
    ratings: list[Rating] | None = None
    if "ratingScale" in definition:
        ratings = check_rating_scale(definition["ratingScale"], f"{prefix}ratingScale", findings)
    if instructions is not None:
        advise(
            instructions,
            ratings,
            direction if isinstance(direction, str) else None,
            position=position,
            has_scale="ratingScale" in definition,
            findings=findings,
        )


def _check_name(name: str, position: str, names: dict[str, str], findings: Findings) -> None:
    wrong = "".join(dict.fromkeys(character for character in name if character not in _NAME_CHARACTERS))
    if wrong:
        suggestion = "".join(c if c in _NAME_CHARACTERS else "_" for c in name).strip("_")
        findings.error(
            "name_characters",
            f"{quoted(name)} holds {quoted(wrong)}; expected A-Z, a-z, digits, hyphen, underscore, dot.",
            position,
            f"Name it {suggestion}, for example." if suggestion else "Name it in plain letters.",
        )
    if is_builtin_name(name):
        findings.error(
            "builtin_name",
            f"{quoted(name)} is a built-in metric's name; results could not tell them apart.",
            position,
            f"Choose a name other than {', '.join(BUILTIN_NAMES)}.",
        )
    first = names.setdefault(name.casefold(), position)
    if first != position:
        findings.error(
            "duplicate_name",
            f"{quoted(name)} is already the name at {first}; names differ by more than upper and lower case.",
            position,
            "Rename one of the two.",
        )
