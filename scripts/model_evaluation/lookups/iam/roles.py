"""Execution roles: whether one exists, and which services may assume it."""

from __future__ import annotations

from typing import NamedTuple

from model_evaluation.lookups.session import Aws, ask, listing
from model_evaluation.runtime.settings import Json

from .policy_evaluation import Policy, as_list, statements_of

SAGEMAKER = "sagemaker.amazonaws.com"


class Role(NamedTuple):
    """An IAM role; ``trusted`` are the services that may assume it, ``trust`` is the policy that says so."""

    arn: str
    name: str
    trusted: frozenset[str]
    trust: Policy


def describe_role(aws: Aws, name: str) -> Role:
    """One role by name (without its path). Raises NotFound, AccessDenied."""
    return _role(ask(aws, "iam.get_role", "looking up the role", name, RoleName=name)["Role"])


def list_roles(aws: Aws) -> list[Role]:
    """Every role of the account but those that belong to a service. Raises AccessDenied."""
    items = listing(aws, "iam.list_roles", "Roles", "listing the roles", PaginationConfig={"PageSize": 1000})
    return [_role(item) for item in items if not str(item.get("Path", "/")).startswith("/aws-service-role/")]


def _role(item: Json) -> Role:
    trust = item.get("AssumeRolePolicyDocument")
    trust = trust if isinstance(trust, dict) else {}
    return Role(item["Arn"], item["RoleName"], trusted_services(trust), trust)


def trusted_services(policy: Policy) -> frozenset[str]:
    """The service principals that a trust policy allows to assume the role (conditions are not weighed)."""
    trusted: set[str] = set()
    for statement in statements_of(policy):
        may_assume = {"sts:AssumeRole", "sts:*", "*"}.intersection(map(str, as_list(statement.get("Action"))))
        principal = statement.get("Principal")
        if statement.get("Effect") == "Allow" and may_assume and isinstance(principal, dict):
            trusted.update(map(str, as_list(principal.get("Service", []))))
    return frozenset(trusted)
