"""The table beside the summary: one line per record with texts, scores and the judge's explanations."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_evaluation.kinds.llm_as_judge.runtime.result_files import ResultsError
from model_evaluation.runtime.blocks import only_chunk
from model_evaluation.runtime.statistics.comparison import side_scores
from model_evaluation.runtime.statistics.dataset_table import METADATA
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.statistics.pairing import Pairs
from model_evaluation.runtime.statistics.scored_rows import EXPLANATION, TEXTS

from .text_rows import TextRows, kept_texts

FIXED_COLUMNS = ("record_id", "occurrence", "prompt", "reference", "category", "tuned_response", "base_response")
BOTH_SIDES = ("tuned", "base")
PIECE_ROWS, PIECE_BYTES = 50_000, 1 << 26  # of the table that are in memory at a time, about


class Examples:
    """The records' table, in dataset order, in pieces: of a large evaluation it would take much room.

    A metadata field named like another column gets the prefix ``metadata_``. A label without a number stays text;
    its difference is missing. ``read`` gives a side's texts, as tables one after the other; it is called when texts are
    first asked for.
    """

    def __init__(self, pairs: Pairs, metrics: Sequence[Metric], read: Callable[[str], Iterable[Any]]) -> None:
        self.pairs, self.metrics, self.read = pairs, metrics, read

    def __len__(self) -> int:
        return len(self.pairs)

    @functools.cached_property
    def side_texts(self) -> dict[str, TextRows]:
        """The texts of each side that was evaluated; raises ResultsError when its files are no longer the same."""
        unlisted = len(self.pairs) > len(self.pairs.listed.lines)
        found = {}
        for side, judged in self.pairs.sides.items():
            names = [*(TEXTS if unlisted else ["response"]), *(EXPLANATION + name for name in judged.scores)]
            found[side] = kept_texts(self.read(side), names)
        if any(len(texts) != len(self.pairs.sides[side]) for side, texts in found.items()):
            raise ResultsError(
                "The result files have changed since they were compared.",
                fix="Run the cell that reads the results again.",
            )
        return found

    @functools.cached_property
    def listed_texts(self) -> TextRows:
        texts = self.pairs.listed.texts
        return TextRows(texts.to_batches(), texts.schema)

    def pieces(self) -> Iterator[Any]:
        """The whole table; one piece without rows when there is no record."""
        held = sum(texts.size for texts in (self.listed_texts, *self.side_texts.values()))
        step = max(1, min(PIECE_ROWS, PIECE_BYTES * len(self) // max(1, held)))
        for first in range(0, max(1, len(self)), step):
            yield self.rows(np.arange(first, min(first + step, len(self))))

    def rows(self, places: NDArray[np.int64]) -> Any:
        """The lines of these records."""
        pairs = self.pairs
        listed = len(pairs.listed.lines)
        own = self.listed_texts.take(np.where(places < listed, places, -1))
        said = {side: texts.take(pairs.at[side][places]) for side, texts in self.side_texts.items()}
        scores = self.scores(places)
        columns: dict[str, Any] = {"record_id": pairs.ids(places), "occurrence": pairs.occurrence[places]}
        for name in ("prompt", "reference"):
            columns[name] = only_chunk(own[name])
            if (places >= listed).any():  # what the dataset does not have is as the first model's rows have it
                others = pc.coalesce(*(only_chunk(table[name]) for table in said.values()))
                columns[name] = pc.if_else(pa.array(places >= listed), others, columns[name])
        columns["category"] = own["category"]
        for name in pairs.listed.metadata:
            column = name
            while column in columns or column in FIXED_COLUMNS or column in self.later_columns:
                column = f"metadata_{column}"
            columns[column] = own[METADATA + name]

        nothing = pa.nulls(len(places), pa.string())

        def text(side: str, name: str) -> Any:
            return said[side][name] if side in said and name in said[side].column_names else nothing

        for side in BOTH_SIDES:
            columns[f"{side}_response"] = text(side, "response")
        for metric in self.metrics:
            columns |= {
                f"{metric.name}__{part}": scores[f"{metric.name}__{part}"] for part in (*BOTH_SIDES, "difference")
            }
            for side in BOTH_SIDES:
                columns[f"{metric.name}__{side}_explanation"] = text(side, EXPLANATION + metric.name)
        return pa.table(columns)

    @functools.cached_property
    def later_columns(self) -> set[str]:
        parts = ("tuned", "base", "difference", "tuned_explanation", "base_explanation")
        return {f"{metric.name}__{part}" for metric in self.metrics for part in parts}

    def scores(self, places: NDArray[np.int64]) -> Any:
        """``NAME__tuned``, ``NAME__base`` and ``NAME__difference`` of these records, without any text."""
        columns: dict[str, Any] = {}
        for metric in self.metrics:
            numbers = {}
            for side in BOTH_SIDES:
                shown, own = self._distinct_scores[metric.name, side]
                columns[f"{metric.name}__{side}"] = shown.take(pa.array(own.at[places]))
                numbers[side] = own.numbers[own.at[places]]
            columns[f"{metric.name}__difference"] = pa.array(numbers["tuned"] - numbers["base"], from_pandas=True)
        return pa.table(columns)

    @functools.cached_property
    def _distinct_scores(self) -> dict[tuple[str, str], tuple[Any, Any]]:
        """Each metric's and side's scores as they are shown, and as :func:`side_scores` has them."""
        found = {}
        for metric in self.metrics:
            for side in BOTH_SIDES:
                scores = side_scores(metric, self.pairs, side)
                texts = _label_texts(metric, self.pairs, side)
                shown = pa.array(scores.numbers, from_pandas=True) if texts is None else pa.array(texts, pa.string())
                found[metric.name, side] = shown, scores
        return found


def _label_texts(metric: Metric, pairs: Pairs, side: str) -> list[str | None] | None:
    """A side's distinct scores as text when the metric has any label that is not a number, and at last the score of a
    record without a row; else ``None``. Beside numbers of a numeric scale such a label is a missing score."""
    found = pairs.sides.get(side)
    own = found.scores.get(metric.name) if found else None
    if own is None:
        return None
    at = np.unique(own.at)
    labels = {code: text for code, (kind, text) in enumerate(own.kinds) if kind == "label" and code in own.codes[at]}
    known = [math.isfinite(metric.number(text)) for text in labels.values()]
    if all(known) or (metric.limits and (any(known) or np.isfinite(own.numbers[at]).any())):
        return None
    scores = zip(own.codes.tolist(), own.numbers.tolist(), strict=True)
    return [*(labels.get(code, None if math.isnan(number) else str(number)) for code, number in scores), None]
