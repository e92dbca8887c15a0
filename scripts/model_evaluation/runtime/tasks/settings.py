"""Evaluations whose models answer the questions of one task: the parameters cell, and what a base model's evaluation
recipe lets one set in it.

The SDK (3.27) swallows one value that the recipe does not take, and then silently sends the defaults of all settings;
where it cannot read the recipe it sends none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from model_evaluation.runtime.checks import Fault
from model_evaluation.runtime.launch.evaluators import EvaluatorSettings, numbers_in
from model_evaluation.runtime.models import PUBLIC_HUB, base_model_of, hub_model_name
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import AwsClients, AwsFailure
from model_evaluation.runtime.settings import Json, parameter

from .parameter import Parameter

EXPECTED = "a dictionary of numbers, such as {'max_new_tokens': 8192}"


@dataclass(frozen=True, kw_only=True)
class TaskSettings(EvaluatorSettings):
    """Of evaluations whose models answer the questions of one task. ``decoding`` holds settings that are not the
    recipe's own."""

    decoding: Mapping[str, int | float] = parameter(
        "DECODING", lambda reader, name: numbers_in(reader, name, EXPECTED), "decoding"
    )

    @property
    def task(self) -> str:
        """What the recipe calls the task."""
        raise NotImplementedError

    @property
    def decoding_in_words(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.decoding.items()) or "the recipe's own"

    @property
    def sdk_overrides(self) -> Json | None:
        """The decoding settings as the SDK takes them."""
        return {"inference": dict(self.decoding)} if self.decoding else None


DETERMINISTIC = "DeterministicEvaluation"
PLACE = "SmtjOverrideParamsS3Uri"


def read_recipe_settings(body: bytes) -> dict[str, Parameter]:
    """The settings in a recipe's file. Raises ``ValueError`` for what is none."""
    content = json.loads(body)
    if not isinstance(content, dict):
        raise ValueError("a JSON object is expected")
    return {name: _parameter(entry) for name, entry in content.items() if isinstance(entry, dict)}


def _parameter(entry: Mapping[str, object]) -> Parameter:
    low, high, choices = entry.get("min"), entry.get("max"), entry.get("enum")
    return Parameter(
        str(entry.get("type", "")),
        entry.get("default"),
        float(low) if isinstance(low, int | float) else None,
        float(high) if isinstance(high, int | float) else None,
        tuple(str(choice) for choice in choices) if isinstance(choices, list) else (),
    )


def settings_place(document: object, evaluation_type: str = DETERMINISTIC) -> str:
    """Where a hub model's document says that the settings of its evaluation recipe of this type are; empty where it
    does not."""
    recipes = document.get("RecipeCollection") if isinstance(document, dict) else None
    for recipe in recipes if isinstance(recipes, list) else []:
        if isinstance(recipe, dict) and recipe.get("EvaluationType") == evaluation_type and recipe.get(PLACE):
            return str(recipe[PLACE])
    return ""


def check_recipe(settings: TaskSettings, aws: AwsClients) -> str:
    """The recipe runs the task and takes the decoding settings."""
    unread = "the SDK then leaves out every setting, and the service's own apply."
    allow = "Allow s3:GetObject on the bucket jumpstart-cache-prod-REGION, or set nothing in DECODING."
    try:
        recipe = recipe_of(settings, aws)
    except (*AwsFailure, ValueError) as error:
        raise Fault(f"what the evaluation recipe takes could not be read ({error}); {unread}", allow, "warn") from error
    tasks = recipe["task"].choices if "task" in recipe else ()
    if tasks and settings.task not in tasks:
        raise Fault(f"the model's evaluation recipe does not run {settings.task}.", f"It runs {', '.join(tasks)}.")
    require_taken(settings.decoding, recipe, "DECODING", "; the SDK would reset all")
    return f"runs {settings.task}; decoding: {settings.decoding_in_words}"


def require_taken(
    values: Mapping[str, int | float], recipe: Mapping[str, Parameter], where: str, otherwise: str = ""
) -> None:
    """Raise :class:`Fault` for a value that the recipe does not take; ``where`` is the parameter that it stands in."""
    for name, value in values.items():
        if name not in recipe:
            raise Fault(f"the recipe has no {name}.", f"Take it out of {where}.")
        if not recipe[name].takes(float(value)):
            message = f"{name}={value} is not what the recipe takes ({recipe[name].bounds()}){otherwise}."
            raise Fault(message, f"Correct {where}.")


def recipe_of(
    settings: EvaluatorSettings, aws: AwsClients, evaluation_type: str = DETERMINISTIC
) -> dict[str, Parameter]:
    """The settings of the model's recipe. Raises ``ValueError`` where none are named, and what boto3 raises."""
    base = settings.model if settings.scope == "base" else base_model_of(settings.model, aws)
    content = aws.sagemaker.describe_hub_content(
        HubName=PUBLIC_HUB, HubContentType="Model", HubContentName=hub_model_name(base or "")
    )
    place = settings_place(json.loads(content["HubContentDocument"]), evaluation_type)
    if not place:
        raise ValueError(f"the hub names none of {hub_model_name(base or '')}")
    uri = S3Uri.parse(place)
    return read_recipe_settings(aws.s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read())
