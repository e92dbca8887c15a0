"""model: a Nova model by its alias, a checkpoint of one, or the job that made it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Choose, NotFound, Refused
from model_evaluation.kinds.nova.runtime.recipes.families import (
    DOCUMENTED_REGION,
    FAMILIES,
    IMAGE_ACCOUNTS,
    Family,
    family_of_alias,
    family_of_id,
    likely_family,
)

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

EXPECTED = (
    "an alias (nova-lite/prod), the training job that customised a Nova model, or s3://... of its checkpoint followed "
    "by its family (s3://bucket/checkpoint lite)"
)


def check(text: str, context: Context) -> Answer:
    _require_region(context)
    family = family_of_alias(text)
    if family is not None:
        note = f"{text} is {family.name} as AWS offers it, without customisation."
        return _answer(text, family, [finding("model", note)], name=family.alias)
    if text.startswith("s3://"):
        return _of_checkpoint(text, context)
    if ":model-package" in text:
        return _of_package(text, context)
    if not re.fullmatch(r"[A-Za-z0-9-]+", text) and ":training-job/" not in text:
        _refuse_wrong_name(text)
    return _of_job(text, context)


def _require_region(context: Context) -> None:
    region = context.aws.region
    if region not in IMAGE_ACCOUNTS:
        raise Refused(
            f"No image of the Nova evaluation container is known for {region}.",
            fix=f"Work in one of {', '.join(IMAGE_ACCOUNTS)}: export AWS_REGION={DOCUMENTED_REGION}. Dataset, results "
            "and checkpoint have to lie there, too.",
            code="other_region",
        )


def _refuse_wrong_name(text: str) -> None:
    """Raise for what stands in published notebooks in the place of an alias, and is none."""
    lower = text.lower()
    meant = likely_family(text) if "nova" in lower else None
    if meant is None and family_of_id(text) is None:
        return
    model_id = lower.startswith(("amazon.", "us.amazon.")) or ":" in lower
    what = "a model id, not an alias" if model_id else "no alias of the Nova evaluation container"
    exact = family_of_id(text) or meant
    raise Choose(
        f"{text[:100]!r} is {what}.",
        fix="Choose the alias that is meant.",
        choices=[_choice(family) for family in ([exact] if exact else FAMILIES)],
    )


def _of_package(text: str, context: Context) -> Answer:
    """A package of the model registry that SageMaker's customisation of a Nova model made."""
    from model_evaluation.steps.model import find_usable_package

    package, findings = find_usable_package(context.aws, text)
    base = str(package.base_model or "")
    family = likely_family(base) if "nova" in base.lower() else None
    if family is None:
        raise Refused(
            f"Model package {package.arn} was made from {base or 'a model that it does not name'}, no Nova model.",
            fix="Choose another model, or another kind of evaluation: evaluate.py revise evaluation",
            code="other_kind",
        )
    findings = [*findings, finding("model", f"Customised from {base}, that is {family.name}.")]
    return _answer(package.arn, family, findings, name=f"{package.group}/{package.version}")


def _of_checkpoint(text: str, context: Context) -> Answer:
    from model_evaluation.kinds.nova.lookups import checkpoint_is_there
    from model_evaluation.lookups.s3.objects import parse_s3_uri

    place, _, said = text.partition(" ")
    family = family_of_id(said) or family_of_alias(said.strip())
    if family is None:
        none = f", and {said.strip()[:60]!r} is none" if said.strip() else ""
        raise _which_family(
            f"{place} does not say which family it is of{none}; with another one the container's engine does not "
            "start.",
            place,
        )
    uri = parse_s3_uri(place.rstrip("/"))
    if not uri.key:
        raise Refused(
            f"{place} is a whole bucket; a checkpoint inside it is expected.",
            fix="manifest.json in the customising job's output names it as checkpoint_s3_bucket.",
            code="no_prefix",
        )
    try:
        there = checkpoint_is_there(context.aws, uri)
    except NotFound as error:
        raise Refused(f"There is no bucket {uri.bucket}.", fix="Check the URI.", code="not_found") from error
    if there is False:
        raise Refused(
            f"There is nothing under {uri}.",
            fix="manifest.json in the customising job's output names the checkpoint as checkpoint_s3_bucket.",
            code="not_found",
        )
    findings = [finding("model", f"A checkpoint of {family.name}.")]
    if there is None:
        findings.append(
            finding(
                "checkpoint_unseen",
                f"{uri.bucket} may not be listed with these credentials, so whether the checkpoint is there is "
                "unknown. The execution role has to be allowed to read it.",
                level="warning",
                fix=f'Allow "s3:GetObject" and "s3:ListBucket" on {uri.bucket} in the execution role\'s policy.',
            )
        )
    return _answer(str(uri), family, findings, name=uri.key.rpartition("/")[2] or uri.key)


def _of_job(text: str, context: Context) -> Answer:
    from model_evaluation.kinds.nova.lookups import checkpoint_is_there, customisation_of, job_name
    from model_evaluation.lookups.s3.objects import parse_s3_uri

    name = job_name(text)
    if name is None:
        raise Refused(f"{text[:100]!r} is not a model.", fix=f"Expected: {EXPECTED}.", code="not_found")
    try:
        made = customisation_of(context.aws, name)
    except NotFound as error:
        _refuse_wrong_name(text)
        raise Refused(
            f"{text[:100]!r} is neither an alias nor a training job in {context.aws.region}.",
            fix=f"Expected: {EXPECTED}. Jobs: aws sagemaker list-training-jobs --name-contains KEYWORD",
            code="not_found",
        ) from error
    if made.family is None:
        message = f"Training job {name} made {made.checkpoint}, but does not say which family it customised."
        raise _which_family(message, made.checkpoint)
    findings = [finding("checkpoint", f"{name} customised {made.family.name}; its checkpoint is {made.checkpoint}.")]
    if checkpoint_is_there(context.aws, parse_s3_uri(made.checkpoint)) is False:
        raise Refused(
            f"The checkpoint of {name}, {made.checkpoint}, is no longer there.",
            fix="Customise the model again, or give another checkpoint.",
            code="not_found",
        )
    if made.training_data:
        note = f"It was trained on {made.training_data[0]}. Evaluation rows that are in there would flatter the model."
        findings.append(finding("training_data", note))
    return _answer(made.checkpoint, made.family, findings, name=name)


def _which_family(message: str, checkpoint: str) -> Choose:
    choices = [{**_choice(family), "value": f"{checkpoint} {family.id}"} for family in FAMILIES]
    return Choose(message, fix="Say the family that was customised, after the URI.", choices=choices)


def _answer(model: str, family: Family, findings: list[dict[str, object]], *, name: str) -> Answer:
    facts = {"family": family.id, "model_type": family.model_type, "alias": family.alias, "name": name}
    return Answer(model, facts=facts, findings=findings)


def _choice(family: Family) -> dict[str, str]:
    return {"value": family.alias, "label": family.name, "note": family.model_type}


def offer(context: Context) -> Offer:
    return Offer(choices=[_choice(family) for family in FAMILIES])


STEP = Step(
    "model",
    title="Nova model",
    question="Which Nova model should be evaluated: a customised one (its training job or checkpoint), or an alias?",
    expects=EXPECTED,
    example="nova-lite-2/prod",
    reference="references/nova.md",
    check=check,
    offer=offer,
)
