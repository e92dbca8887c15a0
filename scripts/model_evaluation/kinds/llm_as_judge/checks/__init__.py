"""Every check before a judge evaluation, in the order in which they are shown."""

from __future__ import annotations

from model_evaluation.kinds.llm_as_judge.kind import LlmAsJudge
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.shared_checks import Check

from . import judge, metrics, quotas

# What the notebook calls, by the last part of an endpoint's service name.
ENDPOINTS = ("s3", "sagemaker.api", "bedrock", "sts", "logs")

CHECKS: tuple[Check, ...] = (
    shared.IDENTITY,
    shared.ENDPOINT,
    shared.lifetime(("data", "custom_metrics", "builtin_metrics", "scope")),
    shared.CLOCK,
    shared.ACCOUNT,
    shared.REGION,
    Check("metrics", metrics.metrics, ("custom_metrics", "builtin_metrics")),
    Check("data", metrics.data, ("dataset", "data")),
    shared.BASE_MODEL,
    shared.WEIGHTS,
    shared.LICENCE,
    Check("judge", judge.judge, ("judge", "region")),
    Check("judge_access", judge.access, ("judge", "region")),
    Check("judge_call", judge.how_it_is_called, ("judge", "region")),
    shared.ROLE,
    shared.role_may(LlmAsJudge.permission_steps),
    shared.caller_may(LlmAsJudge.permission_steps),
    shared.BUCKET_POLICY,
    shared.OBJECT_LOCK,
    shared.ENCRYPTION,
    shared.MLFLOW,
    shared.QUOTA_JOBS,
    Check("quota_judge", quotas.judge_tokens, ("judge", "region", "data", "scope")),
    shared.RUNNING,
    shared.studio_network(ENDPOINTS),
    shared.NETWORK_STEPS,
    shared.SDK,
    shared.SDK_ENVIRONMENT,
)
