"""`preflight --policy`: the least that this very evaluation needs, ready to attach."""

from __future__ import annotations

from typing import Any

from model_evaluation.conversation.context import Context
from model_evaluation.errors import AwsError, TooEarly
from model_evaluation.lookups.dataset_files import recorded_files
from model_evaluation.lookups.keys import default_key, describe_key
from model_evaluation.lookups.storage import head_object

from .documents import caller_policy, role_policy, trust_policy
from .permissions import SDK_CALLER_GATE, statement
from .result import command
from .subject import plan_of


def policies_for(context: Context) -> dict[str, Any]:
    """The envelope's body. Raises TooEarly while an answer is missing that the policies are about."""
    missing = [step_id for step_id in context.kind.permission_steps if not context.answered(step_id)]
    if missing:
        raise TooEarly(
            f"The policies name the things of this evaluation; not answered yet: {', '.join(missing)}.",
            fix=f"Answer {missing[0]} first: evaluate.py status",
            details={"missing": missing},
        )
    plan = plan_of(context)
    name = plan.role.rpartition("/")[2]
    keys, unknown = _keys(context)
    role, trust = role_policy(plan, keys), trust_policy(plan)
    gate = {"Version": "2012-10-17", "Statement": [statement(SDK_CALLER_GATE, ("*",), {})]}
    notes = [
        "role and trust belong to the execution role, caller to whoever runs the notebook.",
        (
            "caller_sdk_check is what the SageMaker SDK 3.27 simulates for the caller without naming resources, before "
            "it starts anything. It refuses a caller without these, except one who may not call "
            "iam:SimulatePrincipalPolicy."
        ),
    ]
    if unknown:
        notes.append(f"Whether KMS keys are in use could not be seen, so none is in the policy: {unknown}")
    return {
        "policy": {"role": role, "trust": trust, "caller": caller_policy(plan), "caller_sdk_check": gate},
        "commands": [
            command("iam", "put-role-policy", role_name=name, policy_name="model-evaluation", policy_document=role),
            command("iam", "update-assume-role-policy", role_name=name, policy_document=trust),
        ],
        "notes": notes,
    }


def _keys(context: Context) -> tuple[tuple[str, ...], str]:
    """ARNs of the KMS keys in use, and why they could not be found out (empty when they could)."""
    try:
        found = {head_object(context.aws, uri).kms_key for uri in recorded_files(context.facts("dataset"))}
        found.add(default_key(context.aws, context.facts("output")["bucket"]))
        region = str(context.value("region"))
        keys = {key if key.startswith("arn:") else describe_key(context.aws, key, region).arn for key in found if key}
    except AwsError as error:
        return (), error.message
    return tuple(sorted(keys)), ""
