"""The base model: without an evaluation recipe in this region the run fails after minutes, in unclear words."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.errors import NotFound
from model_evaluation.preflight.configuration import PUBLIC_HUB, Model
from model_evaluation.preflight.fixes import command, lines
from model_evaluation.preflight.results import Result, failed, passed, skipped
from model_evaluation.preflight.subject import Subject


def base_model(subject: Subject) -> Iterator[Result]:
    """That of the model under test; and that of the one it is compared with, where it is another."""
    first, *others = subject.configuration.models
    yield _offered(subject, first)
    for model in others:
        if model.base_model != first.base_model:
            yield _offered(subject, model)


def _offered(subject: Subject, model: Model) -> Result:
    region, part, revise = subject.region, model.part, f"evaluate.py revise {model.step}"
    label = f"{model.base_model} {model.base_model_version or ''}".strip()
    try:
        hub_model = subject.base_model(model)
    except NotFound:
        hub = {"hub_name": PUBLIC_HUB, "hub_content_type": "Model"}
        listing = command("sagemaker", "list-hub-contents", **hub, region=region)
        return failed(
            f"The base model {label} is not in SageMaker's public hub of {region}; the evaluation cannot start there.",
            lines("Evaluate a model whose base model is offered here. What the hub has:", listing, revise),
            part=part,
            base_model=model.base_model,
            version=model.base_model_version,
        )
    evidence = {"arn": hub_model.arn, "status": hub_model.status}
    if hub_model.status and hub_model.status != "Available":
        return failed(
            f"The base model {label} is {hub_model.status} in the public hub of {region}.",
            lines("Wait until it is Available, or evaluate another model:", revise),
            part=part,
            evidence=evidence,
        )
    if hub_model.can_be_evaluated is None:
        message = f"Whether {label} has an evaluation recipe is not known: its hub document could not be read."
        return skipped(message, part=part, evidence=evidence)
    if not hub_model.can_be_evaluated:
        return failed(
            f"The base model {label} has no evaluation recipe in {region}. The run would end with "
            "DownstreamServiceUnavailable after several minutes.",
            lines("SageMaker cannot evaluate this base model serverlessly; choose a model with another base:", revise),
            part=part,
            evidence=evidence,
        )
    return passed(f"{label} is in the hub of {region} and has an evaluation recipe.", part=part, evidence=evidence)
