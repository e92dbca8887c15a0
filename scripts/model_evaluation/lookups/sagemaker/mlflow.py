"""MLflow apps and tracking servers."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from model_evaluation.errors import AccessDenied, EvaluationError
from model_evaluation.lookups.session import Aws, ask, listing, outcome, together

# Also for an explicit `create`: the SDK has no way to ask for a further app.
LEFT_TO_THE_SDK = (
    "Where the region has an MLflow app, the SDK uses that one; where it has none, it creates one before the "
    "evaluation starts, which can take ten minutes."
)
USABLE = {"app": ("Created", "Updated"), "server": ("Created", "Updated", "Started", "MaintenanceComplete")}


class Tracker(NamedTuple):
    """One MLflow app or tracking server; ``store`` is where its artifacts lie, known only when it was described."""

    arn: str
    name: str
    kind: str
    status: str
    store: str = ""

    @property
    def usable(self) -> bool:
        return self.status in USABLE[self.kind]


def list_trackers(aws: Aws, region: str) -> tuple[list[Tracker], str]:
    """All MLflow apps and tracking servers of the region, by name, and which lists were denied, in words."""

    def those(kind: str, member: str, call: str, words: str) -> list[Tracker]:
        items = listing(aws, f"sagemaker.{call}", f"{member}Summaries", f"listing {words}", region=region)
        return [Tracker(item[f"{member}Arn"], item[f"{member}Name"], kind, item[f"{member}Status"]) for item in items]

    apps = partial(those, "app", "", "list_mlflow_apps", "MLflow apps")
    servers = partial(those, "server", "TrackingServer", "list_mlflow_tracking_servers", "MLflow tracking servers")
    trackers: list[Tracker] = []
    denied = []
    for result in together(outcome(apps), outcome(servers)):
        if isinstance(result, AccessDenied):
            denied.append(result.message)
        elif isinstance(result, EvaluationError):
            raise result
        else:
            trackers += [item for item in result if item.status not in ("Deleting", "Deleted")]
    return sorted(trackers, key=lambda item: item.name), " ".join(denied)


def describe_tracker(aws: Aws, arn: str, region: str) -> Tracker:
    """One MLflow app or tracking server by its ARN. Raises NotFound, AccessDenied."""
    if ":mlflow-tracking-server/" in arn:
        name = arn.rpartition("/")[2]
        call = "sagemaker.describe_mlflow_tracking_server"
        server = ask(aws, call, "looking up", arn, region=region, TrackingServerName=name)
        status = str(server["TrackingServerStatus"])
        return Tracker(arn, name, "server", status, str(server.get("ArtifactStoreUri", "")))
    app = ask(aws, "sagemaker.describe_mlflow_app", "looking up", arn, region=region, Arn=arn)
    return Tracker(arn, str(app.get("Name", arn)), "app", str(app["Status"]), str(app.get("ArtifactStoreUri", "")))
