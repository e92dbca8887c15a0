"""What local AWS asks this kind for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from model_evaluation.kinds.llm_as_judge.demo.script import SCRIPT, demo_dataset
from model_evaluation.localaws.jobs.job import Job
from model_evaluation.localaws.jobs.serverless import evaluation_of
from model_evaluation.localaws.kind_player import KindPlayer
from model_evaluation.localaws.operations import Record
from model_evaluation.localaws.seeding import Seeder
from model_evaluation.localaws.services.prices import Product, Quota

from . import converse, judges
from .judges import JudgeModel, Judges, judge_model
from .steps import run_inference, run_judging
from .world import ACTIONS, TRUSTED_SERVICES, World, seed_world

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
    operations = (judges.OPERATIONS, converse.OPERATIONS)
    public_objects = {"fmhMetadata/supported-llmaj-judge-models.json": judges.judge_list}  # noqa: RUF012 - a constant table
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
