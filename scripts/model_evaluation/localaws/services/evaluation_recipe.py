"""What the evaluation recipe of an open-weight model lets one set, as AWS's public recipes have it."""

from __future__ import annotations

import json

from model_evaluation.localaws.cloud import Cloud

from .hub import PUBLIC_HUB, contents_of

KEY = "recipes/open-source-eval/override_params.json"
SETTINGS = {
    "task": {
        "type": "string",
        "default": "mmlu",
        "enum": [
            "mmlu", "mmlu_pro", "bbh", "gpqa", "math", "strong_reject", "ifeval", "gen_qa", "inference_only",
        ],
    },
    "max_new_tokens": {"type": "integer", "default": 8192, "min": 1, "max": 16384},
    "temperature": {"type": "integer", "default": 0, "min": 0, "max": 2},
    "top_k": {"type": "integer", "default": -1, "min": -1, "max": 1000},
    "top_p": {"type": "float", "default": 1.0, "min": 0, "max": 1},
    "max_model_len": {"type": "integer", "default": 12000, "min": 1024, "max": 32768},
    "aggregation": {"type": "string", "default": "", "enum": ["", "average", "median", "max", "min", "sum"]},
    "postprocessing": {"type": "string", "default": "False", "enum": ["True", "False"]},
}  # fmt: skip


def recipe_settings(cloud: Cloud) -> bytes:
    """The file in AWS's public bucket."""
    return json.dumps(SETTINGS).encode()


def settings_uri(region: str) -> str:
    return f"s3://jumpstart-cache-prod-{region}/{KEY}"


def give_recipes_settings(cloud: Cloud, region: str) -> None:
    """Lets the evaluation recipes of the public hub's models name their settings."""
    for record in contents_of(cloud, region).all():
        if record["HubName"] != PUBLIC_HUB or record["HubContentType"] != "Model":
            continue
        document = json.loads(record["HubContentDocument"])
        for recipe in document.get("RecipeCollection", []):
            if recipe.get("Type") == "Evaluation":
                recipe["SmtjOverrideParamsS3Uri"] = settings_uri(region)
        record["HubContentDocument"] = json.dumps(document)
