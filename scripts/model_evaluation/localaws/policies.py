"""Who is calling, what the policies of roles in local AWS allow, and the services that may assume them."""

from __future__ import annotations

import json
from urllib.parse import unquote

from model_evaluation.lookups.iam.policy_evaluation import Policy, decide, statements_of
from model_evaluation.lookups.iam.roles import trusted_services

from .cloud import Cloud
from .errors import ServiceError
from .operations import SHARED, Record, Request

GLOBAL = "us-east-1"


def policies_of(cloud: Cloud, principal_arn: str) -> list[tuple[str, Policy]]:
    """Every statement of a role's inline and attached policies, with the policy's name. Raises ``NoSuchEntity``."""
    iam = cloud.own_client("iam", GLOBAL)
    kind, _, name = principal_arn.rsplit(":", 1)[-1].partition("/")
    if kind != "role":
        raise ServiceError("InvalidInput", f"{principal_arn} is not a role: local AWS simulates roles only")
    name = name.rsplit("/", 1)[-1]
    try:
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    except iam.exceptions.NoSuchEntityException as error:
        raise ServiceError("NoSuchEntity", f"The role with name {name} cannot be found.", status=404) from error
    statements = [
        statement
        for policy in inline
        for statement in _statements(policy, iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
    ]
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        statements.extend(_statements(attached["PolicyName"], document))
    return statements


def trusts(cloud: Cloud, role_arn: str, service: str) -> bool:
    """Whether a role exists and lets a service such as ``sagemaker.amazonaws.com`` assume it."""
    iam = cloud.own_client("iam", GLOBAL)
    try:
        role = iam.get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
    except iam.exceptions.NoSuchEntityException:
        return False
    return not {"*", service}.isdisjoint(trusted_services(role["AssumeRolePolicyDocument"]))


def _statements(policy: str, document: str | Policy) -> list[tuple[str, Policy]]:
    parsed = json.loads(unquote(document)) if isinstance(document, str) else document
    return [(policy, statement) for statement in statements_of(parsed)]


@SHARED.plays("sts", "GetCallerIdentity")
def get_caller_identity(cloud: Cloud, request: Request) -> Record:
    return {"UserId": "AROALOCALAWS0000000:local", "Account": cloud.account, "Arn": cloud.caller_arn}


@SHARED.plays("iam", "SimulatePrincipalPolicy")
def simulate_principal_policy(cloud: Cloud, request: Request) -> Record:
    """Evaluates the principal's own policies honestly, statement by statement.

    Without ``ResourceArns`` the resource is ``*``, so a statement for one bucket does not match: as in IAM.
    """
    params = request.params
    statements = policies_of(cloud, params["PolicySourceArn"])
    context = {
        entry["ContextKeyName"].lower(): list(entry.get("ContextKeyValues", []))
        for entry in params.get("ContextEntries", [])
    }
    results = []
    for action in params["ActionNames"]:
        for resource in params.get("ResourceArns") or ["*"]:
            verdict = decide(statements, action, resource, context)
            results.append(
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": verdict.decision,
                    "MatchedStatements": [
                        {"SourcePolicyId": name, "SourcePolicyType": "role"} for name in verdict.policies
                    ],
                    "MissingContextValues": list(verdict.missing),
                }
            )
    return {"EvaluationResults": results, "IsTruncated": False}
