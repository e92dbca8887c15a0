"""IAM policy evaluation, as far as roles with inline and customer-managed policies go."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

from .cloud import Cloud
from .errors import ServiceError

GLOBAL = "us-east-1"


@dataclass(frozen=True)
class Statement:
    """One statement, with the name of the policy it stands in."""

    policy: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """IAM's answer for one action on one resource."""

    decision: str
    policies: list[str] = field(default_factory=list)
    missing_context: list[str] = field(default_factory=list)


def policies_of(cloud: Cloud, principal_arn: str) -> list[Statement]:
    """Every statement of a role's inline and attached policies. Raises ``NoSuchEntity``."""
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


def decide(statements: Iterable[Statement], action: str, resource: str, context: Mapping[str, list[str]]) -> Verdict:
    """Explicit deny wins, then allow, then the implicit deny. ``context`` keys are lower case."""
    allowed: list[str] = []
    missing: list[str] = []
    for statement in statements:
        body = statement.body
        if not _matches_action(body, action) or not _matches_resource(body, resource):
            continue
        fulfilled, absent = _conditions(body.get("Condition", {}), context)
        missing.extend(key for key in absent if key not in missing)
        if not fulfilled:
            continue
        if body["Effect"] == "Deny":
            return Verdict("explicitDeny", [statement.policy])
        allowed.append(statement.policy)
    return Verdict("allowed" if allowed else "implicitDeny", allowed, missing)


def trusts(cloud: Cloud, role_arn: str, service: str) -> bool:
    """Whether a role exists and lets a service such as ``sagemaker.amazonaws.com`` assume it."""
    iam = cloud.own_client("iam", GLOBAL)
    try:
        role = iam.get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
    except iam.exceptions.NoSuchEntityException:
        return False
    for statement in _statements("trust", role["AssumeRolePolicyDocument"]):
        principal = statement.body.get("Principal", {})
        services = _as_list(principal.get("Service", [])) if isinstance(principal, Mapping) else [principal]
        if statement.body["Effect"] == "Allow" and any(item in {"*", service} for item in services):
            return True
    return False


def _statements(policy: str, document: str | Mapping[str, Any]) -> list[Statement]:
    parsed = json.loads(unquote(document)) if isinstance(document, str) else document
    return [Statement(policy, body) for body in _as_list(parsed["Statement"])]


def _matches_action(body: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in body:
        return not _any_like(body["NotAction"], action.lower(), lower=True)
    return _any_like(body.get("Action", []), action.lower(), lower=True)


def _matches_resource(body: Mapping[str, Any], resource: str) -> bool:
    if "NotResource" in body:
        return not _any_like(body["NotResource"], resource)
    return _any_like(body.get("Resource", []), resource)


def _conditions(condition: Mapping[str, Any], context: Mapping[str, list[str]]) -> tuple[bool, list[str]]:
    """Whether all conditions hold, and the keys they ask for that the context does not have."""
    fulfilled = True
    missing = []
    for operator, wanted in condition.items():
        for key, values in wanted.items():
            given = context.get(key.lower())
            if given is None:
                missing.append(key)
                fulfilled = fulfilled and operator.endswith("IfExists")
                continue
            name = operator.removesuffix("IfExists").rsplit(":", 1)[-1]
            like = name in {"StringLike", "ArnLike", "ArnEquals"}
            hit = any(
                fnmatchcase(value, pattern) if like else value == pattern
                for value in given
                for pattern in map(str, _as_list(values))
            )
            fulfilled = fulfilled and (not hit if name.startswith("StringNot") else hit)
    return fulfilled, missing


def _any_like(patterns: Any, value: str, *, lower: bool = False) -> bool:
    return any(
        fnmatchcase(value, (pattern.lower() if lower else pattern).replace("[", "[[]"))
        for pattern in _as_list(patterns)
    )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
