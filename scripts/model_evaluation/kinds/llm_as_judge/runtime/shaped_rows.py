"""Result lines of one shape, into the columns and the texts of :mod:`judged`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model_evaluation.runtime.blocks import FEW_LINES, LineNumbers, as_mask, decoded_parts, some_lines
from model_evaluation.runtime.statistics.scored_rows import (
    EXPLANATION,
    KINDS,
    NUMBER,
    JudgedRows,
    Scores,
    absent_scores,
    careful_texts,
    in_line_order,
    joined_rows,
    judged_texts,
    row_columns,
    score_kind,
    texts_table,
)
from model_evaluation.runtime.text_columns import JSON_ESCAPES, texts_without_repr, unescaped_texts

from .line_shape import Bounds, LineScan, LineShape, fitting_lines, line_shape, scanned_lines, slot_reader
from .result_blocks import ANSWER_FORMS, PROMPT_FORMS, quick_rows, quick_texts
from .result_files import bare_metric_name, parse_score, prompt_text, response_text

FIXED_STRINGS, SLOT_VALUES = frozenset({"metricName", "modelIdentifier"}), frozenset({"result"})
SHAPES = 4  # tried on each block
BROKEN = "broken"
PLAIN_NUMBER = r"^(?:0|-?[1-9][0-9]{0,14}|-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,17})$"  # -0 is 0 to Python, not to Arrow


class _ResultShape(NamedTuple):
    """The slots of a result line's shape: of its texts, of each metric's result, a label or else a number, and of the
    judge's words. The result is ``None`` where the line has none."""

    prompt: int
    reference: int | None
    response: int
    labels: dict[str, int]
    numbers: dict[str, int | None]
    explanations: dict[str, int]


