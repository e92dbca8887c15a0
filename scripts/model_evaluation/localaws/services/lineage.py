"""Lineage: the artifacts that the SDK looks up and creates. What else it draws up is not kept: nobody here reads it."""

from __future__ import annotations

import hashlib

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.operations import SHARED, Record, Request
from model_evaluation.localaws.store import Resource

ARTIFACTS = Resource(
    "Artifact", key="ArtifactArn", prefix="artifact", summaries="ArtifactSummaries", name="ArtifactName"
)
ARTIFACTS.play()


@SHARED.plays("sagemaker", "CreateArtifact")
def create_artifact(cloud: Cloud, request: Request) -> Record:
    params, now = request.params, cloud.now()
    # Artifacts are identified by their source; two with the same source are one.
    identifier = hashlib.sha256(repr(sorted(params["Source"].items(), key=str)).encode()).hexdigest()[:32]
    arn = ARTIFACTS.arn(cloud, request.region, identifier)
    record = {
        "ArtifactArn": arn,
        "ArtifactName": params.get("ArtifactName", identifier),
        "ArtifactType": params["ArtifactType"],
        "Source": params["Source"],
        "Properties": params.get("Properties", {}),
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    ARTIFACTS.table(cloud, request.region).put(arn, record)
    cloud.store.tag(arn, params.get("Tags", []))
    return {"ArtifactArn": arn}


@SHARED.plays("sagemaker", "ListArtifacts")
def list_artifacts(cloud: Cloud, request: Request) -> Record:
    uri, artifact_type = request.params.get("SourceUri"), request.params.get("ArtifactType")
    records = ARTIFACTS.table(cloud, request.region).all()
    return ARTIFACTS.listed(
        request,
        [
            record
            for record in records
            if uri in (None, record["Source"]["SourceUri"]) and artifact_type in (None, record["ArtifactType"])
        ],
    )
