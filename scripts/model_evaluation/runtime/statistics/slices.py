"""Which records belong together: slices by category and metadata, clusters by a document's or template's id."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from .dataset_table import METADATA, ListedRows
from .pairing import Pairs

CLUSTER_FIELDS = ("document_id", "doc_id", "passage_id", "template_id", "conversation_id", "group_id", "cluster_id")
CATEGORY_VALUES = 50
SLICE_VALUES = 12  # a metadata field with more values is no slice


def record_clusters(pairs: Pairs) -> tuple[str | None, NDArray[np.int64] | None]:
    """The metadata field that says which records belong together, and a cluster number per record.

    The first of ``CLUSTER_FIELDS`` that at least two records share a value of; a record without it stands
    alone. ``(None, None)`` when there is none.
    """
    for name in CLUSTER_FIELDS:
        if METADATA + name in pairs.listed.texts.column_names:
            codes, values = _coded(pairs.listed.texts[METADATA + name])
            if len(values) < np.count_nonzero(codes >= 0):
                clusters = len(values) + np.arange(len(pairs))
                rank = np.empty(len(values), np.int64)
                rank[sorted(range(len(values)), key=values.to_pylist().__getitem__)] = np.arange(len(values))
                clusters[: len(codes)] = np.where(codes >= 0, rank[codes], clusters[: len(codes)])
                return name, clusters
    return None, None


def slice_groups(listed: ListedRows) -> dict[str, dict[str, NDArray[np.int64]]]:
    """Positions of the records by field and value: ``category`` (2 to 50 values), metadata fields of 2 to 12.

    A field whose every value is another one, as in an id, is none.
    """
    slices: dict[str, dict[str, NDArray[np.int64]]] = {}
    for name in ("category", *(METADATA + name for name in listed.metadata)):
        field = name.removeprefix(METADATA)
        codes, values = _coded(listed.texts[name])
        if field in CLUSTER_FIELDS or not 2 <= len(values) <= (CATEGORY_VALUES if name == "category" else SLICE_VALUES):
            continue
        if len(values) < np.count_nonzero(codes >= 0):
            members = {value: np.flatnonzero(codes == code) for code, value in enumerate(values.to_pylist())}
            slices[field] = dict(sorted(members.items()))
    return slices


def _coded(column: Any) -> tuple[NDArray[np.int64], Any]:
    """A number for each distinct value, -1 for null, and the values by number."""
    encoded = column.combine_chunks().dictionary_encode()
    return pc.fill_null(encoded.indices, -1).to_numpy(), encoded.dictionary
