"""scope: compare with the base model or with another model package, or evaluate one of the two alone."""

from __future__ import annotations

import re

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import AwsError, Refused
from model_evaluation.lookups.sagemaker.models import Version, list_versions

from .model import find_usable_package

SCOPES = {
    "compare": "The fine-tuned model and its base model, on the same rows",
    "tuned": "Only the fine-tuned model; says nothing about the gain over the base model",
    "base": "Only the base model",
}
_BEFORE = re.compile(r"(?:the )?(?:previous|earlier|version before|previous version|earlier version|one before)")
MOST_VERSIONS = 5  # older versions offered as the reference


def reference_package(context: Context) -> str | None:
    """ARN of the model package that the candidate is compared with; ``None`` where it is the base model or nothing."""
    scope = str(context.value("scope") or "")
    return scope if scope.startswith("arn:") else None


def is_compared(context: Context) -> bool:
    """Whether two models are evaluated."""
    return context.value("scope") not in ("tuned", "base")


def check(text: str, context: Context) -> Answer:
    scope = text.lower()
    if scope not in SCOPES:
        return _against_another(text, context)
    alone = {"tuned": "the fine-tuned model", "base": "the base model"}.get(scope)
    note = f"Only {alone} is evaluated: nothing follows about a gain over the other model, and there is no verdict."
    return Answer(scope, findings=[finding("one_model", note, level="warning")] if alone else [])


def _against_another(text: str, context: Context) -> Answer:
    """The candidate against another fine-tuned model: both are evaluated on the same rows in the same way."""
    text = _version_meant(text, context)
    try:
        reference, notes = find_usable_package(context.aws, text, "scope")
    except Refused as error:
        if error.code != "not_found" or "/" in text:
            raise
        raise Refused(
            f"{text[:100]!r} was received; {', '.join(SCOPES)}, or a model package to compare with (its ARN, its group "
            "or GROUP/VERSION) are possible.",
            fix="Choose one of them.",
        ) from error
    if reference.arn == context.value("model"):
        raise Refused(
            f"{reference.arn} is the model under test itself.",
            fix="Name the version to compare it with, such as the one before.",
            code="same_model",
        )
    candidate = context.facts("model")
    findings = [*notes, finding("scope", f"The model will be compared with {reference.group}/{reference.version}.")]
    if reference.base_model != candidate.get("base_model"):
        findings.append(
            finding(
                "other_base_model",
                f"The two were fine-tuned from different base models: {candidate.get('base_model')} and "
                f"{reference.base_model}. The comparison holds; it does not say which tuning was better.",
                level="warning",
            )
        )
    facts = {
        "group": reference.group,
        "version": reference.version,
        "created": reference.created,
        "base_model": reference.base_model,
        "model_data": reference.model_data,
    }
    return Answer(reference.arn, facts={name: fact for name, fact in facts.items() if fact}, findings=findings)


def _version_meant(text: str, context: Context) -> str:
    """GROUP/VERSION for "version 2", "v2" or "GROUP version 2", and for the version before; anything else as it is."""
    group = str(context.facts("model").get("group", ""))
    numbered = re.fullmatch(r"(?:(?P<group>[\w-]+)\s+)?(?:v|version)\s*(?P<number>\d+)", text.strip(), re.IGNORECASE)
    if numbered:
        return f"{numbered['group'] or group}/{numbered['number']}"
    if _BEFORE.fullmatch(text.strip().casefold()) and (older := _older_versions(context)):
        return f"{group}/{older[0].version}"
    return text


def settle(context: Context) -> Answer | None:
    """With the base model; an older version, which "better than what we had" may mean, is named."""
    base = context.facts("model").get("base_model")
    note = f"The model will be compared with its base model {base}."
    fix = "To evaluate one of them alone: evaluate.py answer scope tuned"
    findings = [finding("scope", note, fix=fix)]
    for version in _older_versions(context)[:1]:
        earlier = f"{context.facts('model')['group']}/{version.version}"
        findings.append(
            finding(
                "earlier_version",
                f"There is an earlier version, {earlier} (created {version.created}). Ask whether to compare "
                "with that one.",
                fix=f"On a yes: evaluate.py answer scope {earlier}",
            )
        )
    return Answer("compare", origin="default", findings=findings)


def offer(context: Context) -> Offer:
    choices = [{"value": value, "label": label} for value, label in SCOPES.items()]
    choices[0]["note"] = "suggested: it shows what the fine-tuning changed"
    versions = [
        {
            "value": version.arn,
            "label": f"The fine-tuned model and version {version.version} of the same group",
            "note": f"created {version.created}",
        }
        for version in _older_versions(context)[:MOST_VERSIONS]
    ]
    return Offer(choices=[choices[0], *versions, *choices[1:]], suggested="compare")


def _older_versions(context: Context) -> list[Version]:
    facts = context.facts("model")
    group, number = facts.get("group"), facts.get("version")
    return older_versions(context, str(group), int(number)) if group and number else []


def older_versions(context: Context, group: str, number: int) -> list[Version]:
    """Usable versions of a group before this one, the newest first; none where they may not be listed."""
    try:
        versions = context.aws.once(("versions", group), lambda: list_versions(context.aws, group))
    except AwsError:
        return []
    return [version for version in versions if version.status == "Completed" and version.version < number]


STEP = Step(
    "scope",
    title="Scope",
    question="Compare with the base model, with an earlier version, or evaluate one model alone?",
    expects="compare, tuned, base, or the model package to compare with (its ARN, its group, or GROUP/VERSION)",
    example="compare",
    reference="references/model-packages.md",
    check=check,
    offer=offer,
    settle=settle,
)
