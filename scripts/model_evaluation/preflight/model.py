"""The base model: without an evaluation recipe in this region the run fails after minutes, in unclear words."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.errors import NotFound

from .result import Result, command, failed, lines, passed, skipped
from .subject import Subject


def base_model(subject: Subject) -> Iterator[Result]:
    facts, region = subject.facts("model"), subject.region
    name, version = str(facts["base_model"]), facts.get("base_model_version")
    label = f"{name} {version or ''}".strip()
    listing = command(
        "sagemaker", "list-hub-contents", hub_name="SageMakerPublicHub", hub_content_type="Model", region=region
    )
    try:
        found = subject.base_model()
    except NotFound:
        yield failed(
            f"The base model {label} is not in SageMaker's public hub of {region}; the evaluation cannot start there.",
            lines(
                "Evaluate a model whose base model is offered here. What the hub has:",
                listing,
                "evaluate.py revise model",
            ),
            base_model=name,
            version=version,
        )
        return
    evidence = {"arn": found.arn, "status": found.status}
    if found.status and found.status != "Available":
        yield failed(
            f"The base model {label} is {found.status} in the public hub of {region}.",
            lines("Wait until it is Available, or evaluate another model:", "evaluate.py revise model"),
            **evidence,
        )
    elif found.can_be_evaluated is None:
        yield skipped(
            f"Whether {label} has an evaluation recipe is not known: its hub document could not be read.", **evidence
        )
    elif not found.can_be_evaluated:
        yield failed(
            f"The base model {label} has no evaluation recipe in {region}. The run would end with "
            "DownstreamServiceUnavailable after several minutes.",
            lines(
                "SageMaker cannot evaluate this base model serverlessly; choose a model with another base:",
                "evaluate.py revise model",
            ),
            **evidence,
        )
    else:
        yield passed(f"{label} is in the hub of {region} and has an evaluation recipe.", **evidence)
