"""One model's judged rows as columns: what identifies a row, what its answer is like, its scores.

The columns take about a hundred bytes a row, whatever the files hold; the texts are read again when they are shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_evaluation.kinds.llm_as_judge.runtime.result_files import Problem, ResultRow, parse_result_row
from model_evaluation.runtime.blocks import LineNumbers
from model_evaluation.runtime.text_columns import (
    MAY_BE_SPACE,
    NO_TEXT,
    SPACE,
    blank_texts,
    exact_keys,
    joined_keys,
    matching_texts,
    outer_bytes,
    text_keys,
)

from .common import Floats
from .truncation import ends_in_the_middle

ROW_TYPE = np.dtype([("key", "u8"), ("prompt", "u8"), ("answer", "u8"), ("length", "u4"), ("line", "u4"),
                     ("marks", "u1")])  # fmt: skip
REFERENCED, BLANK_ANSWER, REFUSAL, CUT_ANSWER = 1, 2, 4, 8  # marks
REFUSAL_OPENING = (
    rf"(?i)^{SPACE}(?:i['’]?m (?:really |very )?sorry|(?:sorry,? (?:but )?)?i (?:cannot|can['’]t|am unable to|won['’]t)"
    r"|i['’]m (?:unable|not able) to|as an ai\b)"
)
MAY_REFUSE = MAY_BE_SPACE | np.isin(np.arange(256), np.frombuffer(b"iIaAsS", np.uint8))  # first byte
MAY_BE_CUT = MAY_BE_SPACE | np.array([chr(byte).isalnum() or chr(byte) in ",(" for byte in range(256)])  # last byte
ABSENT, NUMBER, NULL, INAPPLICABLE = 0, 1, 2, 4
NO_NUMBER = np.array(np.inf).view(np.int64) + 1  # from here on no bits are those of a finite number
KINDS = (("missing", "absent"), ("score", "number"), ("missing", "null"), ("missing", "unparsable"),
         ("missing", "not applicable"))  # fmt: skip
TEXTS = ("prompt", "reference", "response")
EXPLANATION = "explanation of "


class Scores(NamedTuple):
    """One model's scores on one metric. Judges give few different ones, so a row has only the number of its score.

    Row i has score ``at[i]`` of k: ``numbers`` (k,) is NaN where that is no number; ``codes`` (k,) index ``kinds``:
    ``KINDS``, then ``("label", its text)`` of each label.
    """

    at: NDArray[Any]
    numbers: Floats
    codes: NDArray[np.int32]
    kinds: tuple[tuple[str, str], ...] = KINDS


def absent_scores(rows: int) -> Scores:
    """The scores of a metric that the files do not name."""
    return Scores(np.zeros(rows, np.uint8), np.array([math.nan]), np.array([ABSENT], np.int32))


def distinct_scores(numbers: Floats, codes: NDArray[np.int32], kinds: tuple[tuple[str, str], ...]) -> Scores:
    """Scores that are given for each row; a finite number has the code of a number, every other one is NaN."""
    signs = np.where(codes == NUMBER, numbers.view(np.int64), NO_NUMBER + codes)
    _, first, at = np.unique(signs, return_index=True, return_inverse=True)
    return Scores(at.astype(np.min_scalar_type(len(first))), numbers[first], codes[first], kinds)


@dataclass
class JudgedRows:
    """The rows of some files in file order; ``rows`` is of ``ROW_TYPE``."""

    rows: NDArray[Any]
    scores: dict[str, Scores]
    problems: list[Problem] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)


def _read_lines(block: bytes, numbers: LineNumbers, key: str) -> tuple[list[ResultRow], list[int], list[Problem]]:
    """The rows of the lines, their numbers, and what is wrong with the other lines."""
    rows: list[ResultRow] = []
    places: list[int] = []
    problems = []
    lines = block.split(b"\n")
    for at, (number, line) in enumerate(zip(numbers.tolist(), lines, strict=False), start=1):
        if not line.strip():
            continue
        try:
            rows.append(parse_result_row(json.loads(line)))
            places.append(number)
        except (ValueError, RecursionError) as error:
            cut = "; the file ends in the middle of this line" if at == len(lines) else ""
            problems.append(Problem(key, number, f"not a usable result row: {error}{cut}"))
    return rows, places, problems


def careful_rows(block: bytes, numbers: LineNumbers, key: str = "") -> JudgedRows:
    return judged_rows(*_read_lines(block, numbers, key))


def careful_texts(block: bytes, numbers: LineNumbers) -> Any:
    return judged_texts(*_read_lines(block, numbers, "")[:2])


def judged_rows(rows: Sequence[ResultRow], lines: Sequence[int] = (), problems: Sequence[Problem] = ()) -> JudgedRows:
    """Rows that were read one by one, as columns."""
    scores: dict[str, Scores] = {}
    for name in dict.fromkeys(name for row in rows for name in row.scores):
        numbers, codes = np.full(len(rows), math.nan), np.full(len(rows), ABSENT, np.int32)
        kinds = {kind: code for code, kind in enumerate(KINDS)}
        for at, row in enumerate(rows):
            score = row.scores.get(name)
            kind = score_kind(score, row.missing.get(name))
            if isinstance(score, float | int):
                numbers[at] = score
            codes[at] = kinds.setdefault(kind, len(kinds))
        scores[name] = distinct_scores(numbers, codes, tuple(kinds))
    prompts, references, responses = (pa.array([getattr(row, part) for row in rows], pa.string()) for part in TEXTS)
    columns = row_columns(prompts, references, responses, np.array(lines or range(len(rows)), np.int64))
    return JudgedRows(columns, scores, list(problems))


def score_kind(score: float | str | None, reason: str | None) -> tuple[str, str]:
    """What a score is, as in ``Scores.kinds``."""
    if score is None:
        return "missing", reason or "absent"
    return ("label", score) if isinstance(score, str) else ("score", "number")


def judged_texts(rows: Sequence[ResultRow], lines: Sequence[int] = ()) -> Any:
    """The texts of rows that were read one by one, as a table."""
    columns = {part: [getattr(row, part) for row in rows] for part in TEXTS}
    for name in dict.fromkeys(name for row in rows for name in row.explanations):
        columns[EXPLANATION + name] = [row.explanations.get(name) for row in rows]
    table = pa.table({name: pa.array(texts, pa.string()) for name, texts in columns.items()})
    return table.append_column("line", pa.array(lines or range(len(rows)), pa.int64()))


def texts_table(prompts: Any, references: Any, responses: Any, explanations: dict[str, Any], lines: LineNumbers) -> Any:
    """Columns as the table of :func:`judged_texts`, where a blank reference is none."""
    blank = blank_texts(pc.fill_null(references, ""))
    if blank.any():
        references = pc.if_else(pa.array(blank), None, references)
    return pa.table(
        {"prompt": prompts, "reference": references, "response": responses, **explanations, "line": pa.array(lines)}
    )


def row_columns(prompts: Any, references: Any, responses: Any, lines: LineNumbers) -> NDArray[Any]:
    """Texts without a repr around them as ``ROW_TYPE``."""
    rows = np.zeros(len(prompts), ROW_TYPE)
    reference = text_keys(pc.fill_null(references, ""))
    rows["line"] = lines
    rows["prompt"] = text_keys(prompts)
    rows["key"] = joined_keys(rows["prompt"], reference)
    rows["answer"] = exact_keys(responses)
    rows["length"] = pc.utf8_length(responses).to_numpy()
    first, last = outer_bytes(responses)
    marks = {
        REFERENCED: reference != NO_TEXT,
        BLANK_ANSWER: blank_texts(responses),
        REFUSAL: matching_texts(responses, REFUSAL_OPENING, MAY_REFUSE[first]),
        CUT_ANSWER: _cut_answers(responses, MAY_BE_CUT[last]),
    }
    for mark, found in marks.items():
        rows["marks"] |= mark * found.astype(np.uint8)
    return rows


def _cut_answers(responses: Any, possible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """:func:`ends_in_the_middle`, asked only of the ``possible`` ones."""
    found = possible.copy()
    if found.any():
        found[possible] = [ends_in_the_middle(text) for text in responses.filter(pa.array(possible)).to_pylist()]
    return found


def joined_rows(parts: Sequence[JudgedRows]) -> JudgedRows:
    """The rows of all parts, one after the other; a metric that a part lacks is absent there."""
    scores = {}
    for name in dict.fromkeys(name for part in parts for name in part.scores):
        kinds = {kind: code for code, kind in enumerate(KINDS)}
        owns = [part.scores.get(name) or absent_scores(len(part)) for part in parts]
        codes = [
            np.array([kinds.setdefault(kind, len(kinds)) for kind in own.kinds], np.int32)[own.codes] for own in owns
        ]
        found = distinct_scores(np.concatenate([own.numbers for own in owns]), np.concatenate(codes), tuple(kinds))
        firsts = np.cumsum([0, *map(len, codes)])
        at = [found.at[first : first + len(own.numbers)][own.at] for first, own in zip(firsts, owns, strict=False)]
        scores[name] = found._replace(at=np.concatenate(at))
    problems = [problem for part in parts for problem in part.problems]
    return JudgedRows(np.concatenate([np.zeros(0, ROW_TYPE), *(part.rows for part in parts)]), scores, problems)


def taken_rows(found: JudgedRows, at: LineNumbers) -> JudgedRows:
    """The rows at these places, with all problems."""
    scores = {name: own._replace(at=own.at[at]) for name, own in found.scores.items()}
    return JudgedRows(found.rows[at], scores, found.problems)


def in_line_order(parts: Sequence[JudgedRows]) -> JudgedRows:
    """The parts of one block as one, in the order of its lines."""
    if len(parts) == 1:
        return parts[0]
    found = joined_rows(parts)
    found.problems.sort(key=lambda problem: problem.line)
    return taken_rows(found, np.argsort(found.rows["line"], kind="stable"))
