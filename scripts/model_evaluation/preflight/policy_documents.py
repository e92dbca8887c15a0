"""`preflight --policy`: the least that this very evaluation needs, ready to attach. It is made of the same list that
the checks ask about."""

from __future__ import annotations

from collections.abc import Iterable

from model_evaluation.conversation.context import Context
from model_evaluation.errors import AwsError, TooEarly
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.permissions import SDK_CHECK, Need, Permissions, allow, document
from model_evaluation.lookups.kms import describe_key
from model_evaluation.lookups.s3.dataset_files import recorded_files
from model_evaluation.lookups.s3.objects import default_key, head_object

from .configuration import Configuration, configuration_of
from .fixes import command
from .needs import use_keys


def policies_for(context: Context) -> JsonObject:
    """The envelope's body. Raises TooEarly while an answer is missing that the policies are about."""
    missing = [step_id for step_id in context.kind.permission_steps if not context.answered(step_id)]
    if missing:
        raise TooEarly(
            f"The policies name the things of this evaluation; not answered yet: {', '.join(missing)}.",
            fix=f"Answer {missing[0]} first: evaluate.py status",
            details={"missing": missing},
        )
    config, permissions = configuration_of(context), context.kind.permissions(context)
    keys, unknown = _keys(context)
    role, trust = policy([*permissions.role, *use_keys(keys)]), trust_policy(permissions, config)
    notes = [
        "role and trust belong to the execution role, caller to whoever runs the notebook.",
        (
            "caller_sdk_check is what the SageMaker SDK 3.27 simulates for the caller without naming resources, before "
            "it starts anything. It refuses a caller without these, except one who may not call "
            "iam:SimulatePrincipalPolicy."
        ),
        *(
            f"Contested: {', '.join(need.actions)} ({need.source}). Without it {need.otherwise}."
            for need in permissions.role
            if need.necessity == "contested"
        ),
    ]
    if unknown:
        notes.append(f"Whether KMS keys are in use could not be seen, so none is in the policy: {unknown}")
    attach = command(
        "iam", "put-role-policy", role_name=config.role_name, policy_name="model-evaluation", policy_document=role
    )
    update = command("iam", "update-assume-role-policy", role_name=config.role_name, policy_document=trust)
    return {
        "policy": {
            "role": role,
            "trust": trust,
            "caller": policy(need for need in permissions.caller if need.part != SDK_CHECK),
            "caller_sdk_check": policy(need for need in permissions.caller if need.part == SDK_CHECK),
        },
        "commands": [attach, update],
        "notes": notes,
    }


def policy(needs: Iterable[Need]) -> JsonObject:
    """A policy document that grants the needs; those on the same resources share a statement."""
    actions: dict[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], set[str]] = {}
    for need in needs:
        actions.setdefault((need.granted, need.context), set()).update(need.actions)
    return document([allow(tuple(names), granted, context) for (granted, context), names in actions.items()])


def trust_policy(permissions: Permissions, config: Configuration) -> JsonObject:
    """Who may assume the execution role."""
    services: dict[tuple[str, ...], list[str]] = {}
    for service in permissions.trusted:
        services.setdefault(service.actions, []).append(service.principal)
    return document([trust_statement(names, config.account, actions) for actions, names in services.items()])


def trust_statement(services: list[str], account: str, actions: tuple[str, ...]) -> JsonObject:
    return {
        "Effect": "Allow",
        "Principal": {"Service": services[0] if len(services) == 1 else services},
        "Action": actions[0] if len(actions) == 1 else list(actions),
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }


def _keys(context: Context) -> tuple[tuple[str, ...], str]:
    """ARNs of the KMS keys in use, and why they could not be found out (empty when they could)."""
    dataset, output = context.facts("dataset"), context.facts("output")
    try:
        ids = {head_object(context.aws, uri).kms_key for uri in recorded_files(dataset)} if dataset else set()
        ids.add(default_key(context.aws, output["bucket"]) if output else None)
        region = str(context.value("region"))
        keys = {key if key.startswith("arn:") else describe_key(context.aws, key, region).arn for key in ids if key}
    except AwsError as error:
        return (), error.message
    return tuple(sorted(keys)), ""
