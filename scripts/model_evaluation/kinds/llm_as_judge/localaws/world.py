"""The demo's account for LLM as judge: Fernway's support tickets, the judges, and an earlier run's results."""

from __future__ import annotations

from model_evaluation.kinds.llm_as_judge.demo.script import demo_dataset
from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.company import ROLE_ACTIONS, Company, seed_company
from model_evaluation.localaws.language.answers import base_answer, tuned_answer
from model_evaluation.localaws.seeding import Seeder
from model_evaluation.localaws.server import LocalAws
from model_evaluation.localaws.services.hub import registry_hub_name
from model_evaluation.runtime.rows import read_dataset_rows

from .judges import Judges, past_end_of_life
from .judging import Item, judge_builtin
from .results import JudgedRow, judged_files, python_repr_of_prompt

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
