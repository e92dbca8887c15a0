"""One module per question. A step's order and what it rests on stand in its evaluation's STEPS table."""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from model_evaluation.workflow import Step


def load(step_id: str) -> Step:
    """The step of that id; its module is loaded only now, which keeps `status` quick."""
    step: Step = importlib.import_module(f".{step_id}", __package__).STEP
    return step
