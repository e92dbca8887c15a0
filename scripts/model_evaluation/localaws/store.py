"""What local AWS remembers: one record per resource, in the shape its Describe operation returns."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import LocalAwsBug, ServiceError, invalid
from .operations import SHARED, Record, Request

if TYPE_CHECKING:
    from botocore.model import Shape

    from .cloud import Cloud

DEFAULT_PAGE = 10
LATEST = datetime.datetime.max.replace(tzinfo=datetime.UTC)
DAY = 86400.0
"""In seconds."""


class Table:
    """Records of one sort in one region, by ARN, in order of creation.

    Every key of a record must be a member of the Describe result or of the List summary (``describe`` and
    ``listing`` are those operations' names in botocore's SageMaker model), so that a misspelt key is an
    error where it is written.
    """

    def __init__(self, describe: str, listing: str) -> None:
        self._members = _members(describe, listing)
        self._records: dict[str, Record] = {}

    def put(self, arn: str, record: Record) -> Record:
        unknown = record.keys() - self._members
        if unknown:
            raise LocalAwsBug(f"{arn}: no operation knows {sorted(unknown)}")
        self._records[arn] = record
        return record

    def known(self, record: Record) -> Record:
        """The part of a record that the operations know."""
        return {key: value for key, value in record.items() if key in self._members}

    def get(self, arn: str) -> Record | None:
        return self._records.get(arn)

    def remove(self, arn: str) -> None:
        self._records.pop(arn, None)

    def all(self) -> list[Record]:
        return list(self._records.values())


class Store:
    """All tables, by sort and region, and the tags of every ARN."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], Table] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.mlflow_runs: dict[str, Record] = {}
        """MLflow's runs by id, and its traces, in the shape its REST API gives them."""
        self.mlflow_traces: list[Record] = []

    def table(self, describe: str, listing: str, region: str) -> Table:
        """The table whose records the operation ``describe`` returns."""
        key = (describe, region)
        if key not in self._tables:
            self._tables[key] = Table(describe, listing)
        return self._tables[key]

    def tag(self, arn: str, tags: Iterable[Record]) -> None:
        """Adds SageMaker tags (``{"Key", "Value"}``) to an ARN."""
        self.tags.setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})

    def tags_of(self, arn: str) -> list[Record]:
        return [{"Key": key, "Value": value} for key, value in sorted(self.tags.get(arn, {}).items())]


@dataclass(frozen=True)
class Resource:
    """A sort of record in SageMaker, by the names that its Describe and List operations and their members have.

    ``key`` is the member by which Describe names one: by its ARN, or by what follows ``prefix`` in the ARN.
    ``filters`` are those of List: parameter to the record's member that must be equal, ``A.B`` for one inside another.
    """

    word: str
    key: str
    prefix: str
    summaries: str
    name: str = ""
    """The member that NameContains and sorting by name look at; ``key`` unless given."""
    newest_first: bool = True
    filters: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, str] = ("ResourceNotFound", "{word} {arn} does not exist.")
    """Error code and message when there is no record."""

    def table(self, cloud: Cloud, region: str) -> Table:
        return cloud.store.table(f"Describe{self.word}", f"List{self.word}s", region)

    def arn(self, cloud: Cloud, region: str, name: str) -> str:
        """The ARN of a name; an ARN is returned as it is."""
        return name if name.startswith("arn:") else cloud.arn(region, f"{self.prefix}/{name}")

    def add(self, cloud: Cloud, region: str, name: str, members: Record) -> str:
        """Makes one exist, from now on unless ``members`` say otherwise; its ARN."""
        arn, table = self.arn(cloud, region, name), self.table(cloud, region)
        usual = table.known(
            {
                f"{self.key.removesuffix('Name')}Arn": arn,
                self.key: arn if self.key.endswith("Arn") else arn.rpartition("/")[2],
                "CreationTime": cloud.now(),
                "LastModifiedTime": cloud.now(),
                "CreatedBy": {},
            }
        )
        table.put(arn, {**usual, **members})
        return arn

    def find(self, cloud: Cloud, request: Request) -> Record:
        """The record that a request's ``key`` names. Raises :class:`ServiceError` when there is none."""
        arn = self.arn(cloud, request.region, request.params[self.key])
        record = self.table(cloud, request.region).get(arn)
        if record is None:
            code, message = self.absent
            raise ServiceError(code, message.format(word=self.word, arn=arn))
        return record

    def describe(self, cloud: Cloud, request: Request) -> Record:
        return described(request, self.find(cloud, request))

    def list_all(self, cloud: Cloud, request: Request) -> Record:
        records = self.table(cloud, request.region).all()
        for parameter, member in self.filters.items():
            if (value := request.params.get(parameter)) is not None:
                records = [record for record in records if _member(record, member) == value]
        return self.listed(request, records)

    def listed(self, request: Request, records: Iterable[Record]) -> Record:
        """A List result of these records, as the request asks for it."""
        return listed(request, records, into=self.summaries, name=self.name or self.key, newest_first=self.newest_first)

    def play(self) -> None:
        """Registers Describe and List."""
        SHARED.plays("sagemaker", f"Describe{self.word}")(self.describe)
        SHARED.plays("sagemaker", f"List{self.word}s")(self.list_all)


