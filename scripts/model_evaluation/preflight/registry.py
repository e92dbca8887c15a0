"""The checks that several kinds of evaluation share, and those that one evaluation gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from . import (
    answers,
    encryption,
    execution_role,
    identity,
    limits,
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


IDENTITY = Check("identity", identity.caller)
CLOCK = Check("clock", identity.clock)
ACCOUNT = Check("account", places.accounts, ("role", "model"))
REGION = Check("region", places.regions, ("region", "dataset", "output", "model"))
BASE_MODEL = Check("base_model", model.base_model, ("model", "region"))
WEIGHTS = Check("weights", package.weights, ("model", "scope", "region"))
LICENCE = Check("licence", package.licence, ("model", "scope", "region"))
ROLE = Check("role", execution_role.role, ("role",))
BUCKET_POLICY = Check("bucket_policy", policies.bucket_policies, ("role", "dataset", "output"))
OBJECT_LOCK = Check("object_lock", policies.object_lock, ("output",))
ENCRYPTION = Check("encryption", encryption.keys, ("role", "dataset", "output", "region"))
MLFLOW = Check("mlflow", tracking.mlflow, ("mlflow", "region"))
QUOTA_JOBS = Check("quota_jobs", limits.evaluation_jobs, ("region",))
RUNNING = Check("running", limits.already_running, ("region",))
NETWORK = Check("network", network.studio, ("region",))
NETWORK_STEPS = Check("network_steps", network.steps, ("model", "scope", "region", "dataset", "output"))
SDK = Check("sdk", sdk.version)


def lifetime(needs: tuple[str, ...]) -> Check:
    """Whether the credentials last as long as the evaluation, whose duration is known once ``needs`` are answered."""
    return Check("credentials", identity.lifetime, needs)


def role_may(needs: tuple[str, ...]) -> Check:
    """Whether the role may do what the kind's permissions say; ``needs`` are the steps these are made of."""
    return Check("role_may", permitted.role, needs)


def caller_may(needs: tuple[str, ...]) -> Check:
    """The same for whoever runs the notebook."""
    return Check("caller_may", permitted.caller, needs)


def checks_for(subject: Subject) -> list[Check]:
    """The checks of the evaluation's kind, and its steps' own answers again after the first of them."""
    kind = subject.context.kind
    first, *others = kind.checks() or (IDENTITY,)
    own = {check.id for check in (first, *others)}
    again = [Check(step_id, answers.again(step_id), (step_id,)) for step_id in kind.rechecked if step_id not in own]
    return [first, *again, *others]
