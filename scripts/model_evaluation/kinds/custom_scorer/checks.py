"""Every check before an evaluation by a scorer, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.kinds.custom_scorer.kind import CustomScorer
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.fixes import lines
from model_evaluation.preflight.results import Result, passed, warned
from model_evaluation.preflight.shared_checks import Check
from model_evaluation.preflight.subject import Subject


def trial(subject: Subject) -> Iterator[Result]:
    """Whether the scorer was tried."""
    if subject.value("scorer_trial") == "skip":
        yield warned(
            "The scorer was not tried on sample rows: one that reads the wrong field gives perfect marks or nonsense.",
            lines("Try it, which costs less than a cent:", "evaluate.py revise scorer_trial"),
        )
    else:
        yield passed(f"The scorer: {subject.value('scorer_trial')}.")


CHECKS: tuple[Check, ...] = (
    *shared.whereabouts(("data", "scope")),
    shared.PROFILE,
    Check("scorer_trial", trial, ("scorer", "scorer_trial")),
    *shared.BASE_MODELS,
    *shared.access(CustomScorer.permission_steps),
    *shared.SERVERLESS,
    *shared.surroundings(),
)
