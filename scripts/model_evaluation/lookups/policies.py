"""Policies: IAM's simulation of a principal's own policies, and what trust, bucket and key policies say.

IAM does not simulate resource policies for roles, so those are read here, as far as a reader can: a statement
that hangs on a condition nobody can know beforehand is reported as such and neither as a yes nor as a no.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from model_evaluation.errors import AccessDenied, AwsError, NotFound

from .session import Aws, aws_errors


class Decision(NamedTuple):
    """IAM's verdict on one action and one resource.

    ``verdict`` is allowed, implicitDeny or explicitDeny. ``missing`` names condition keys that the simulation
    had no value for; ``policies`` the policies that decided; ``boundary`` what outside the principal's own
    policies refused ("permissions boundary", "organisation policy").
    """

    action: str
    resource: str
    verdict: str
    missing: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    boundary: str = ""

    @property
    def allowed(self) -> bool:
        return self.verdict == "allowed"


class Simulated(NamedTuple):
    """All decisions; ``unknown`` says why nothing could be simulated (empty when it could)."""

    decisions: tuple[Decision, ...]
    unknown: str = ""


def simulate_decisions(
    aws: Aws,
    principal_arn: str,
    actions: Iterable[str],
    resources: Iterable[str] = (),
    context: Mapping[str, str] | None = None,
) -> Simulated:
    """Ask IAM about every action on every resource (``*`` when there are none); nothing is called."""
    request: dict[str, Any] = {"PolicySourceArn": principal_arn, "ActionNames": sorted(set(actions))}
    if found := sorted(set(resources)):
        request["ResourceArns"] = found
    if context:
        request["ContextEntries"] = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in sorted(context.items())
        ]
    client = aws.client("iam")
    try:
        with aws_errors("simulating the permissions", resource=f"of {principal_arn}"):
            pages = client.get_paginator("simulate_principal_policy").paginate(**request)
            results = [result for page in pages for result in page["EvaluationResults"]]
    except (AccessDenied, NotFound) as error:
        return Simulated((), error.message)
    return Simulated(tuple(decision for result in results for decision in _decisions(result)))


def _decisions(result: Mapping[str, Any]) -> list[Decision]:
    boundary = ""
    if not (result.get("PermissionsBoundaryDecisionDetail") or {}).get("AllowedByPermissionsBoundary", True):
        boundary = "permissions boundary"
    elif not (result.get("OrganizationsDecisionDetail") or {}).get("AllowedByOrganizations", True):
        boundary = "organisation policy"

    def decision(part: Mapping[str, Any], resource: str, verdict: str) -> Decision:
        policies = {str(item.get("SourcePolicyId", "")) for item in part.get("MatchedStatements", [])}
        missing = tuple(part.get("MissingContextValues", ()))
        return Decision(
            str(result["EvalActionName"]), resource, verdict, missing, tuple(sorted(policies - {""})), boundary
        )

    specific = result.get("ResourceSpecificResults") or []
    if specific:
        return [decision(item, item["EvalResourceName"], item["EvalResourceDecision"]) for item in specific]
    return [decision(result, str(result.get("EvalResourceName", "*")), str(result["EvalDecision"]))]


def bucket_policy(aws: Aws, bucket: str) -> Mapping[str, Any]:
    """A bucket's policy, empty when it has none. Raises AccessDenied, NotFound (no such bucket)."""
    client = aws.client("s3")
    try:
        with aws_errors("reading the bucket policy", resource=f"of {bucket}"):
            text = client.get_bucket_policy(Bucket=bucket)["Policy"]
    except AwsError as error:
        if error.details.get("aws_code") == "NoSuchBucketPolicy":
            return {}
        raise
    return _document(text)


def is_foreign_bucket(aws: Aws, bucket: str, account: str) -> bool | None:
    """Whether a bucket belongs to another account than ``account``; ``None`` when it may not be looked at at all."""
    client = aws.client("s3")

    def look(**expected: str) -> bool:
        try:
            with aws_errors("looking up the owner of", resource=bucket):
                client.head_bucket(Bucket=bucket, **expected)
        except AccessDenied:
            return False
        return True

    if look(ExpectedBucketOwner=account):
        return False
    return True if look() else None


