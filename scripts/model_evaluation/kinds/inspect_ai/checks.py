"""Every check before an evaluation with Inspect, in the order in which they are shown."""

from __future__ import annotations

from model_evaluation.kinds.inspect_ai.kind import InspectAI
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.shared_checks import Check

CHECKS: tuple[Check, ...] = (
    *shared.whereabouts(("tasks", "model", "reference")),
    *shared.access(InspectAI.permission_steps),
    shared.MLFLOW,
    shared.RUNNING,
    *shared.surroundings(),
)
