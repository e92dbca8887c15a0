"""Every check, in the order in which they are shown. Adding one is a function and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from model_evaluation.evaluations import evaluation_of

from . import (
    answers,
    encryption,
    execution_role,
    identity,
    judge,
    limits,
    metrics,
    model,
    network,
    package,
    permitted,
    places,
    policies,
    sdk,
    tracking,
)
from .result import Result
from .subject import Subject


class Check(NamedTuple):
    """``run`` yields the check's results; it is skipped while one of the steps ``needs`` has no answer."""

    id: str
    run: Callable[[Subject], Iterable[Result]]
    needs: tuple[str, ...] = ()


PERMISSIONS = ("role", "dataset", "output", "model", "region", "judge", "mlflow", "scope")

CHECKS: tuple[Check, ...] = (
    Check("identity", identity.caller),
    Check("credentials", identity.lifetime, ("data", "custom_metrics", "builtin_metrics", "scope")),
    Check("clock", identity.clock),
    Check("account", places.accounts, ("role", "model")),
    Check("region", places.regions, ("region", "dataset", "output", "model")),
    Check("metrics", metrics.metrics, ("custom_metrics", "builtin_metrics")),
    Check("data", metrics.data, ("dataset", "data")),
    Check("base_model", model.base_model, ("model", "region")),
    Check("weights", package.weights, ("model", "scope", "region")),
    Check("licence", package.licence, ("model", "scope", "region")),
    Check("judge", judge.judge, ("judge", "region")),
    Check("judge_access", judge.access, ("judge", "region")),
    Check("judge_call", judge.how_it_is_called, ("judge", "region")),
    Check("role", execution_role.role, ("role",)),
    Check("role_may", permitted.role, PERMISSIONS),
    Check("caller_may", permitted.caller, PERMISSIONS),
    Check("bucket_policy", policies.bucket_policies, ("role", "dataset", "output")),
    Check("object_lock", policies.object_lock, ("output",)),
    Check("encryption", encryption.keys, ("role", "dataset", "output", "region")),
    Check("mlflow", tracking.mlflow, ("mlflow", "region")),
    Check("quota_jobs", limits.evaluation_jobs, ("region",)),
    Check("quota_judge", limits.judge_tokens, ("judge", "region", "data", "scope")),
    Check("running", limits.already_running, ("region",)),
    Check("network", network.studio, ("region",)),
    Check("network_steps", network.steps, ("model", "scope", "region", "dataset", "output")),
    Check("sdk", sdk.version),
)


def checks_for(subject: Subject) -> list[Check]:
    """The checks of the configured kind of evaluation: those above, and its steps' own answers again."""
    own = {check.id for check in CHECKS}
    steps = evaluation_of(subject.context.document).RECHECKED
    again = [Check(step_id, answers.again(step_id), (step_id,)) for step_id in steps if step_id not in own]
    return [CHECKS[0], *again, *CHECKS[1:]]
