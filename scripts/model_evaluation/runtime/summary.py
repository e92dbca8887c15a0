"""``summary.json`` as types, ``None`` where a number does not exist, and what reports ask of it: which models were
evaluated, and how they are called. ``schemas/summary.schema.json`` says what each value means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal, NotRequired, TypedDict, TypeVar

if TYPE_CHECKING:
    from .results.aggregates import PartEntry
    from .results.preferences import PreferenceCounts
    from .statistics.association import LengthEffect
    from .statistics.strength import Strength
    from .statistics.verdicts import Verdict
    from .tasks.results import Reported, Unfinished

Model = TypeVar("Model")
Side = Literal["tuned", "base"]
BOTH_MODELS: tuple[Side, ...] = ("base", "tuned")
"""In the order in which people read them."""
MODEL_LABELS = {"tuned": "fine-tuned model", "base": "base model"}


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


class Proportion(TypedDict):
    """A share of ``n`` rows with its interval; ``None`` throughout for n = 0."""

    value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int


class MeasuredValue(Proportion):
    """One model's value of a metric over n records, which need not be a share."""

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


class EntryOf(Comparison, Generic[Model]):
    """A metric's entry. ``guard``: a loss on it counts against any decision."""

    direction: str
    limits: list[float] | None
    guard: bool
    tuned: Model | None
    base: Model | None


MetricEntry = EntryOf[ModelScores]
"""Of a metric that scores records."""
MeasuredEntry = EntryOf[MeasuredValue]
"""Of a metric that measures all records together, such as accuracy."""
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


def fairness_check(
    check_id: str, counts: Mapping[str, int], message: str, status: str = "pass", *, held_back: bool = False
) -> FairnessCheck:
    """A check; ``held_back``: with it the verdict is inconclusive at most."""
    check: FairnessCheck = {"id": check_id, "status": status, "counts": dict(counts), "message": message}
    return {**check, "at_most": "inconclusive"} if held_back else check


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


class NamedModel(TypedDict):
    """A model by its name; ``arn`` where it has one."""

    name: str
    arn: NotRequired[str]


class Models(TypedDict):
    tuned: NamedModel | None
    base: NamedModel | None


class Planned(TypedDict):
    """The smallest difference of the primary metric that was said to be shown, and the one that can be."""

    low: float
    high: float
    reached: float | None
    sentence: str


class Summary(TypedDict):
    schema_version: int
    kind: str
    simulated: bool
    execution_arn: str
    created: str
    conditions: dict[str, Any]
    scope: str
    models: Models
    rows: Rows
    primary_metric: str
    metrics: Mapping[str, Entry]
    slices: Mapping[str, Mapping[str, Mapping[str, Entry]]]  # field, value, metric
    verdict: Verdict
    warnings: list[str]
    fairness: NotRequired[Fairness]
    labels: NotRequired[dict[str, str]]
    planned: NotRequired[Planned]
    inputs: NotRequired[dict[str, str]]
    record_source: NotRequired[str]
    preferences: NotRequired[PreferenceCounts]
    parts: NotRequired[dict[str, PartEntry]]
    unfinished: NotRequired[Unfinished]
    reported: NotRequired[dict[Side, Reported]]


def value_of(model: Mapping[str, object] | None) -> float | None:
    """The mean or the value in one model's part of an entry."""
    value = model.get("mean", model.get("value")) if model else None
    return value if isinstance(value, float | int) else None


def count_of(model: Mapping[str, object] | None) -> int:
    """How many records that rests on."""
    count = model.get("n_scored", model.get("n", 0)) if model else 0
    return count if isinstance(count, int) else 0


def labels_of(summary: Mapping[str, object]) -> dict[str, str]:
    """What sentences call the models, by ``tuned`` and ``base``: "fine-tuned model", or what the summary, or what is
    made of one, says under ``labels``."""
    labels = summary.get("labels")
    return {**MODEL_LABELS, **(labels if isinstance(labels, dict) else {})}


def short_labels(summary: Mapping[str, object]) -> dict[str, str]:
    """The same without "model", for tables and charts."""
    return {side: label.removesuffix(" model") for side, label in labels_of(summary).items()}


def capital(text: str) -> str:
    """The text with a capital letter first; a name in it stays as it is."""
    return text[:1].upper() + text[1:]


def minus_words(summary: Mapping[str, object]) -> str:
    """``fine-tuned minus base``."""
    short = short_labels(summary)
    return f"{short['tuned']} minus {short['base']}"


def compared(entry: Entry) -> Difference:
    """The difference in an entry that has one."""
    difference = entry["difference"]
    assert difference is not None
    return difference


def scope_of(summary: Summary) -> str:
    """``compare``, ``tuned`` or ``base``."""
    return summary["scope"]


def evaluated_models(summary: Summary) -> tuple[Side, ...]:
    """``base``, ``tuned`` or both, in the order in which people read them."""
    return tuple(side for side in BOTH_MODELS if summary["scope"] in ("compare", side))


def model_name(summary: Summary, side: Side) -> str:
    """The model's name or ARN; empty where it was not evaluated or has none."""
    model = summary["models"][side]
    return model["name"] if model else ""
