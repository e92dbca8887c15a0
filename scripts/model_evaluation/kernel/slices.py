"""Which records belong together: slices by category and metadata, clusters by a document's or template's id."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .results import Record

CLUSTER_FIELDS = ("document_id", "doc_id", "passage_id", "template_id", "conversation_id", "group_id", "cluster_id")
CATEGORY_VALUES = 50
SLICE_VALUES = 12  # a metadata field with more values is no slice


def record_clusters(records: Sequence[Record]) -> tuple[str | None, NDArray[np.int64] | None]:
    """The metadata field that says which records belong together, and a cluster number per record.

    The first of ``CLUSTER_FIELDS`` that at least two records share a value of; a record without it stands
    alone. ``(None, None)`` when there is none.
    """
    for name in CLUSTER_FIELDS:
        values = [record.row.metadata.get(name) if record.row else None for record in records]
        known = [value for value in values if value is not None]
        if len(set(known)) < len(known):
            numbers = {value: number for number, value in enumerate(sorted(set(known)))}
            alone = range(len(numbers), len(numbers) + len(values))
            return name, np.array([a if v is None else numbers[v] for v, a in zip(values, alone, strict=True)])
    return None, None


def slice_groups(records: Sequence[Record]) -> dict[str, dict[str, list[int]]]:
    """Positions of the records by field and value: ``category`` (2 to 50 values), metadata fields of 2 to 12.

    A field whose every value is another one, as in an id, is none.
    """
    groups: dict[str, dict[str, list[int]]] = {}
    for at, record in enumerate(records):
        if record.row is None:
            continue
        fields = dict(record.row.metadata)
        if record.row.category is not None:
            fields["category"] = record.row.category
        for name, value in fields.items():
            groups.setdefault(name, {}).setdefault(value, []).append(at)
    slices = {}
    for name in sorted(groups, key=lambda name: (name != "category", name)):
        values = groups[name]
        largest = max(len(members) for members in values.values())
        if name in CLUSTER_FIELDS:
            continue
        if 2 <= len(values) <= (CATEGORY_VALUES if name == "category" else SLICE_VALUES) and largest > 1:
            slices[name] = dict(sorted(values.items()))
    return slices
