"""What a model package stands for: weights that are still there, a licence that was accepted."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from model_evaluation.errors import AccessDenied, NotFound
from model_evaluation.lookups.s3.objects import anything_under
from model_evaluation.lookups.sagemaker.models import ModelPackage
from model_evaluation.preflight.configuration import Model
from model_evaluation.preflight.fixes import command, lines
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.s3_uri import S3Uri


def weights(subject: Subject) -> Iterator[Result]:
    """The fine-tuned weights lie where the package says. SageMaker may keep them where only it can look."""
    for model in subject.configuration.models:
        yield _weights(subject, model)


def _weights(subject: Subject, model: Model) -> Result:
    part = model.part
    if not model.package:
        return passed("Only the base model is evaluated: no fine-tuned weights take part.", part=part)
    place = subject.package(model).model_data or ""
    if not place.startswith("s3://"):
        return skipped("The model package does not say where in S3 its weights are; SageMaker keeps them.", part=part)
    uri = S3Uri.parse(place)
    try:
        there = anything_under(subject.aws, uri)
    except AccessDenied as error:
        return skipped(
            f"Whether the fine-tuned weights {uri} are still there is not known; SageMaker may keep them in a bucket "
            f"that only it can look into. {error.message}",
            part=part,
            weights=place,
        )
    except NotFound:
        there = False
    if there:
        return passed(f"The fine-tuned weights are in {uri}.", part=part, weights=place)
    return failed(
        f"The fine-tuned weights that the model package names are gone: nothing lies under {uri}. The run would end "
        "when it loads the model, about 5 minutes after the start.",
        lines(
            "Restore them if the bucket keeps versions (each delete marker taken away brings an object back):",
            command("s3api", "list-object-versions", bucket=uri.bucket, prefix=uri.key),
            "Or evaluate another version, or fine-tune again:",
            f"evaluate.py revise {model.step}",
        ),
        part=part,
        weights=place,
    )


def licence(subject: Subject) -> Iterator[Result]:
    """Whether the licence of the base model's maker was accepted, as far as package and hub tell. The SDK accepts it
    in every step it starts."""
    for model in subject.configuration.models:
        yield _licence(subject, model)


def _licence(subject: Subject, model: Model) -> Result:
    base, part = subject.base_model(model), model.part
    package = subject.package(model) if model.package else None
    accepted = package.licence_accepted if package else None
    terms = f" ({base.licence})" if base.licence else ""
    evidence: dict[str, object] = {"accepted": accepted, "gated": base.gated, "licence": base.licence}
    if package is not None and accepted is False:
        return warned(
            f"The model package says that the licence of its weights{terms} was not accepted; the step that loads "
            "them may be refused.",
            lines(
                "Read the licence; if it may be accepted, say so in the package:",
                _accepting(package),
                "Or evaluate another model:",
                f"evaluate.py revise {model.step}",
            ),
            part=part,
            evidence=evidence,
        )
    if accepted:
        return passed(f"The model package says that its licence{terms} was accepted.", part=part, evidence=evidence)
    if base.gated or base.licence:
        return skipped(
            f"AWS does not show whether the base model's licence{terms} was accepted in this account. The run accepts "
            "it on your behalf in every step.",
            "Read it, and start the evaluation only if it may be accepted.",
            part=part,
            evidence=evidence,
        )
    if base.recipes is None:
        return skipped(
            "Whether the base model has a licence to accept is not known: its hub document could not be read.",
            part=part,
        )
    return passed(
        "Neither package nor base model names a licence that has to be accepted.", part=part, evidence=evidence
    )


def _accepting(package: ModelPackage) -> str:
    specification = copy.deepcopy(dict(package.specification))
    specification["Containers"][0]["ModelDataSource"]["S3DataSource"]["ModelAccessConfig"] = {"AcceptEula": True}
    return command(
        "sagemaker",
        "update-model-package",
        model_package_arn=package.arn,
        inference_specification=specification,
        region=package.arn.split(":")[3],
    )
