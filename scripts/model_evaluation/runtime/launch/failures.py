"""Failures others have met before: what the service's words mean, and what to do about them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Failure(NamedTuple):
    """Words of a service (a regular expression, whatever the case), what they mean, and what to do."""

    pattern: str
    meaning: str
    fix: str


def read_failures(path: Path) -> tuple[Failure, ...]:
    """The catalogue in a file."""
    return tuple(Failure(**item) for item in tomllib.loads(path.read_text(encoding="utf-8"))["failure"])


COMMON_FAILURES = read_failures(Path(__file__).with_name("failures.toml"))
UNKNOWN_FAILURE = Failure(
    "",
    "This failure is not one we know; the service's words are all there is to go by.",
    "Open the failed step's job in the SageMaker console and read its log, then run again.",
)


def diagnose(text: str, failures: Iterable[Failure] = COMMON_FAILURES) -> Failure:
    """The first of the failures whose words are in ``text``, else :data:`UNKNOWN_FAILURE`."""
    for failure in failures:
        if re.search(failure.pattern, text, re.IGNORECASE | re.DOTALL):
            return failure
    return UNKNOWN_FAILURE
