"""How many tokens the judge will read and write."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from model_evaluation.json_types import Facts
from model_evaluation.kinds.llm_as_judge.metrics.definitions import CustomMetric

# English text: about four characters a token; other languages and code have fewer.
CHARS_PER_TOKEN = (4.5, 3.0)
# A published page with the judge prompts of eleven built-in metrics holds about 3,200 characters for each.
BUILTIN_PROMPT_CHARS = 3_200
# What Bedrock adds around a custom metric's text: how to answer, and the rating scale. An assumption.
CUSTOM_FRAME_CHARS = 800
# A score and an explanation. An assumption.
OUTPUT_TOKENS = (100, 300)
# Length of a model's answer where no reference hints at it, in characters. An assumption.
RESPONSE_CHARS = (200.0, 4_000.0)
# A model may well write at greater length than the references. An assumption.
LONGER_THAN_REFERENCE = 4.0


class Workload(NamedTuple):
    """An evaluation's size: what is judged how often, and how long the texts are (characters, low to high). ``jobs``
    are run one after another, each with a part of the rows."""

    rows: int
    models: int
    metric_prompts: tuple[int, ...]
    prompt_chars: tuple[float, float]
    reference_chars: tuple[float, float]
    jobs: int = 1

    @property
    def responses(self) -> int:
        return self.rows * self.models

    @property
    def calls(self) -> int:
        """Judge calls: each metric has a prompt of its own."""
        return self.responses * len(self.metric_prompts)


class Tokens(NamedTuple):
    """Tokens of a whole evaluation, low to high."""

    read: tuple[int, int]
    written: tuple[int, int]

    @property
    def total(self) -> tuple[int, int]:
        return self.read[0] + self.written[0], self.read[1] + self.written[1]


def workload(
    profile: Facts,
    *,
    models: int,
    builtin: Sequence[str],
    custom: Sequence[CustomMetric],
    jobs: int = 1,
) -> Workload:
    """The size of an evaluation from the dataset's profile and the chosen metrics."""
    prompts = [BUILTIN_PROMPT_CHARS] * len(builtin)
    for item in custom:
        prompts.append(len(item["customMetricDefinition"]["instructions"]) + CUSTOM_FRAME_CHARS)
    return Workload(
        int(profile.get("rows") or 0),
        models,
        tuple(prompts),
        _lengths(profile.get("prompt_chars")),
        _lengths(profile.get("reference_chars")) if profile.get("with_reference") else (0.0, 0.0),
        jobs,
    )


def _lengths(lengths: Mapping[str, float] | None) -> tuple[float, float]:
    """Median and 95th percentile: what most rows have, and more than almost all have."""
    return (float(lengths["median"]), float(lengths["p95"])) if lengths else (0.0, 0.0)


def estimate_tokens(work: Workload) -> Tokens:
    """The judge's tokens: per call the metric's prompt, the row's prompt, the answer and the reference."""
    reference_low, reference_high = work.reference_chars
    responses = (
        reference_low or RESPONSE_CHARS[0],
        max(reference_high * LONGER_THAN_REFERENCE, RESPONSE_CHARS[1] if not reference_high else 0.0),
    )
    bounds = []
    for side, ratio in enumerate(CHARS_PER_TOKEN):
        per_row = work.prompt_chars[side] + responses[side] + work.reference_chars[side]
        per_response = sum(prompt + per_row for prompt in work.metric_prompts)
        bounds.append(math.ceil(work.responses * per_response / ratio))
    return Tokens((bounds[0], bounds[1]), (work.calls * OUTPUT_TOKENS[0], work.calls * OUTPUT_TOKENS[1]))
