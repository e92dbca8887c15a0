"""The container's rows put to the dataset's by keys of their texts, and their scores with a place per record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pa_compute
from numpy.typing import NDArray

from model_evaluation.kinds.nova.runtime.scores.answers import ACCURACY, VALID, MatchCounts
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.results.paired_scores import PairedScores, Scores
from model_evaluation.runtime.results.slices import (
    CATEGORY_VALUES,
    CLUSTER_FIELDS,
    SLICE_VALUES,
    Clusters,
    Places,
    connected,
)

from . import expressions as sql
from .store import Store, metric_columns

MIXED = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no two numbers become one
Keys = NDArray[np.uint64]
"""A number per row that stands for a text, 0 for none. That two of a million texts share one does not happen."""


class Matched(NamedTuple):
    """Which of one model's rows each record has (``rows`` (n,), -1 for none), which records have one that the container
    wrote in small letters (``small`` (n,)), and what became of all rows."""

    rows: Places
    small: NDArray[np.bool_]
    counts: MatchCounts


class Answers(NamedTuple):
    """One model's ``scores`` by metric and the ``lengths`` of its answers, both by record, and of the records that have
    a right label and an answer how many have which (``labels``)."""

    matched: Matched
    scores: dict[str, Scores]
    lengths: NDArray[np.float64]
    labels: Counter[tuple[str, str | None]]


def is_named(store: Store) -> bool:
    """Whether every record has a row_id of its own."""
    own = _keys(store.rows, "row_id")
    ordered = np.sort(own)
    return bool(own.all()) and bool((ordered[1:] != ordered[:-1]).all())


def match(store: Store, details: pa.Table, *, named: bool) -> Matched:
    """Puts one model's rows to records: by their row_id where every record has its own, else by prompt and reference,
    in any case of letters where nothing else fits. The n-th row of a text belongs to its n-th record."""
    ids, names = _keys(details, "row_id"), _keys(store.rows, "row_id")
    rows = np.full(len(names), -1, np.int64)
    by_name = ids != 0 if named else np.zeros(len(ids), bool)
    if named:
        at = _places(ids, names)
        found = np.flatnonzero(at >= 0)[::-1]  # backwards, so that the first row of a record stays
        rows[at[found]] = found
    for small in ("", "small_"):
        left, free = _left(rows, ~by_name), np.flatnonzero(rows < 0)
        if small and len(left):
            left = left[_places(_texts(details)[left], _texts(store.rows)) < 0]
        if len(left):
            own, theirs = _texts(details, small)[left], _texts(store.rows, small)[free]
            at = _places(_pair(own, _turns(own)), _pair(theirs, _turns(theirs)))
            rows[free[at[at >= 0]]] = left[at >= 0]
    left, taken = _left(rows, np.ones(len(ids), bool)), np.flatnonzero(rows >= 0)
    again = 0
    if len(left):
        answers = _keys(details, "answer")
        wanted = (ids if by_name.all() else np.where(by_name, ids, _texts(details, "small_")))[left]
        known = [_pair(keys[taken], answers[rows[taken]]) for keys in (names, _texts(store.rows, "small_"))]
        again = int((_places(_pair(wanted, answers[left]), np.concatenate(known)) >= 0).sum())
    given = _keys(details, "gold")[rows]
    folded = (given != _keys(store.rows, "gold")) & (given == _keys(store.rows, "small_gold")) & (rows >= 0)
    counts = MatchCounts(len(taken), again, len(left) - again, int(folded.sum()))
    return Matched(rows, folded, counts)


def _keys(table: pa.Table, name: str) -> Keys:
    return np.asarray(table[name].fill_null(0))


def _texts(table: pa.Table, small: str = "") -> Keys:
    """A number for each prompt with its reference."""
    return _pair(_keys(table, f"{small}prompt"), _keys(table, f"{small}gold"))


def _pair(first: Keys, second: Keys) -> Keys:
    """A number for each two."""
    return first * MIXED ^ second


def _turns(keys: Keys) -> Keys:
    """How many of the same are before each."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(keys)])
    turns = np.empty(len(keys), np.uint64)
    turns[order] = np.arange(len(keys)) - np.repeat(first, np.diff(np.r_[first, len(keys)]))
    return turns


def _places(own: Keys, theirs: Keys) -> Places:
    """Where each of them is among the others for the first time, -1 for nowhere."""
    found = pa_compute.index_in(pa.array(own), value_set=pa.array(theirs))
    return np.asarray(found.fill_null(-1)).astype(np.int64)


def _left(rows: Places, wanted: NDArray[np.bool_]) -> Places:
    """The rows that no record has, of those that are wanted."""
    left = wanted.copy()
    left[rows[rows >= 0]] = False
    return np.flatnonzero(left)


def read_answers(store: Store, details: pa.Table, matched: Matched, answer_field: str) -> Answers:
    """The scores of one model's rows that records have."""
    numbers = {name: _at_records(matched, details[column]) for name, column in metric_columns(details).items()}
    labels: Counter[tuple[str, str | None]] = Counter()
    if answer_field:
        store.connection.register("labels", _labels(store, details, matched))
        numbers |= _field_scores(store, matched)
        labels = _confusion(store)
    answered = matched.rows >= 0
    scores = {name: Scores(own, None, _reasons(own, answered)) for name, own in numbers.items()}
    return Answers(matched, scores, _at_records(matched, details["length"]), labels)


