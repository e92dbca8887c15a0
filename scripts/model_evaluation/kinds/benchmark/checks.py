"""Every check before a benchmark, in the order in which they are shown."""

from __future__ import annotations

from model_evaluation.kinds.benchmark.kind import Benchmark
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.shared_checks import Check

# What the notebook calls, by the last part of an endpoint's service name.
ENDPOINTS = ("s3", "sagemaker.api", "sts", "logs")

CHECKS: tuple[Check, ...] = (
    shared.IDENTITY,
    shared.ENDPOINT,
    shared.lifetime(("benchmark", "subtasks", "scope")),
    shared.CLOCK,
    shared.ACCOUNT,
    shared.REGION,
    shared.BASE_MODEL,
    shared.WEIGHTS,
    shared.LICENCE,
    shared.ROLE,
    shared.role_may(Benchmark.permission_steps),
    shared.caller_may(Benchmark.permission_steps),
    shared.BUCKET_POLICY,
    shared.OBJECT_LOCK,
    shared.ENCRYPTION,
    shared.MLFLOW,
    shared.QUOTA_JOBS,
    shared.RUNNING,
    shared.studio_network(ENDPOINTS),
    shared.NETWORK_STEPS,
    shared.SDK,
    shared.SDK_ENVIRONMENT,
)
