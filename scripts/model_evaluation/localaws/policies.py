"""Who is calling, what the policies of roles in local AWS allow, and the services that may assume them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from model_evaluation.lookups.iam import Policy, decide, statements_of, trusted_services

from .cloud import Cloud
from .operations import SHARED, Record, Request, ServiceError

if TYPE_CHECKING:
    from moto.iam.models import Role


def _role(cloud: Cloud, arn: str) -> Role | None:
    """moto's record of a role."""
    from moto.iam.models import iam_backends  # a package that who only reads results does not have

    roles = list(iam_backends[cloud.account]["aws"].roles.values())
    return next((role for role in roles if role.name == arn.rpartition("/")[2]), None)


def policies_of(cloud: Cloud, principal_arn: str) -> list[tuple[str, Policy]]:
    """Every statement of a role's inline and attached policies, with the policy's name. Raises ``NoSuchEntity``."""
    if ":role/" not in principal_arn:
        raise ServiceError("InvalidInput", f"{principal_arn} is not a role: local AWS simulates roles only")
    role = _role(cloud, principal_arn)
    if role is None:
        name = principal_arn.rpartition("/")[2]
        raise ServiceError("NoSuchEntity", f"The role with name {name} cannot be found.", status=404)
    documents = list(role.policies.items())
    for policy in role.managed_policies.values():
        documents += [
            (policy.name, one.document) for one in policy.versions if one.version_id == policy.default_version_id
        ]
    return [(name, statement) for name, document in documents for statement in statements_of(json.loads(document))]


def trusts(cloud: Cloud, role_arn: str, service: str) -> bool:
    """Whether a role exists and lets a service such as ``sagemaker.amazonaws.com`` assume it."""
    role = _role(cloud, role_arn)
    return role is not None and not {"*", service}.isdisjoint(
        trusted_services(json.loads(role.assume_role_policy_document))
    )


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
