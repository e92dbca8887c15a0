"""Result lines of any shape, a block at a time, decoded by Arrow into the columns of :mod:`judged`."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_evaluation.runtime.blocks import LineNumbers, as_mask, decoded_table, first_items, only_chunk, some_lines
from model_evaluation.runtime.statistics.scored_rows import (
    ABSENT,
    EXPLANATION,
    INAPPLICABLE,
    KINDS,
    NULL,
    NUMBER,
    JudgedRows,
    Scores,
    careful_rows,
    careful_texts,
    distinct_scores,
    in_line_order,
    row_columns,
    score_kind,
    taken_rows,
    texts_table,
)
from model_evaluation.runtime.text_columns import texts_without_repr

from .result_files import bare_metric_name, parse_score, prompt_text, response_text

PROMPT_FORMS = (("[{'role': 'user', 'content': '", "'}]"), ("[{'role': 'user', 'content': \"", '"}]'))
ANSWER_FORMS = (("['", "']"), ('["', '"]'))
# A result that is no finite number; all results as text, numbers marked by a character that Bedrock never writes.
NOT_A_NUMBER = re.compile(rb'"result":\s*(?:"|NaN|-?Infinity)')
ANY_NUMBER = re.compile(rb'"result":\s*(NaN|-?Infinity|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?=[\s,}])')
NUMBER_MARK = "\x00"


class _Entries(NamedTuple):
    """The score entries of a block, one after the other. ``names`` are the metrics that ``metric`` counts."""

    row: NDArray[np.int64]
    metric: NDArray[np.int64]
    names: list[str]
    results: Any
    details: Any
    total: int  # with those that name no metric
    missing: int  # of those, without a result


def _result_schema(result: Any, explained: bool) -> Any:
    text = pa.string()
    score = [("metricName", text), ("result", result)]
    if explained:
        score.append(("evaluatorDetails", pa.list_(pa.struct([("explanation", text)]))))
    return pa.schema(
        [
            ("inputRecord", pa.struct([("prompt", text), ("referenceResponse", text)])),
            ("modelResponses", pa.list_(pa.struct([("response", text)]))),
            ("automatedEvaluationResult", pa.struct([("scores", pa.list_(pa.struct(score)))])),
        ]
    )


def _result_table(block: bytes, explained: bool) -> Any:
    """The block decoded; results are numbers, or all text where any of them is."""
    try:
        table = decoded_table(block, _result_schema(pa.float64(), explained))
    except pa.ArrowException:
        if not NOT_A_NUMBER.search(block) or b"\\u0000" in block:
            raise
        marked = ANY_NUMBER.sub(rb'"result":"\\u0000\1"', block)
        table = decoded_table(marked, _result_schema(pa.string(), explained))
    if pc.struct_field(only_chunk(table["inputRecord"]), "prompt").null_count:
        raise pa.ArrowInvalid("no prompt")
    return table


def _plain_texts(table: Any) -> tuple[Any, Any, Any]:
    """Prompts, references and responses of a block; a reference that is not there is null, a response empty."""
    record = only_chunk(table["inputRecord"])
    responses = pc.struct_field(first_items(only_chunk(table["modelResponses"])), "response")
    return (
        texts_without_repr(pc.struct_field(record, "prompt"), PROMPT_FORMS, prompt_text),
        pc.struct_field(record, "referenceResponse"),
        texts_without_repr(pc.fill_null(responses, ""), ANSWER_FORMS, response_text),
    )


def _score_entries(table: Any) -> _Entries:
    lists = pc.struct_field(only_chunk(table["automatedEvaluationResult"]), "scores")
    entries = lists.flatten()
    total, missing = len(entries), pc.struct_field(entries, "result").null_count
    row = np.repeat(np.arange(len(lists)), pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    found = pc.struct_field(entries, "metricName")
    if found.null_count:
        named = found.is_valid()
        entries, found, row = entries.filter(named), found.filter(named), row[as_mask(named)]
    found = found.dictionary_encode()
    names = [bare_metric_name(name) for name in found.dictionary.to_pylist()]
    places = {name: at for at, name in enumerate(dict.fromkeys(names))}
    metric = np.array([places[name] for name in names], np.int64)[found.indices.to_numpy()]
    details = pc.struct_field(entries, "evaluatorDetails") if entries.type.num_fields > 2 else None
    return _Entries(row, metric, list(places), pc.struct_field(entries, "result"), details, total, missing)


def _nothing_code(block: bytes, entries: _Entries) -> int | None:
    """``ABSENT`` or ``NULL``, whichever all results without a value are; ``None`` when that has to be looked up."""
    present = block.count(b'"result":') if entries.missing else 0
    if entries.missing and present not in (entries.total, entries.total - entries.missing):
        return None
    return NULL if present == entries.total else ABSENT


def _peculiar_rows(entries: _Entries, rows: int, nothing: int | None) -> NDArray[np.bool_]:
    """The rows that only ``parse_result_row`` settles: a metric twice, null among absent results, no finite number,
    details of which the first has no explanation."""
    width = max(1, len(entries.names))
    times = np.bincount(entries.row * width + entries.metric, minlength=rows * width).reshape(rows, width)
    peculiar: NDArray[np.bool_] = times.max(axis=1) > 1
    if nothing is None:
        peculiar[entries.row[as_mask(entries.results.is_null())]] = True
    if pa.types.is_floating(entries.results.type):
        peculiar[entries.row[as_mask(pc.is_inf(pc.fill_null(entries.results, 0)))]] = True
    if entries.details is not None:
        unsaid = pc.struct_field(first_items(entries.details), "explanation").is_null()
        several = pc.greater(pc.fill_null(pc.list_value_length(entries.details), 0), 1)
        peculiar[entries.row[as_mask(pc.and_(unsaid, several))]] = True
    return peculiar


def _score_columns(entries: _Entries, rows: int, nothing: int) -> dict[str, Scores]:
    kinds = {kind: code for code, kind in enumerate(KINDS)}
    if pa.types.is_floating(entries.results.type):
        found = entries.results.to_numpy(zero_copy_only=False)
        kind = np.where(np.isnan(found), INAPPLICABLE, NUMBER)
        kind[as_mask(entries.results.is_null())] = nothing
    else:
        encoded = entries.results.dictionary_encode()
        values = [(math.nan, nothing)]
        for text in encoded.dictionary.to_pylist():
            score, reason = parse_score({"result": _marked_value(text)})
            code = kinds.setdefault(score_kind(score, reason), len(kinds))
            values.append((score if isinstance(score, float) else math.nan, code))
        at = pc.fill_null(encoded.indices, -1).to_numpy() + 1
        found, kind = (np.array(column)[at] for column in zip(*values, strict=True))
    shape = len(entries.names), rows
    numbers, codes = np.full(shape, math.nan), np.full(shape, ABSENT, np.int32)
    numbers[entries.metric, entries.row] = found
    codes[entries.metric, entries.row] = kind
    return {name: distinct_scores(numbers[at], codes[at], tuple(kinds)) for at, name in enumerate(entries.names)}


def _marked_value(text: str) -> Any:
    return json.loads(text.removeprefix(NUMBER_MARK)) if text.startswith(NUMBER_MARK) else text


def quick_rows(block: bytes, numbers: LineNumbers) -> JudgedRows:
    table = _result_table(block, explained=False)
    entries = _score_entries(table)
    nothing = _nothing_code(block, entries)
    columns = row_columns(*_plain_texts(table), numbers)
    found = JudgedRows(columns, _score_columns(entries, len(table), nothing or ABSENT))
    peculiar = _peculiar_rows(entries, len(table), nothing)
    if not peculiar.any():
        return found
    settled = careful_rows(some_lines(block, np.flatnonzero(peculiar)), numbers[peculiar])
    return in_line_order([taken_rows(found, np.flatnonzero(~peculiar)), settled])


def quick_texts(block: bytes, numbers: LineNumbers) -> Any:
    table = _result_table(block, explained=True)
    entries = _score_entries(table)
    prompts, references, responses = _plain_texts(table)
    explanations = {}
    said = pc.struct_field(first_items(entries.details), "explanation")
    for number, name in enumerate(entries.names):
        places = np.full(len(table), -1)
        own = np.flatnonzero(entries.metric == number)
        places[entries.row[own]] = own
        explanations[EXPLANATION + name] = said.take(pa.array(places, mask=places < 0))
    found = texts_table(prompts, references, responses, explanations, numbers)
    peculiar = _peculiar_rows(entries, len(table), _nothing_code(block, entries))
    if not peculiar.any():
        return found
    settled = careful_texts(some_lines(block, np.flatnonzero(peculiar)), numbers[peculiar])
    return pa.concat_tables([found.filter(pa.array(~peculiar)), settled], promote_options="default").sort_by("line")
