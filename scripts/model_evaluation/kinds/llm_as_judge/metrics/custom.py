"""Custom metric definitions in the format of Amazon Bedrock: every fault is reported before money is spent.

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

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple, cast

from model_evaluation.errors import Refused
from model_evaluation.kinds.llm_as_judge.metrics.definitions import CustomMetric, Rating
from model_evaluation.kinds.llm_as_judge.runtime.metrics import numeric_scale, read_ratings

from .advice import advise
from .builtin import is_builtin_name
from .definitions import Findings, check_keys, check_text, json_kind, quoted

MAX_METRICS = 10
MAX_NAME = 63
MAX_INSTRUCTIONS = 5000
MAX_RATINGS = 10
MAX_LABEL = 100
MOST_IN_MESSAGE = 10  # faults spelled out in an error's message; all of them are in its details


class LintResult(NamedTuple):
    """``metrics``: the canonical definitions, empty when there is an error. ``findings``: errors first.

    A finding is ``{"level", "kind", "message", "position", "fix"}``; ``level`` is error, warning or info;
    ``position`` is like ``[2].customMetricDefinition.ratingScale[0].value``, or ``line 3, column 5`` for text
    that is not JSON, or ``top level``.
    """

    metrics: list[CustomMetric]
    findings: list[dict[str, str]]

    @property
    def errors(self) -> list[dict[str, str]]:
        return [finding for finding in self.findings if finding["level"] == "error"]


def lint_custom_metrics(text: str) -> LintResult:
    """Check a definition set; nothing is raised, whatever the text."""
    findings = Findings()
    items = _read_items(text, findings)
    names: dict[str, str] = {}
    for index, item in enumerate(items[: 2 * MAX_METRICS]):  # enough to show what is wrong with something else
        _check_item(item, f"[{index}]", names, findings)
    return LintResult([] if findings.count_errors else cast(list[CustomMetric], items), findings.as_list())


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
    messages = " ".join(f"{error['position']}: {error['message']}" for error in errors[:MOST_IN_MESSAGE])
    if len(errors) == 1:
        raise Refused(messages, fix=errors[0]["fix"], details={"findings": result.findings})
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

    ``None`` where there is no scale, a label is not a number, or all ratings have the same value.
    """
    scale = numeric_scale(read_ratings(metric["customMetricDefinition"].get("ratingScale")))
    return (scale.values[0], scale.values[-1]) if scale else None


def _read_items(text: str, findings: Findings) -> list[object]:
    """The metrics in the JSON text, a single one without its array included."""

    def read_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
        for key, times in Counter(key for key, _ in pairs).items():
            if times > 1:
                findings.add("duplicate_key", "", key=quoted(key))
        return dict(pairs)

    def read_integer(digits: str) -> float:
        return int(digits) if len(digits) <= 30 else float(digits)  # int() refuses 4,300 digits

    text = text.removeprefix("\ufeff")
    if not text.strip():
        findings.add("json_syntax", "line 1, column 1", fault="there is no text")
        return []
    try:
        value = json.loads(text, object_pairs_hook=read_object, parse_int=read_integer)
    except json.JSONDecodeError as error:
        findings.add("json_syntax", f"line {error.lineno}, column {error.colno}", fault=error.msg)
        return []
    except RecursionError:
        findings.add("json_syntax", "", fault="nested too deep; a metric needs five levels")
        return []
    if not isinstance(value, list):
        findings.add("not_an_array", "", kind=json_kind(value))
        return [value] if isinstance(value, dict) else []
    if not value:
        findings.add("no_metrics", "")
    if len(value) > MAX_METRICS:
        findings.add("too_many_metrics", "", count=len(value), more=len(value) - MAX_METRICS)
    return value


