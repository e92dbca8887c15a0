"""Lineage: artifacts, actions, contexts and the associations between them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError, not_found
from model_evaluation.localaws.operations import SHARED, Request
from model_evaluation.localaws.store import Record, Table, described, listed


@dataclass(frozen=True)
class EntityType:
    """Artifacts, actions and contexts differ in the word that their operations and members hold."""

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


ARTIFACT, ACTION, CONTEXT = ENTITY_TYPES = tuple(map(EntityType, ("Artifact", "Action", "Context")))


def put_entity(cloud: Cloud, region: str, entity_type: EntityType, params: Record) -> str:
    """Records a new entity from its Create operation's parameters; returns its ARN."""
    if entity_type is ARTIFACT:
        # Artifacts are identified by their source; two with the same source are one.
        source = repr(sorted(params["Source"].items(), key=str))
        identifier = hashlib.sha256(source.encode()).hexdigest()[:32]
    else:
        identifier = params[entity_type.name_key]
    arn = cloud.arn(region, f"{entity_type.word.lower()}/{identifier}")
    table = entity_type.table(cloud, region)
    if entity_type is not ARTIFACT and table.get(arn) is not None:
        raise ServiceError("ValidationException", f"{entity_type.word} {identifier} already exists.")
    now = cloud.now()
    record = {
        entity_type.arn_key: arn,
        entity_type.name_key: params.get(entity_type.name_key, identifier),
        entity_type.type_key: params[entity_type.type_key],
        "Source": params["Source"],
        "Properties": params.get("Properties", {}),
        "CreationTime": now,
        "LastModifiedTime": now,
        "CreatedBy": {},
        "LastModifiedBy": {},
    }
    if entity_type is ACTION:
        record["Status"] = params.get("Status", "Completed")
    table.put(arn, record)
    return arn


def put_association(cloud: Cloud, region: str, source: str, destination: str, association_type: str) -> None:
    associations_of(cloud, region).append(
        {
            "SourceArn": source,
            "DestinationArn": destination,
            "SourceType": _type_of(cloud, region, source),
            "DestinationType": _type_of(cloud, region, destination),
            "AssociationType": association_type,
            "CreationTime": cloud.now(),
        }
    )


def associations_of(cloud: Cloud, region: str) -> list[Record]:
    return cloud.associations.setdefault(region, [])


def _type_of(cloud: Cloud, region: str, arn: str) -> str:
    for entity_type in ENTITY_TYPES:
        record = entity_type.table(cloud, region).get(arn)
        if record is not None:
            return str(record[entity_type.type_key])
    return "Unknown"


def _register(entity_type: EntityType) -> None:
    summaries = f"{entity_type.word}Summaries"

    @SHARED.plays("sagemaker", f"Create{entity_type.word}")
    def create(cloud: Cloud, request: Request) -> Record:
        arn = put_entity(cloud, request.region, entity_type, request.params)
        cloud.store.tag(arn, request.params.get("Tags", []))
        return {entity_type.arn_key: arn}

    @SHARED.plays("sagemaker", f"Describe{entity_type.word}")
    def describe(cloud: Cloud, request: Request) -> Record:
        key = entity_type.arn_key if entity_type is ARTIFACT else entity_type.name_key
        value = request.params[key]
        arn = value if value.startswith("arn:") else cloud.arn(request.region, f"{entity_type.word.lower()}/{value}")
        record = entity_type.table(cloud, request.region).get(arn)
        if record is None:
            raise not_found(entity_type.word, arn)
        return described(request, record)

    @SHARED.plays("sagemaker", f"List{entity_type.word}s")
    def list_all(cloud: Cloud, request: Request) -> Record:
        uri, wanted = request.params.get("SourceUri"), request.params.get(entity_type.type_key)
        return listed(
            request,
            entity_type.table(cloud, request.region).all(),
            into=summaries,
            name=entity_type.name_key,
            where=lambda record: (
                uri in (None, record["Source"]["SourceUri"]) and wanted in (None, record[entity_type.type_key])
            ),
            newest_first=True,
        )


for _entity_type in ENTITY_TYPES:
    _register(_entity_type)


@SHARED.plays("sagemaker", "AddAssociation")
def add_association(cloud: Cloud, request: Request) -> Record:
    params = request.params
    source, destination = params["SourceArn"], params["DestinationArn"]
    put_association(cloud, request.region, source, destination, params.get("AssociationType", "AssociatedWith"))
    return {"SourceArn": source, "DestinationArn": destination}


@SHARED.plays("sagemaker", "ListAssociations")
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
    for entity_type in ENTITY_TYPES:
        for params in arguments.get(f"{entity_type.word}s", []):
            arn = put_entity(cloud, region, entity_type, params)
            made[(entity_type.word, params.get(entity_type.name_key, ""))] = arn

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
