"""What local AWS asks this kind for, and its demo's account: support tickets, judges, results of an earlier run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from model_evaluation.kinds.llm_as_judge.demo.script import SCRIPT, demo_dataset
from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.jobs.job import Job, evaluation_of
from model_evaluation.localaws.kind_player import KindPlayer
from model_evaluation.localaws.language import base_answer, tuned_answer
from model_evaluation.localaws.operations import Record
from model_evaluation.localaws.seeding import ROLE_ACTIONS, Company, Seeder, seed_company
from model_evaluation.localaws.server import LocalAws
from model_evaluation.localaws.services.models import registry_hub_name
from model_evaluation.localaws.services.prices import Product, Quota
from model_evaluation.runtime.rows import read_dataset_rows

from .bedrock import OPERATIONS, JudgeModel, Judges, judge_list, judge_model, past_end_of_life
from .judging import Item, judge_builtin
from .steps import JudgedRow, judged_files, python_repr_of_prompt, run_inference, run_judging

OLDER_EXECUTION = "k3v9q0z1x7ab"
TRUSTED_SERVICES = ("sagemaker", "bedrock")
ACTIONS = ("bedrock:*",)


class World(Company):
    """The names of everything in a seeded account."""

    def __init__(self, cloud: Cloud, region: str) -> None:
        super().__init__(cloud.account, region)
        judges = [judge for judge in cloud.scenario.part(Judges).models if judge.listed]
        retired = [judge for judge in judges if past_end_of_life(cloud, judge)]
        hub = registry_hub_name(region, cloud.account)
        self.role_without_bedrock_trust = f"arn:aws:iam::{cloud.account}:role/FernwaySageMakerOnly"
        self.dataset_uri = f"s3://{self.bucket}/datasets/support_tickets.jsonl"
        self.dataset_elsewhere_uri = f"s3://{self.bucket_elsewhere}/datasets/support_tickets.jsonl"
        self.dataset_arn = cloud.arn(region, f"hub-content/{hub}/DataSet/fernway-support-tickets/1.0.0")
        self.judges = tuple(judge.model_id for judge in judges)
        self.judge = next((j.model_id for j in judges if j.status == "ACTIVE" and j.on_demand), "")
        self.judge_legacy = next((j.model_id for j in judges if j.status == "LEGACY" and j not in retired), "")
        self.judge_retired = retired[0].model_id if retired else ""
        self.older_execution_id = OLDER_EXECUTION


def seed_demo_world(aws: LocalAws, region: str = "us-west-2") -> World:
    """Fills an empty local AWS with the demo's account and says what is in it."""
    return seed_world(Seeder(aws.cloud, region))


def seed_world(seed: Seeder) -> World:
    """Fills an empty account with everything of :class:`World`, which it returns."""
    seed_company(seed, TRUSTED_SERVICES, ACTIONS)
    world = World(seed.cloud, seed.region)
    seed.role(world.role_without_bedrock_trust, ("sagemaker",), (*ROLE_ACTIONS, *ACTIONS))
    seed.object(world.dataset_uri, demo_dataset())
    seed.object(world.dataset_elsewhere_uri, demo_dataset())
    seed.dataset(world.dataset_arn, world.dataset_uri)
    _seed_older_run(seed, world)
    return world


def _seed_older_run(seed: Seeder, world: World) -> None:
    """Result files of an earlier run with half of the dataset, under the same output prefix."""
    rows = read_dataset_rows(demo_dataset().splitlines()).rows[:30]
    # The older run judged the group's first version, whose answers resembled the base model's more.
    answers = {
        "custom": [tuned_answer(row) if row.line % 3 else base_answer(row) for row in rows],
        "base": [base_answer(row) for row in rows],
    }
    for side, texts in answers.items():
        judged_rows = [
            JudgedRow(
                python_repr_of_prompt(row),
                row.reference or "",
                str([text]),
                f"{side.capitalize()}Inference",
                {"Correctness": judge_builtin(world.judge, "Correctness", Item(row.prompt, row.reference, text))},
            )
            for row, text in zip(rows, texts, strict=True)
        ]
        job = f"{side}-llmaj-eval-{OLDER_EXECUTION}"
        metrics_job = f"pipelines-{OLDER_EXECUTION}-Evaluate{side.capitalize()}ModelMetrics-0a1b2c3d4e"
        for file in judged_files(job, metrics_job, world.judge, judged_rows, missing_scores=0.03):
            seed.object(f"{world.output_uri}/{file.key}", file.body)