def _check_item(item: object, position: str, names: dict[str, str], findings: Findings) -> None:
    if not isinstance(item, dict):
        expected = "an object with customMetricDefinition"
        findings.add("wrong_type", position, kind=json_kind(item), expected=expected)
        return
    direction = item.get("direction")
    if "direction" in item and direction not in ("higher", "lower"):
        findings.add("direction", f"{position}.direction", value=quoted(direction))
    definition, place = item.get("customMetricDefinition"), f"{position}.customMetricDefinition"
    if "customMetricDefinition" in item:
        check_keys(item, ("customMetricDefinition", "direction"), position, findings)
    else:
        findings.add("not_wrapped", position)
        definition, place = {key: value for key, value in item.items() if key != "direction"}, position
    if not isinstance(definition, dict):
        expected = "an object with name and instructions"
        findings.add("wrong_type", place, kind=json_kind(definition), expected=expected)
        return
    check_keys(definition, ("name", "instructions", "ratingScale"), place, findings)
    name = check_text(definition, "name", MAX_NAME, place, findings)
    if name is not None:
        _check_name(name, f"{place}.name", names, findings)
    instructions = check_text(definition, "instructions", MAX_INSTRUCTIONS, place, findings)
    ratings = None
    if "ratingScale" in definition:
        ratings = _check_scale(definition["ratingScale"], f"{place}.ratingScale", findings)
    if instructions is not None:
        advise(instructions, ratings, place, has_scale="ratingScale" in definition, findings=findings)
    if direction is None:
        findings.add("direction_undeclared", position)


def _check_name(name: str, position: str, names: dict[str, str], findings: Findings) -> None:
    wrong = "".join(dict.fromkeys(re.sub(r"[A-Za-z0-9_.-]", "", name)))
    if wrong:
        suggestion = re.sub(r"[^A-Za-z0-9_.-]", "_", name).strip("_") or "a word in plain letters"
        findings.add("name_characters", position, name=quoted(name), wrong=quoted(wrong), suggestion=suggestion)
    if is_builtin_name(name):
        findings.add("builtin_name", position, name=quoted(name))
    first = names.setdefault(name.casefold(), position)
    if first != position:
        findings.add("duplicate_name", position, name=quoted(name), first=first)


def _check_scale(scale: object, position: str, findings: Findings) -> list[Rating] | None:
    """The ratings when all are usable."""
    before = findings.count_errors
    if not isinstance(scale, list):
        findings.add("wrong_type", position, kind=json_kind(scale), expected="an array of 1 to 10 ratings")
        return None
    if not 1 <= len(scale) <= MAX_RATINGS:
        findings.add("rating_count", position, count=len(scale))
    kinds: set[str] = set()
    firsts: dict[tuple[str, object], str] = {}
    for index, rating in enumerate(scale[: 2 * MAX_RATINGS]):
        place = f"{position}[{index}]"
        if not isinstance(rating, dict):
            expected = '{"definition": "Good", "value": {"floatValue": 1}}'
            findings.add("wrong_type", place, kind=json_kind(rating), expected=expected)
            continue
        check_keys(rating, ("definition", "value"), place, findings)
        definition = check_text(rating, "definition", MAX_LABEL, place, findings)
        kind, value = _check_value(rating, place, findings)
        kinds |= {kind} - {""}
        same = {"definition": definition and definition.strip().casefold(), "value": value}
        for what, content in same.items():
            first = firsts.setdefault((what, content), f"{place}.{what}")
            if content is not None and first != f"{place}.{what}":
                findings.add("duplicate_rating", f"{place}.{what}", what=what, first=first)
    if len(kinds) > 1:
        findings.add("mixed_values", position)
    return scale if findings.count_errors == before else None


def _check_value(rating: Mapping[str, object], position: str, findings: Findings) -> tuple[str, object]:
    """Kind and content of a rating's value; the content is ``None`` when it is not usable."""
    value, place = rating.get("value"), f"{position}.value"
    if "value" not in rating:
        findings.add("missing_key", position, key="value", expected='{"floatValue": 1}')
    elif not isinstance(value, dict):
        findings.add("wrong_type", place, kind=json_kind(value), expected='{"floatValue": 1}')
    else:
        check_keys(value, ("floatValue", "stringValue"), place, findings)
        kinds = [key for key in ("floatValue", "stringValue") if key in value]
        if len(kinds) != 1:
            findings.add("one_value", place, count="Both" if kinds else "None")
        elif kinds == ["stringValue"]:
            text = check_text(value, "stringValue", MAX_LABEL, place, findings)
            return "stringValue", text and text.casefold()
        elif type(number := value["floatValue"]) not in (int, float):
            findings.add(
                "wrong_type", f"{place}.floatValue", kind=json_kind(number), expected="a number without quotes"
            )
        elif not math.isfinite(number):
            findings.add("not_finite", f"{place}.floatValue")
        else:
            return "floatValue", float(number)
    return "", None
