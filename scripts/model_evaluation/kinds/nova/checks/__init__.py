"""Every check before an evaluation in the Nova container, in the order in which they are shown."""

from __future__ import annotations

from model_evaluation.kinds.nova.kind import Nova
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.shared_checks import Check

from . import recipe

# What the notebook calls, by the last part of an endpoint's service name.
ENDPOINTS = ("s3", "sagemaker.api", "sts", "logs")
RECIPE_STEPS = ("model", "nova_task", "inference", "scale")

CHECKS: tuple[Check, ...] = (
    *shared.whereabouts(("data", "scope", "scale")),
    Check("recipe", recipe.recipe, RECIPE_STEPS),
    Check("checkpoint", recipe.checkpoints, ("model", "scope")),
    Check("image", recipe.image, ("region",)),
    Check("rows", recipe.rows, ("dataset", "data")),
    *shared.access(Nova.permission_steps),
    shared.studio_network(ENDPOINTS),
    shared.SDK,
    shared.SDK_ENVIRONMENT,
)
