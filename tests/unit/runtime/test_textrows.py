"""Rows of texts in a file: any of them, in any order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.runtime.report.text_rows import kept_texts

texts = st.lists(st.text(max_size=3) | st.none(), max_size=4)


@given(st.lists(texts, max_size=4), st.data())
def test_rows_come_back_in_any_order(tables: list[list[str | None]], data: st.DataObject) -> None:
    flat = [text for table in tables for text in table]
    kept = kept_texts(
        (pa.table({"other": pa.nulls(len(own)), "a": pa.array(own, pa.string())}) for own in tables), ["a"]
    )
    places = data.draw(st.lists(st.integers(-1, len(flat) - 1), max_size=6))
    assert len(kept) == len(flat)
    found = kept.take(np.array(places, np.int64))
    assert found.to_pydict() == {"a": [flat[place] if place >= 0 else None for place in places]}


def test_a_column_that_a_table_lacks_is_null_there() -> None:
    kept = kept_texts([pa.table({"a": ["x"]}), pa.table({"b": ["y"]})], ["a", "b"])
    assert kept.take(np.array([1, 0])).to_pydict() == {"a": [None, "x"], "b": ["y", None]}
