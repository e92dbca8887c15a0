"""Answers that are pairs such as ``temperature=0.7 max_tokens=2048``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from model_evaluation.errors import Refused

if TYPE_CHECKING:
    from model_evaluation.runtime.tasks.parameter import Parameter

DEFAULTS = ("default", "defaults")


def read_settings(text: str, known: Mapping[str, Parameter], *, example: str, hint: str = "") -> dict[str, int | float]:
    """The settings as numbers; none for `defaults`. ``hint`` is said of names that are not ``known``. Raises
    Refused."""
    if text.strip().lower() in DEFAULTS:
        return {}
    settings: dict[str, int | float] = {}
    for pair in text.replace(",", " ").split():
        name, equals, value = pair.partition("=")
        if not equals or name not in known:
            raise Refused(
                f"{pair[:60]!r} is not a setting; these are: {', '.join(known)}.",
                fix=f"For example: {example} - or `defaults`. {hint}".rstrip(),
                code="unknown_setting",
            )
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or not known[name].takes(number):
            raise Refused(
                f"{name}={value[:40]} is not what is taken: {known[name].bounds()}.",
                fix="Give a value within these bounds, or leave it out.",
                code="bad_setting",
            )
        settings[name] = int(number) if number == int(number) else number
    if not settings:
        raise Refused("No setting was received.", fix="Answer `defaults`, or name=value pairs.")
    return settings
