"""Execution roles: existence, trust, and what a policy simulation says they may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .policies import simulate_decisions, statements_of
from .session import Aws, aws_errors

SAGEMAKER = "sagemaker.amazonaws.com"
BEDROCK = "bedrock.amazonaws.com"


class Role(NamedTuple):
    """An IAM role; ``trusted`` are the services that may assume it, ``trust`` is the policy that says so."""

    arn: str
    name: str
    trusted: frozenset[str]
    trust: Mapping[str, Any]


def describe_role(aws: Aws, name: str) -> Role:
    """One role by name (without its path). Raises NotFound, AccessDenied."""
    client = aws.client("iam")
    with aws_errors("looking up the role", resource=name):
        answer = client.get_role(RoleName=name)["Role"]
    trust = answer.get("AssumeRolePolicyDocument", {})
    return Role(answer["Arn"], answer["RoleName"], trusted_services(trust), trust if isinstance(trust, dict) else {})


def list_roles(aws: Aws) -> list[Role]:
    """Every role of the account but those that belong to a service. Raises AccessDenied."""
    client = aws.client("iam")
    with aws_errors("listing the roles"):
        pages = client.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 1000})
        found = [item for page in pages for item in page["Roles"]]
    return [
        Role(item["Arn"], item["RoleName"], trusted_services(trust), trust)
        for item in found
        if not str(item.get("Path", "/")).startswith("/aws-service-role/")
        and isinstance(trust := item.get("AssumeRolePolicyDocument"), dict)
    ]


def trusted_services(policy: Any) -> frozenset[str]:
    """The service principals that a trust policy allows to assume the role (conditions are not weighed)."""
    found: set[str] = set()
    for statement in statements_of(policy) if isinstance(policy, dict) else []:
        actions = statement.get("Action", [])
        actions = [actions] if isinstance(actions, str) else actions
        if statement.get("Effect") != "Allow" or not {"sts:AssumeRole", "sts:*", "*"}.intersection(actions):
            continue
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        found.update([services] if isinstance(services, str) else services)
    return frozenset(found)


class Simulation(NamedTuple):
    """Actions the simulation denies; ``unknown`` says why nothing could be simulated (empty when it could)."""

    denied: tuple[str, ...]
    unknown: str


def simulate(aws: Aws, role_arn: str, actions: tuple[str, ...], resources: tuple[str, ...] = ()) -> Simulation:
    """Ask IAM whether ``role_arn`` may call ``actions`` on ``resources`` (``*`` when empty); nothing is called."""
    found = simulate_decisions(aws, role_arn, actions, resources)
    denied = {item.action for item in found.decisions if not item.allowed}
    return Simulation(tuple(sorted(denied)), found.unknown)
