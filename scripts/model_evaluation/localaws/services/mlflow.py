"""MLflow apps and tracking servers: that they exist, and their links."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import not_found
from model_evaluation.localaws.operations import SHARED, Request
from model_evaluation.localaws.store import Record, Table, described, listed

CREATED_APP = "mlflow-app/app-LOCAL"


def apps_of(cloud: Cloud, region: str) -> Table:
    return cloud.store.table("DescribeMlflowApp", "ListMlflowApps", region)


def servers_of(cloud: Cloud, region: str) -> Table:
    return cloud.store.table("DescribeMlflowTrackingServer", "ListMlflowTrackingServers", region)


def put_app(cloud: Cloud, region: str, arn: str, name: str, role: str, store: str, default: str) -> Record:
    """Makes an MLflow app exist, ready for use."""
    now = cloud.now()
    return apps_of(cloud, region).put(
        arn,
        {
            "Arn": arn,
            "Name": name,
            "ArtifactStoreUri": store,
            "MlflowVersion": "3.4",
            "RoleArn": role,
            "Status": "Created",
            "ModelRegistrationMode": "AutoModelRegistrationDisabled",
            "AccountDefaultStatus": default,
            "CreationTime": now,
            "LastModifiedTime": now,
        },
    )


def put_server(cloud: Cloud, region: str, name: str, role: str, store: str) -> Record:
    """Makes an MLflow tracking server exist, ready for use."""
    now = cloud.now()
    return servers_of(cloud, region).put(
        name,
        {
            "TrackingServerArn": cloud.arn(region, f"mlflow-tracking-server/{name}"),
            "TrackingServerName": name,
            "ArtifactStoreUri": store,
            "TrackingServerSize": "Small",
            "MlflowVersion": "3.0",
            "RoleArn": role,
            "TrackingServerStatus": "Created",
            "IsActive": "Active",
            "CreationTime": now,
            "LastModifiedTime": now,
        },
    )


def _visible_apps(cloud: Cloud, request: Request) -> list[Record]:
    """All apps; with ``no_mlflow_app`` only those that were created since, through the API."""
    hidden = cloud.scenario.no_mlflow_app
    return [record for record in apps_of(cloud, request.region).all() if not hidden or CREATED_APP in record["Arn"]]


def _find_app(cloud: Cloud, request: Request) -> Record:
    arn = request.params["Arn"]
    for record in _visible_apps(cloud, request):
        if record["Arn"] == arn:
            return record
    raise not_found("MlflowApp", arn)


@SHARED.plays("sagemaker", "ListMlflowApps")
def list_apps(cloud: Cloud, request: Request) -> Record:
    status = request.params.get("Status")
    return listed(
        request,
        _visible_apps(cloud, request),
        into="Summaries",
        name="Name",
        where=lambda record: status in (None, record["Status"]),
        newest_first=True,
    )


@SHARED.plays("sagemaker", "DescribeMlflowApp")
def describe_app(cloud: Cloud, request: Request) -> Record:
    return described(request, _find_app(cloud, request))


@SHARED.plays("sagemaker", "CreateMlflowApp")
def create_app(cloud: Cloud, request: Request) -> Record:
    params = request.params
    number = len(apps_of(cloud, request.region).all()) + 1
    arn = cloud.arn(request.region, f"{CREATED_APP}{number:08d}")
    default = params.get("AccountDefaultStatus", "DISABLED")
    put_app(cloud, request.region, arn, params["Name"], params["RoleArn"], params["ArtifactStoreUri"], default)
    return {"Arn": arn}


@SHARED.plays("sagemaker", "CreatePresignedMlflowAppUrl")
def presigned_app_url(cloud: Cloud, request: Request) -> Record:
    identifier = _find_app(cloud, request)["Arn"].rsplit("/", 1)[-1]
    host = f"{identifier.lower()}.mlflow.{request.region}.amazonaws.com"
    return {"AuthorizedUrl": f"https://{host}/auth?authToken=SIMULATED"}


@SHARED.plays("sagemaker", "ListMlflowTrackingServers")
def list_servers(cloud: Cloud, request: Request) -> Record:
    return listed(
        request,
        servers_of(cloud, request.region).all(),
        into="TrackingServerSummaries",
        name="TrackingServerName",
        newest_first=True,
    )


@SHARED.plays("sagemaker", "DescribeMlflowTrackingServer")
def describe_server(cloud: Cloud, request: Request) -> Record:
    name = request.params["TrackingServerName"]
    record = servers_of(cloud, request.region).get(name)
    if record is None:
        raise not_found("TrackingServer", cloud.arn(request.region, f"mlflow-tracking-server/{name}"))
    return described(request, record)
