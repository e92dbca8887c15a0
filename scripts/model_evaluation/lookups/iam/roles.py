"""Execution roles: whether one exists, and which services may assume it."""

from __future__ import annotations

from typing import NamedTuple

from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws, listing

from .policy_evaluation import Policy, statements_of

SAGEMAKER = "sagemaker.amazonaws.com"


class Role(NamedTuple):
    """An IAM role; ``trusted`` are the services that may assume it, ``trust`` is the policy that says so."""

    arn: str
    name: str
    trusted: frozenset[str]
    trust: Policy


def describe_role(aws: Aws, name: str) -> Role:
    """One role by name (without its path). Raises NotFound, AccessDenied."""
    client = aws.client("iam")
    with aws_errors("looking up the role", resource=name):
        answer = client.get_role(RoleName=name)["Role"]
    trust = answer.get("AssumeRolePolicyDocument", {})
    return Role(answer["Arn"], answer["RoleName"], trusted_services(trust), trust if isinstance(trust, dict) else {})


def list_roles(aws: Aws) -> list[Role]:
    """Every role of the account but those that belong to a service. Raises AccessDenied."""
    with aws_errors("listing the roles"):
        roles = listing(aws.client("iam"), "list_roles", "Roles", PaginationConfig={"PageSize": 1000})
    return [
        Role(item["Arn"], item["RoleName"], trusted_services(trust), trust)
        for item in roles
        if not str(item.get("Path", "/")).startswith("/aws-service-role/")
        and isinstance(trust := item.get("AssumeRolePolicyDocument"), dict)
    ]


def trusted_services(policy: object) -> frozenset[str]:
    """The service principals that a trust policy allows to assume the role (conditions are not weighed)."""
    trusted: set[str] = set()
    for statement in statements_of(policy) if isinstance(policy, dict) else []:
        actions = statement.get("Action", [])
        actions = [actions] if isinstance(actions, str) else actions
        if statement.get("Effect") != "Allow" or not {"sts:AssumeRole", "sts:*", "*"}.intersection(actions):
            continue
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        trusted.update([services] if isinstance(services, str) else services)
    return frozenset(trusted)
