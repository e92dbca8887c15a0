"""The table beside the summary: one line per record with texts, scores and the judge's explanations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .comparison import side_scores
from .judged import EXPLANATION
from .listed import METADATA
from .pairing import Pairs
from .readresults import read_texts
from .results import ResultsError
from .scales import Metric
from .stats import Floats

FIXED_COLUMNS = ("record_id", "occurrence", "prompt", "reference", "category", "tuned_response", "base_response")
BOTH_SIDES = ("tuned", "base")


def texts_of_sides(pairs: Pairs, blocks: Mapping[str, Iterable[tuple[str, bytes]]]) -> dict[str, Any]:
    """Each side's texts, read from its files once more."""
    texts = {side: read_texts(found) for side, found in blocks.items()}
    if any(len(table) != len(pairs.sides[side]) for side, table in texts.items()):
        raise ResultsError(
            "The result files have changed since they were compared.", fix="Run the cell that reads the results again."
        )
    return texts


def per_example_table(pairs: Pairs, metrics: Sequence[Metric], texts: Mapping[str, Any]) -> pd.DataFrame:
    """One line per record, in dataset order. A metadata field named like another column gets the prefix
    ``metadata_``. A label without a number stays text; its difference is missing.

    ``texts`` has a table of :func:`read_texts` for each side that was evaluated.
    """
    columns: dict[str, Any] = {"record_id": pairs.ids, "occurrence": pairs.occurrence}
    for name in ("prompt", "reference"):
        columns[name] = _texts([*pairs.listed.texts[name].chunks, *_unlisted_texts(pairs, texts, name)])
    nowhere = pa.nulls(len(pairs) - len(pairs.listed.lines), pa.string())
    columns["category"] = _texts([*pairs.listed.texts["category"].chunks, nowhere])
    later = {
        f"{m.name}__{part}"
        for m in metrics
        for part in ("tuned", "base", "difference", "tuned_explanation", "base_explanation")
    }
    for name in pairs.listed.metadata:
        column = name
        while column in columns or column in FIXED_COLUMNS or column in later:
            column = f"metadata_{column}"
        columns[column] = _texts([*pairs.listed.texts[METADATA + name].chunks, nowhere])
    for side in BOTH_SIDES:
        columns[f"{side}_response"] = _side_texts(pairs, texts, side, "response")
    for metric in metrics:
        found = {side: side_scores(metric, pairs, side) for side in BOTH_SIDES}
        scores = {side: own.numbers[own.at] for side, own in found.items()}
        for side in BOTH_SIDES:
            columns[f"{metric.name}__{side}"] = _score_column(metric, pairs, side, scores[side])
        columns[f"{metric.name}__difference"] = scores["tuned"] - scores["base"]
        for side in BOTH_SIDES:
            columns[f"{metric.name}__{side}_explanation"] = _side_texts(pairs, texts, side, EXPLANATION + metric.name)
    return pd.DataFrame(columns)


def _texts(parts: Sequence[Any]) -> Any:
    return pa.chunked_array(parts, pa.string()).to_pandas()


def _placed(texts: Any, places: NDArray[np.int64]) -> Any:
    """The texts at these places, null at -1. Long texts together take more than 2 GiB, hence the wide offsets."""
    return texts.cast(pa.large_string()).take(pa.array(places, mask=places < 0))


def _side_texts(pairs: Pairs, texts: Mapping[str, Any], side: str, name: str) -> Any:
    if side not in texts or name not in texts[side].column_names:
        return pa.nulls(len(pairs), pa.string()).to_pandas()
    return _placed(texts[side][name], pairs.at[side]).to_pandas()


def _unlisted_texts(pairs: Pairs, texts: Mapping[str, Any], name: str) -> list[Any]:
    """The prompts or references of the records that the dataset does not have: the first model's that has them."""
    found = pa.nulls(len(pairs) - len(pairs.listed.lines), pa.large_string())
    for side, table in texts.items():
        own = _placed(table[name], pairs.at[side][len(pairs.listed.lines) :])
        found = pc.coalesce(found, own)
    return pa.chunked_array([found]).cast(pa.string()).chunks if len(found) else []


def _score_column(metric: Metric, pairs: Pairs, side: str, numbers: Floats) -> Any:
    """Numbers, or the labels as text when the metric has any label that is not a number."""
    found = pairs.sides.get(side)
    own = found.scores.get(metric.name) if found else None
    if own is None:
        return numbers
    used = own.codes[np.unique(own.at)]
    labels = {code: text for code, (kind, text) in enumerate(own.kinds) if kind == "label" and code in used}
    if not any(math.isnan(metric.number(text)) for text in labels.values()):
        return numbers
    scores = [
        labels.get(code, None if math.isnan(number) else str(number))
        for code, number in zip(own.codes.tolist(), own.numbers.tolist(), strict=True)
    ]
    at = own.at.tolist()
    return [None if place < 0 else scores[at[place]] for place in pairs.at[side].tolist()]
