"""One model's judged rows as columns: what identifies a row, what its answer is like, its scores.

The columns take about a hundred bytes a row, whatever the files hold; the texts are read again when they are shown.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .blocks import (
    BLOCK_BYTES,
    decoded_parts,
    decoded_table,
    first_items,
    in_order,
    line_blocks,
    line_starts,
    only_chunk,
)
from .results import (
    Problem,
    ResultRow,
    bare_metric_name,
    parse_result_row,
    parse_score,
    prompt_text,
    response_text,
)
from .stats import Floats
from .textcolumns import SPACE, blank_texts, exact_keys, joined_keys, text_keys, texts_without_repr
from .truncation import ends_in_the_middle

ROW_TYPE = np.dtype([("key", "u8"), ("prompt", "u8"), ("answer", "u8"), ("length", "u4"), ("marks", "u1")])
REFERENCED, BLANK_ANSWER, REFUSAL, CUT_ANSWER = 1, 2, 4, 8  # marks
REFUSAL_OPENING = (
    rf"(?i)^{SPACE}(?:i['’]?m (?:really |very )?sorry|(?:sorry,? (?:but )?)?i (?:cannot|can['’]t|am unable to|won['’]t)"
    r"|i['’]m (?:unable|not able) to|as an ai\b)"
)
PROMPT_FORMS = (("[{'role': 'user', 'content': '", "'}]"), ("[{'role': 'user', 'content': \"", '"}]'))
ANSWER_FORMS = (("['", "']"), ('["', '"]'))
ABSENT, NUMBER, NULL = 0, 1, 2
KINDS = (("missing", "absent"), ("score", "number"), ("missing", "null"), ("missing", "unparsable"),
         ("missing", "not applicable"))  # fmt: skip
# A result that is no finite number; all results as text, numbers marked by a character that Bedrock never writes.
NOT_A_NUMBER = re.compile(rb'"result":\s*(?:"|NaN|-?Infinity)')
ANY_NUMBER = re.compile(rb'"result":\s*(-?(?:[0-9][-+.0-9eE]*|NaN|Infinity))')
NUMBER_MARK = "\x00"
EXPLANATION = "explanation of "
KEPT_BYTES = 1 << 27  # files up to this size stay in memory for their texts; larger ones are read again


class Scores(NamedTuple):
    """One model's scores on one metric, one place per row.

    ``numbers`` (n,) is NaN where there is no number; ``codes`` (n,) index ``kinds``: ``KINDS``, then
    ``("label", its text)`` of each label.
    """

    numbers: Floats
    codes: NDArray[np.int32]
    kinds: tuple[tuple[str, str], ...] = KINDS


def absent_scores(rows: int) -> Scores:
    """The scores of a metric that the files do not name."""
    return Scores(np.full(rows, math.nan), np.full(rows, ABSENT, np.int32))


@dataclass
class JudgedRows:
    """The rows of some files in file order; ``rows`` is of ``ROW_TYPE``."""

    rows: NDArray[Any]
    scores: dict[str, Scores]
    problems: list[Problem] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)


def read_judged(blocks: Iterable[tuple[str, bytes]]) -> JudgedRows:
    """Every row of the blocks (a file's key with its next lines). A broken line becomes a problem; the rows around it
    are kept."""
    parts: list[JudgedRows] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}

    def work(item: tuple[str, bytes]) -> tuple[str, int, list[JudgedRows]]:
        key, block = item
        careful = functools.partial(_careful_rows, key=key)
        found = decoded_parts(block, _quick_rows, lambda few, before: judged_rows(*careful(few, before)))
        return key, block.count(b"\n"), found

    for key, count, found in in_order(blocks, work):
        before = lines.get(key, 0)
        lines[key] = before + count
        problems += [p._replace(line=p.line + before) for part in found for p in part.problems]
        parts += found
    joined = joined_rows(parts)
    joined.problems = problems
    return joined


def read_texts(blocks: Iterable[tuple[str, bytes]]) -> Any:
    """A table with ``prompt``, ``reference``, ``response`` and ``explanation of METRIC`` of the rows that
    :func:`read_judged` gives for the same blocks, in their order."""

    def work(item: tuple[str, bytes]) -> list[Any]:
        return decoded_parts(item[1], _quick_texts, lambda few, _: judged_texts(_careful_rows(few, 0, item[0])[0]))

    tables = [table for found in in_order(blocks, work) for table in found]
    return pa.concat_tables(tables or [judged_texts([])], promote_options="default")


class ResultBlocks:
    """The files' content in blocks. Small files are asked for once; more than ``KEPT_BYTES``, each time."""

    def __init__(self, s3: Any, bucket: str, keys: Sequence[str]) -> None:
        self.s3, self.bucket, self.keys = s3, bucket, keys
        self.kept: list[tuple[str, bytes]] | None = None

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        if self.kept is not None:
            yield from self.kept
            return
        kept: list[tuple[str, bytes]] | None = []
        room = KEPT_BYTES
        for key in self.keys:
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
            for block in line_blocks(body.iter_chunks(BLOCK_BYTES)):
                room -= len(block)
                if kept is not None:
                    kept.append((key, block))
                if room < 0:
                    kept = None
                yield key, block
        self.kept = kept


# -- line by line ---------------------------------------------------------------------------------------------


def _careful_rows(lines: bytes, before: int, key: str) -> tuple[list[ResultRow], list[Problem]]:
    rows, problems = [], []
    split = lines.split(b"\n")
    for number, line in enumerate(split, start=before + 1):
        if not line.strip():
            continue
        try:
            rows.append(parse_result_row(json.loads(line)))
        except (ValueError, RecursionError) as error:
            cut = "; the file ends in the middle of this line" if number == before + len(split) else ""
            problems.append(Problem(key, number, f"not a usable result row: {error}{cut}"))
    return rows, problems


def judged_rows(rows: Sequence[ResultRow], problems: Sequence[Problem] = ()) -> JudgedRows:
    """Rows that were read one by one, as columns."""
    scores: dict[str, Scores] = {}
    for name in dict.fromkeys(name for row in rows for name in row.scores):
        numbers, codes = np.full(len(rows), math.nan), np.zeros(len(rows), np.int32)
        kinds = {kind: code for code, kind in enumerate(KINDS)}
        for at, row in enumerate(rows):
            score = row.scores.get(name)
            kind = score_kind(score, row.missing.get(name))
            if not isinstance(score, str | None):
                numbers[at] = score
            codes[at] = kinds.setdefault(kind, len(kinds))
        scores[name] = Scores(numbers, codes, tuple(kinds))
    texts = [
        pa.array([getattr(row, part) for row in rows], pa.string()) for part in ("prompt", "reference", "response")
    ]
    return JudgedRows(_row_columns(*texts), scores, list(problems))


def score_kind(score: float | str | None, reason: str | None) -> tuple[str, str]:
    """What a score is, as in ``Scores.kinds``."""
    if score is None:
        return "missing", reason or "absent"
    return ("label", score) if isinstance(score, str) else ("score", "number")


def judged_texts(rows: Sequence[ResultRow]) -> Any:
    """The texts of rows that were read one by one, as a table."""
    columns = {part: [getattr(row, part) for row in rows] for part in ("prompt", "reference", "response")}
    for name in dict.fromkeys(name for row in rows for name in row.explanations):
        columns[EXPLANATION + name] = [row.explanations.get(name) for row in rows]
    return pa.table({name: pa.array(texts, pa.string()) for name, texts in columns.items()})


def _row_columns(prompts: Any, references: Any, responses: Any) -> NDArray[Any]:
    """Texts without a repr around them as ``ROW_TYPE``."""
    rows = np.zeros(len(prompts), ROW_TYPE)
    references = pc.fill_null(references, "")
    rows["prompt"] = text_keys(prompts)
    rows["key"] = joined_keys(rows["prompt"], text_keys(references))
    rows["answer"] = exact_keys(responses)
    rows["length"] = pc.utf8_length(responses).to_numpy()
    marks = {
        REFERENCED: pc.invert(blank_texts(references)),
        BLANK_ANSWER: blank_texts(responses),
        REFUSAL: pc.match_substring_regex(responses, REFUSAL_OPENING),
        CUT_ANSWER: _cut_answers(responses),
    }
    for mark, found in marks.items():
        rows["marks"] |= mark * _mask(found).astype(np.uint8)
    return rows


def _cut_answers(responses: Any) -> Any:
    """:func:`ends_in_the_middle`, asked only where the last character leaves it open."""
    ends = pc.match_substring_regex(pc.utf8_slice_codeunits(responses, -1), r"^[^!-'\)-+\--/:-@\[-`{-~]")
    cut = [ends_in_the_middle(text) for text in responses.filter(ends).to_pylist()]
    return pc.replace_with_mask(ends, ends, pa.array(cut, pa.bool_()))


# -- a block at a time ----------------------------------------------------------------------------------------


class _Entries(NamedTuple):
    """The score entries of a block, one after the other. ``names`` are the metrics that ``metric`` counts."""

    row: NDArray[np.int64]
    metric: NDArray[np.int64]
    names: list[str]
    results: Any
    details: Any
    total: int  # with those that name no metric


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
    row = np.repeat(np.arange(len(lists)), pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    found = pc.struct_field(entries, "metricName")
    if found.null_count:
        named = found.is_valid()
        entries, found, row = entries.filter(named), found.filter(named), row[named.to_numpy(zero_copy_only=False)]
    found = found.dictionary_encode()
    names = [bare_metric_name(name) for name in found.dictionary.to_pylist()]
    places = {name: at for at, name in enumerate(dict.fromkeys(names))}
    metric = np.array([places[name] for name in names], np.int64)[found.indices.to_numpy()]
    details = pc.struct_field(entries, "evaluatorDetails") if entries.type.num_fields > 2 else None
    return _Entries(row, metric, list(places), pc.struct_field(entries, "result"), details, len(lists.flatten()))


def _nothing_code(block: bytes, entries: _Entries) -> int | None:
    """``ABSENT`` or ``NULL``, whichever all results without a value are; ``None`` when that has to be looked up."""
    missing = entries.results.null_count
    present = block.count(b'"result":') if missing else 0
    if missing and present not in (entries.total, entries.total - missing):
        return None
    return NULL if present == entries.total else ABSENT


def _peculiar_rows(entries: _Entries, rows: int, nothing: int | None) -> NDArray[np.bool_]:
    """The rows that only ``parse_result_row`` settles: a metric twice, null among absent results, no finite number,
    details of which the first has no explanation."""
    width = max(1, len(entries.names))
    times = np.bincount(entries.row * width + entries.metric, minlength=rows * width).reshape(rows, width)
    peculiar: NDArray[np.bool_] = times.max(axis=1) > 1
    if nothing is None:
        peculiar[entries.row[_mask(entries.results.is_null())]] = True
    if pa.types.is_floating(entries.results.type):
        peculiar[entries.row[_mask(pc.is_inf(pc.fill_null(entries.results, 0)))]] = True
    if entries.details is not None:
        unsaid = pc.struct_field(first_items(entries.details), "explanation").is_null()
        several = pc.greater(pc.fill_null(pc.list_value_length(entries.details), 0), 1)
        peculiar[entries.row[_mask(pc.and_(unsaid, several))]] = True
    return peculiar


def _mask(values: Any) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = values.to_numpy(zero_copy_only=False)
    return found


def _settled_rows(block: bytes, peculiar: NDArray[np.bool_]) -> tuple[list[ResultRow], NDArray[np.int64]]:
    """The peculiar rows, read one by one, and the order that puts them, appended to the block's rows, in place."""
    starts = line_starts(block)
    order = np.arange(len(peculiar))
    places = np.flatnonzero(peculiar)
    order[places] = len(peculiar) + np.arange(len(places))
    try:
        return [parse_result_row(json.loads(block[starts[at] : starts[at + 1] - 1])) for at in places], order
    except (ValueError, RecursionError) as error:
        raise pa.ArrowInvalid(str(error)) from error


def _score_columns(entries: _Entries, rows: int, nothing: int) -> dict[str, Scores]:
    kinds = {kind: code for code, kind in enumerate(KINDS)}
    if pa.types.is_floating(entries.results.type):
        found = entries.results.to_numpy(zero_copy_only=False)
        kind = np.where(np.isnan(found), nothing, NUMBER)
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
    return {name: Scores(numbers[at], codes[at], tuple(kinds)) for at, name in enumerate(entries.names)}


def _marked_value(text: str) -> Any:
    if not text.startswith(NUMBER_MARK):
        return text
    try:
        return json.loads(text.removeprefix(NUMBER_MARK))
    except ValueError as error:
        raise pa.ArrowInvalid(str(error)) from error


def _quick_rows(block: bytes, _: int = 0) -> JudgedRows:
    table = _result_table(block, explained=False)
    entries = _score_entries(table)
    nothing = _nothing_code(block, entries)
    found = JudgedRows(_row_columns(*_plain_texts(table)), _score_columns(entries, len(table), nothing or ABSENT))
    peculiar = _peculiar_rows(entries, len(table), nothing)
    if peculiar.any():
        settled, order = _settled_rows(block, peculiar)
        return taken_rows(joined_rows([found, judged_rows(settled)]), order)
    return found


def _quick_texts(block: bytes, _: int = 0) -> Any:
    table = _result_table(block, explained=True)
    entries = _score_entries(table)
    prompts, references, responses = _plain_texts(table)
    references = pc.if_else(blank_texts(references), None, references)
    columns = {"prompt": prompts, "reference": references, "response": responses}
    said = pc.struct_field(first_items(entries.details), "explanation")
    for number, name in enumerate(entries.names):
        places = np.full(len(table), -1)
        own = np.flatnonzero(entries.metric == number)
        places[entries.row[own]] = own
        columns[EXPLANATION + name] = said.take(pa.array(places, mask=places < 0))
    found = pa.table(columns)
    peculiar = _peculiar_rows(entries, len(table), _nothing_code(block, entries))
    if peculiar.any():
        settled, order = _settled_rows(block, peculiar)
        return pa.concat_tables([found, judged_texts(settled)], promote_options="default").take(order)
    return found


def joined_rows(parts: Sequence[JudgedRows]) -> JudgedRows:
    """The rows of all parts, one after the other; a metric that a part lacks is absent there."""
    scores = {}
    for name in dict.fromkeys(name for part in parts for name in part.scores):
        kinds = {kind: code for code, kind in enumerate(KINDS)}
        numbers, codes = [], []
        for part in parts:
            own = part.scores.get(name) or absent_scores(len(part))
            places = np.array([kinds.setdefault(kind, len(kinds)) for kind in own.kinds], np.int32)
            numbers.append(own.numbers)
            codes.append(own.codes if own.kinds == KINDS else places[own.codes])
        scores[name] = Scores(np.concatenate(numbers), np.concatenate(codes), tuple(kinds))
    return JudgedRows(np.concatenate([np.zeros(0, ROW_TYPE), *(part.rows for part in parts)]), scores)


def taken_rows(found: JudgedRows, at: NDArray[np.int64]) -> JudgedRows:
    """The rows ``at`` these places."""
    scores = {name: Scores(own.numbers[at], own.codes[at], own.kinds) for name, own in found.scores.items()}
    return JudgedRows(found.rows[at], scores)
