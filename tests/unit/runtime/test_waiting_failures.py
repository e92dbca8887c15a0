"""The catalogue of failures: texts as AWS words them, and what they must be taken for."""

from __future__ import annotations

from typing import Any

import pytest

from model_evaluation.kinds.llm_as_judge.runtime.judge_runs import JudgeRuns
from model_evaluation.kinds.multi_turn.runtime.multi_turn_runs import MultiTurnRuns
from model_evaluation.kinds.predictive.runtime.transform_runs import TransformRuns
from model_evaluation.runtime.launch.service import UNKNOWN_FAILURE, Runs, diagnose

REFUSED_JOB = "An error occurred (ValidationException) when calling the CreateEvaluationJob operation:"
SOMEBODY = "User: arn:aws:sts::1:assumed-role/R/S is not authorized to perform:"


@pytest.mark.parametrize(
    ("text", "meaning", "fix"),
    [
        ("DownstreamServiceUnavailable: try later", "evaluation recipe", "Run again"),
        (
            "ResourceLimitExceeded: The account-level service limit is 0 Instances",
            "quota",
            "Service Quotas",
        ),
        (
            (
                "AccessDeniedException: User: arn:aws:sts::1:assumed-role/R/S is not authorized to perform: "
                "bedrock:CreateEvaluationJob on resource: *"
            ),
            "may not run Bedrock evaluation jobs",
            "bedrock:CreateEvaluationJob",
        ),
        (
            "ValidationException: Bedrock could not assume the role arn:aws:iam::1:role/R",
            "Bedrock may not assume",
            "bedrock.amazonaws.com",
        ),
        ("Could not assume role arn:aws:iam::1:role/R. Check its trust relationship", "assume", "trust policy"),
        (
            "You don't have access to the model with the specified model ID.",
            "judge model may not be used",
            "Model access",
        ),
        (
            "not authorized to perform: bedrock:InvokeModel on resource foundation-model/x",
            "judge model may not be used",
            "bedrock:InvokeModel",
        ),
        ("This model version has reached the end of its life. end of life", "retired", "in service"),
        ("The dataset has 1200 prompts, which is more than the limit of 1000", "at most 1000", "sample"),
        ("Number of records exceeds maximum of 1,000", "at most 1000", "sample"),
        ("Invalid customMetricDefinition: ratingScale is empty", "custom metric", "CUSTOM_METRICS"),
        ("Value 'Corectness' at metricNames failed to satisfy constraint", "built-in metrics", "BUILTIN_METRICS"),
        ('No S3 objects found under S3 URL "s3://b/custom-metrics.json"', "is not there", "list and read"),
        ("Access denied to KMS key", "encryption key", "kms:Decrypt"),
        ("s3:GetObject AccessDenied for bucket acme", "buckets", "s3:GetObject"),
        ("The dataset row 3 is missing the field prompt", "row of the dataset", "dataset check"),
        ("User is not authorized to perform: sagemaker:AddTags", "permission is missing", "Allow that action"),
        ("ThrottlingException: Rate exceeded", "rate of requests", "quieter time"),
        ("InternalServerException", "fault of its own", "Run again"),
        (
            (
                "Invocation of model ID anthropic.claude with on-demand throughput isn't supported. Retry with an "
                "inference profile"
            ),
            "only through an inference profile",
            "on demand",
        ),
        ("CapacityError: Unable to provision requested ML compute capacity", "no capacity", "another region"),
        ("MaxRuntimeExceeded: Training job runtime exceeded MaxRuntimeInSeconds", "longest time", "sample"),
        ("The EULA must be accepted to use this model", "licence", "Accept it"),
        ('Connect timeout on endpoint URL: "https://s3.us-west-2.amazonaws.com/"', "over its network", "endpoints"),
        ("mlflow.exceptions.MlflowException: API request failed with 403", "MLflow", "sagemaker-mlflow"),
        ("ExpiredTokenException: The security token included in the request is expired", "expired", "session"),
        ("Model package arn:x does not exist", "model package is gone", "MODEL_PACKAGE_ARN"),
        (f"{REFUSED_JOB} The prompt dataset has 1001 records; the maximum is 1000.", "at most 1000", "sample"),
        (f"{REFUSED_JOB} customMetricConfig is invalid: 11 metrics given", "custom metric", "CUSTOM_METRICS"),
        (f"{REFUSED_JOB} The provided model identifier x is invalid.", "retired, or this region", "in service"),
        (f"{REFUSED_JOB} The metric Builtin.Foo is not supported.", "built-in metrics", "BUILTIN_METRICS"),
        (
            "when calling the InvokeModel operation: Access denied. This Model is marked by provider as Legacy",
            "retired",
            "in service",
        ),
        (f"{SOMEBODY} bedrock:InvokeModel", "judge model may not be used", "bedrock:InvokeModel"),
        ("ClientError: The bucket is in this region: eu-west-1. Please use a bucket in x.", "another region", "REGION"),
        ("ClientError: The specified bucket acme does not exist", "is not there", "list and read"),
        ("ClientError: DataSet arn:aws:sagemaker:x does not exist", "is not there", "list and read"),
        (f"{SOMEBODY} s3:PutObject on resource arn:aws:s3:::acme", "buckets", "s3:PutObject"),
        (f"{SOMEBODY} s3:GetObject on resource arn:aws:s3:::acme/custom-metrics.json", "buckets", "s3:GetObject"),
    ],
)
def test_a_known_text_is_explained(text: str, meaning: str, fix: str) -> None:
    diagnosis = diagnose(text, JudgeRuns.failures)
    assert meaning in diagnosis.meaning
    assert fix in diagnosis.fix


@pytest.mark.parametrize(
    ("runs", "text", "fix"),
    [
        (MultiTurnRuns, f"{SOMEBODY} bedrock-agentcore:InvokeAgentRuntime", "InvokeAgentRuntime on the runtime"),
        (MultiTurnRuns, "ThrottlingException when calling the InvokeAgentRuntime operation: Rate exceeded", "quieter"),
        (TransformRuns, "ModelError: job 11413 of arn:aws:sagemaker:us-west-2:114130000000:x", "Read the job's log"),
    ],
)
def test_only_a_denial_is_taken_for_one_and_no_number_for_a_status(runs: type[Runs[Any]], text: str, fix: str) -> None:
    assert fix in diagnose(text, runs.failures).fix


def test_an_unknown_text_says_so() -> None:
    assert diagnose("Algorithm error: exit code 137", JudgeRuns.failures) == UNKNOWN_FAILURE
    assert diagnose("") == UNKNOWN_FAILURE


def test_every_entry_ends_in_sentences() -> None:
    for diagnosis in JudgeRuns.failures:
        assert diagnosis.meaning.endswith(".")
        assert diagnosis.fix.endswith(".")