def _member(record: Record, path: str) -> object:
    return functools.reduce(lambda inner, name: inner[name], path.split("."), record)


def fit(record: Record, shape: Shape) -> Record:
    """The part of a record that a structure shape has members for."""
    return {name: record[name] for name in shape.members if record.get(name) is not None}


def described(request: Request, record: Record) -> Record:
    """A Describe result: the record as far as the operation's output shape goes."""
    return fit(record, request.model.output_shape)


def listed(request: Request, records: Iterable[Record], *, into: str, name: str, newest_first: bool = False) -> Record:
    """A List result: filtered by name and time, sorted and paged as the request asks.

    ``into`` is the output member that holds the summaries, ``name`` the record's key that ``NameContains``
    and sorting by name look at. ``newest_first`` is the operation's default order.
    """
    params = request.params
    earliest = _aware(params.get("CreatedAfter") or params.get("CreationTimeAfter") or 0)
    latest = _aware(params.get("CreatedBefore") or params.get("CreationTimeBefore") or LATEST)
    text = params.get("NameContains", "").lower()
    rows = [
        record
        for record in records
        if text in str(record[name]).lower() and earliest <= record["CreationTime"] <= latest
    ]
    by_name = str(params.get("SortBy", "")).endswith("Name")
    rows.sort(key=lambda record: record[name] if by_name else record["CreationTime"])
    order = params.get("SortOrder")
    if order == "Descending" or (order is None and newest_first):
        rows.reverse()
    return page(request, rows, into=into)


def page(request: Request, rows: list[Record], *, into: str) -> Record:
    """One page of ``rows``, which are in their final order."""
    token = request.params.get("NextToken") or "0"
    if not token.isdigit():
        raise invalid("The pagination token is invalid.")
    start = int(token)
    end = start + int(request.params.get("MaxResults") or DEFAULT_PAGE)
    summary = request.model.output_shape.members[into].member
    result: Record = {into: [fit(record, summary) for record in rows[start:end]]}
    if end < len(rows):
        result["NextToken"] = str(end)
    return result


def timestamp(seconds: float) -> datetime.datetime:
    """Seconds since 1970 as an aware time in UTC, to the millisecond as services give it."""
    return datetime.datetime.fromtimestamp(round(seconds, 3), datetime.UTC)


def _aware(value: datetime.datetime | float) -> datetime.datetime:
    if isinstance(value, int | float):
        return timestamp(value)
    return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)


@functools.cache
def _members(describe: str, listing: str) -> frozenset[str]:
    from moto.core.utils import get_service_model

    model = get_service_model("sagemaker")
    members = set(model.operation_model(describe).output_shape.members)
    for member in model.operation_model(listing).output_shape.members.values():
        if member.type_name == "list":
            members |= set(member.member.members)
    return frozenset(members)
