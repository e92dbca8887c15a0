"""What SageMaker's hubs hold: base models, with what their document says about evaluation and what their evaluation
recipe lets one set (read live, since AWS changes it); and datasets."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from model_evaluation.errors import AwsError, Refused
from model_evaluation.lookups.arns import Arn
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws, ask
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.settings import Json
from model_evaluation.runtime.tasks.parameter import Parameter
from model_evaluation.runtime.tasks.settings import DETERMINISTIC, read_recipe_settings, settings_place

PUBLIC_HUB = "SageMakerPublicHub"


class HubModel(NamedTuple):
    """A base model of the hub. ``recipes`` is ``None`` when its document could not be read; ``licence`` is where
    its end-user licence stands, empty when none is named; ``gated``: it is given out only to who accepts that."""

    arn: str
    status: str
    recipes: tuple[Mapping[str, object], ...] | None
    licence: str
    gated: bool

    @property
    def can_be_evaluated(self) -> bool | None:
        """Whether one of its recipes is an evaluation; ``None`` when that is not known."""
        if self.recipes is None:
            return None
        return any(recipe.get("Type") == "Evaluation" for recipe in self.recipes)


def describe_base_model(aws: Aws, name: str, version: str | None, region: str) -> HubModel:
    """A base model of the public hub. Raises NotFound, AccessDenied."""
    answer = _content(aws, (PUBLIC_HUB, "Model", name), version, "looking up the base model", name, region)
    try:
        document = json.loads(answer.get("HubContentDocument") or "")
        collection = document.get("RecipeCollection") or []
        recipes = tuple(item for item in collection if isinstance(item, dict))
    except (ValueError, AttributeError, TypeError):
        document, recipes = {}, None
    return HubModel(
        str(answer["HubContentArn"]),
        str(answer.get("HubContentStatus", "")),
        recipes,
        next((str(value) for key, value in document.items() if "eula" in key.lower() and value), ""),
        bool(document.get("GatedBucket")),
    )


def resolve_dataset(aws: Aws, arn: Arn) -> tuple[str, S3Uri]:
    """The ARN with a version, and where the rows lie, of ``...:hub-content/<hub>/DataSet/<name>[/<version>]``; without
    one the newest is meant."""
    parts = arn.resource.split("/")
    if len(parts) not in (4, 5):
        raise Refused(
            f"{arn.text} is not a complete DataSet ARN.",
            fix="It looks like arn:aws:sagemaker:REGION:ACCOUNT:hub-content/HUB/DataSet/NAME/VERSION.",
        )
    _, hub, kind, name, *version = parts
    content = (hub, kind, name)
    answer = _content(aws, content, "".join(version), "looking up the dataset", arn.text, arn.region)
    try:
        document = json.loads(answer["HubContentDocument"])
        uri = S3Uri(document["DatasetS3Bucket"], document["DatasetS3Prefix"])
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"The registry entry {name} does not say where its rows are.",
            fix="Give the S3 URI of the dataset's JSONL file instead.",
        ) from error
    return str(answer["HubContentArn"]), uri


def _content(aws: Aws, content: tuple[str, str, str], version: str | None, doing: str, about: str, region: str) -> Json:
    """What a hub holds under hub, type and name; without a version, the newest."""
    request = dict(zip(("HubName", "HubContentType", "HubContentName"), content, strict=True))
    if version:
        request["HubContentVersion"] = version
    return ask(aws, "sagemaker.describe_hub_content", doing, about, region=region, **request)


# The SDK (3.27) hands on these and drops every other setting without a word.
SETTINGS = ("max_new_tokens", "temperature", "top_k", "top_p", "max_model_len")


@dataclass(frozen=True)
class EvaluationSpec:
    """The settings of a model's evaluation recipe by name. ``unknown`` says why they could not be read; then there are
    none."""

    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    unknown: str = ""

    def choices(self, name: str) -> tuple[str, ...]:
        """What a setting may be; nothing where the recipe does not list it."""
        parameter = self.parameters.get(name)
        return parameter.choices if parameter else ()


def evaluation_spec(
    aws: Aws, base_model: str, version: str | None, region: str, evaluation_type: str = DETERMINISTIC
) -> EvaluationSpec:
    """The settings of a base model's evaluation recipe, which the SDK will read as well. Never raises what AWS says:
    then they are unknown."""
    key = ("evaluation spec", base_model, region, evaluation_type)
    return aws.once(key, lambda: _ask(aws, base_model, version, region, evaluation_type))


def _ask(aws: Aws, base_model: str, version: str | None, region: str, evaluation_type: str) -> EvaluationSpec:
    try:
        model = describe_base_model(aws, base_model, version, region)
        place = settings_place({"RecipeCollection": [dict(recipe) for recipe in model.recipes or ()]}, evaluation_type)
        if not place:
            return EvaluationSpec(unknown=f"The hub names no settings of an evaluation recipe of {base_model}.")
        uri, doing = S3Uri.parse(place), "reading the evaluation recipe's settings"
        answer = ask(aws, "s3.get_object", doing, place, region=region, Bucket=uri.bucket, Key=uri.key)
        with aws_errors(doing, resource=place):
            return EvaluationSpec(read_recipe_settings(answer["Body"].read()))
    except AwsError as error:
        return EvaluationSpec(unknown=error.message)
    except ValueError as error:
        return EvaluationSpec(unknown=f"The evaluation recipe's settings cannot be read: {error}")


def checked_settings(text: str, spec: EvaluationSpec) -> dict[str, int | float]:
    """``max_new_tokens=4096 temperature=0`` as numbers that the recipe takes. Raises Refused.

    The SDK swallows one bad value and then resets all of them to their defaults, so none may be wrong.
    """
    settings: dict[str, int | float] = {}
    for pair in text.replace(",", " ").split():
        name, equals, value = pair.partition("=")
        if not equals or name not in SETTINGS:
            raise Refused(
                f"{pair[:60]!r} is not a setting that reaches the models; these do: {', '.join(SETTINGS)}.",
                fix="For example: max_new_tokens=8192 temperature=0 - or `defaults`.",
                code="unknown_setting",
            )
        if name not in spec.parameters and not spec.unknown:
            message = f"This model's evaluation recipe has no {name}."
            raise Refused(message, fix="Leave it out.", code="unknown_setting")
        settings[name] = _number(name, value, spec.parameters.get(name))
    length, room = settings.get("max_new_tokens"), settings.get("max_model_len")
    if length is not None and room is not None and length >= room:
        raise Refused(
            f"max_new_tokens={length} leaves no room for the prompt in max_model_len={room}.",
            fix="Make max_model_len larger than max_new_tokens by the length of the longest prompt.",
        )
    return settings


def _number(name: str, value: str, parameter: Parameter | None) -> int | float:
    try:
        number = float(value)
        if not math.isfinite(number):
            raise ValueError("not finite")
    except ValueError as error:
        raise Refused(f"{name}={value[:40]!r} is not a number.", fix="Give a number.") from error
    if parameter and not parameter.takes(number):
        kind = "whole number" if parameter.type == "integer" else "value"
        raise Refused(
            f"{name}={value} is not what the recipe takes: {parameter.bounds()}. The SDK would swallow that and reset "
            "every setting to its default.",
            fix=f"Give a {kind} within these bounds, or leave {name} out.",
            code="bad_setting",
        )
    return int(number) if number.is_integer() else number
