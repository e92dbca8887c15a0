"""What SageMaker's hubs hold: base models, with what their document says about evaluation, and datasets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from model_evaluation.errors import Refused
from model_evaluation.lookups.arns import Arn
from model_evaluation.lookups.session import Aws, ask
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.settings import Json

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