WORK: dict[tuple[str | None, str | None], Callable[[Job], None]] = {
    ("BenchmarkEvaluation", "inference_only"): run_inference,
    ("LLMAJEvaluation", None): run_judging,
}

# Bedrock's prices and quotas in the stand-in: invented, of the usual order of magnitude.
# USD per 1,000 tokens: input, output.
TOKEN_PRICES = {
    "Nova Pro": (0.0008, 0.0032),
    "Llama 3.1 70B Instruct": (0.00072, 0.00072),
    "Mistral Large (24.02)": (0.004, 0.012),
    "Claude 3 Haiku": (0.00025, 0.00125),
}
PRODUCTS = [
    Product(
        "AmazonBedrock",
        "Amazon Bedrock",
        {
            "model": model,
            "inferenceType": f"{direction} tokens",
            "feature": "On-demand Inference",
            "usagetype": f"LOCAL-{model.replace(' ', '')}-{direction.lower()}-tokens",
        },
        "1K tokens",
        price,
    )
    for model, prices in TOKEN_PRICES.items()
    for direction, price in zip(("Input", "Output"), prices, strict=True)
]
ON_DEMAND = "On-demand model inference tokens per minute for"
CROSS_REGION = "Cross-region model inference tokens per minute for"
QUOTAS = [
    Quota("bedrock", "L-F4E2B1A0", "Number of concurrent automatic model evaluation jobs", 20.0),
    Quota("bedrock", "L-10CA1001", f"{ON_DEMAND} Amazon Nova Pro", 800_000.0),
    Quota("bedrock", "L-10CA1002", f"{CROSS_REGION} Amazon Nova Pro", 1_600_000.0),
    Quota("bedrock", "L-10CA1003", f"{ON_DEMAND} Anthropic Claude 3 Haiku", 300_000.0),
    Quota("bedrock", "L-10CA1004", f"{CROSS_REGION} Anthropic Claude Sonnet 4.5", 1_000_000.0),
    Quota("bedrock", "L-10CA1005", f"{ON_DEMAND} Meta Llama 3.1 70B Instruct", 300_000.0),
    Quota("bedrock", "L-10CA1006", f"{ON_DEMAND} Mistral Large (24.02)", 300_000.0),
]


class JudgePlayer(KindPlayer):
    operations = (OPERATIONS,)
    public_objects = {"fmhMetadata/supported-llmaj-judge-models.json": judge_list}  # noqa: RUF012 - a constant table
    products = PRODUCTS
    quotas = QUOTAS
    trusted_services = TRUSTED_SERVICES
    actions = ACTIONS
    demo = SCRIPT

    def work(self, job: Job) -> Callable[[Job], None] | None:
        return WORK.get(evaluation_of(job))

    def seed_world(self, seed: Seeder) -> World:
        return seed_world(seed)

    def seed_rehearsal(self, seed: Seeder, parameters: Record) -> None:
        """Makes the configured judge one of the region's models."""
        cloud, judge = seed.cloud, str(parameters["JUDGE_MODEL"])
        if judge_model(cloud, judge) is None:
            part = cloud.scenario.part(Judges)
            models = (*part.models, JudgeModel(judge, judge))
            cloud.scenario = cloud.scenario.with_part(replace(part, models=models))

    def sample_dataset(self) -> bytes:
        return demo_dataset()


PLAYER = JudgePlayer
