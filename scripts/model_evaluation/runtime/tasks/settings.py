"""The parameters cell of an evaluation whose models answer the questions of one task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model_evaluation.runtime.launch.evaluators import EvaluatorSettings, numbers_in
from model_evaluation.runtime.settings import Json, parameter

EXPECTED = "a dictionary of numbers, such as {'max_new_tokens': 8192}"


@dataclass(frozen=True, kw_only=True)
class TaskSettings(EvaluatorSettings):
    """Of evaluations whose models answer the questions of one task. ``decoding`` holds settings that are not the
    recipe's own."""

    decoding: Mapping[str, int | float] = parameter(
        "DECODING", lambda reader, name: numbers_in(reader, name, EXPECTED), "decoding"
    )

    @property
    def task(self) -> str:
        """What the recipe calls the task."""
        raise NotImplementedError

    @property
    def decoding_in_words(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.decoding.items()) or "the recipe's own"

    @property
    def sdk_overrides(self) -> Json | None:
        """The decoding settings as the SDK takes them."""
        return {"inference": dict(self.decoding)} if self.decoding else None
