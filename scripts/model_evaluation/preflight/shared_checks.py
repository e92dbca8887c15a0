"""The checks that several kinds of evaluation share, ready for a kind's list, and the list that one evaluation gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from .checks import answers, limits, mlflow, models, network, permissions, sdk, session, storage
from .results import Result
from .subject import Subject


class Check(NamedTuple):
    """``run`` yields the check's results; it is skipped while one of the steps ``needs`` that the kind asks has no
    answer."""

    id: str
    run: Callable[[Subject], Iterable[Result]]
    needs: tuple[str, ...] = ()


IDENTITY = Check("identity", session.identity)
ENDPOINT = Check("endpoint", session.endpoint)
CLOCK = Check("clock", session.clock)
ACCOUNT = Check("account", session.accounts, ("role", "model"))
REGION = Check("region", session.regions, ("region", "dataset", "output", "model"))
BASE_MODEL = Check("base_model", models.base_models, ("model", "region"))
WEIGHTS = Check("weights", models.weights, ("model", "scope", "region"))
LICENCE = Check("licence", models.licence, ("model", "scope", "region"))
ROLE = Check("role", permissions.execution_role, ("role",))
BUCKET_POLICY = Check("bucket_policy", storage.bucket_policies, ("role", "dataset", "output"))
OBJECT_LOCK = Check("object_lock", storage.object_lock, ("output",))
ENCRYPTION = Check("encryption", storage.keys, ("role", "dataset", "output", "region"))
PROFILE = Check("data", answers.profile, ("dataset", "data"))
MLFLOW = Check("mlflow", mlflow.mlflow, ("mlflow", "region"))
QUOTA_JOBS = Check("quota_jobs", limits.concurrent_evaluations, ("region",))
RUNNING = Check("running", limits.already_running, ("region",))
NETWORK_STEPS = Check("network_steps", network.steps, ("model", "scope", "region", "dataset", "output"))
SDK = Check("sdk", sdk.version)
SDK_ENVIRONMENT = Check("sdk_environment", sdk.environment, ("region",))


def lifetime(needs: tuple[str, ...]) -> Check:
    """Whether the credentials last as long as the evaluation, whose duration is known once ``needs`` are answered."""
    return Check("credentials", session.lifetime, needs)


def role_may(needs: tuple[str, ...]) -> Check:
    """Whether the role may do what the kind's permissions say; ``needs`` are the steps these are made of."""
    return Check("role_may", permissions.role, needs)


def caller_may(needs: tuple[str, ...]) -> Check:
    """The same for whoever runs the notebook."""
    return Check("caller_may", permissions.caller, needs)


def studio_network(endpoints: tuple[str, ...]) -> Check:
    """Whether Studio domains confined to a VPC have endpoints for what the notebook calls, by the last part of their
    service names."""
    return Check("network", partial(network.studio, needed=endpoints), ("region",))


# What several kinds check one after another; their own checks stand before, between and behind.
BASE_MODELS = (BASE_MODEL, WEIGHTS, LICENCE)
SERVERLESS = (MLFLOW, QUOTA_JOBS, RUNNING)


def whereabouts(duration: tuple[str, ...]) -> tuple[Check, ...]:
    """Who asks, for how long yet, in which account and region; ``duration`` as for :func:`lifetime`."""
    return (IDENTITY, ENDPOINT, lifetime(duration), CLOCK, ACCOUNT, REGION)


def access(needs: tuple[str, ...]) -> tuple[Check, ...]:
    """What role and caller may do, and what guards the buckets; ``needs`` as for :func:`role_may`."""
    return (ROLE, role_may(needs), caller_may(needs), BUCKET_POLICY, OBJECT_LOCK, ENCRYPTION)


def surroundings(endpoints: tuple[str, ...] = ("s3", "sagemaker.api", "sts", "logs")) -> tuple[Check, ...]:
    """Networks and the SDK; ``endpoints`` as for :func:`studio_network`."""
    return (studio_network(endpoints), NETWORK_STEPS, SDK, SDK_ENVIRONMENT)


def checks_for(subject: Subject) -> list[Check]:
    """The checks of the evaluation's kind, and its steps' own answers again after the first of them."""
    kind = subject.context.kind
    first, *others = kind.checks() or (IDENTITY,)
    own = {check.id for check in (first, *others)}
    again = [Check(step_id, answers.again(step_id), (step_id,)) for step_id in kind.rechecked if step_id not in own]
    return [first, *again, *others]
