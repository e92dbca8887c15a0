"""Lineage: artifacts, actions, contexts and the associations between them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError, not_found
from model_evaluation.localaws.store import Record, Table, described, listed
from model_evaluation.localaws.wire import Request

from .registry import operation


@dataclass(frozen=True)
class Kind:
    """One kind of lineage entity and the words its operations use."""

    word: str

    @property
    def arn_key(self) -> str:
        return f"{self.word}Arn"

    @property
    def name_key(self) -> str:
        return f"{self.word}Name"

    @property
    def type_key(self) -> str:
        return f"{self.word}Type"

    def table(self, cloud: Cloud, region: str) -> Table:
        return cloud.store.table(f"Describe{self.word}", f"List{self.word}s", region)


ARTIFACT, ACTION, CONTEXT = Kind("Artifact"), Kind("Action"), Kind("Context")
KINDS = {kind.word: kind for kind in (ARTIFACT, ACTION, CONTEXT)}


def put_entity(cloud: Cloud, region: str, kind: Kind, params: Record) -> str:
    """Records a new entity from its Create operation's parameters; returns its ARN."""
    if kind is ARTIFACT:
        # Artifacts are identified by their source; two with the same source are one.
        source = repr(sorted(params["Source"].items(), key=str))
        identifier = hashlib.sha256(source.encode()).hexdigest()[:32]
    else:
        identifier = params[kind.name_key]
    arn = cloud.arn(region, f"{kind.word.lower()}/{identifier}")
    table = kind.table(cloud, region)
    if kind is not ARTIFACT and table.get(arn) is not None:
        raise ServiceError("ValidationException", f"{kind.word} {identifier} already exists.")
    now = cloud.now()
    record = {
        kind.arn_key: arn,
        kind.name_key: params.get(kind.name_key, identifier),
        kind.type_key: params[kind.type_key],
        "Source": params["Source"],
        "Properties": params.get("Properties", {}),
        "CreationTime": now,
        "LastModifiedTime": now,
        "CreatedBy": {},
        "LastModifiedBy": {},
    }
    if kind is ACTION:
        record["Status"] = params.get("Status", "Completed")
    table.put(arn, record)
    return arn


def put_association(cloud: Cloud, region: str, source: str, destination: str, kind: str) -> None:
    associations_of(cloud, region).append(
        {
            "SourceArn": source,
            "DestinationArn": destination,
            "SourceType": _type_of(cloud, region, source),
            "DestinationType": _type_of(cloud, region, destination),
            "AssociationType": kind,
            "CreationTime": cloud.now(),
        }
    )


def associations_of(cloud: Cloud, region: str) -> list[Record]:
    return cloud.associations.setdefault(region, [])


def _type_of(cloud: Cloud, region: str, arn: str) -> str:
    for kind in KINDS.values():
        record = kind.table(cloud, region).get(arn)
        if record is not None:
            return str(record[kind.type_key])
    return "Unknown"


def _register(kind: Kind) -> None:
    summaries = f"{kind.word}Summaries"

    @operation("sagemaker", f"Create{kind.word}")
    def create(cloud: Cloud, request: Request) -> Record:
        arn = put_entity(cloud, request.region, kind, request.params)
        cloud.store.tag(arn, request.params.get("Tags", []))
        return {kind.arn_key: arn}

    @operation("sagemaker", f"Describe{kind.word}")
    def describe(cloud: Cloud, request: Request) -> Record:
        key = kind.arn_key if kind is ARTIFACT else kind.name_key
        value = request.params[key]
        arn = value if value.startswith("arn:") else cloud.arn(request.region, f"{kind.word.lower()}/{value}")
        record = kind.table(cloud, request.region).get(arn)
        if record is None:
            raise not_found(kind.word, arn)
        return described(request, record)

    @operation("sagemaker", f"List{kind.word}s")
    def list_all(cloud: Cloud, request: Request) -> Record:
        uri, wanted = request.params.get("SourceUri"), request.params.get(kind.type_key)
        return listed(
            request,
            kind.table(cloud, request.region).all(),
            into=summaries,
            name=kind.name_key,
            where=lambda record: (
                uri in (None, record["Source"]["SourceUri"]) and wanted in (None, record[kind.type_key])
            ),
            newest_first=True,
        )


for _kind in KINDS.values():
    _register(_kind)


@operation("sagemaker", "AddAssociation")
def add_association(cloud: Cloud, request: Request) -> Record:
    params = request.params
    source, destination = params["SourceArn"], params["DestinationArn"]
    put_association(cloud, request.region, source, destination, params.get("AssociationType", "AssociatedWith"))
    return {"SourceArn": source, "DestinationArn": destination}


@operation("sagemaker", "ListAssociations")
def list_associations(cloud: Cloud, request: Request) -> Record:
    keys = ("SourceArn", "DestinationArn", "SourceType", "DestinationType", "AssociationType")
    return listed(
        request,
        associations_of(cloud, request.region),
        into="AssociationSummaries",
        name="SourceArn",
        where=lambda record: all(request.params.get(key) in (None, record[key]) for key in keys),
    )


def run_lineage_step(cloud: Cloud, region: str, arguments: dict[str, Any]) -> None:
    """What a pipeline step of type Lineage does with its resolved arguments."""
    made: dict[tuple[str, str], str] = {}
    for kind in KINDS.values():
        for params in arguments.get(f"{kind.word}s", []):
            arn = put_entity(cloud, region, kind, params)
            made[(kind.word, params.get(kind.name_key, ""))] = arn

    def find(end: dict[str, str]) -> str:
        if "Arn" in end:
            return end["Arn"]
        known = made.get((end["Type"], end["Name"]))
        return known or cloud.arn(region, f"{end['Type'].lower()}/{end['Name']}")

    for association in arguments.get("Associations", []):
        put_association(
            cloud,
            region,
            find(association["Source"]),
            find(association["Destination"]),
            association["AssociationType"],
        )
