"""What is checked before money is spent."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.lookups.quotas import get_quota
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.fixes import lines
from model_evaluation.preflight.results import Result, failed, passed, skipped
from model_evaluation.preflight.shared_checks import Check
from model_evaluation.preflight.subject import Subject

from .kind import Toy
from .localaws.player import QUOTA


def copies_allowed(subject: Subject) -> Iterator[Result]:
    """The account may run as many copies of the container as were asked for."""
    copies = int(subject.value("copies"))
    quota = get_quota(subject.aws, QUOTA.service_code, QUOTA.code, subject.region)
    if quota is None:
        yield skipped("Service Quotas does not say how many copies may run.")
    elif copies > quota.value:
        yield failed(
            f"{copies} copies are asked for; the account may run {quota.value:g}.",
            lines("Ask for fewer:", f"evaluate.py answer copies {quota.value:g}"),
        )
    else:
        yield passed(f"{copies} of at most {quota.value:g} copies.")


CHECKS = (
    shared.IDENTITY,
    shared.CLOCK,
    shared.ACCOUNT,
    shared.REGION,
    Check("copies", copies_allowed, ("copies", "region")),
    shared.ROLE,
    shared.role_may(Toy.permission_steps),
    shared.caller_may(Toy.permission_steps),
    shared.QUOTA_JOBS,
    shared.RUNNING,
)
