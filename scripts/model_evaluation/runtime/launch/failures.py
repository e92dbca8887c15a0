"""Failures others have met before: what the service's words mean, and what to do about them."""

from __future__ import annotations

import re
from typing import NamedTuple


class Diagnosis(NamedTuple):
    """What a failure text means, and its fix."""

    meaning: str
    fix: str


FAILURE_CATALOGUE: tuple[tuple[str, Diagnosis], ...] = (
    (
        r"DownstreamServiceUnavailable",
        Diagnosis(
            "A service behind SageMaker did not answer; for models without an evaluation recipe this is also "
            "how SageMaker says that it cannot evaluate them.",
            "Run again. If it fails the same way, check that serverless evaluation "
            "supports this base model in this region.",
        ),
    ),
    (
        r"ResourceLimitExceeded|LimitExceeded|quota",
        Diagnosis(
            "An account quota is used up; the one for concurrent serverless evaluation jobs starts at 0 in "
            "some accounts.",
            "Wait until other evaluations have ended, or request an increase in Service Quotas (SageMaker, "
            "serverless evaluation), then run again.",
        ),
    ),
    (
        r"CreateEvaluationJob|GetEvaluationJob",
        Diagnosis(
            "The execution role may not run Bedrock evaluation jobs.",
            "Allow bedrock:CreateEvaluationJob, bedrock:GetEvaluationJob and iam:PassRole in ROLE_ARN's "
            "policy, then run again.",
        ),
    ),
    (
        r"(?=.*bedrock)(?=.*(assum|trust|sts:AssumeRole))",
        Diagnosis(
            "Bedrock may not assume the execution role.",
            "Add bedrock.amazonaws.com to the trust policy of ROLE_ARN (action sts:AssumeRole), then run again.",
        ),
    ),
    (
        r"on-demand throughput|inference profile",
        Diagnosis(
            "The judge model is offered in this region only through an inference profile.",
            "Choose a judge that can be called on demand in REGION and render the notebook again.",
        ),
    ),
    (
        r"InsufficientCapacity|CapacityError|insufficient capacity|no capacity",
        Diagnosis(
            "SageMaker had no capacity for the job in this region.",
            "Run again later, or in another region that has the model.",
        ),
    ),
    (
        r"MaxRuntimeExceeded|MaxRuntimeInSeconds|maximum runtime|StoppingCondition",
        Diagnosis(
            "A job reached the longest time it may run.",
            "Evaluate fewer rows (a sample, or shards one after another), then run again.",
        ),
    ),
    (
        r"\bEULA\b|end.user licen[cs]e",
        Diagnosis(
            "The licence of the base model has not been accepted.",
            "Accept it for the model package or the model in SageMaker Studio, then run again.",
        ),
    ),
    (
        r"\bSubnet|SecurityGroup|VPC endpoint|ConnectTimeout|Connect timeout on|Could not connect to the endpoint",
        Diagnosis(
            "A job could not reach a service over its network.",
            "Give its subnets endpoints for S3, SageMaker and Bedrock (or a NAT gateway), then run again.",
        ),
    ),
    (
        r"mlflow",
        Diagnosis(
            "The MLflow app or tracking server could not be written to.",
            "Check that it runs and that ROLE_ARN may use it (sagemaker-mlflow actions), then run again.",
        ),
    ),
    (
        r"ExpiredToken|security token .*expired",
        Diagnosis(
            "Credentials expired on AWS's side while a job used them.",
            "Run again; if it repeats, check the role's maximum session duration.",
        ),
    ),
    (
        r"model package.*(not found|does not exist|could not find)|Cannot find .*model.?package",
        Diagnosis(
            "The model package is gone, or the role cannot see it.",
            "Check MODEL_PACKAGE_ARN and allow sagemaker:DescribeModelPackage for ROLE_ARN, then run again.",
        ),
    ),
    (
        r"assum|trust relationship",
        Diagnosis(
            "A service may not assume the execution role.",
            "Let sagemaker.amazonaws.com and bedrock.amazonaws.com assume ROLE_ARN in its trust policy, then "
            "run again.",
        ),
    ),
    (
        (
            r"access to the model|model access|(?=.*InvokeModel)(?=.*(not authorized|denied))"
            r"|judge model.*(denied|access)"
        ),
        Diagnosis(
            "The judge model may not be used by this account or role.",
            "Enable the judge under Bedrock, Model access, in this region and allow bedrock:InvokeModel for it "
            "in ROLE_ARN's policy, then run again.",
        ),
    ),
    (
        r"No S3 objects found|NoSuchKey|NoSuchBucket|bucket does not exist",
        Diagnosis(
            "A file or bucket that the evaluation needs is not there, or the execution role cannot see it.",
            "Check that the dataset and the output bucket exist in REGION and that ROLE_ARN may list and read them, "
            "then run again.",
        ),
    ),
    (
        r"end of life|end-of-life|no longer (supported|available)|legacy.*(denied|access)",
        Diagnosis(
            "The judge model has been retired.",
            "Choose a judge that is in service and render the notebook again.",
        ),
    ),
    (
        (
            r"(more than|exceeds?|maximum|at most|limit).{0,60}\b1,?000\b"
            r"|\b1,?000\b.{0,40}(prompts|rows|records|limit)"
        ),
        Diagnosis(
            "A judge job takes at most 1000 prompts.",
            "Draw a sample of at most 1000 rows from the dataset, point DATASET at it (and empty "
            "DATASET_ETAG), then run again.",
        ),
    ),
    (
        r"custom.?metric|ratingScale|customMetricDefinition",
        Diagnosis(
            "Bedrock does not accept a custom metric's definition.",
            "Correct CUSTOM_METRICS (the service's words above name the fault), then run again.",
        ),
    ),
    (
        r"metricNames|invalid metric|unknown metric|Builtin\.",
        Diagnosis("Bedrock does not know one of the built-in metrics.", "Correct BUILTIN_METRICS, then run again."),
    ),
    (
        r"\bKMS\b|kms:",
        Diagnosis(
            "An encryption key cannot be used.",
            "Allow kms:Decrypt and kms:GenerateDataKey on the bucket's key for ROLE_ARN, then run again.",
        ),
    ),
    (
        r"(?=.*(s3:|bucket|S3))(?=.*(denied|not authorized|403|forbidden))",
        Diagnosis(
            "The execution role may not read or write one of the buckets.",
            "Allow s3:GetObject, s3:PutObject, s3:ListBucket and s3:GetBucketLocation on the dataset's and "
            "the output bucket for ROLE_ARN, then run again.",
        ),
    ),
    (
        r"dataset|jsonl?\b.*(invalid|malformed|pars)|missing.*(prompt|query)",
        Diagnosis(
            "The service cannot read a row of the dataset.",
            "Check the dataset (`evaluate.py dataset check` names every bad row), then run again.",
        ),
    ),
    (
        r"AccessDenied|not authorized|is not permitted",
        Diagnosis(
            "A permission is missing; the service's words name the action and the identity.",
            "Allow that action for that identity, then run again.",
        ),
    ),
    (
        r"throttl|TooManyRequests|rate exceeded",
        Diagnosis(
            "AWS limited the rate of requests, most often the judge's tokens per minute.",
            "Run again at a quieter time, or request a higher Bedrock quota for the judge.",
        ),
    ),
    (
        r"InternalServer|internal (error|failure)|ServiceUnavailable|try again",
        Diagnosis("AWS had a fault of its own.", "Run again."),
    ),
)
UNKNOWN_FAILURE = Diagnosis(
    "This failure is not one we know; the service's words are all there is to go by.",
    "Open the failed step's job in the SageMaker console and read its log, then run again.",
)


def diagnose(text: str) -> Diagnosis:
    """The first entry of the catalogue whose words are in ``text``, else :data:`UNKNOWN_FAILURE`."""
    for pattern, diagnosis in FAILURE_CATALOGUE:
        if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return diagnosis
    return UNKNOWN_FAILURE