def key_policy(aws: Aws, key_id: str, region: str) -> Mapping[str, Any]:
    """A KMS key's policy. Raises AccessDenied, NotFound."""
    client = aws.client("kms", region)
    with aws_errors("reading the key policy", resource=f"of {key_id}"):
        text = client.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
    return _document(text)


def _document(text: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


class Match(NamedTuple):
    """A statement that speaks about a request. ``certain`` is false when a condition could not be decided;
    ``unknown`` names that condition's keys."""

    sid: str
    certain: bool
    unknown: tuple[str, ...]
    statement: Mapping[str, Any]


class Asker(NamedTuple):
    """Who asks: a role's ARN and account, or a service principal; and the condition keys known about the request."""

    principal: str
    account: str
    known: Mapping[str, str]
    service: bool = False


def matching(policy: Mapping[str, Any], effect: str, asker: Asker, action: str, resource: str | None) -> list[Match]:
    """The statements with ``effect`` ("Allow" or "Deny") about this request whose conditions hold, or may hold.

    ``resource`` is ``None`` for policies without resources (trust policies). ``known`` keys are lower case.
    """
    found = []
    for number, statement in enumerate(statements_of(policy), start=1):
        if statement.get("Effect") != effect or not _about(statement, asker, action, resource):
            continue
        holds, unknown = _conditions(statement.get("Condition") or {}, asker.known)
        if holds:
            sid = str(statement.get("Sid") or f"statement {number}")
            found.append(Match(sid, not unknown, unknown, statement))
    return found


def statements_of(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A policy's statements; a single one may stand in it without a list."""
    statements = policy.get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    return [statement for statement in statements if isinstance(statement, dict)]


def _about(statement: Mapping[str, Any], asker: Asker, action: str, resource: str | None) -> bool:
    if not _either(statement, "Action", lambda patterns: _like(patterns, action.lower(), lower=True)):
        return False
    if resource is not None and not _either(statement, "Resource", lambda patterns: _like(patterns, resource)):
        return False
    return _either(statement, "Principal", lambda principal: _names(principal, asker))


def _either(statement: Mapping[str, Any], key: str, matches: Any) -> bool:
    """Whether ``Action`` matches, or ``NotAction`` does not; likewise Resource and Principal."""
    if f"Not{key}" in statement:
        return not matches(statement[f"Not{key}"])
    return key in statement and bool(matches(statement[key]))


def _names(principal: Any, asker: Asker) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    if asker.service:
        return _like(principal.get("Service", []), asker.principal)
    accepted = {asker.principal, asker.account, f"arn:{_partition(asker.principal)}:iam::{asker.account}:root", "*"}
    return any(str(item) in accepted for item in _as_list(principal.get("AWS", [])))


def _partition(arn: str) -> str:
    return arn.split(":")[1] if arn.startswith("arn:") else "aws"


def _conditions(condition: Mapping[str, Any], known: Mapping[str, str]) -> tuple[bool, tuple[str, ...]]:
    """Whether the conditions may hold, and the keys that could not be decided."""
    unknown = []
    for operator, wanted in condition.items():
        for key, values in wanted.items():
            holds = _holds(operator, known.get(key.lower()), [str(value) for value in _as_list(values)])
            if holds is False:
                return False, ()
            if holds is None:
                unknown.append(key)
    return True, tuple(unknown)


def _holds(operator: str, value: str | None, wanted: list[str]) -> bool | None:
    """Whether one condition holds; ``None`` when that cannot be known."""
    name = operator.rpartition(":")[2].removesuffix("IfExists")
    if value is None:
        return None
    if name == "Bool":
        return value.lower() in {item.lower() for item in wanted}
    exact = {"StringEquals", "ArnEquals", "StringEqualsIgnoreCase", "StringNotEquals", "ArnNotEquals"}
    like = {"StringLike", "ArnLike", "StringNotLike", "ArnNotLike"}
    if name not in exact | like:
        return None
    hit = any(fnmatchcase(value, _glob(item)) if name in like | {"ArnEquals"} else value == item for item in wanted)
    return not hit if "Not" in name else hit


def _like(patterns: Any, value: str, *, lower: bool = False) -> bool:
    return any(fnmatchcase(value, _glob(item.lower() if lower else item)) for item in map(str, _as_list(patterns)))


def _glob(pattern: str) -> str:
    """An IAM pattern as an fnmatch pattern: brackets mean nothing in IAM."""
    return re.sub(r"\[", "[[]", pattern)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
