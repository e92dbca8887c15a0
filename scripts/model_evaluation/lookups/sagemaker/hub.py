"""Base models in SageMaker's public hub: what their content document says about evaluation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws

PUBLIC_HUB = "SageMakerPublicHub"


class HubModel(NamedTuple):
    """A base model of the hub. ``recipes`` is ``None`` when its document could not be read; ``licence`` is where
    its end-user licence stands, empty when none is named; ``gated``: it is given out only to who accepts that."""

    arn: str
    version: str
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
    """A base model's hub content. Raises NotFound, AccessDenied."""
    client = aws.client("sagemaker", region)
    request = {"HubName": PUBLIC_HUB, "HubContentType": "Model", "HubContentName": name}
    if version:
        request["HubContentVersion"] = version
    with aws_errors("looking up the base model", resource=name):
        answer = client.describe_hub_content(**request)
    try:
        document = json.loads(answer.get("HubContentDocument") or "")
        collection = document.get("RecipeCollection") or []
        recipes = tuple(item for item in collection if isinstance(item, dict))
    except (ValueError, AttributeError, TypeError):
        document, recipes = {}, None
    licence = next((str(value) for key, value in document.items() if "eula" in key.lower() and value), "")
    return HubModel(
        str(answer["HubContentArn"]),
        str(answer.get("HubContentVersion", "")),
        str(answer.get("HubContentStatus", "")),
        recipes,
        licence,
        bool(document.get("GatedBucket")),
    )
