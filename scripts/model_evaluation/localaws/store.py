"""What local AWS remembers: one record per resource, in the shape its Describe operation returns."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Any

from .errors import LocalAwsBug, invalid
from .operations import Request

Record = dict[str, Any]

DEFAULT_PAGE = 10
DAY = 86400.0
"""In seconds."""


class Table:
    """Records of one kind in one region, by id, in order of creation.

    Every key of a record must be a member of the Describe result or of the List summary (``describe`` and
    ``listing`` are those operations' names in botocore's SageMaker model), so that a misspelt key is an
    error where it is written.
    """

    def __init__(self, describe: str, listing: str) -> None:
        self._known = _members(describe, listing)
        self._records: dict[str, Record] = {}

    def put(self, record_id: str, record: Record) -> Record:
        unknown = record.keys() - self._known
        if unknown:
            raise LocalAwsBug(f"{record_id}: no operation knows {sorted(unknown)}")
        self._records[record_id] = record
        return record

    def known(self, record: Record) -> Record:
        """The part of a record that the operations know."""
        return {key: value for key, value in record.items() if key in self._known}

    def get(self, record_id: str) -> Record | None:
        return self._records.get(record_id)

    def remove(self, record_id: str) -> None:
        self._records.pop(record_id, None)

    def all(self) -> list[Record]:
        return list(self._records.values())


class Store:
    """All tables, by kind and region, and the tags of every ARN."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], Table] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def table(self, describe: str, listing: str, region: str) -> Table:
        """The table whose records the operation ``describe`` returns."""
        key = (describe, region)
        if key not in self._tables:
            self._tables[key] = Table(describe, listing)
        return self._tables[key]

    def tag(self, arn: str, tags: Iterable[Record]) -> None:
        """Adds SageMaker tags (``{"Key", "Value"}``) to an ARN."""
        mine = self.tags.setdefault(arn, {})
        mine.update({tag["Key"]: tag["Value"] for tag in tags})


def fit(record: Record, shape: Any) -> Record:
    """The part of a record that a structure shape has members for."""
    return {name: record[name] for name in shape.members if record.get(name) is not None}


def described(request: Request, record: Record) -> Record:
    """A Describe result: the record as far as the operation's output shape goes."""
    return fit(record, request.model.output_shape)


def listed(
    request: Request,
    records: Iterable[Record],
    *,
    into: str,
    name: str,
    where: Callable[[Record], bool] | None = None,
    newest_first: bool = False,
) -> Record:
    """A List result: filtered, sorted and paged as the request asks.

    ``into`` is the output member that holds the summaries, ``name`` the record's key that ``NameContains``
    and sorting by name look at. ``newest_first`` is the operation's default order.
    """
    params = request.params
    rows = [record for record in records if where is None or where(record)]
    if text := params.get("NameContains"):
        rows = [record for record in rows if text.lower() in str(record[name]).lower()]
    for key in ("CreatedAfter", "CreationTimeAfter"):
        if (after := params.get(key)) is not None:
            rows = [record for record in rows if record["CreationTime"] >= _aware(after)]
    for key in ("CreatedBefore", "CreationTimeBefore"):
        if (before := params.get(key)) is not None:
            rows = [record for record in rows if record["CreationTime"] <= _aware(before)]
    order = params.get("SortOrder")
    by_name = str(params.get("SortBy", "")).endswith("Name")
    rows.sort(key=lambda record: record[name] if by_name else record["CreationTime"])
    if order == "Descending" or (order is None and newest_first):
        rows.reverse()
    return page(request, rows, into=into)


def page(request: Request, rows: list[Record], *, into: str) -> Record:
    """One page of ``rows``, which are in their final order."""
    params = request.params
    token = params.get("NextToken")
    if token is not None and not token.isdigit():
        raise invalid("The pagination token is invalid.")
    start = int(token or 0)
    size = int(params.get("MaxResults") or DEFAULT_PAGE)
    summary = request.model.output_shape.members[into].member
    result: Record = {into: [fit(record, summary) for record in rows[start : start + size]]}
    if start + size < len(rows):
        result["NextToken"] = str(start + size)
    return result


def timestamp(seconds: float) -> datetime.datetime:
    """Seconds since 1970 as an aware time in UTC, to the millisecond as services give it."""
    return datetime.datetime.fromtimestamp(round(seconds, 3), datetime.UTC)


def _aware(value: datetime.datetime | float) -> datetime.datetime:
    if isinstance(value, int | float):
        return timestamp(value)
    return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)


def _members(describe: str, listing: str) -> frozenset[str]:
    from moto.core.utils import get_service_model

    model = get_service_model("sagemaker")
    members = set(model.operation_model(describe).output_shape.members)
    for member in model.operation_model(listing).output_shape.members.values():
        if member.type_name == "list":
            members |= set(member.member.members)
    return frozenset(members)
