"""AWS IAM: what policies say by themselves, read without AWS (trust, bucket and key policies, a principal's own);
roles, and which services may assume them; and what IAM's own simulation says a principal may do.

A condition on a key whose value is not known, or with an operator that is not understood here, is reported as
undecided: it is neither a yes nor a no.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, NamedTuple

from model_evaluation.errors import EvaluationError
from model_evaluation.kinds.permissions import Need
from model_evaluation.lookups.session import Aws, ask, listing, together
from model_evaluation.runtime.settings import Json

Policy = Mapping[str, Any]
"""A policy document or one of its statements, as AWS writes it."""

_EQUAL = {"StringEquals", "StringEqualsIgnoreCase", "StringNotEquals", "StringNotEqualsIgnoreCase"}
_LIKE = {"StringLike", "StringNotLike", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"}


@dataclass(frozen=True)
class Requester:
    """Who asks: the ARN of a role or user, or a service's principal; and the condition keys (in lower case) whose
    values are known."""

    principal: str
    context: Mapping[str, str]


@dataclass(frozen=True)
class Match:
    """A statement about a request whose conditions hold, or may hold; ``undecided`` names the keys of those that could
    not be decided."""

    sid: str
    statement: Policy
    undecided: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        return not self.undecided


@dataclass(frozen=True)
class Verdict:
    """IAM's answer for one action on one resource: allowed, implicitDeny or explicitDeny, the policies that decided,
    and the condition keys that no value was known for."""

    decision: str
    policies: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def parse_policy(text: str) -> Policy:
    """A policy document from its JSON; empty when it is none."""
    try:
        policy = json.loads(text)
    except ValueError:
        return {}
    return policy if isinstance(policy, dict) else {}


def statements_of(policy: Policy) -> list[Policy]:
    """A policy's statements; a single one may stand in it without a list."""
    return [statement for statement in as_list(policy.get("Statement", [])) if isinstance(statement, dict)]


def matching(policy: Policy, effect: str, requester: Requester, action: str, resource: str | None) -> list[Match]:
    """The statements of a resource's policy with ``effect`` ("Allow" or "Deny") about this request.

    ``resource`` is ``None`` for policies without resources (trust policies).
    """
    context = {key: [value] for key, value in requester.context.items()}
    matches = []
    for number, statement in enumerate(statements_of(policy), start=1):
        if statement.get("Effect") != effect or not _is_about(statement, action, resource):
            continue
        if not _either(statement, "Principal", lambda principal: _is_named(principal, requester.principal)):
            continue
        undecided = _undecided(statement, context)
        if undecided is not None:
            sid = str(statement.get("Sid") or f"statement {number}")
            matches.append(Match(sid, statement, tuple(key for key, _ in undecided)))
    return matches


def certain(policy: Policy, effect: str, requester: Requester, action: str, resource: str | None) -> list[Match]:
    """Those of :func:`matching` whose conditions hold."""
    return [match for match in matching(policy, effect, requester, action, resource) if match.certain]


def decide(
    statements: Iterable[tuple[str, Policy]], action: str, resource: str, context: Mapping[str, Sequence[str]]
) -> Verdict:
    """What a principal's own policies say: explicit deny wins, then allow, then the implicit deny. ``statements`` come
    with the name of their policy; a condition on an unknown key does not hold, unless its operator ends in IfExists."""
    allowed: list[str] = []
    missing: list[str] = []
    for policy, statement in statements:
        undecided = _undecided(statement, context) if _is_about(statement, action, resource) else None
        if undecided is None:
            continue
        missing += [key for key, _ in undecided if key not in missing]
        if not all(operator.endswith("IfExists") for _, operator in undecided):
            continue
        if statement["Effect"] == "Deny":
            return Verdict("explicitDeny", (policy,))
        allowed.append(policy)
    return Verdict("allowed" if allowed else "implicitDeny", tuple(allowed), tuple(missing))


def _is_about(statement: Policy, action: str, resource: str | None) -> bool:
    if not _either(statement, "Action", lambda patterns: _like(patterns, action, lower=True)):
        return False
    return resource is None or _either(statement, "Resource", lambda patterns: _like(patterns, resource))


def _either(statement: Policy, key: str, matches: Callable[[object], bool]) -> bool:
    """Whether ``Action`` matches, or ``NotAction`` does not; likewise Resource and Principal."""
    if f"Not{key}" in statement:
        return not matches(statement[f"Not{key}"])
    return key in statement and matches(statement[key])


