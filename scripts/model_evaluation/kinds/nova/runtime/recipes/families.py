"""The models that the Nova evaluation container knows: names, tasks and instance types of each family.

From AWS's recipes for Nova (sagemaker-hyperpod-recipes) and the user guide's page on Nova model evaluation.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Family(NamedTuple):
    """One family. ``alias`` names its base model in a recipe, ``model_type`` the family itself. ``instances`` are what
    the recipes name for it, the usual one first; ``most_tokens`` is the longest answer a recipe may ask for."""

    id: str
    name: str
    model_type: str
    alias: str
    instances: tuple[str, ...]
    most_tokens: int
    reasons: bool = False


G = ("ml.g5.12xlarge", "ml.g5.24xlarge", "ml.g6.12xlarge", "ml.g6.24xlarge")
P5 = "ml.p5.48xlarge"
FAMILIES = (
    Family("micro", "Nova Micro", "amazon.nova-micro-v1:0:128k", "nova-micro/prod", (*G, P5), 100_000),
    Family("lite", "Nova Lite", "amazon.nova-lite-v1:0:300k", "nova-lite/prod", (*G, "ml.g6.48xlarge", P5), 100_000),
    Family("pro", "Nova Pro", "amazon.nova-pro-v1:0:300k", "nova-pro/prod", (P5,), 100_000),
    Family(
        "lite-2",
        "Nova 2 Lite",
        "amazon.nova-2-lite-v1:0:256k",
        "nova-lite-2/prod",
        (P5, "ml.p4d.24xlarge"),
        32_768,
        True,
    ),
)
MOST_REPLICAS = 16

# Accounts of the container's images. us-east-1 stands in the user guide, the others only in the recipes' parameters.
IMAGE_ACCOUNTS = {"us-east-1": "708977205387", "us-west-2": "176779409107", "ap-northeast-1": "878185805882"}
DOCUMENTED_REGION = "us-east-1"
IMAGE = "nova-evaluation-repo:SM-TJ-Eval-V2-latest"


def image_uri(region: str) -> str:
    """The container's image in a region; raises ``KeyError`` where none is known."""
    return f"{IMAGE_ACCOUNTS[region]}.dkr.ecr.{region}.amazonaws.com/{IMAGE}"


def family_of_alias(text: str) -> Family | None:
    return next((family for family in FAMILIES if family.alias == text), None)


def family_of_type(text: str) -> Family | None:
    return next((family for family in FAMILIES if family.model_type == text), None)


def family_of_id(text: str) -> Family | None:
    """By its short id, its name or its alias without ``/prod``: ``lite-2``, ``Nova 2 Lite``, ``nova-lite-2``."""
    plain = re.sub(r"[\s_]+", "-", text.strip().lower()).removesuffix("/prod")
    return next(
        (
            family
            for family in FAMILIES
            if plain in (family.id, family.name.lower().replace(" ", "-"), family.alias.removesuffix("/prod"))
        ),
        None,
    )


def likely_family(text: str) -> Family | None:
    """The family that a wrong name seems to mean: ``amazon.nova-micro-v1:0:300k`` means Nova Micro."""
    lower = text.lower()
    for family_id in ("micro", "pro"):
        if re.search(rf"(?<![a-z]){family_id}(?![a-z])", lower):
            return family_of_id(family_id)
    if "lite" in lower:
        return family_of_id("lite-2" if re.search(r"nova-?2|2-lite|lite-2|lite-v2", lower) else "lite")
    return None
