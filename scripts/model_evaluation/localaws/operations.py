"""Operations of AWS services: a request to one, which function answers it, how it is refused; and SageMaker's sorts of
records, one record per resource, in the shape its Describe operation returns."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

    from .cloud import Cloud


class ServiceError(Exception):
    """An error response: the service's code, its message and the HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class JobFailure(Exception):
    """A job or a pipeline's step that fails; the text is the service's reason."""


class LocalAwsBug(Exception):
    """Local AWS itself went wrong, for example with a response that botocore's model does not know."""


def not_found(what: str, name: str) -> ServiceError:
    """SageMaker's ``ResourceNotFound`` for a thing that has no record."""
    return ServiceError("ResourceNotFound", f"{what} {name} does not exist.")


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


Record = dict[str, Any]
"""A JSON object of AWS, in the shape that botocore's model or the service's own documents give it."""


TRACKING_SERVICE = "sagemaker-mlflow"
"""MLflow's own REST API, which botocore does not know: its operations are called by the paths of their URLs."""


@dataclass(frozen=True)
class Request:
    """One request to one operation of one service."""

    service: str
    operation: str
    region: str
    params: Record = field(default_factory=dict)
    model: OperationModel = None
    """moto's (botocore's) operation model, ``None`` when the operation is unknown."""
    protocol: str = ""


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes


Handler = Callable[["Cloud", Request], Record | Response | None]
AnyHandler = TypeVar("AnyHandler", bound=Handler)


class Operations:
    """Which function answers which operation: the shared ones, or those that a kind of evaluation brings."""

    def __init__(self) -> None:
        self.handlers: dict[tuple[str, str], Handler] = {}

    def plays(self, service: str, name: str) -> Callable[[AnyHandler], AnyHandler]:
        """Registers a function for one operation; ``service`` is botocore's name.

        It gets parameters that fit the input shape and returns the result in the output shape, or a ready
        :class:`Response`. It raises :class:`ServiceError` to refuse, and returns ``None`` to leave the request to
        whoever comes next: another kind, the shared operations, moto.
        """

        def register(handler: AnyHandler) -> AnyHandler:
            self.handlers[service, name] = handler
            return handler

        return register


SHARED = Operations()

DEFAULT_PAGE = 10
LIMITS = {
    "After": datetime.datetime(1, 1, 1, tzinfo=datetime.UTC),
    "Before": datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC),
}
DAY = 86400.0
"""In seconds."""


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

    def table(self, cloud: Cloud, region: str) -> dict[str, Record]:
        """The records of a region by ARN, in order of creation."""
        return cloud.tables[self.word, region]

    def arn(self, cloud: Cloud, region: str, name: str) -> str:
        """The ARN of a name; an ARN is returned as it is."""
        return name if name.startswith("arn:") else cloud.arn(region, f"{self.prefix}/{name}")

    def add(self, cloud: Cloud, region: str, name: str, members: Record) -> str:
        """Makes one exist, from now on unless ``members`` say otherwise; its ARN."""
        arn = self.arn(cloud, region, name)
        self.table(cloud, region)[arn] = {
            f"{self.key.removesuffix('Name').removesuffix('Arn')}Arn": arn,
            self.key: arn if self.key.endswith("Arn") else arn.rpartition("/")[2],
            "CreationTime": cloud.now(),
            "LastModifiedTime": cloud.now(),
            "CreatedBy": {},
            **members,
        }
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
        records = self.table(cloud, request.region).values()
        values = {member: request.params[name] for name, member in self.filters.items() if name in request.params}
        mine = [one for one in records if all(_member(one, member) == value for member, value in values.items())]
        return self.listed(request, mine)

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
    # Requests come with times in UTC that do not say so.
    after, before = (
        (params.get(f"Created{side}") or params.get(f"CreationTime{side}") or limit).replace(tzinfo=datetime.UTC)
        for side, limit in LIMITS.items()
    )
    text = params.get("NameContains", "").lower()
    rows = [
        record for record in records if text in str(record[name]).lower() and after <= record["CreationTime"] <= before
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
