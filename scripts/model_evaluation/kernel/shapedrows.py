"""Result lines of one shape, into the columns of :mod:`judged`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from .blocks import FEW_LINES, LineNumbers, decoded_parts, some_lines
from .judged import (
    KINDS,
    JudgedRows,
    Scores,
    absent_scores,
    in_line_order,
    joined_rows,
    judged_rows,
    row_columns,
    score_kind,
)
from .lineshape import Bounds, LineScan, LineShape, fitting_lines, line_shape, scanned_lines, slot_reader
from .resultblocks import ANSWER_FORMS, PROMPT_FORMS, quick_rows
from .results import bare_metric_name, parse_score, prompt_text, response_text
from .textcolumns import JSON_ESCAPES, texts_without_repr, unescaped_texts

FIXED_STRINGS, SLOT_VALUES = frozenset({"metricName", "modelIdentifier"}), frozenset({"result"})
SHAPES = 4  # tried on each block
BROKEN = "broken"


class _ResultShape(NamedTuple):
    """The slots of a result line's shape: of its texts, and of each metric's result, a label or else a number; the
    result is ``None`` where the line has none."""

    prompt: int
    reference: int | None
    response: int
    labels: dict[str, int]
    numbers: dict[str, int | None]


def _result_shape(shape: LineShape | None) -> _ResultShape | None:
    """``None`` for a shape in which anything is not as it usually is."""
    if shape is None:
        return None
    try:
        decoded = shape.decoded
        record, scores = decoded["inputRecord"], decoded["automatedEvaluationResult"]["scores"]
        reference = record.get("referenceResponse")
        results = {bare_metric_name(score["metricName"]): score.get("result", [None]) for score in scores}
        found = _ResultShape(
            int(record["prompt"]),
            int(reference) if isinstance(reference, str) else None,
            int(decoded["modelResponses"][0]["response"]),
            {name: int(slot) for name, slot in results.items() if isinstance(slot, str)},
            {name: slot[0] for name, slot in results.items() if not isinstance(slot, str)},
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None
    values = sum(slot is not None for slot in found.numbers.values())
    return found if len(results) == len(scores) and values == np.count_nonzero(shape.offsets[1::2]) else None


def block_rows(block: bytes, careful: Callable[[bytes, LineNumbers], JudgedRows]) -> tuple[JudgedRows, int]:
    """The rows of a block, and how many lines it has. Rows are read by the shapes of the first lines, what does not
    fit by Arrow, and the rest line by line."""
    scan = scanned_lines(block)
    unread = scan.ends > scan.starts
    left = np.flatnonzero(unread)
    parts = []
    for _ in range(SHAPES):
        plain = left[scan.plain[left]]
        if len(plain) <= FEW_LINES:
            break
        shape = line_shape(scan.line(plain[0]), FIXED_STRINGS, SLOT_VALUES)
        slots = _result_shape(shape)
        if shape is None or slots is None:
            break
        lines, bounds = fitting_lines(scan, shape, plain)
        found = _shaped_rows(scan, slots, lines, bounds)
        parts.append(found)
        unread[found.rows["line"] - 1] = False
        left = left[unread[left]]
    if len(left):
        parts += decoded_parts(some_lines(block, left), left + 1, quick_rows, careful)
    return in_line_order(parts or [joined_rows([])]), len(scan.starts)


def _shaped_rows(scan: LineScan, slots: _ResultShape, lines: LineNumbers, bounds: Bounds) -> JudgedRows:
    if not len(lines):
        return judged_rows([])
    read = slot_reader(scan, bounds)
    escaped = b"\\" in scan.block

    def texts(slot: int) -> Any:
        return unescaped_texts(read(slot), JSON_ESCAPES) if escaped else read(slot)

    scores = {name: absent_scores(len(lines)) for name in slots.numbers}
    for name, slot in slots.labels.items():
        scores |= _decoded_scores([name], texts(slot), str)
    numbers = {name: slot for name, slot in slots.numbers.items() if slot is not None}
    if numbers:
        scores |= _decoded_scores(list(numbers), read(*numbers.values()), json.loads)
        if any((scores[name].codes < 0).any() for name in numbers):
            broken = np.any([scores[name].codes[scores[name].at] < 0 for name in numbers], axis=0)
            return _shaped_rows(scan, slots, lines[~broken], bounds[~broken])
    references = pa.nulls(len(lines), pa.string()) if slots.reference is None else texts(slots.reference)
    columns = row_columns(
        texts_without_repr(texts(slots.prompt), PROMPT_FORMS, prompt_text),
        references,
        texts_without_repr(texts(slots.response), ANSWER_FORMS, response_text),
        lines + 1,
    )
    return JudgedRows(columns, scores)


def _decoded_scores(names: Sequence[str], texts: Any, decode: Callable[[str], Any]) -> dict[str, Scores]:
    """Scores from what stands in the file, line by line; their code is -1 where that is no JSON."""
    kinds = {kind: code for code, kind in enumerate(KINDS)}
    encoded = texts.dictionary_encode()
    numbers, codes = [], []
    for text in encoded.dictionary.to_pylist():
        try:
            score, reason = parse_score({"result": decode(text)})
        except (ValueError, RecursionError):
            score, reason = None, BROKEN
        numbers.append(score if isinstance(score, float) else math.nan)
        codes.append(-1 if reason == BROKEN else kinds.setdefault(score_kind(score, reason), len(kinds)))
    at = encoded.indices.to_numpy().reshape(-1, len(names)).T
    found = np.array(numbers, float), np.array(codes, np.int32), tuple(kinds)
    return {name: Scores(own, *found) for name, own in zip(names, at, strict=True)}
