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

from .reading.labels import numbers_of
from .tables import Floats

if TYPE_CHECKING:
    import pandas as pd

    from .joined import Joined

QUANTILES = 101
PARTS = 10
MOST_VALUES = 50  # of a text: the others are one
OTHERS = "(others)"
NEARLY_ALL = 0.99
TINY = 0.5  # rows that an empty part counts as, so that a logarithm exists


class Distribution(TypedDict):
    """``quantiles`` (101,) of a number, ascending, or ``counts`` of a text; the other one is ``None``. ``missing`` rows
    have neither."""

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
        return {"n": len(known), "missing": len(own) - len(known), "quantiles": quantiles, "counts": None}
    import pandas as pd

    texts = pd.Series(own, dtype=object)
    known_texts = texts[texts.notna() & (texts != "")]
    counts = known_texts.value_counts()
    kept = {str(name): int(count) for name, count in counts[:MOST_VALUES].items()}
    if len(counts) > MOST_VALUES:
        kept[OTHERS] = int(counts[MOST_VALUES:].sum())
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
    parts = _numeric(old, new) if numeric else _texts(old, new)
    before, now = (np.maximum(own, TINY / n) for own, n in zip(parts, (old["n"], new["n"]), strict=True))
    psi, noise = float(((now - before) * np.log(now / before)).sum()), 1 / old["n"] + 1 / new["n"]
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
    """Shares in the tenths of the older one; equal edges make fewer parts."""
    edges = np.unique(np.array(old["quantiles"])[:: (QUANTILES - 1) // PARTS][1:-1])
    ends = [np.diff(np.concatenate(([0.0], _below(own, edges), [1.0]))) for own in (old, new)]
    some = (ends[0] > 0) | (ends[1] > 0)
    return ends[0][some], ends[1][some]


def _texts(old: Distribution, new: Distribution) -> tuple[Floats, Floats]:
    counts = old["counts"] or {}, new["counts"] or {}
    before, now = (np.array([own.get(name, 0) for name in counts[0] | counts[1]], float) for own in counts)
    return before / before.sum(), now / now.sum()


def _ks(old: Distribution, new: Distribution) -> tuple[float, float]:
    """Kolmogorov and Smirnov's distance, from quantiles, to about a hundredth; its p-value is that of many rows."""
    at = np.unique(np.array([*(old["quantiles"] or []), *(new["quantiles"] or [])]))
    distance = float(np.abs(_below(old, at) - _below(new, at)).max())
    effective = old["n"] * new["n"] / (old["n"] + new["n"])
    return distance, float(kstwobign.sf(distance * np.sqrt(effective)))
