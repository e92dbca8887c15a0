from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_evaluation.lookups.iam import Policy, decide

BUCKET = "arn:aws:s3:::mine"


def statements(*bodies: dict[str, Any]) -> list[tuple[str, Policy]]:
    return [(f"policy-{index}", body) for index, body in enumerate(bodies)]


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


PASS = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


@pytest.mark.parametrize(
    ("bodies", "action", "resource", "context", "decision"),
    [
        ([], "s3:GetObject", "*", {}, "implicitDeny"),
        ([allow("s3:*")], "s3:GetObject", "*", {}, "allowed"),
        ([allow("S3:get*")], "s3:GetObject", "*", {}, "allowed"),
        ([allow("s3:GetObject", f"{BUCKET}/*")], "s3:GetObject", f"{BUCKET}/a/b", {}, "allowed"),
        # Simulated without a resource, a scoped statement does not match: IAM's false denial.
        ([allow("s3:GetObject", f"{BUCKET}/*")], "s3:GetObject", "*", {}, "implicitDeny"),
        ([allow("s3:*"), allow("s3:GetObject") | {"Effect": "Deny"}], "s3:GetObject", "*", {}, "explicitDeny"),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "s3:GetObject", "*", {}, "allowed"),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], "s3:GetObject", "*", {}, "implicitDeny"),
        ([{"Effect": "Allow", "Action": "*", "NotResource": BUCKET}], "s3:ListBucket", BUCKET, {}, "implicitDeny"),
        ([allow("iam:PassRole", Condition=PASS)], "iam:PassRole", "*", {}, "implicitDeny"),
        (
            [allow("iam:PassRole", Condition=PASS)],
            "iam:PassRole",
            "*",
            {"iam:passedtoservice": ["sagemaker.amazonaws.com"]},
            "allowed",
        ),
        (
            [allow("iam:PassRole", Condition=PASS)],
            "iam:PassRole",
            "*",
            {"iam:passedtoservice": ["lambda.amazonaws.com"]},
            "implicitDeny",
        ),
    ],
)
def test_statements_decide_as_iam_does(
    bodies: list[dict[str, Any]], action: str, resource: str, context: dict[str, list[str]], decision: str
) -> None:
    assert decide(statements(*bodies), action, resource, context).decision == decision


def test_missing_context_is_named() -> None:
    verdict = decide(statements(allow("iam:PassRole", Condition=PASS)), "iam:PassRole", "*", {})
    assert verdict.missing == ("iam:PassedToService",)


def test_simulation_reads_inline_and_attached_policies(clients: Any, aws: Any) -> None:
    iam = clients("iam")
    trust = {"Version": "2012-10-17", "Statement": []}
    role = iam.create_role(RoleName="Simulated", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    inline = {"Version": "2012-10-17", "Statement": [allow("s3:GetObject", f"{BUCKET}/*")]}
    iam.put_role_policy(RoleName="Simulated", PolicyName="inline", PolicyDocument=json.dumps(inline))
    managed = {"Version": "2012-10-17", "Statement": allow("bedrock:*")}
    policy = iam.create_policy(PolicyName="managed", PolicyDocument=json.dumps(managed))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="Simulated", PolicyArn=policy)
    aws.calls.clear()
    results = iam.simulate_principal_policy(
        PolicySourceArn=role,
        ActionNames=["s3:GetObject", "bedrock:InvokeModel", "sagemaker:CreatePipeline"],
        ResourceArns=[f"{BUCKET}/x"],
    )["EvaluationResults"]
    assert [result["EvalDecision"] for result in results] == ["allowed", "allowed", "implicitDeny"]
    assert results[1]["MatchedStatements"][0]["SourcePolicyId"] == "managed"
    # The service's own look at the policies is not somebody's call.
    assert aws.calls.names() == ["iam:SimulatePrincipalPolicy"]


def test_simulation_needs_a_role_that_exists(clients: Any, aws: Any) -> None:
    with pytest.raises(ClientError) as caught:
        clients("iam").simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{aws.account}:role/nobody", ActionNames=["s3:GetObject"]
        )
    assert caught.value.response["Error"]["Code"] == "NoSuchEntity"


def test_moto_keeps_the_accounts_number(clients: Any, aws: Any, world: Any) -> None:
    name = world.role_arn.rsplit("/", 1)[-1]
    assert clients("iam").get_role(RoleName=name)["Role"]["Arn"] == world.role_arn
    identity = clients("sts").get_caller_identity()
    assert identity["Account"] == aws.account
    assert identity["Arn"].startswith(f"arn:aws:sts::{aws.account}:assumed-role/{name}/")
