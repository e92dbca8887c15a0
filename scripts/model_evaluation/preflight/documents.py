"""The policy documents that `preflight --policy` prints, made of what `preflight` asks for and little more."""

from __future__ import annotations

from typing import Any

from model_evaluation.lookups.roles import BEDROCK, SAGEMAKER

from .permissions import SDK_ROLE_GATE, Plan, caller_needs, role_needs, statement


def role_policy(plan: Plan, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """The least the execution role needs, as a policy document. ``keys`` are ARNs of KMS keys in use."""
    statements = [need.statement() for need in role_needs(plan)]
    statements.append(statement(("s3:AbortMultipartUpload",), (plan.s3(f"{plan.output}/*"),), {}))
    statements.append(
        statement(
            ("bedrock:InvokeModelWithResponseStream",),
            (plan.judge_model, f"arn:{plan.partition}:bedrock:*:{plan.account}:inference-profile/*{plan.judge}"),
            {},
        )
    )
    statements.append(
        statement(
            ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            (f"arn:{plan.partition}:ecr:{plan.region}:*:repository/*",),
            {},
        )
    )
    statements.append(statement(SDK_ROLE_GATE, ("*",), {}))
    if plan.weights:
        statements.append(statement(("s3:GetObject",), (plan.s3(plan.weights.rstrip("/") + "/*"),), {}))
    if keys:
        statements.append(statement(("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"), keys, {}))
    return {"Version": "2012-10-17", "Statement": statements}


def trust_policy(plan: Plan) -> dict[str, Any]:
    """Who may assume the execution role: SageMaker for the jobs, Bedrock for the scoring."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": [SAGEMAKER, BEDROCK]},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": plan.account}},
            }
        ],
    }


def caller_policy(plan: Plan) -> dict[str, Any]:
    """The least the caller needs: the run itself, and what preflight reads."""
    statements = [need.statement() for need in caller_needs(plan)]
    reading = (
        "bedrock:GetFoundationModelAvailability",
        "bedrock:ListInferenceProfiles",
        "pricing:GetProducts",
        "sagemaker:DescribeDomain",
        "sagemaker:DescribeMlflowApp",
        "sagemaker:DescribeMlflowTrackingServer",
        "sagemaker:DescribeTrainingJob",
        "sagemaker:ListDomains",
        "sagemaker:ListMlflowApps",
        "sagemaker:ListMlflowTrackingServers",
        "sagemaker:ListPipelineExecutions",
        "servicequotas:GetAWSDefaultServiceQuota",
        "servicequotas:GetServiceQuota",
        "servicequotas:ListServiceQuotas",
    )
    statements.append(statement(reading, ("*",), {}))
    statements.append(statement(("iam:GetRole", "iam:SimulatePrincipalPolicy"), (plan.role,), {}))
    settings = ("s3:GetBucketObjectLockConfiguration", "s3:GetBucketPolicy", "s3:GetEncryptionConfiguration")
    statements.append(statement(settings, plan.buckets, {}))
    if plan.weights:
        statements.append(statement(("s3:ListBucket",), (plan.s3(plan.weights.partition("/")[0]),), {}))
    return {"Version": "2012-10-17", "Statement": statements}
