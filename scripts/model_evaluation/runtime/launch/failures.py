"""Failures others have met before: what the service's words mean, and what to do about them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Failure(NamedTuple):
    """Words of a service (a regular expression, whatever the case), what they mean, and what to do."""

    pattern: str
    meaning: str
    fix: str


COMMON_FAILURES = (
    Failure(
        r"DownstreamServiceUnavailable",
        "A service behind SageMaker did not answer; for models without an evaluation recipe this is also how SageMaker "
        "says that it cannot evaluate them.",
        "Run again. If it fails the same way, check that serverless evaluation supports the base model in this region.",
    ),
    Failure(
        r"ResourceLimitExceeded|LimitExceeded|quota",
        "An account quota is used up; the one for concurrent serverless evaluation jobs starts at 0 in some accounts.",
        "Wait until other evaluations have ended, or request an increase in Service Quotas (SageMaker, serverless "
        "evaluation), then run again.",
    ),
    Failure(
        r"InsufficientCapacity|CapacityError|insufficient capacity|no capacity",
        "SageMaker had no capacity for the job in this region.",
        "Run again later, or in another region that has the model.",
    ),
    Failure(
        r"MaxRuntimeExceeded|MaxRuntimeInSeconds|maximum runtime|StoppingCondition",
        "A job reached the longest time it may run.",
        "Evaluate fewer rows (a sample, or shards one after another), then run again.",
    ),
    Failure(
        r"\bEULA\b|end.user licen[cs]e",
        "The licence of the base model has not been accepted.",
        "Accept it for the model package or the model in SageMaker Studio, then run again.",
    ),
    Failure(
        r"\bSubnet|SecurityGroup|VPC endpoint|ConnectTimeout|Connect timeout on|Could not connect to the endpoint",
        "A job could not reach a service over its network.",
        "Give its subnets endpoints for S3, SageMaker and the model's service (or a NAT gateway), then run again.",
    ),
    Failure(
        r"mlflow",
        "The MLflow app or tracking server could not be written to.",
        "Check that it runs and that ROLE_ARN may use it (sagemaker-mlflow actions), then run again.",
    ),
    Failure(
        r"ExpiredToken|security token .*expired",
        "Credentials expired on AWS's side while a job used them.",
        "Run again; if it repeats, check the role's maximum session duration.",
    ),
    Failure(
        r"model package.*(not found|does not exist|could not find)|Cannot find .*model.?package",
        "The model package is gone, or the role cannot see it.",
        "Check MODEL_PACKAGE_ARN and allow sagemaker:DescribeModelPackage for ROLE_ARN, then run again.",
    ),
    Failure(
        r"assum|trust relationship",
        "A service may not assume the execution role.",
        "Let the service that the words name (at least sagemaker.amazonaws.com) assume ROLE_ARN in its trust policy, "
        "then run again.",
    ),
    Failure(
        r"No S3 objects found|NoSuchKey|NoSuchBucket|bucket does not exist",
        "A file or bucket that the evaluation needs is not there, or the execution role cannot see it.",
        "Check that the dataset and the output bucket exist in REGION and that ROLE_ARN may list and read them, then "
        "run again.",
    ),
    Failure(
        r"\bKMS\b|kms:",
        "An encryption key cannot be used.",
        "Allow kms:Decrypt and kms:GenerateDataKey on the bucket's key for ROLE_ARN, then run again.",
    ),
    Failure(
        r"(?=.*(s3:|bucket|S3))(?=.*(denied|not authorized|403|forbidden))",
        "The execution role may not read or write one of the buckets.",
        "Allow s3:GetObject, s3:PutObject, s3:ListBucket and s3:GetBucketLocation on the dataset's and the output "
        "bucket for ROLE_ARN, then run again.",
    ),
    Failure(
        r"dataset|jsonl?\b.*(invalid|malformed|pars)|missing.*(prompt|query)",
        "The service cannot read a row of the dataset.",
        "Check the dataset (`evaluate.py dataset check` names every bad row), then run again.",
    ),
    Failure(
        r"AccessDenied|not authorized|is not permitted",
        "A permission is missing; the service's words name the action and the identity.",
        "Allow that action for that identity, then run again.",
    ),
    Failure(
        r"throttl|TooManyRequests|rate exceeded",
        "AWS limited the rate of requests, most often a model's tokens per minute.",
        "Run again at a quieter time, or request a higher quota for the model.",
    ),
    Failure(
        r"InternalServer|internal (error|failure)|ServiceUnavailable|try again",
        "AWS had a fault of its own.",
        "Run again.",
    ),
)
UNKNOWN_FAILURE = Failure(
    "",
    "This failure is not one we know; the service's words are all there is to go by.",
    "Open the failed step's job in the SageMaker console and read its log, then run again.",
)


def diagnose(text: str, failures: Iterable[Failure] = COMMON_FAILURES) -> Failure:
    """The first of the failures whose words are in ``text``, else :data:`UNKNOWN_FAILURE`."""
    for failure in failures:
        if re.search(failure.pattern, text, re.IGNORECASE | re.DOTALL):
            return failure
    return UNKNOWN_FAILURE
