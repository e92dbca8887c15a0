"""Which records belong together: slices by category and metadata, clusters by a document's or template's id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .records import Record

CLUSTER_FIELDS = ("document_id", "doc_id", "passage_id", "template_id", "conversation_id", "group_id", "cluster_id")
CATEGORY_VALUES = 50
SLICE_VALUES = 12  # a metadata field with more values is no slice

Places = NDArray[np.int64]


class Clusters(NamedTuple):
    """``numbers`` (n,) are equal for records that belong together, and ``reason`` says why they do."""

    reason: str
    numbers: Places


def record_clusters(records: Sequence[Record]) -> Clusters | None:
    """The clusters that the dataset's metadata name; ``None`` when there are none.

    By the first of ``CLUSTER_FIELDS`` that at least two records share a value of; a record without it stands alone.
    """
    for name in CLUSTER_FIELDS:
        values = [_field(record, name) for record in records]
        counts = Counter(value for value in values if value is not None)
        if len(counts) < counts.total():
            numbers = {value: number for number, value in enumerate(sorted(counts))}
            alone = len(counts) + np.arange(len(records))
            clusters = [alone[at] if value is None else numbers[value] for at, value in enumerate(values)]
            return Clusters(f"the same {name}", np.array(clusters, np.int64))
    return None


def slice_groups(records: Sequence[Record]) -> dict[str, dict[str, Places]]:
    """Places of the records by field and value: ``category`` (2 to 50 values), metadata fields of 2 to 12.

    A field whose every value is another one, as in an id, is none.
    """
    slices: dict[str, dict[str, Places]] = {}
    for name in ("category", *metadata_fields(records)):
        members: dict[str, list[int]] = {}
        for at, record in enumerate(records):
            value = record.row.category if record.row and name == "category" else _field(record, name)
            if value is not None:
                members.setdefault(value, []).append(at)
        most = CATEGORY_VALUES if name == "category" else SLICE_VALUES
        repeated = any(len(places) > 1 for places in members.values())
        if name not in CLUSTER_FIELDS and 2 <= len(members) <= most and repeated:
            slices[name] = {value: np.array(members[value], np.int64) for value in sorted(members)}
    return slices


def metadata_fields(records: Sequence[Record]) -> list[str]:
    """The names of the metadata fields, sorted."""
    return sorted({name for record in records if record.row for name in record.row.metadata})


def _field(record: Record, name: str) -> str | None:
    return record.row.metadata.get(name) if record.row else None
