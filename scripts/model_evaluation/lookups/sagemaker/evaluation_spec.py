"""What a base model's evaluation recipe lets one set: read live, since AWS changes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from model_evaluation.errors import AwsError, Refused
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws, ask
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.tasks.parameter import Parameter
from model_evaluation.runtime.tasks.recipe import DETERMINISTIC, read_recipe_settings, settings_place

from .hub import describe_base_model

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