def _result_shape(shape: LineShape | None) -> _ResultShape | None:
    """``None`` for a shape in which anything is not as it usually is."""
    if shape is None:
        return None
    try:
        decoded = shape.decoded
        record, scores = decoded["inputRecord"], decoded["automatedEvaluationResult"]["scores"]
        reference = record.get("referenceResponse")
        named = {bare_metric_name(score["metricName"]): score for score in scores}
        results = {name: score.get("result", [None]) for name, score in named.items()}
        found = _ResultShape(
            int(record["prompt"]),
            int(reference) if isinstance(reference, str) else None,
            int(decoded["modelResponses"][0]["response"]),
            {name: int(slot) for name, slot in results.items() if isinstance(slot, str)},
            {name: slot[0] for name, slot in results.items() if not isinstance(slot, str)},
            {name: int(slot) for name, score in named.items() for slot in _first_explanation(score)},
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None
    values = sum(slot is not None for slot in found.numbers.values())
    return found if len(results) == len(scores) and values == np.count_nonzero(shape.offsets[1::2]) else None


def _first_explanation(score: dict[str, Any]) -> list[str]:
    details = score.get("evaluatorDetails")
    said = [detail.get("explanation") for detail in details if isinstance(detail, dict)] if details else []
    return [text for text in said if isinstance(text, str)][:1]


class _ShapedLines(NamedTuple):
    """Lines of a block that have one shape, numbered from 0, and a function that gives the text in a slot of each."""

    lines: LineNumbers
    slots: _ResultShape
    scores: dict[str, Scores]
    text: Callable[[int], Any]


def block_rows(block: bytes, careful: Callable[[bytes, LineNumbers], JudgedRows]) -> tuple[JudgedRows, int]:
    """The rows of a block, and how many lines it has. Rows are read by the shapes of the first lines, what does not
    fit by Arrow, and the rest line by line."""
    scan = scanned_lines(block)
    shaped, left = _shaped_lines(scan)
    parts = [_shaped_rows(found) for found in shaped]
    if len(left):
        parts += decoded_parts(some_lines(block, left), left + 1, quick_rows, careful)
    return in_line_order(parts or [joined_rows([])]), len(scan.starts)


def block_texts(block: bytes) -> Any:
    """A table with the texts of the block's rows, as :func:`judged_texts` has them."""
    shaped, left = _shaped_lines(scanned_lines(block))
    parts = [_shaped_texts(found) for found in shaped]
    if len(left):
        parts += decoded_parts(some_lines(block, left), left + 1, quick_texts, careful_texts)
    if len(parts) == 1:
        return parts[0]
    return pa.concat_tables(parts or [judged_texts([])], promote_options="default").sort_by("line")


def _shaped_lines(scan: LineScan) -> tuple[list[_ShapedLines], LineNumbers]:
    """The lines that have the shapes of the first ones, and those that have none of them and are not empty."""
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
        found = _scored_lines(scan, slots, *fitting_lines(scan, shape, plain))
        if found is None:
            break
        parts.append(found)
        unread[found.lines] = False
        left = left[unread[left]]
    return parts, left


def _scored_lines(scan: LineScan, slots: _ResultShape, lines: LineNumbers, bounds: Bounds) -> _ShapedLines | None:
    """Those of the lines whose results are JSON; ``None`` when none is."""
    if not len(lines):
        return None
    read = slot_reader(scan, bounds)
    escaped = b"\\" in scan.block

    def text(slot: int) -> Any:
        return unescaped_texts(read(slot), JSON_ESCAPES) if escaped else read(slot)

    scores = {name: absent_scores(len(lines)) for name in slots.numbers}
    for name, slot in slots.labels.items():
        scores |= _decoded_scores([name], text(slot), str)
    numbers = {name: slot for name, slot in slots.numbers.items() if slot is not None}
    if numbers:
        scores |= _decoded_scores(list(numbers), read(*numbers.values()), json.loads)
        if any((scores[name].codes < 0).any() for name in numbers):
            broken = np.any([scores[name].codes[scores[name].at] < 0 for name in numbers], axis=0)
            return _scored_lines(scan, slots, lines[~broken], bounds[~broken])
    return _ShapedLines(lines, slots, scores, text)


def _plain_columns(found: _ShapedLines) -> tuple[Any, Any, Any]:
    """Prompts, references and responses."""
    slots = found.slots
    return (
        texts_without_repr(found.text(slots.prompt), PROMPT_FORMS, prompt_text),
        pa.nulls(len(found.lines), pa.string()) if slots.reference is None else found.text(slots.reference),
        texts_without_repr(found.text(slots.response), ANSWER_FORMS, response_text),
    )


def _shaped_rows(found: _ShapedLines) -> JudgedRows:
    return JudgedRows(row_columns(*_plain_columns(found), found.lines + 1), found.scores)


def _shaped_texts(found: _ShapedLines) -> Any:
    explanations = {EXPLANATION + name: found.text(slot) for name, slot in found.slots.explanations.items()}
    return texts_table(*_plain_columns(found), explanations, found.lines + 1)


def _decoded_scores(names: Sequence[str], texts: Any, decode: Callable[[str], Any]) -> dict[str, Scores]:
    """Scores from what stands in the file, line by line; their code is -1 where that is no JSON."""
    kinds = {kind: code for code, kind in enumerate(KINDS)}
    encoded = texts.dictionary_encode()
    plain = np.zeros(len(encoded.dictionary), bool)
    if decode is json.loads:
        plain = as_mask(pc.match_substring_regex(encoded.dictionary, PLAIN_NUMBER))
    found, coded = np.full(len(plain), math.nan), np.full(len(plain), NUMBER, np.int32)
    found[plain] = encoded.dictionary.filter(pa.array(plain)).cast(pa.float64()).to_numpy()
    for place in np.flatnonzero(~plain).tolist():
        try:
            score, reason = parse_score({"result": decode(encoded.dictionary[place].as_py())})
        except (ValueError, RecursionError):
            score, reason = None, BROKEN
        if isinstance(score, float):
            found[place] = score
        coded[place] = -1 if reason == BROKEN else kinds.setdefault(score_kind(score, reason), len(kinds))
    at = encoded.indices.to_numpy().reshape(-1, len(names)).T
    if len(found) <= at.shape[1]:
        return {name: Scores(own, found, coded, tuple(kinds)) for name, own in zip(names, at, strict=True)}
    rows = np.arange(at.shape[1], dtype=np.uint32)  # so many different scores that most of them are another metric's
    return {name: Scores(rows, found[own], coded[own], tuple(kinds)) for name, own in zip(names, at, strict=True)}
