"""Every check before a benchmark, in the order in which they are shown."""

from __future__ import annotations

from model_evaluation.kinds.benchmark.kind import Benchmark
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.shared_checks import Check

CHECKS: tuple[Check, ...] = (
    *shared.whereabouts(("benchmark", "subtasks", "scope")),
    *shared.BASE_MODELS,
    *shared.access(Benchmark.permission_steps),
    *shared.SERVERLESS,
    *shared.surroundings(),
)
