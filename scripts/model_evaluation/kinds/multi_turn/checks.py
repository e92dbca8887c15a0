"""Every check before an evaluation of agents, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.kinds.multi_turn.kind import MultiTurn
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.fixes import lines
from model_evaluation.preflight.results import Result, failed, passed, warned
from model_evaluation.preflight.shared_checks import Check
from model_evaluation.preflight.subject import Subject

from .recipe_spec import rollouts_of, sampling_of
from .runtime.recipe import TEMPERATURE, meaningless_k


def rollouts(subject: Subject) -> Iterator[Result]:
    """Whether the values of k mean something, and the agent's tools can stand it."""
    group, ks = rollouts_of(subject.context)
    why = meaningless_k(ks, group, float(sampling_of(subject.context).get(TEMPERATURE, 0)))
    if why:
        yield failed(f"{why}.", lines("Answer again:", "evaluate.py revise sampling"))
    else:
        yield passed(f"{group} rollouts per prompt, k = {', '.join(map(str, ks))}.")
    if subject.value("scope") != "tuned":
        yield warned(
            "Two models act in the agent, one after the other: what its tools change for the first is there for the "
            "second. Whether the agent's environment starts anew for each rollout cannot be checked here.",
            lines("Make sure that the agent works on a copy, or resets what it changes."),
            part="side_effects",
        )


CHECKS: tuple[Check, ...] = (
    *shared.whereabouts(("data", "scope")),
    shared.PROFILE,
    Check("rollouts", rollouts, ("rollouts", "sampling", "scope")),
    *shared.BASE_MODELS,
    *shared.access(MultiTurn.permission_steps),
    shared.MLFLOW,
    shared.RUNNING,
    *shared.surroundings(),
)
