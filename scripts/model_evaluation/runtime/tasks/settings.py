"""The parameters cell of an evaluation whose models answer the questions of one task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from model_evaluation.runtime.launch.evaluators import EvaluatorSettings
from model_evaluation.runtime.settings import Json, ParameterReader


@dataclass(frozen=True, kw_only=True)
class TaskSettings(EvaluatorSettings):
    """Of evaluations whose models answer the questions of one task. ``decoding`` holds settings that are not the
    recipe's own."""

    decoding: Mapping[str, int | float] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """What the recipe calls the task."""
        raise NotImplementedError

    @classmethod
    def read(cls, reader: ParameterReader) -> Json:
        return super().read(reader) | {"decoding": _decoding(reader)}

    def configuration(self) -> Json:
        return {**super().configuration(), "decoding": dict(sorted(self.decoding.items()))}

    @property
    def decoding_in_words(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.decoding.items()) or "the recipe's own"

    @property
    def sdk_overrides(self) -> Json | None:
        """The decoding settings as the SDK takes them."""
        return {"inference": dict(self.decoding)} if self.decoding else None


def _decoding(reader: ParameterReader) -> dict[str, int | float]:
    value = reader.structure("DECODING")
    if value is None:
        return {}
    numbers = isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(number, int | float) and not isinstance(number, bool)
        for name, number in value.items()
    )
    if not numbers:
        return reader.fault("DECODING", "a dictionary of numbers, such as {'max_new_tokens': 8192}", {})
    return dict(value)  # type: ignore[call-overload,no-any-return]
