"""What local AWS asks this kind for."""

from __future__ import annotations

from collections.abc import Callable

from model_evaluation.kinds.inspect_ai.demo.script import SCRIPT, task_files
from model_evaluation.kinds.inspect_ai.parameters import HUB_MODEL
from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.jobs.job import Job
from model_evaluation.localaws.kind_player import KindPlayer
from model_evaluation.localaws.operations import Operations, Record, Request, ServiceError, timestamp
from model_evaluation.localaws.seeding import Company, Seeder, seed_company
from model_evaluation.runtime.s3_uri import S3Uri

from .container import is_inspect, run_inspect

OPERATIONS = Operations()
ENDPOINTS = {
    "fernway-assistant-v3": "InService",
    "fernway-assistant-v2": "InService",
    "fernway-assistant-v4": "Creating",
}
PROFILES = ("us.amazon.nova-lite-v1:0", "us.amazon.nova-micro-v1:0")


@OPERATIONS.plays("sagemaker", "DescribeEndpoint")
def describe_endpoint(cloud: Cloud, request: Request) -> Record | None:
    name = request.params["EndpointName"]
    if name not in ENDPOINTS:
        return None
    return {
        "EndpointName": name,
        "EndpointArn": cloud.arn(request.region, f"endpoint/{name}", "sagemaker"),
        "EndpointConfigName": f"{name}-config",
        "EndpointStatus": ENDPOINTS[name],
        "CreationTime": timestamp(cloud.started),
        "LastModifiedTime": timestamp(cloud.started),
    }


@OPERATIONS.plays("bedrock", "GetInferenceProfile")
def get_inference_profile(cloud: Cloud, request: Request) -> Record:
    name = request.params["inferenceProfileIdentifier"].rpartition("/")[2]
    if name not in PROFILES:
        raise ServiceError("ResourceNotFoundException", f"Could not find the inference profile {name}", status=404)
    return {
        "inferenceProfileName": name,
        "inferenceProfileId": name,
        "inferenceProfileArn": cloud.arn(request.region, f"inference-profile/{name}", "bedrock"),
        "models": [{"modelArn": f"arn:aws:bedrock:{request.region}::foundation-model/{name.partition('.')[2]}"}],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


def tasks_place(bucket: str) -> str:
    """Where the demo's tasks lie."""
    return f"s3://{bucket}/inspect-tasks/"


def seed_tasks(seed: Seeder, folder: str, hub_model: str = HUB_MODEL) -> None:
    """The demo's tasks in a folder, and the hub model that the SDK asks for."""
    seed.base_model(hub_model, "1.0.0", recipe=False)
    for name, source in task_files().items():
        seed.object(f"{folder}{name}", source)


class InspectWorld(Company):
    """The names of everything in a seeded account."""

    def __init__(self, account: str, region: str) -> None:
        super().__init__(account, region)
        self.tasks_uri = tasks_place(self.bucket)


class InspectPlayer(KindPlayer):
    operations = (OPERATIONS,)
    actions = ("bedrock:*",)
    demo = SCRIPT

    def work(self, job: Job) -> Callable[[Job], None] | None:
        return run_inspect if is_inspect(job) else None

    def seed_world(self, seed: Seeder) -> InspectWorld:
        seed_company(seed, self.trusted_services, self.actions)
        world = InspectWorld(seed.cloud.account, seed.region)
        seed_tasks(seed, world.tasks_uri)
        return world

    def seed_rehearsal(self, seed: Seeder, parameters: Record) -> None:
        """The hub model, and the demo's tasks where the configured ones are."""
        folder = str(parameters["BENCHMARKS"])
        seed.bucket(S3Uri.parse(folder).bucket, seed.region)
        seed_tasks(seed, folder, str(parameters["HUB_MODEL"]))


PLAYER = InspectPlayer
