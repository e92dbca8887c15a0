"""What the model package stands for: weights that are still there, a licence that was accepted."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from model_evaluation.errors import AccessDenied, NotFound
from model_evaluation.lookups.models import ModelPackage
from model_evaluation.lookups.objects import anything_under
from model_evaluation.lookups.storage import parse_s3_uri

from .result import Result, command, failed, lines, passed, skipped, warned
from .subject import Subject

OTHER_MODEL = "evaluate.py revise model"


def weights(subject: Subject) -> Iterator[Result]:
    """The fine-tuned weights lie where the package says. SageMaker may keep them where only it can look."""
    if subject.value("scope") == "base":
        yield passed("Only the base model is evaluated: no fine-tuned weights take part.")
        return
    place = subject.package().model_data
    if not place:
        yield skipped("The model package does not say where its weights are; SageMaker keeps them.")
        return
    uri = parse_s3_uri(place)
    try:
        there = anything_under(subject.aws, uri)
    except AccessDenied as error:
        yield skipped(
            f"Whether the fine-tuned weights {uri} are still there is not known; SageMaker may keep them in a bucket "
            f"that only it can look into. {error.message}",
            weights=place,
        )
        return
    except NotFound:
        there = False
    if there:
        yield passed(f"The fine-tuned weights are in {uri}.", weights=place)
        return
    yield failed(
        f"The fine-tuned weights that the model package names are gone: nothing lies under {uri}. The run would end "
        "when it loads the model, about 5 minutes after the start.",
        lines(
            "Restore them if the bucket keeps versions (each delete marker taken away brings an object back):",
            command("s3api", "list-object-versions", bucket=uri.bucket, prefix=uri.key),
            "Or evaluate another version, or fine-tune again:",
            OTHER_MODEL,
        ),
        weights=place,
    )


def licence(subject: Subject) -> Iterator[Result]:
    """Whether the licence of the base model's maker was accepted, as far as package and hub tell. The SDK accepts it
    in every step it starts."""
    base = subject.base_model()
    package = subject.package() if subject.value("scope") != "base" else None
    accepted = package.licence_accepted if package else None
    terms = f" ({base.licence})" if base.licence else ""
    evidence: dict[str, Any] = {"accepted": accepted, "gated": base.gated, "licence": base.licence}
    if package is not None and accepted is False:
        yield warned(
            f"The model package says that the licence of its weights{terms} was not accepted; the step that loads "
            "them may be refused.",
            lines(
                "Read the licence; if it may be accepted, say so in the package:",
                _accepting(package),
                "Or evaluate another model:",
                OTHER_MODEL,
            ),
            **evidence,
        )
    elif accepted:
        yield passed(f"The model package says that its licence{terms} was accepted.", **evidence)
    elif base.gated or base.licence:
        yield skipped(
            f"AWS does not show whether the base model's licence{terms} was accepted in this account. The run accepts "
            "it on your behalf in every step.",
            "Read it, and start the evaluation only if it may be accepted.",
            **evidence,
        )
    elif base.recipes is None:
        yield skipped(
            "Whether the base model has a licence to accept is not known: its hub document could not be read."
        )
    else:
        yield passed("Neither package nor base model names a licence that has to be accepted.", **evidence)


def _accepting(package: ModelPackage) -> str:
    specification = copy.deepcopy(dict(package.specification))
    specification["Containers"][0]["ModelDataSource"]["S3DataSource"]["ModelAccessConfig"] = {"AcceptEula": True}
    region = package.arn.split(":")[3]
    return command(
        "sagemaker",
        "update-model-package",
        model_package_arn=package.arn,
        inference_specification=specification,
        region=region,
    )
