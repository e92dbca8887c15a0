"""What an evaluation by a scorer needs to be allowed."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.permissions import Need, Permissions
from model_evaluation.preflight.configuration import configuration_of
from model_evaluation.preflight.evaluator_needs import TRUSTED, of_caller, of_role, recipe

from .runtime.scorer_runs import ScorerRuns

SCORERS = "SageMaker guide, custom scorers"


def permissions(context: Context, role: str = "") -> Permissions:
    """As far as the answers go. The SDK's own check leaves the function out, and managed policies cover only functions
    with SageMaker in their name."""
    config, prefix = configuration_of(context, role), ScorerRuns.prefix
    function = str(context.facts("scorer").get("function") or "")
    own: tuple[Need, ...] = ()
    caller: tuple[Need, ...] = ()
    if function:
        otherwise = "every row fails to be scored, and the job still succeeds"
        own = (Need("scorer", ("lambda:InvokeFunction",), (function,), otherwise, SCORERS, asked=(function,)),)
        reading, trying = ("lambda:GetFunctionConfiguration",), ("lambda:InvokeFunction",)
        caller = (
            Need("read_scorer", reading, (function,), "the function is not checked", "preflight", "checks"),
            Need("try_scorer", trying, (function,), "the scorer cannot be tried beforehand", "preflight", "checks"),
        )
    return Permissions(
        (*of_role(config, prefix), *own), (*of_caller(config, prefix), *recipe(config), *caller), TRUSTED
    )
