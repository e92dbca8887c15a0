"""What the model's recipe for evaluating agents lets one set, and the recorded settings as values."""

from __future__ import annotations

import re
from collections.abc import Mapping

from model_evaluation.conversation.context import Context
from model_evaluation.errors import Refused
from model_evaluation.kinds.multi_turn.runtime.recipe import EVALUATION_TYPE, PASS_K, SAMPLING, USUAL
from model_evaluation.runtime.tasks.parameter import Parameter
from model_evaluation.steps.decoding import spec_of
from model_evaluation.steps.evaluator.pairs import read_settings

DEFAULTS = "defaults"


def require_recipe(context: Context) -> None:
    """Raise Refused where the hub shows that the base model has no recipe for evaluating agents."""
    from model_evaluation.errors import AwsError
    from model_evaluation.lookups.sagemaker.hub import describe_base_model

    facts, region = context.facts("model"), str(context.value("region"))
    base = str(facts.get("base_model", ""))
    try:
        recipes = describe_base_model(context.aws, base, facts.get("base_model_version"), region).recipes
    except AwsError:
        return  # told as unknown
    if recipes is not None and not any(recipe.get("EvaluationType") == EVALUATION_TYPE for recipe in recipes):
        raise Refused(
            f"{base} has no recipe for evaluating agents in {region}. The SDK would start without any setting, and the "
            "job fail.",
            fix="Choose a model that multi-turn reinforcement learning can train; Python lists them: "
            "from sagemaker.train.evaluate import MultiTurnRLEvaluator; MultiTurnRLEvaluator.list_supported_models()",
            code="no_recipe",
        )


def parameters_of(context: Context) -> Mapping[str, Parameter]:
    """The recipe's settings: read live, else those of AWS's public recipes."""
    return spec_of(context, EVALUATION_TYPE).parameters or USUAL


def read_rollouts(text: str, group: Parameter) -> tuple[int, tuple[int, ...]]:
    """``8 k=1,4`` as the rollouts per prompt and the values of k. Raises Refused."""
    match = re.fullmatch(r"(\d+)(?:\s+k\s*=\s*(\d+(?:\s*,\s*\d+)*))?", text.strip().lower())
    if match is None:
        raise Refused(
            f"{text[:60]!r} was received; a number of rollouts per prompt is expected, and the values of k if not 1.",
            fix="For example: 1 - or 8 k=1,4",
        )
    number = int(match[1])
    ks = tuple(sorted({int(k) for k in match[2].split(",")})) if match[2] else (1,)
    if not group.takes(number):
        raise Refused(
            f"{number} rollouts per prompt are not what the recipe takes: {group.bounds()}.", fix="For example: 4 k=1,4"
        )
    if ks[0] < 1:
        raise Refused("k=0 was received; k counts tries and begins at 1.", fix="For example: 8 k=1,4")
    return number, ks


def read_sampling(text: str, known: Mapping[str, Parameter]) -> dict[str, int | float]:
    """``temperature=0.7`` as numbers that the recipe takes. Raises Refused."""
    return read_settings(
        text,
        {name: known[name] for name in SAMPLING if name in known},
        example="temperature=0.7",
        hint="The SDK's own names (sampling_temperature, top_p, max_tokens) are not the recipe's and reach nothing; "
        f"{PASS_K} and the like belong to `rollouts`.",
    )


def rollouts_of(context: Context) -> tuple[int, tuple[int, ...]]:
    """The recorded rollouts per prompt and values of k."""
    return read_rollouts(str(context.value("rollouts")), Parameter())


def sampling_of(context: Context) -> dict[str, int | float]:
    """The recorded sampling settings."""
    return read_sampling(str(context.value("sampling")), {name: Parameter() for name in SAMPLING})


def prompts_of(context: Context) -> int:
    """How many different prompts the dataset has."""
    profile = context.facts("data")["profile"]
    return int(profile["usable_rows"]) - int(profile["repeated_prompts"])
