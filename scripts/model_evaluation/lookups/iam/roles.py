"""Execution roles: which there are, which services may assume them, and what IAM's own simulation says a principal may
do; nothing is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from model_evaluation.errors import EvaluationError
from model_evaluation.kinds.permissions import Need
from model_evaluation.lookups.session import Aws, ask, listing, together
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
