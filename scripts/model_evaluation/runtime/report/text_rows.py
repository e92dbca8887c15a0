"""Rows of texts that need not fit into memory: kept in a file without a name, taken from it in any order."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class TextRows:
    """The rows of some Arrow batches with the same columns, one after the other."""

    def __init__(self, batches: Sequence[Any], schema: Any) -> None:
        self.batches, self.schema = batches, schema
        self.starts = np.cumsum([0, *map(len, batches)])
        self.size = sum(batch.nbytes for batch in batches)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def take(self, places: NDArray[np.int64]) -> Any:
        """A table with one row for each place, of nulls where that is -1."""
        order = np.argsort(places, kind="stable")
        ordered = places[order]
        cuts = np.searchsorted(ordered, self.starts).tolist()
        parts = [
            batch.take(pa.array(ordered[first:end] - start))
            for batch, start, first, end in zip(self.batches, self.starts.tolist(), cuts, cuts[1:], strict=False)
            if end > first
        ]
        found = pa.Table.from_batches(parts, self.schema).combine_chunks()
        back = np.full(len(places), -1)
        back[order[cuts[0] :]] = np.arange(len(found))
        return found.take(pa.array(back, mask=back < 0))


def kept_texts(tables: Iterable[Any], names: Sequence[str]) -> TextRows:
    """These columns of the tables, null where a table lacks one, in a file that ends with the last use of the rows."""
    schema = pa.schema([(name, pa.string()) for name in names])
    with tempfile.TemporaryFile() as file:
        with pa.ipc.new_file(file, schema) as writer:
            for table in tables:
                held, nothing = set(table.column_names), pa.nulls(len(table), pa.string())
                columns = [table[name] if name in held else nothing for name in names]
                writer.write_table(pa.table(columns, schema=schema))
        file.flush()
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    reader = pa.ipc.open_file(pa.py_buffer(content))
    return TextRows([reader.get_batch(number) for number in range(reader.num_record_batches)], schema)
