"""The models under test: a base model that can be evaluated here, weights that are still there, a licence that was
accepted."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

from model_evaluation.errors import AccessDenied, NotFound
from model_evaluation.lookups.s3.objects import anything_under
from model_evaluation.lookups.sagemaker.hub import PUBLIC_HUB
from model_evaluation.lookups.sagemaker.models import ModelPackage
from model_evaluation.preflight.configuration import Model
from model_evaluation.preflight.fixes import command
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.s3_uri import S3Uri


def of_each_model(check: Callable[[Subject, Model], Result]) -> Callable[[Subject], Iterator[Result]]:
    """A check of the model under test and of the one that it is compared with."""

    def run(subject: Subject) -> Iterator[Result]:
        for model in subject.configuration.models:
            yield check(subject, model).about(model.part)

    return run


def base_models(subject: Subject) -> Iterator[Result]:
    """Without an evaluation recipe in this region the run fails after minutes, in unclear words."""
    first, *others = subject.configuration.models
    for model in (first, *(other for other in others if other.base_model != first.base_model)):
        yield _offered(subject, model).about(model.part)


def _offered(subject: Subject, model: Model) -> Result:
    region, revise = subject.region, f"evaluate.py revise {model.step}"
    label = f"{model.base_model} {model.base_model_version or ''}".strip()
    try:
        hub_model = subject.base_model(model)
    except NotFound:
        return failed(
            f"The base model {label} is not in SageMaker's public hub of {region}; the evaluation cannot start there.",
            "Evaluate a model whose base model is offered here. What the hub has:",
            command("sagemaker", "list-hub-contents", hub_name=PUBLIC_HUB, hub_content_type="Model", region=region),
            revise,
            base_model=model.base_model,
            version=model.base_model_version,
        )
    evidence = {"arn": hub_model.arn, "status": hub_model.status}
    if hub_model.status not in ("", "Available"):
        message = f"The base model {label} is {hub_model.status} in the public hub of {region}."
        return failed(message, "Wait until it is Available, or evaluate another model:", revise, evidence=evidence)
    if hub_model.can_be_evaluated is None:
        message = f"Whether {label} has an evaluation recipe is not known: its hub document could not be read."
        return skipped(message, evidence=evidence)
    if hub_model.can_be_evaluated:
        return passed(f"{label} is in the hub of {region} and has an evaluation recipe.", evidence=evidence)
    return failed(
        f"The base model {label} has no evaluation recipe in {region}. The run would end with "
        "DownstreamServiceUnavailable after several minutes.",
        "SageMaker cannot evaluate this base model serverlessly; choose a model with another base:",
        revise,
        evidence=evidence,
    )


@of_each_model
def weights(subject: Subject, model: Model) -> Result:
    """The fine-tuned weights lie where the package says. SageMaker may keep them where only it can look."""
    if not model.package:
        return passed("Only the base model is evaluated: no fine-tuned weights take part.")
    place = subject.package(model).model_data or ""
    if not place.startswith("s3://"):
        return skipped("The model package does not say where in S3 its weights are; SageMaker keeps them.")
    uri = S3Uri.parse(place)
    try:
        if anything_under(subject.aws, uri):
            return passed(f"The fine-tuned weights are in {uri}.", weights=place)
    except AccessDenied as error:
        return skipped(
            f"Whether the fine-tuned weights {uri} are still there is not known; SageMaker may keep them in a bucket "
            f"that only it can look into. {error.message}",
            weights=place,
        )
    except NotFound:
        pass  # nor is the bucket there
    return failed(
        f"The fine-tuned weights that the model package names are gone: nothing lies under {uri}. The run would end "
        "when it loads the model, about 5 minutes after the start.",
        "Restore them if the bucket keeps versions (each delete marker taken away brings an object back):",
        command("s3api", "list-object-versions", bucket=uri.bucket, prefix=uri.key),
        "Or evaluate another version, or fine-tune again:",
        f"evaluate.py revise {model.step}",
        weights=place,
    )


@of_each_model
def licence(subject: Subject, model: Model) -> Result:
    """Whether the licence of the base model's maker was accepted, as far as package and hub tell. The SDK accepts it
    in every step it starts."""
    base, package = subject.base_model(model), subject.package(model) if model.package else None
    accepted = package.licence_accepted if package else None
    terms = f" ({base.licence})" if base.licence else ""
    evidence = {"accepted": accepted, "gated": base.gated, "licence": base.licence}
    if package is not None and accepted is False:
        return warned(
            f"The model package says that the licence of its weights{terms} was not accepted; the step that loads "
            "them may be refused.",
            "Read the licence; if it may be accepted, say so in the package:",
            _accepting(package),
            "Or evaluate another model:",
            f"evaluate.py revise {model.step}",
            evidence=evidence,
        )
    if accepted:
        return passed(f"The model package says that its licence{terms} was accepted.", evidence=evidence)
    if base.gated or base.licence:
        return skipped(
            f"AWS does not show whether the base model's licence{terms} was accepted in this account. The run accepts "
            "it on your behalf in every step.",
            "Read it, and start the evaluation only if it may be accepted.",
            evidence=evidence,
        )
    if base.recipes is None:
        unread = "its hub document could not be read."
        return skipped(f"Whether the base model has a licence to accept is not known: {unread}")
    return passed("Neither package nor base model names a licence that has to be accepted.", evidence=evidence)


def _accepting(package: ModelPackage) -> str:
    specification = copy.deepcopy(dict(package.specification))
    specification["Containers"][0]["ModelDataSource"]["S3DataSource"]["ModelAccessConfig"] = {"AcceptEula": True}
    options = {"model_package_arn": package.arn, "inference_specification": specification}
    return command("sagemaker", "update-model-package", **options, region=package.arn.split(":")[3])
