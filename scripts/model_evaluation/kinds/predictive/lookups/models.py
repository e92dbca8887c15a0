"""What predicts: a SageMaker model, a model package, a finished training job, or an endpoint in service."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import finding
from model_evaluation.errors import Choose, NotFound, Refused
from model_evaluation.kinds.fitting import ModelTraits, kinds_for
from model_evaluation.kinds.predictive.runtime.families import family_of
from model_evaluation.lookups.arns import Arn, a_kind_of, kind_of, parse_arn
from model_evaluation.lookups.failures import Unless, aws_errors
from model_evaluation.lookups.sagemaker.models import group_arn, training_job_or_none
from model_evaluation.lookups.session import together
from model_evaluation.steps.model import find_usable_package, require_account, require_region

if TYPE_CHECKING:
    from model_evaluation.json_types import JsonObject
    from model_evaluation.lookups.session import Aws

EXPECTED = (
    "a SageMaker model, a model package (its ARN, GROUP or GROUP/VERSION), a training job, an endpoint in service, "
    "each by name or ARN, or the URI or path of a file of predictions"
)
IMPOSSIBLE_NAME = Unless("ValidationException")
KINDS = ("model", "model package", "model package group", "training job", "endpoint")
LABELS_ONLY = ("multi:softmax", "binary:hinge")
SERVES_ITSELF = ("xgboost", "linear-learner", "knn", "kmeans")  # one image trains and predicts


@dataclass(frozen=True)
class Predictor:
    """What was found. ``arn`` is recorded; ``source`` is how it is asked: batch or endpoint; ``image`` its container,
    ``family`` what that answers like, where its image does not say; ``objective`` what it was trained for, where a
    training job tells."""

    arn: str
    source: str
    image: str = ""
    family: str = ""
    objective: str = ""
    model_name: str = ""
    model_data: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    training_data: tuple[str, ...] = ()
    findings: tuple[JsonObject, ...] = ()

    def as_facts(self) -> JsonObject:
        _, _, _, region, account, *_ = self.arn.split(":")
        left_out = ("arn", "environment", "findings")
        facts = {name: value for name, value in vars(self).items() if name not in left_out}
        facts |= {
            "family": self.family or family_of(self.image),
            "output": self.environment.get("SAGEMAKER_INFERENCE_OUTPUT", ""),
            "training_data": list(self.training_data),
            "region": region,
            "account": account,
        }
        return {key: value for key, value in facts.items() if value}


def find_predictor(aws: Aws, text: str, kind_id: str) -> Predictor:
    """What the user named. Raises Refused, and Choose where several are meant or another kind of evaluation fits."""
    arn = parse_arn(text)
    if arn is None and text.startswith("arn:"):
        raise Refused(f"{text[:200]!r} is not a complete ARN.", fix=f"Expected: {EXPECTED}.", code="bad_arn")
    predictor = _from_arn(aws, arn) if arn else _from_name(aws, text)
    if predictor.family != "base_model":
        return predictor
    others = [kind for kind in kinds_for(ModelTraits("fine-tuned", (predictor.image,))) if kind.id != kind_id]
    raise Choose(
        f"{predictor.arn} is a fine-tuned language model: it answers with text, not with labels or numbers.",
        fix=f"Ask the user; on a yes: evaluate.py answer evaluation {others[0].id if others else 'KIND'}",
        choices=[{"value": kind.id, "label": kind.title, "note": kind.when} for kind in others],
        code="other_kind",
    )


def _from_arn(aws: Aws, arn: Arn) -> Predictor:
    kind = kind_of(arn)
    if kind not in KINDS:
        raise Refused(
            f"That is the ARN of {a_kind_of(arn)}: {arn.text}", fix=f"Expected: {EXPECTED}.", code="wrong_kind"
        )
    require_region(aws, arn)
    require_account(aws, arn)
    name = arn.resource.partition("/")[2]
    if kind in ("model package", "model package group"):
        return _package(aws, arn.text)
    look = {"model": model_or_none, "endpoint": endpoint_or_none, "training job": job_or_none}[kind]
    return _there(aws, look(aws, name), kind, name)


def _there(aws: Aws, predictor: Predictor | None, kind: str, name: str) -> Predictor:
    """What was looked up. Raises Refused where there was nothing."""
    if predictor is None:
        listing = f"aws sagemaker list-{kind.replace(' ', '-')}s --region {aws.region}"
        raise Refused(
            f"There is no {kind} {name[:100]!r} in {aws.region}.", fix=f"List them: {listing}", code="not_found"
        )
    return predictor


def _from_name(aws: Aws, text: str) -> Predictor:
    word, _, rest = text.partition(" ")
    if word.lower() == "endpoint" and rest.strip():
        return _there(aws, endpoint_or_none(aws, rest.strip()), "endpoint", rest.strip())
    group, slash, version = text.partition("/")
    if slash and version.isascii() and version.isdigit():
        if group_arn(aws, group) is not None:
            return _package(aws, text)
    else:
        model, endpoint, known_group, job = together(
            lambda: model_or_none(aws, text),
            lambda: endpoint_or_none(aws, text, strict=False),
            lambda: group_arn(aws, text),
            lambda: training_job_or_none(aws, text),
        )
        if model is not None and endpoint is not None:
            raise Choose(
                f"{text!r} is a model and an endpoint.",
                fix="Say which one is to be asked.",
                choices=[
                    {"value": model.arn, "label": "The model, by batch transform"},
                    {"value": endpoint.arn, "label": "The endpoint"},
                ],
            )
        if model is not None:
            return model
        if endpoint is not None:  # it is looked at again, now for whether it can be asked
            return endpoint_or_none(aws, text) or endpoint
        if known_group is not None:
            return _package(aws, text)
        if job is not None:
            return _there(aws, job_or_none(aws, text), "training job", text)
    choices = _similar(aws, text)
    if not choices:
        raise Refused(
            f"{text[:100]!r} is not a model, endpoint, training job or model package group in {aws.region}, not an S3 "
            "URI and not a file on this machine.",
            fix="List them: aws sagemaker list-models; aws sagemaker list-endpoints; aws sagemaker "
            "list-model-package-groups - or give the file of predictions.",
            code="not_found",
        )
    raise Choose(f"{len(choices)} names hold {text!r}.", fix="Say which one is meant.", choices=choices)


def _similar(aws: Aws, text: str) -> list[dict[str, str]]:
    from model_evaluation.lookups.sagemaker.models import search_groups

    client = aws.client("sagemaker")
    keyword = "".join(character if character.isalnum() or character == "-" else "-" for character in text)[:63]
    choices = [{"value": name, "label": f"Model package group {name}"} for name, _ in search_groups(aws, text)]
    for search, what, prefix in ((client.list_models, "Model", ""), (client.list_endpoints, "Endpoint", "endpoint ")):
        with IMPOSSIBLE_NAME, aws_errors(f"searching {what.lower()}s"):
            names = [item[f"{what}Name"] for item in search(NameContains=keyword, MaxResults=20)[f"{what}s"]]
            choices += [{"value": f"{prefix}{name}", "label": f"{what} {name}"} for name in names]
    return choices


def model_or_none(aws: Aws, name: str) -> Predictor | None:
    """The SageMaker model of exactly that name."""
    with IMPOSSIBLE_NAME, suppress(NotFound), aws_errors("looking up the model", resource=name):
        answer = aws.client("sagemaker").describe_model(ModelName=name)
        # Of an inference pipeline the last container answers.
        container = (answer.get("Containers") or [answer.get("PrimaryContainer") or {}])[-1]
        image, data = str(container.get("Image", "")), str(container.get("ModelDataUrl", ""))
        if package := container.get("ModelPackageName"):
            inner = _package(aws, package)
            image, data = image or inner.image, data or inner.model_data
        return Predictor(
            answer["ModelArn"],
            "batch",
            image,
            model_name=name,
            model_data=data,
            environment=container.get("Environment", {}),
            findings=(finding("model", f"SageMaker model {name}, served by {_short(image)}."),),
        )
    return None


def endpoint_or_none(aws: Aws, name: str, *, strict: bool = True) -> Predictor | None:
    """The endpoint of exactly that name. Raises Refused where it is not in service, unless not ``strict``."""
    client = aws.client("sagemaker")
    with IMPOSSIBLE_NAME, suppress(NotFound), aws_errors("looking up the endpoint", resource=name):
        answer = client.describe_endpoint(EndpointName=name)
        if answer["EndpointStatus"] != "InService":
            if not strict:
                return Predictor(answer["EndpointArn"], "endpoint")
            raise Refused(
                f"The endpoint {name} is {answer['EndpointStatus']}, not InService.",
                fix="Wait until it is in service, or evaluate its model by batch transform.",
                code="not_in_service",
            )
        config = client.describe_endpoint_config(EndpointConfigName=answer["EndpointConfigName"])
        variants = [variant for variant in config["ProductionVariants"] if variant.get("ModelName")]
        model = model_or_none(aws, variants[0]["ModelName"]) if variants else None
        findings = [finding("endpoint", f"Endpoint {name} is in service.")]
        if len(variants) > 1:
            names = ", ".join(variant["VariantName"] for variant in variants)
            text = f"The endpoint has {len(variants)} variants ({names}); the first is asked."
            findings.append(finding("variants", text, level="warning"))
        return Predictor(
            answer["EndpointArn"],
            "endpoint",
            model.image if model else "",
            model_name=variants[0]["ModelName"] if variants else "",
            environment=model.environment if model else {},
            findings=tuple(findings),
        )
    return None


def job_or_none(aws: Aws, name: str) -> Predictor | None:
    """The model that the training job of exactly that name left. Raises Refused where it left none."""
    answer = None
    with IMPOSSIBLE_NAME, suppress(NotFound), aws_errors("looking up the training job", resource=name):
        answer = aws.client("sagemaker").describe_training_job(TrainingJobName=name)
    if answer is None:
        return None
    if package := answer.get("OutputModelPackageArn"):
        return _package(aws, package)
    if answer["TrainingJobStatus"] != "Completed":
        raise Refused(
            f"Training job {name} is {answer['TrainingJobStatus']}, not Completed.",
            fix="Wait for it, or give the model of another one.",
            code="not_usable",
        )
    image = str(answer.get("AlgorithmSpecification", {}).get("TrainingImage", ""))
    parameters = answer.get("HyperParameters", {})
    data = [
        channel.get("DataSource", {}).get("S3DataSource", {}).get("S3Uri")
        for channel in answer.get("InputDataConfig", [])
        if "valid" not in channel.get("ChannelName", "").lower()
    ]
    objective = str(parameters.get("objective", "")).strip('"')
    findings = [finding("training_job", f"Training job {name}, container {_short(image)}.")]
    if family_of(image) not in SERVES_ITSELF:
        note = f"Whether {_short(image)}, which trained it, also serves it is not known: a SageMaker model is surer."
        findings.append(finding("other_image", note, level="warning"))
    if objective:
        findings.append(finding("objective", f"It was trained for {objective}."))
    if objective in LABELS_ONLY:
        note = f"{objective} answers with classes only: nothing can be said of ranking or calibration."
        findings.append(finding("labels_only", note, level="warning"))
    return Predictor(
        answer["TrainingJobArn"],
        "batch",
        image,
        objective=objective,
        model_data=answer.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""),
        training_data=tuple(str(uri) for uri in data if uri),
        findings=tuple(findings),
    )


def _package(aws: Aws, text: str) -> Predictor:
    package, findings = find_usable_package(aws, text)
    if package.approval == "Rejected":
        note = f"Version {package.version} was rejected in the model registry."
        findings = [*findings, finding("rejected", note, level="warning")]
    container = (package.specification.get("Containers") or [{}])[-1]
    image = str(container.get("Image", ""))
    if not package.base_model and not image:
        raise Refused(
            f"Model package {package.arn} names no container that could be asked.",
            fix="Choose a package with an inference specification, or give predictions.",
            code="no_container",
        )
    note = f"Model package {package.group}/{package.version}, container {_short(image)}."
    return Predictor(
        package.arn,
        "batch",
        image,
        "base_model" if package.base_model else "",
        model_data=package.model_data or "",
        environment=container.get("Environment", {}),
        findings=(*findings, finding("model", note)),
    )


def _short(image: str) -> str:
    return image.rpartition("/")[2] or "an unnamed container"
