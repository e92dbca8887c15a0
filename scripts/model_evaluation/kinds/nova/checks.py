"""Every check before an evaluation in the Nova container, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.errors import NotFound
from model_evaluation.kinds.nova.card import recipe, reference
from model_evaluation.kinds.nova.kind import Nova
from model_evaluation.kinds.nova.lookups import checkpoint_is_there
from model_evaluation.kinds.nova.runtime.recipes.families import DOCUMENTED_REGION, IMAGE_ACCOUNTS, family_of_id
from model_evaluation.kinds.nova.runtime.recipes.recipe import model_faults, recipe_faults
from model_evaluation.lookups.s3.objects import parse_s3_uri
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.results import Result, failed, passed, warned
from model_evaluation.preflight.shared_checks import Check
from model_evaluation.preflight.subject import Subject


def sound_recipe(subject: Subject) -> Iterator[Result]:
    """Every key and value against those of the task."""
    made = recipe(subject.context)
    family = family_of_id(str(subject.facts("model")["family"]))
    other = reference(subject.context)
    faults = [*recipe_faults(made), *(model_faults(other, family) if other else ())]
    if faults:
        yield failed(
            f"The container would refuse the recipe: {'; '.join(faults)}.",
            "Answer again what it is made of: evaluate.py revise nova_task",
            recipe=made,
        )
        return
    yield passed(f"The recipe has every key that {made['evaluation']['task']} needs, and no other.", recipe=made)


def checkpoints(subject: Subject) -> Iterator[Result]:
    """The checkpoints are still there, as far as this session may look."""
    places = [str(model) for model in (subject.value("model"), reference(subject.context)) if model]
    seen = [place for place in places if place.startswith("s3://")]
    for number, place in enumerate(seen, 1):
        part = str(number) if len(seen) > 1 else ""
        try:
            there = checkpoint_is_there(subject.aws, parse_s3_uri(place))
        except NotFound:
            there = False
        if there is False:
            yield failed(f"There is nothing under {place}.", "Answer it again: evaluate.py revise model", part=part)
        elif there is None:
            yield warned(
                f"{place} may not be listed with these credentials; whether it is there is unknown.",
                "The execution role has to be allowed s3:GetObject and s3:ListBucket on its bucket.",
                part=part,
            )
        else:
            yield passed(f"{place} is there.", part=part)
    if not seen:
        yield passed(f"{', '.join(places)}: models as AWS offers them.")


def image(subject: Subject) -> Iterator[Result]:
    """AWS publishes the image's account for one region; for two more only the recipes' parameters name it."""
    region = subject.region
    if region not in IMAGE_ACCOUNTS:
        yield failed(
            f"No image of the container is known for {region}.", f"Work in one of {', '.join(IMAGE_ACCOUNTS)}."
        )
    elif region != DOCUMENTED_REGION:
        yield warned(
            f"The user guide names the container's image for {DOCUMENTED_REGION} only; that for {region} is taken from "
            "AWS's recipes.",
            "If the job cannot load it, set IMAGE_URI in the notebook to the one that AWS support names.",
        )
    else:
        yield passed("The container's image is the one that the user guide names.")


# What the notebook calls, by the last part of an endpoint's service name.
ENDPOINTS = ("s3", "sagemaker.api", "sts", "logs")
RECIPE_STEPS = ("model", "nova_task", "inference", "scale")

CHECKS: tuple[Check, ...] = (
    *shared.whereabouts(("data", "scope", "scale")),
    Check("recipe", sound_recipe, RECIPE_STEPS),
    Check("checkpoint", checkpoints, ("model", "scope")),
    Check("image", image, ("region",)),
    shared.PROFILE,
    *shared.access(Nova.permission_steps),
    shared.studio_network(ENDPOINTS),
    shared.SDK,
    shared.SDK_ENVIRONMENT,
)