def _is_named(principal: object, requester: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    if not requester.startswith("arn:"):
        return _like(principal.get("Service", []), requester)
    partition, account = requester.split(":")[1], requester.split(":")[4]
    accepted = {requester, account, f"arn:{partition}:iam::{account}:root", "*"}
    return not accepted.isdisjoint(map(str, as_list(principal.get("AWS", []))))


def _undecided(statement: Policy, context: Mapping[str, Sequence[str]]) -> list[tuple[str, str]] | None:
    """Key and operator of each condition that could not be decided; ``None`` when one certainly does not hold."""
    undecided = []
    for operator, expected in (statement.get("Condition") or {}).items():
        for key, values in expected.items():
            holds = _holds(operator, context.get(key.lower()), [str(value) for value in as_list(values)])
            if holds is False:
                return None
            if holds is None:
                undecided.append((key, operator))
    return undecided


def _holds(operator: str, values: Sequence[str] | None, expected: list[str]) -> bool | None:
    """Whether one condition holds for a key's values; ``None`` when that cannot be known."""
    name = operator.rpartition(":")[2].removesuffix("IfExists")
    if values is None or name not in _EQUAL | _LIKE | {"Bool"}:
        return None
    if name in _LIKE:
        hit = any(_like(expected, value) for value in values)
    else:
        plain = str.lower if name == "Bool" or name.endswith("IgnoreCase") else str
        hit = any(plain(value) in map(plain, expected) for value in values)
    return not hit if "Not" in name else hit


def _like(patterns: object, value: str, *, lower: bool = False) -> bool:
    """Whether an IAM pattern matches: a star and a question mark mean what they mean to fnmatch, brackets nothing."""
    plain = str.lower if lower else str
    texts = [plain(str(pattern)).replace("[", "[[]") for pattern in as_list(patterns)]
    return any(fnmatchcase(plain(value), text) for text in texts)


def as_list(value: object) -> list[object]:
    """What may stand in a policy alone or in a list."""
    return value if isinstance(value, list) else [value]


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

    @property
    def denied(self) -> tuple[str, ...]:
        """The actions that are denied on some resource, by name."""
        return tuple(sorted({item.action for item in self.decisions if not item.allowed}))


def simulate(
    aws: Aws,
    principal: str,
    actions: Iterable[str],
    resources: Iterable[str] = (),
    context: Mapping[str, str] | None = None,
) -> Simulated:
    """Ask IAM about every action of the principal (an ARN) on every resource (``*`` when there are none). Never raises
    what AWS says: then nothing is known."""
    request: Json = {"PolicySourceArn": principal, "ActionNames": sorted(set(actions))}
    if arns := sorted(set(resources)):
        request["ResourceArns"] = arns
    if context:
        request["ContextEntries"] = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in sorted(context.items())
        ]
    call, doing = "iam.simulate_principal_policy", "simulating the permissions"
    try:
        results = listing(aws, call, "EvaluationResults", doing, f"of {principal}", **request)
    except EvaluationError as error:
        return Simulated((), error.message)
    return Simulated(tuple(decision for result in results for decision in decisions_of(result)))


def simulate_needs(aws: Aws, principal: str, needs: Sequence[Need]) -> list[Simulated]:
    """For each need IAM's decisions on its actions and the resources it is asked about, in order.

    IAM takes a list of actions and a list of resources and answers for each pair; so one question is asked per
    service, and each need picks its pairs.
    """
    groups: dict[tuple[object, ...], list[Need]] = {}
    for need in needs:
        groups.setdefault((need.actions[0].partition(":")[0], need.context, bool(need.asked)), []).append(need)

    def ask(group: list[Need]) -> Simulated:
        actions = [action for need in group for action in need.actions]
        resources = [resource for need in group for resource in need.asked]
        return simulate(aws, principal, actions, resources, dict(group[0].context))

    answers = together(*[partial(ask, group) for group in groups.values()])
    answer_to = {id(need): answer for group, answer in zip(groups.values(), answers, strict=True) for need in group}
    return [_about(need, answer_to[id(need)]) for need in needs]


def _about(need: Need, answer: Simulated) -> Simulated:
    pairs = {(action, resource) for action in need.actions for resource in need.asked or ("*",)}
    mine = tuple(item for item in answer.decisions if (item.action, item.resource) in pairs)
    if answer.unknown or {(item.action, item.resource) for item in mine} == pairs:
        return Simulated(mine, answer.unknown)
    return Simulated((), f"IAM did not answer for all of {', '.join(need.actions)}.")


def decisions_of(result: Json) -> list[Decision]:
    """One of IAM's evaluation results, a decision for each resource."""
    boundary = ""
    if not (result.get("PermissionsBoundaryDecisionDetail") or {}).get("AllowedByPermissionsBoundary", True):
        boundary = "permissions boundary"
    elif not (result.get("OrganizationsDecisionDetail") or {}).get("AllowedByOrganizations", True):
        boundary = "organisation policy"

    def decision(part: Json, resource: str, verdict: str) -> Decision:
        policies = sorted({str(item.get("SourcePolicyId", "")) for item in part.get("MatchedStatements", [])} - {""})
        missing = tuple(part.get("MissingContextValues", ()))
        return Decision(str(result["EvalActionName"]), resource, verdict, missing, tuple(policies), boundary)

    specific = result.get("ResourceSpecificResults") or []
    if specific:
        return [decision(item, item["EvalResourceName"], item["EvalResourceDecision"]) for item in specific]
    return [decision(result, str(result.get("EvalResourceName", "*")), str(result["EvalDecision"]))]
