"""Which records belong together: slices by category and metadata, clusters of records that are not independent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .records import Record
from .similar_prompts import numbered, prompt_clusters

CLUSTER_FIELDS = ("document_id", "doc_id", "passage_id", "template_id", "conversation_id", "group_id", "cluster_id")
CATEGORY_VALUES = 50
SLICE_VALUES = 12  # a metadata field with more values is not a slice

Places = NDArray[np.int64]


class Clusters(NamedTuple):
    """``numbers`` (n,) are equal for records that belong together, and ``reason`` says why they do."""

    reason: str
    numbers: Places


def questions_of(records: Sequence[Record]) -> list[int]:
    """A number per record, equal where prompts ask the same."""
    return prompt_clusters([record.source.prompt for record in records])


def record_clusters(records: Sequence[Record], questions: Sequence[int]) -> Clusters | None:
    """Which records are not independent of each other; ``None`` when all are. ``questions`` are :func:`questions_of`
    them.

    Those that share a value of the first of ``CLUSTER_FIELDS`` that any two records share, those whose prompts ask the
    same, and those of which nobody knows whose answers belong together.
    """
    reasons: list[str] = []
    labels: list[Places] = []
    for name in CLUSTER_FIELDS:
        values = [_field(record, name) for record in records]
        if _repeats(values):
            reasons.append(f"the same {name}")
            labels.append(_codes(values))
            break
    if _repeats(questions):
        reasons.append("the same question")
        labels.append(_codes(questions))
    labels.append(np.array([record.group for record in records], np.int64))
    if not reasons:
        return None
    return Clusters(" or ".join(reasons), connected(labels))


def _repeats(values: Sequence[Hashable]) -> bool:
    counts = Counter(value for value in values if value is not None)
    return len(counts) < counts.total()


def _codes(values: Sequence[Hashable]) -> Places:
    """A number per value, -1 for ``None``."""
    numbers: dict[Hashable, int] = {}
    return np.array([-1 if own is None else numbers.setdefault(own, len(numbers)) for own in values], np.int64)


def connected(labels: Sequence[Places]) -> Places:
    """A number per record (n,), equal for records that equal labels of any kind connect; -1 connects none."""
    n = size = len(labels[0])
    edges = []  # from records to labels, whose nodes follow those of the records
    for own in labels:
        places = np.flatnonzero(own >= 0)
        edges.append(np.stack((places, size + own[places])))
        size += int(own.max(initial=-1)) + 1
    ends = np.concatenate(edges, axis=1)
    graph = coo_array((np.ones(ends.shape[1], np.int8), (ends[0], ends[1])), shape=(size, size))
    return np.array(numbered(connected_components(graph, directed=False)[1][:n].tolist()), np.int64)


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
