"""What ``summary.json`` says of one metric, as types. ``None`` where a number does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from .association import LengthEffect
    from .strength import Strength


class Interval(TypedDict):
    """A number with the ends of its interval."""

    mean: float | None
    ci_low: float | None
    ci_high: float | None


class Difference(Interval):
    """Tuned minus base, whatever the direction. ``p_value`` is a mid-p-value, ``p_exact`` the conventional one. With a
    ``caution``, which says why, the interval is not to be trusted, and nothing is claimed."""

    confidence: float
    method: str
    p_value: float | None
    p_adjusted: float | None
    p_exact: float | None
    test: str | None
    deviation: float | None
    detectable: float | None
    caution: NotRequired[str]


class ModelScores(TypedDict):
    """One model's scores. ``labels`` are counts of the labels that have no number, ``None`` on a numeric scale."""

    mean: float | None
    n_scored: int
    n_missing: int
    missing_reasons: dict[str, int]
    labels: dict[str, int] | None


class MeasuredValue(TypedDict):
    """One model's value of a metric over n records, with its interval."""

    value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    method: str


class ScaleEntry(TypedDict):
    """A scale whose numbers were listed: those that are ratings, the lowest and highest of all, and where the scores
    lie: ``declared``, ``unit`` (its image in 0 to 1), ``unclear`` or ``both``."""

    declared: list[float]
    lowest: float
    highest: float
    scores_on: str


class Comparison(TypedDict):
    """The part of an entry that compares the models; all ``None`` but ``n_paired``, 0, when only one was evaluated."""

    difference: Difference | None
    wins: int | None
    ties: int | None
    losses: int | None
    win_share_ci: list[float] | None
    strength: Strength | None
    n_paired: int
    n_clusters: int | None
    margin: float | None
    margin_share: float | None
    verdict: str | None
    rows_needed: int | None
    length_effect: NotRequired[LengthEffect | None]
    scale: NotRequired[ScaleEntry]


class _Entry(Comparison):
    """What every metric's entry has. ``guard``: a loss on it counts against any decision."""

    direction: str
    limits: list[float] | None
    guard: bool


class MetricEntry(_Entry):
    """The entry of a metric that scores records."""

    tuned: ModelScores | None
    base: ModelScores | None


class MeasuredEntry(_Entry):
    """The entry of a metric that measures all records together, such as accuracy."""

    tuned: MeasuredValue | None
    base: MeasuredValue | None


Entry = MetricEntry | MeasuredEntry


class Rows(TypedDict):
    """How many rows there are: in the dataset, with an answer of each model, with an answer of both; and how many
    different questions the dataset asks, where these are fewer."""

    dataset: int
    tuned: int | None
    base: int | None
    paired: int
    distinct: NotRequired[int]


class FairnessCheck(TypedDict):
    """``status`` is pass, warn or fail. A check with ``at_most`` holds the verdict back to that decision."""

    id: str
    status: str
    counts: dict[str, int]
    message: str
    at_most: NotRequired[str]


class SoundRows(TypedDict):
    """The comparison among the rows whose answers are finished and rest on the same prompt."""

    metric: str
    n_paired: int
    difference: Difference
    verdict: str


class Fairness(TypedDict):
    """Whether the comparison was fair."""

    checks: list[FairnessCheck]
    sound_rows: SoundRows | None


def value_of(model: Mapping[str, object] | None) -> float | None:
    """The mean or the value in one model's part of an entry."""
    value = model.get("mean", model.get("value")) if model else None
    return value if isinstance(value, float | int) else None


def count_of(model: Mapping[str, object] | None) -> int:
    """How many records that rests on."""
    count = model.get("n_scored", model.get("n", 0)) if model else 0
    return count if isinstance(count, int) else 0
