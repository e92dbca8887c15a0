"""Logs that the real inspect_ai package wrote (tests/data/inspect_logs/make.py)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from model_evaluation.kinds.inspect_ai.runtime.logs import Log, read_log

LOGS = Path(__file__).parents[2] / "data" / "inspect_logs"


@pytest.fixture
def log() -> Callable[[str], Log]:
    return lambda name: read_log((LOGS / name).read_bytes(), name)
