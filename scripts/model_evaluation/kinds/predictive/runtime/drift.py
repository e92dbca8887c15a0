"""What scores, labels and segments look like in a test set, kept so that a later batch can be held against it.

``baseline.json`` beside the results holds distributions, never rows: numbers as 101 quantiles, texts as counts. Two
such files are enough to say what moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypedDict

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, kstwobign

from model_evaluation.runtime.statistics.adjustment import holm
from model_evaluation.runtime.statistics.counts import distinct_counts

from .reading.labels import numbers_of
from .tables import Floats

if TYPE_CHECKING:
    import pandas as pd

    from .joined import Joined

QUANTILES = 101
PARTS = 10
SMALLEST_PART = 0.05  # of the rows: fewer do not follow the distribution that the index is held against
MOST_VALUES = 50  # of a text: the others are one
OTHERS = "(others)"
NEARLY_ALL = 0.99
FEWEST_ROWS = 10  # that are expected of a value in the smaller set, or it is one of the others
TINY = 0.5  # rows that an empty part counts as, so that a logarithm exists


class Distribution(TypedDict):
    """``quantiles`` (101,) of a number, ascending, ``None`` for a text; ``counts`` of a text, and of a number that has
    few values, of which quantiles say too little; else ``None``. ``missing`` rows have neither."""

    n: int
    missing: int
    quantiles: list[float] | None
    counts: dict[str, int] | None


class Baseline(TypedDict):
    """``baseline.json``. Columns of the model's inputs are named ``input NAME``."""

    version: Literal[1]
    created: str
    columns: dict[str, Distribution]


class Drift(TypedDict):
    """How far a column moved. ``psi`` is the population stability index over ten parts (0 the same; 0.1 and 0.25 are
    conventions), ``psi_by_chance`` what 95 of 100 batches that did not move stay below, ``ks`` the largest distance of
    the shares below (numbers only). ``p_adjusted`` of the PSI is Holm's over the columns."""

    column: str
    n_before: int
    n_now: int
    psi: float
    psi_by_chance: float
    p_value: float
    p_adjusted: float
    ks: float | None
    ks_p_value: float | None


def distribution(values: ArrayLike) -> Distribution:
    """The distribution of a column (n,): of numbers where it has a numeric type, else of texts."""
    own = np.asarray(values)
    if own.dtype.kind in "fiu":
        known = own[np.isfinite(own)]
        quantiles = np.quantile(known, np.linspace(0, 1, QUANTILES)).tolist() if len(known) else None
        values, times = distinct_counts(known.astype(float))
        counts = None
        if times is not None and 0 < len(values) <= MOST_VALUES:
            counts = {f"{value:.12g}": n for value, n in zip(values.tolist(), times.tolist(), strict=True)}
        return {"n": len(known), "missing": len(own) - len(known), "quantiles": quantiles, "counts": counts}
    import pandas as pd

    texts = pd.Series(own, dtype=object)
    known_texts = texts[texts.notna() & (texts != "")]
    often = known_texts.value_counts()
    kept = {str(name): int(count) for name, count in often[:MOST_VALUES].items()}
    if len(often) > MOST_VALUES:
        kept[OTHERS] = int(often[MOST_VALUES:].sum())
    return {"n": len(known_texts), "missing": len(own) - len(known_texts), "quantiles": None, "counts": kept}


def inputs(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, Distribution]:
    """The distributions of what the model is given, by column: of numbers where nearly every cell is one."""
    columns = {}
    for name in names:
        texts = frame[name].astype(object)
        filled = int(((texts != "") & texts.notna()).sum())
        numbers = numbers_of(texts)
        numeric = filled > 0 and np.isfinite(numbers).sum() >= NEARLY_ALL * filled
        columns[name] = distribution(numbers if numeric else texts)
    return columns


def baseline(joined: Joined, created: str, inputs: Mapping[str, Distribution] | None = None) -> Baseline:
    """``baseline.json`` of these rows: what the model was given, the models' scores or predictions, the label, and the
    segments' fields."""
    columns: dict[str, Distribution] = {f"input {name}": own for name, own in (inputs or {}).items()}
    classes = np.array(joined.classes, object)
    if joined.truth is not None:
        truth = np.asarray(joined.truth)
        columns["label"] = distribution(classes[truth] if len(classes) else truth)
    for side, said in joined.said.items():
        if said.score is not None and said.score.ndim == 1:
            columns[f"{side}_score"] = distribution(said.score)
        elif said.score is not None:
            columns[f"{side}_highest_score"] = distribution(said.score.max(axis=1))
        if said.codes is not None and len(classes) > int(said.codes.max(initial=0)):
            columns[f"{side}_prediction"] = distribution(classes[said.codes])
    for name, values in joined.slices.items():
        columns[name] = distribution(values)
    return {"version": 1, "created": created, "columns": columns}


