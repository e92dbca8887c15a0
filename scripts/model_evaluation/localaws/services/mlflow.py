"""MLflow apps and tracking servers: that they exist, and their links. What is tracked in them, a kind plays."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.operations import SHARED, Record, Request, Resource

APPS = Resource(
    "MlflowApp", key="Arn", prefix="mlflow-app", summaries="Summaries", name="Name", filters={"Status": "Status"}
)
SERVERS = Resource(
    "MlflowTrackingServer",
    key="TrackingServerName",
    prefix="mlflow-tracking-server",
    summaries="TrackingServerSummaries",
)
APPS.play()
SERVERS.play()


def put_app(cloud: Cloud, region: str, arn: str, name: str, role: str, store: str, default: str) -> None:
    """Makes an MLflow app exist, ready for use."""
    members = {"Name": name, "ArtifactStoreUri": store, "MlflowVersion": "3.4", "RoleArn": role, "Status": "Created"}
    mode = "AutoModelRegistrationDisabled"
    APPS.add(cloud, region, arn, {**members, "ModelRegistrationMode": mode, "AccountDefaultStatus": default})


def put_server(cloud: Cloud, region: str, name: str, role: str, store: str) -> None:
    """Makes an MLflow tracking server exist, ready for use."""
    members = {"ArtifactStoreUri": store, "TrackingServerSize": "Small", "MlflowVersion": "3.0", "RoleArn": role}
    SERVERS.add(cloud, region, name, {**members, "TrackingServerStatus": "Created", "IsActive": "Active"})


@SHARED.plays("sagemaker", "CreateMlflowApp")
def create_app(cloud: Cloud, request: Request) -> Record:
    params = request.params
    number = len(APPS.table(cloud, request.region)) + 1
    arn = APPS.arn(cloud, request.region, f"app-LOCAL{number:08d}")
    default = params.get("AccountDefaultStatus", "DISABLED")
    put_app(cloud, request.region, arn, params["Name"], params["RoleArn"], params["ArtifactStoreUri"], default)
    return {"Arn": arn}


@SHARED.plays("sagemaker", "CreatePresignedMlflowAppUrl")
def presigned_app_url(cloud: Cloud, request: Request) -> Record:
    identifier = APPS.find(cloud, request)["Arn"].rsplit("/", 1)[-1]
    host = f"{identifier.lower()}.mlflow.{request.region}.amazonaws.com"
    return {"AuthorizedUrl": f"https://{host}/auth?authToken=SIMULATED"}
