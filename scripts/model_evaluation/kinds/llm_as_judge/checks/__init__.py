"""Every check before a judge evaluation, in the order in which they are shown."""

from __future__ import annotations

from model_evaluation.kinds.llm_as_judge.kind import LlmAsJudge
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.shared_checks import Check

from . import judge, metrics, quotas

# What the notebook calls, by the last part of an endpoint's service name.
ENDPOINTS = ("s3", "sagemaker.api", "bedrock", "sts", "logs")

CHECKS: tuple[Check, ...] = (
    *shared.whereabouts(("data", "custom_metrics", "builtin_metrics", "scope")),
    Check("metrics", metrics.metrics, ("custom_metrics", "builtin_metrics")),
    Check("data", metrics.data, ("dataset", "data")),
    *shared.BASE_MODELS,
    Check("judge", judge.judge, ("judge", "region")),
    Check("judge_access", judge.access, ("judge", "region")),
    Check("judge_call", judge.how_it_is_called, ("judge", "region")),
    *shared.access(LlmAsJudge.permission_steps),
    shared.MLFLOW,
    shared.QUOTA_JOBS,
    Check("quota_judge", quotas.judge_tokens, ("judge", "region", "data", "scope")),
    shared.RUNNING,
    *shared.surroundings(ENDPOINTS),
)
