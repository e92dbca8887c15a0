"""Every check before an evaluation of a predictive model, in the order in which they are shown. Those about AWS say
nothing where no part of the evaluation is there."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.kinds.predictive.kind import Predictive
from model_evaluation.kinds.predictive.recorded import uses_aws, uses_batch, uses_jobs
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.results import Result
from model_evaluation.preflight.shared_checks import Check
from model_evaluation.preflight.subject import Subject

from . import tables

ENDPOINTS = ("s3", "sagemaker.api", "sagemaker.runtime", "sts", "logs")


def _where(check: Check, applies: object) -> Check:
    """The check, for evaluations that it is about."""

    def run(subject: Subject) -> Iterator[Result]:
        if applies(subject.context):  # type: ignore[operator]
            yield from check.run(subject)

    return Check(check.id, run, check.needs)


CHECKS: tuple[Check, ...] = (
    _where(shared.IDENTITY, uses_aws),
    _where(shared.ENDPOINT, uses_aws),
    _where(shared.CLOCK, uses_aws),
    Check("packages", tables.packages),
    Check("test_set", tables.test_set, ("dataset", "data")),
    Check("features", tables.features, ("columns", "model")),
    Check("comparison", tables.comparison, ("model", "reference", "predictions")),
    _where(shared.ROLE, tables.has_role),
    _where(shared.role_may(Predictive.permission_steps), tables.has_role),
    _where(shared.caller_may(Predictive.permission_steps), uses_jobs),
    _where(shared.BUCKET_POLICY, tables.has_role),
    _where(shared.ENCRYPTION, tables.has_role),
    _where(shared.studio_network(ENDPOINTS), uses_jobs),
    _where(shared.SDK, uses_jobs),
    _where(shared.SDK_ENVIRONMENT, uses_batch),
)