def paired_answers(store: Store, answers: Mapping[Side, Answers], *, named: bool) -> PairedScores:
    """The scores of all records; a metric that only one model has is missing for the other."""
    answered = {side: own.matched.rows >= 0 for side, own in answers.items()}
    nothing = np.full(len(store.lines), np.nan)
    missing = {side: Scores(nothing, None, _reasons(nothing, there)) for side, there in answered.items()}
    names = dict.fromkeys(name for own in answers.values() for name in own.scores)
    scores = {name: {side: own.scores.get(name, missing[side]) for side, own in answers.items()} for name in names}
    lengths = {side: own.lengths for side, own in answers.items()}
    groups, clusters, distinct = _alike(store, named=named)
    slices = slices_of(store.fields)
    return PairedScores(scores, answered, len(store.lines), lengths, slices, clusters, groups, distinct)


def _at_records(matched: Matched, column: pa.ChunkedArray) -> NDArray[np.float64]:
    """A column's numbers by record, NaN where there is none."""
    found = np.asarray(column.cast(pa.float64()))[matched.rows]
    found[(matched.rows < 0) | ~np.isfinite(found)] = np.nan
    return found


def _labels(store: Store, details: pa.Table, matched: Matched) -> pa.Table:
    """The labels of the records that have an answer beside the right ones."""
    taken = np.flatnonzero(matched.rows >= 0)
    own = details.select(["label", "keys"]).take(matched.rows[taken])
    right = store.rows.select(["right_label", "right_keys"]).take(taken)
    columns = {name: table[name] for table in (own, right) for name in table.column_names}
    return pa.table(columns | {"small": matched.small[taken]})


def _field_scores(store: Store, matched: Matched) -> dict[str, NDArray[np.float64]]:
    """Our own metrics of the field of JSON answers, by record."""
    given = "string_split({0}, chr(31))"
    keys = f"keys = right_keys OR list_has_all({given.format('keys')}, {given.format('right_keys')})"
    small = f"list_has_all({given.format('lower(keys)')}, {given.format('lower(right_keys)')})"
    fits = f"CASE WHEN small THEN {small} ELSE {keys} END"
    same = "CASE WHEN small THEN lower(label) = lower(right_label) ELSE label = right_label END"
    columns = ", ".join(
        f"CASE WHEN right_label IS NOT NULL THEN coalesce({condition}, false)::DOUBLE END AS {sql.named(name)}"
        for name, condition in ((ACCURACY, same), (VALID, fits))
    )
    found: pa.Table = store.connection.sql(f"SELECT {columns} FROM labels").to_arrow_table()
    numbers = {name: np.full(len(matched.rows), np.nan) for name in found.column_names}
    for name, own in numbers.items():
        own[matched.rows >= 0] = np.asarray(found[name])
    return numbers


def _confusion(store: Store) -> Counter[tuple[str, str | None]]:
    """How many records have this truth and this answer (``None`` for one without a value), of those that have both;
    what the container wrote in small letters is put to the reference's own spelling."""
    query = "SELECT right_label, label, small, count(*) FROM labels WHERE right_label IS NOT NULL GROUP BY ALL"
    rows = store.connection.execute(query).fetchall()
    spelt = {truth.casefold(): truth for truth, *_ in rows}
    cells: Counter[tuple[str, str | None]] = Counter()
    for truth, answer, small, count in rows:
        cells[truth, spelt.get(answer.casefold(), answer) if small and answer is not None else answer] += count
    return cells


def _reasons(numbers: NDArray[np.float64], answered: NDArray[np.bool_]) -> NDArray[np.object_] | None:
    absent = answered & np.isnan(numbers)
    if not absent.any():
        return None
    reasons = np.full(len(numbers), None, object)
    reasons[absent] = "absent"
    return reasons


def _codes(field: pa.DictionaryArray) -> NDArray[np.int64]:
    """A number per record that stands for its value, -1 for none."""
    return np.asarray(field.indices.fill_null(-1)).astype(np.int64)


def slices_of(fields: Mapping[str, pa.DictionaryArray]) -> dict[str, dict[str, Places]]:
    """Places by field and value, as :func:`model_evaluation.runtime.results.slices.slice_groups` has them."""
    slices: dict[str, dict[str, Places]] = {}
    for name, field in fields.items():
        values, codes = field.dictionary.to_pylist(), _codes(field)
        most = CATEGORY_VALUES if name == "category" else SLICE_VALUES
        if name not in CLUSTER_FIELDS and 2 <= len(values) <= most and len(codes) - field.null_count > len(values):
            slices[name] = {value: np.flatnonzero(codes == values.index(value)) for value in sorted(values)}
    return slices


def _alike(store: Store, *, named: bool) -> tuple[Places | None, Clusters | None, int]:
    """Which records nobody can tell apart, which are not independent, and how many prompts differ. Of many rows prompts
    are the same only in the same words."""
    n = len(store.lines)
    labels: list[NDArray[np.int64]] = []
    reasons = []
    for name in CLUSTER_FIELDS:
        if name in store.fields:
            field = store.fields[name]
            if len(field.dictionary) < n - field.null_count:
                reasons.append(f"the same {name}")
                labels.append(_codes(field))
                break
    prompts, groups = _keys(store.rows, "prompt"), None
    different, numbers = np.unique(prompts, return_inverse=True)
    if len(different) < n:
        reasons.append("the same question")
        labels.append(numbers)
        if not named:
            _, numbers, counts = np.unique(_texts(store.rows), return_inverse=True, return_counts=True)
            groups = np.where(counts[numbers] > 1, numbers, -1)
    if not reasons:
        return groups, None, len(different)
    return groups, Clusters(" or ".join(reasons), connected(labels)), len(different)
