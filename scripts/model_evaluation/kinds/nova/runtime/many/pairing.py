"""The container's rows put to the dataset's, in DuckDB, and their scores as columns with a place per record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
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
from .store import Store, numbers_of

LOOKED_AT = 5_000  # rows, of which a field has too many values for a slice or has not


def is_named(store: Store) -> bool:
    """Whether every record has a row_id of its own."""
    query = "SELECT count(*) = count(row_id) AND count(*) = count(DISTINCT row_id) FROM dataset"
    (named,) = store.connection.execute(query).fetchall()[0]
    return bool(named)


def match(store: Store, side: Side, *, named: bool) -> MatchCounts:
    """Puts the rows of the side's table to records, as the table ``SIDE_places`` (place, spot): by their row_id where
    every record has its own, else by prompt and reference, in any case of letters where nothing else fits. The n-th
    row of a text belongs to its n-th record."""
    run, places = store.connection.execute, f"{side}_places"
    run(f"CREATE TABLE {places} (place BIGINT, spot BIGINT)")
    by_text = "true"
    if named:
        run(f"INSERT INTO {places} SELECT place, min(spot) FROM {side} JOIN dataset USING (row_id) GROUP BY place")
        by_text = "row_id IS NULL"
    other = f"NOT EXISTS (FROM dataset d WHERE d.prompt = {side}.prompt AND d.gold = {side}.gold)"
    for keys, further in (("prompt, gold", "true"), ("small_prompt, small_gold", other)):
        open_rows = f"{by_text} AND spot NOT IN (SELECT spot FROM {places}) AND {further}"
        rest = f"SELECT * FROM {side} WHERE {open_rows}"
        if not run(f"SELECT 1 FROM ({rest}) LIMIT 1").fetchall():
            continue
        free = f"SELECT * FROM dataset WHERE place NOT IN (SELECT place FROM {places})"
        turns = "SELECT *, row_number() OVER (PARTITION BY {0} ORDER BY {1}) AS turn FROM ({2})"
        run(
            f"INSERT INTO {places} SELECT place, spot FROM ({turns.format(keys, 'spot', rest)}) "
            f"JOIN ({turns.format(keys, 'place', free)}) USING ({keys}, turn)"
        )
    left = f"SELECT * FROM {side} WHERE spot NOT IN (SELECT spot FROM {places})"
    same = "(d.row_id = l.row_id)" if named else "false"
    repeated = f"""SELECT count(DISTINCT l.spot) FROM ({left}) l JOIN dataset d ON {{0}}
        JOIN {places} p USING (place) JOIN {side} first ON first.spot = p.spot AND first.answer = l.answer"""
    texts = "d.small_prompt = l.small_prompt AND d.small_gold = l.small_gold"
    (total,), (matched,) = (run(f"SELECT count(*) FROM {name}").fetchall()[0] for name in (side, places))
    again = 0
    if total > matched:
        again = max(run(repeated.format(condition)).fetchall()[0][0] for condition in (same, texts))
    (folded,) = run(
        f"SELECT count(*) FROM {side} t JOIN {places} USING (spot) JOIN dataset d USING (place) "
        "WHERE t.gold <> d.gold AND t.gold = d.small_gold"
    ).fetchall()[0]
    return MatchCounts(int(matched), int(again), int(total - matched - again), int(folded))


def read_scores(
    store: Store, metrics: Mapping[Side, Sequence[str]], *, named: bool, answer_field: str
) -> tuple[PairedScores, dict[str, pa.DictionaryArray]]:
    """The scores of all records, and their metadata fields that have few values, as texts by record."""
    n = len(store.lines)
    names = list(dict.fromkeys(name for own in metrics.values() for name in own))
    scores: dict[str, dict[Side, Scores]] = {
        name: {} for name in (*((ACCURACY, VALID) if answer_field else ()), *names)
    }
    answered: dict[Side, NDArray[np.bool_]] = {}
    lengths: dict[Side, NDArray[np.float64]] = {}
    for side, own in metrics.items():
        columns = ["length", *map(sql.named, own)]
        if answer_field:
            given = "string_split({0}, chr(31))"
            keys = f"t.keys = right_keys OR list_has_all({given.format('t.keys')}, {given.format('right_keys')})"
            small = f"list_has_all({given.format('lower(t.keys)')}, {given.format('lower(right_keys)')})"
            fits = f"coalesce(CASE WHEN {SMALL} THEN {small} ELSE {keys} END, false)"
            same = f"CASE WHEN {SMALL} THEN lower(label) = lower(right_label) ELSE label = right_label END"
            right = f"coalesce({same}, false)"
            for name, condition in ((ACCURACY, right), (VALID, fits)):
                columns.append(f"CASE WHEN right_label IS NOT NULL THEN ({condition})::DOUBLE END AS {sql.named(name)}")
        table = _joined(side) if answer_field else f"{side} JOIN {side}_places USING (spot)"
        found = store.connection.execute(f"SELECT place, {', '.join(columns)} FROM {table}").fetchnumpy()
        places = np.asarray(found.pop("place")).astype(np.int64)
        answered[side] = np.zeros(n, bool)
        answered[side][places] = True
        lengths[side] = _spread(found.pop("length"), places, n)
        for name in scores:
            numbers = _spread(found.pop(name), places, n) if name in found else np.full(n, np.nan)
            scores[name][side] = Scores(numbers, None, _reasons(numbers, answered[side]))
    fields = read_fields(store)
    slices = slices_of(fields)
    groups, clusters, distinct = _alike(store, fields, named=named)
    return PairedScores(scores, answered, n, lengths, slices, clusters, groups, distinct), fields


SMALL = "(t.gold <> d.gold AND t.gold = d.small_gold)"


def _joined(side: Side) -> str:
    return f"{side} t JOIN {side}_places USING (spot) JOIN dataset d USING (place)"


def _spread(values: object, places: Places, n: int) -> NDArray[np.float64]:
    spread = np.full(n, np.nan)
    spread[places] = np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan)
    return spread


def _reasons(numbers: NDArray[np.float64], answered: NDArray[np.bool_]) -> NDArray[np.object_] | None:
    absent = answered & np.isnan(numbers)
    if not absent.any():
        return None
    reasons = np.full(len(numbers), None, object)
    reasons[absent] = "absent"
    return reasons


def read_fields(store: Store) -> dict[str, pa.DictionaryArray]:
    """Metadata fields by name, a text or null per record: those with so few values that they may be slices or
    clusters."""
    run = store.connection.execute
    keys = run(
        "SELECT DISTINCT unnest(keys) FROM (SELECT DISTINCT json_keys(metadata) AS keys FROM dataset)"
    ).fetchall()
    names = sorted(str(key) for (key,) in keys)
    if not names:
        return {}
    first: pa.Table = store.connection.sql(f"{sql.scalars('metadata', names)} LIMIT {LOOKED_AT}").to_arrow_table()
    kept = [
        name for name in names if name in CLUSTER_FIELDS or len(first[name].unique().drop_null()) <= CATEGORY_VALUES
    ]
    if not kept:
        return {}
    table: pa.Table = store.connection.sql(sql.scalars("metadata", kept)).to_arrow_table()
    return {name: table[name].combine_chunks().dictionary_encode() for name in kept}


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


def _alike(
    store: Store, fields: Mapping[str, pa.DictionaryArray], *, named: bool
) -> tuple[Places | None, Clusters | None, int]:
    """Which records nobody can tell apart, which are not independent, and how many prompts differ. Of many rows prompts
    are the same only in the same words."""
    run = store.connection.execute
    n = len(store.lines)
    (distinct,) = run("SELECT count(DISTINCT prompt) FROM dataset").fetchall()[0]
    labels: list[NDArray[np.int64]] = []
    reasons = []
    for name in CLUSTER_FIELDS:
        if name in fields:
            field = fields[name]
            if len(field.dictionary) < n - field.null_count:
                reasons.append(f"the same {name}")
                labels.append(_codes(field))
                break
    groups = None
    if distinct < n:
        reasons.append("the same question")
        labels.append(
            numbers_of(store.connection, "SELECT dense_rank() OVER (ORDER BY prompt) FROM dataset ORDER BY place")
        )
        if not named:
            several = "count(*) OVER (PARTITION BY prompt, gold) > 1"
            number = f"CASE WHEN {several} THEN dense_rank() OVER (ORDER BY prompt, gold) ELSE -1 END"
            groups = numbers_of(store.connection, f"SELECT {number} FROM dataset ORDER BY place")
    if not reasons:
        return groups, None, int(distinct)
    return groups, Clusters(" or ".join(reasons), connected(labels)), int(distinct)


def confusion(store: Store, side: Side) -> Counter[tuple[str, str | None]]:
    """How many records have this truth and this answer (``None`` for one without a value), of those that have both;
    what the container wrote in small letters is put to the reference's own spelling."""
    query = (
        f"SELECT right_label, label, {SMALL}, count(*) FROM {_joined(side)} WHERE right_label IS NOT NULL GROUP BY ALL"
    )
    rows = store.connection.execute(query).fetchall()
    spelt = {truth.casefold(): truth for truth, *_ in rows}
    cells: Counter[tuple[str, str | None]] = Counter()
    for truth, answer, small, count in rows:
        cells[truth, spelt.get(answer.casefold(), answer) if small and answer is not None else answer] += count
    return cells


def row_numbers(store: Store, side: Side, places: Places) -> NDArray[np.int64]:
    """The numbers of the side's rows at these places."""
    listed = ", ".join(map(str, places.tolist()))
    return numbers_of(store.connection, f"SELECT spot FROM {side}_places WHERE place IN ({listed}) ORDER BY spot")
