"""The demo's account: Fernway's IT tickets, a customised Nova Lite, and the answers of both models for the judge."""

from __future__ import annotations

import io
import json
import zipfile

from model_evaluation.kinds.nova.demo.script import demo_dataset, demo_pairs, demo_questions
from model_evaluation.kinds.nova.functions.writing import MODULE, function_source
from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.jobs.job import TRAINING, Job
from model_evaluation.localaws.operations import DAY
from model_evaluation.localaws.seeding import Company, Seeder, seed_company

from .container import archive


class World(Company):
    """The names of everything in a seeded account."""

    def __init__(self, cloud: Cloud, region: str) -> None:
        super().__init__(cloud.account, region)
        self.output_uri = f"s3://{self.bucket}/evaluations/ticket-router"
        self.escrow_bucket = f"customer-escrow-{cloud.account}-smtj-fernway1"
        self.checkpoint_uri = f"s3://{self.escrow_bucket}/fernway-ticket-router-sft/checkpoint"
        self.training_job_name = "fernway-ticket-router-sft-2026-11-02-0915"
        self.training_job_arn = f"arn:aws:sagemaker:{region}:{cloud.account}:training-job/{self.training_job_name}"
        self.tickets_uri = f"s3://{self.bucket}/datasets/it-tickets/gen_qa.jsonl"
        self.wrong_name_uri = f"s3://{self.bucket}/datasets/it-tickets/tickets.jsonl"
        self.function_arn = f"arn:aws:lambda:{region}:{cloud.account}:function:ticket-metrics"
        self.questions_uri = f"s3://{self.bucket}/datasets/it-tickets/questions.jsonl"
        self.reward_arn = f"arn:aws:lambda:{region}:{cloud.account}:function:SageMaker-ticket-reward"
        self.pairs_uri = f"s3://{self.bucket}/datasets/it-answers/llm_judge.jsonl"


def seed_world(seed: Seeder, trusted_services: tuple[str, ...], actions: tuple[str, ...]) -> World:
    """Fills an empty account with everything of :class:`World`, which it returns."""
    seed_company(seed, trusted_services, actions)
    world = World(seed.cloud, seed.region)
    seed.bucket(world.escrow_bucket, seed.region)
    seed.object(f"{world.checkpoint_uri}/weights.bin", b"SIMULATED")
    seed.object(world.tickets_uri, demo_dataset())
    seed.object(world.wrong_name_uri, demo_dataset())
    seed.object(world.pairs_uri, demo_pairs())
    seed.object(world.questions_uri, demo_questions())
    for arn, template in ((world.function_arn, "classification"), (world.reward_arn, "reward")):
        deploy_function(seed, arn, function_source(template, "class")[0])
    customisation_job(
        seed,
        world.training_job_name,
        world.role_arn,
        checkpoint=world.checkpoint_uri,
        output=world.output_uri,
        training_data=f"s3://{world.bucket}/datasets/it-tickets/training.jsonl",
    )
    return world


def deploy_function(seed: Seeder, arn: str, source: str, *, timeout: int = 30) -> None:
    """A Lambda function of this source, in a role that may run it."""
    buffer, name = io.BytesIO(), arn.partition(":function:")[2].partition(":")[0]
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(f"{MODULE}.py", source)
    role = f"arn:aws:iam::{seed.cloud.account}:role/FernwayFunctions"
    seed.role(role, ("lambda",), ("logs:*",))
    client = seed.cloud.own_client("lambda", seed.region)
    code = {"ZipFile": buffer.getvalue()}
    try:
        client.create_function(
            FunctionName=name, Runtime="python3.12", Role=role, Handler=f"{MODULE}.lambda_handler", Code=code,
            Timeout=timeout, MemorySize=256,
        )  # fmt: skip
    except client.exceptions.ResourceConflictException:
        client.update_function_code(FunctionName=name, ZipFile=buffer.getvalue())


def customisation_job(
    seed: Seeder,
    name: str,
    role: str,
    *,
    checkpoint: str,
    output: str,
    training_data: str,
    base: str = "nova-lite/prod",
) -> None:
    """A finished job that customised a Nova model; the manifest in its output names the checkpoint."""
    source = {"S3DataType": "S3Prefix", "S3Uri": training_data}
    arguments = {
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": "nova-fine-tune-repo:SM-TJ-SFT", "TrainingInputMode": "File"},
        "HyperParameters": {"base_model": base},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": output},
        "ResourceConfig": {"InstanceType": "ml.p5.48xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86_400},
    }
    job = Job(seed.cloud, seed.region, TRAINING, name, arguments, seed.cloud.started - 20 * DAY, label=name)
    job.begin()
    job.end("Completed", job.started + 5400)
    seed.object(
        f"{output}/{name}/output/output.tar.gz",
        archive({"manifest.json": json.dumps({"checkpoint_s3_bucket": checkpoint}).encode()}),
    )
