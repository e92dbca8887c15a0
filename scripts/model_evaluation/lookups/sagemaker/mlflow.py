"""MLflow apps and tracking servers."""

from __future__ import annotations

from typing import NamedTuple

from model_evaluation.errors import AccessDenied, AwsError, EvaluationError
from model_evaluation.lookups.concurrency import outcome, together
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws, listing

# Also for an explicit `create`: the SDK has no way to ask for a further app.
LEFT_TO_THE_SDK = (
    "Where the region has an MLflow app, the SDK uses that one; where it has none, it creates one before the "
    "evaluation starts, which can take ten minutes."
)

APP_USABLE = ("Created", "Updated")
SERVER_USABLE = ("Created", "Updated", "Started", "MaintenanceComplete")


class Tracker(NamedTuple):
    """One MLflow app or tracking server; ``store`` is where its artifacts lie, known only when it was described."""

    arn: str
    name: str
    kind: str
    status: str
    store: str = ""

    @property
    def usable(self) -> bool:
        return self.status in (APP_USABLE if self.kind == "app" else SERVER_USABLE)


class Trackers(NamedTuple):
    """Apps and servers by name; ``unknown`` says which lists were denied."""

    trackers: list[Tracker]
    unknown: str


def list_trackers(aws: Aws, region: str) -> Trackers:
    """All MLflow apps and tracking servers of the region, by name."""
    client = aws.client("sagemaker", region)

    def apps() -> list[Tracker]:
        with aws_errors("listing MLflow apps"):
            items = listing(client, "list_mlflow_apps", "Summaries")
        return [Tracker(item["Arn"], item["Name"], "app", item["Status"]) for item in items]

    def servers() -> list[Tracker]:
        with aws_errors("listing MLflow tracking servers"):
            items = listing(client, "list_mlflow_tracking_servers", "TrackingServerSummaries")
        return [
            Tracker(item["TrackingServerArn"], item["TrackingServerName"], "server", item["TrackingServerStatus"])
            for item in items
        ]

    trackers: list[Tracker] = []
    denied: list[EvaluationError] = []
    for result in together(outcome(apps), outcome(servers)):
        if isinstance(result, AccessDenied):
            denied.append(result)
        elif isinstance(result, AwsError):
            raise result
        elif isinstance(result, list):
            trackers += result
    trackers = [item for item in trackers if item.status not in ("Deleting", "Deleted")]
    return Trackers(sorted(trackers, key=lambda item: item.name), " ".join(error.message for error in denied))


def describe_tracker(aws: Aws, arn: str, region: str) -> Tracker:
    """One MLflow app or tracking server by its ARN. Raises NotFound, AccessDenied."""
    client = aws.client("sagemaker", region)
    with aws_errors("looking up", resource=arn):
        if ":mlflow-tracking-server/" in arn:
            server = client.describe_mlflow_tracking_server(TrackingServerName=arn.rpartition("/")[2])
            name, status = str(server["TrackingServerName"]), str(server["TrackingServerStatus"])
            return Tracker(arn, name, "server", status, str(server.get("ArtifactStoreUri", "")))
        app = client.describe_mlflow_app(Arn=arn)
        store = str(app.get("ArtifactStoreUri", ""))
        return Tracker(arn, str(app.get("Name", arn)), "app", str(app["Status"]), store)
