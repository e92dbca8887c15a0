"""What local AWS asks this kind for."""

from __future__ import annotations

from collections.abc import Callable

from model_evaluation.kinds.nova.demo.script import SCRIPT, demo_dataset, demo_pairs, demo_questions
from model_evaluation.kinds.nova.functions.writing import function_source
from model_evaluation.kinds.nova.runtime.recipes.families import FAMILIES
from model_evaluation.kinds.nova.runtime.recipes.recipe import JUDGES, RFT, function_of
from model_evaluation.localaws.jobs.job import Job
from model_evaluation.localaws.kind_player import KindPlayer
from model_evaluation.localaws.operations import Record
from model_evaluation.localaws.seeding import Seeder
from model_evaluation.localaws.services.prices import Product, Quota
from model_evaluation.runtime.s3_uri import S3Uri

from .container import is_nova_job, run_container
from .world import World, deploy_function, seed_world

INSTANCES = tuple(dict.fromkeys(instance for family in FAMILIES for instance in family.instances))
USD = {"ml.g5.12xlarge": 7.09, "ml.g5.24xlarge": 10.18, "ml.p5.48xlarge": 63.3, "ml.p4d.24xlarge": 25.25}


def quota_code(instance: str) -> str:
    return f"L-NOVA{INSTANCES.index(instance):02d}"


class NovaPlayer(KindPlayer):
    products = tuple(
        Product("AmazonSageMaker", "ML Instance", {"instanceName": name, "component": "Training"}, "Hrs", usd)
        for name, usd in USD.items()
    )
    quotas = tuple(
        Quota("sagemaker", quota_code(name), f"{name} for training job usage", 8.0 if ".p" not in name else 4.0)
        for name in INSTANCES
    )
    demo = SCRIPT
    actions = ("lambda:*",)

    def work(self, job: Job) -> Callable[[Job], None] | None:
        return run_container if is_nova_job(job) else None

    def seed_world(self, seed: Seeder) -> World:
        return seed_world(seed, self.trusted_services, self.actions)

    def seed_rehearsal(self, seed: Seeder, parameters: Record) -> None:
        """Puts checkpoints where the recipe and the reference say, and a function where one is called; the sample rows
        of a judge are pairs, those for a reward function questions."""
        models = [parameters["RECIPE"]["run"]["model_name_or_path"], parameters.get("REFERENCE_MODEL") or ""]
        for model in models:
            if str(model).startswith("s3://"):
                seed.bucket(S3Uri.parse(str(model)).bucket, seed.region)
                seed.object(f"{str(model).rstrip('/')}/weights.bin", b"SIMULATED")
        task = parameters["RECIPE"]["evaluation"]["task"]
        if function := function_of(parameters["RECIPE"]):
            deploy_function(seed, function, function_source("reward" if task == RFT else "classification", "class")[0])
        if task in JUDGES or task == RFT:
            bucket, key = S3Uri.parse(str(parameters["DATASET"]))
            body = seed.cloud.own_client("s3", seed.region).get_object(Bucket=bucket, Key=key)["Body"].read()
            if body == demo_dataset():
                seed.object(str(parameters["DATASET"]), demo_questions() if task == RFT else demo_pairs())

    def sample_dataset(self) -> bytes:
        return demo_dataset()


PLAYER = NovaPlayer