def drift(before: Baseline, now: Baseline) -> list[Drift]:
    """What moved between two ``baseline.json``, of the columns that both have, the largest first."""
    columns: list[Drift] = []
    for name, old in before["columns"].items():
        new = now["columns"].get(name)
        if new is None or not old["n"] or not new["n"] or (old["quantiles"] is None) != (new["quantiles"] is None):
            continue
        columns.append(_drift(name, old, new))
    for own, adjusted in zip(columns, holm([own["p_value"] for own in columns]), strict=True):
        own["p_adjusted"] = adjusted if adjusted is not None else 1.0
    return sorted(columns, key=lambda own: (own["p_adjusted"], -own["psi"]))


def _drift(name: str, old: Distribution, new: Distribution) -> Drift:
    """The PSI is the sum of (now - before) * log(now / before); an empty part counts as half a row."""
    numeric = old["quantiles"] is not None
    counted = bool(old["counts"] and new["counts"])
    parts = _texts(old, new) if counted else _numeric(old, new)
    before, now = (np.maximum(own, TINY / n) for own, n in zip(parts, (old["n"], new["n"]), strict=True))
    psi, noise = float(((now - before) * np.log(now / before)).sum()), 1 / old["n"] + 1 / new["n"]
    if not counted and len(before) < PARTS:  # of a frequent number quantiles tell the share to a hundredth
        noise += 1 / (3 * (QUANTILES - 1) ** 2 * SMALLEST_PART)
    degrees = max(1, len(before) - 1)
    ks, ks_p = _ks(old, new) if numeric else (None, None)
    return {
        "column": name,
        "n_before": old["n"],
        "n_now": new["n"],
        "psi": psi,
        "psi_by_chance": float(chi2.ppf(0.95, degrees)) * noise,
        "p_value": float(chi2.sf(psi / noise, degrees)),
        "p_adjusted": 1.0,
        "ks": ks,
        "ks_p_value": ks_p,
    }


def _below(own: Distribution, at: Floats) -> Floats:
    """The share of a column that is at most so large, by its quantiles."""
    # Equal quantiles are a jump: all of it lies below, which np.interp does for the last of them.
    levels = np.linspace(0, 1, QUANTILES)
    return np.asarray(np.interp(at, np.array(own["quantiles"]), levels, left=0.0, right=1.0))


def _numeric(old: Distribution, new: Distribution) -> tuple[Floats, Floats]:
    """Shares in the tenths of the older one; equal edges, and those just above a frequent number, make fewer parts."""
    edges = np.unique(np.array(old["quantiles"])[:: (QUANTILES - 1) // PARTS][1:-1])
    edges = edges[np.diff(_below(old, edges), prepend=0.0) >= SMALLEST_PART]
    ends = [np.diff(np.concatenate(([0.0], _below(own, edges), [1.0]))) for own in (old, new)]
    some = (ends[0] > 0) | (ends[1] > 0)
    return ends[0][some], ends[1][some]


def _texts(old: Distribution, new: Distribution) -> tuple[Floats, Floats]:
    """Shares of the values. Those that one of the two has among its others, or that are rare in both, are one."""
    counts = old["counts"] or {}, new["counts"] or {}
    rows = [sum(own.values()) for own in counts]
    common = FEWEST_ROWS * sum(rows) / min(rows)
    names = [
        name
        for name in counts[0] | counts[1]
        if name != OTHERS
        and all(name in own or OTHERS not in own for own in counts)
        and sum(own.get(name, 0) for own in counts) >= common
    ]
    parts = [[*(own.get(name, 0) for name in names), 0] for own in counts]
    for own, total in zip(parts, rows, strict=True):
        own[-1] = total - sum(own)
    before, now = np.array(parts, float)[:, : len(names) + any(own[-1] for own in parts)]
    return before / before.sum(), now / now.sum()


def _ks(old: Distribution, new: Distribution) -> tuple[float, float]:
    """Kolmogorov and Smirnov's distance, from quantiles, to about a hundredth; its p-value is that of many rows."""
    at = np.unique(np.array([*(old["quantiles"] or []), *(new["quantiles"] or [])]))
    distance = float(np.abs(_below(old, at) - _below(new, at)).max())
    effective = old["n"] * new["n"] / (old["n"] + new["n"])
    return distance, float(kstwobign.sf(distance * np.sqrt(effective)))
