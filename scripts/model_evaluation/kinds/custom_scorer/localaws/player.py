"""What local AWS asks this kind for."""

from __future__ import annotations

import json
from collections.abc import Callable

from model_evaluation.kinds.custom_scorer.demo.script import SCRIPT, demo_dataset
from model_evaluation.kinds.custom_scorer.runtime.settings import EVALUATOR
from model_evaluation.localaws.jobs.job import Job, evaluation_of
from model_evaluation.localaws.kind_player import KindPlayer
from model_evaluation.localaws.operations import Record
from model_evaluation.localaws.seeding import Company, Seeder, seed_company
from model_evaluation.localaws.services.models import put_content, registry_hub_name

from . import functions
from .functions import FUNCTION
from .scoring import run_scoring


class ScorerWorld(Company):
    """The names of everything in a seeded account."""

    def __init__(self, account: str, region: str) -> None:
        super().__init__(account, region)
        hub, prefix = registry_hub_name(region, account), f"arn:aws:sagemaker:{region}:{account}"
        self.function_arn = f"arn:aws:lambda:{region}:{account}:function:{FUNCTION}"
        self.evaluator_arn = f"{prefix}:hub-content/{hub}/JsonDoc/fernway-ticket-scorer/1.0.0"
        self.scorer_dataset_uri = f"s3://{self.bucket}/datasets/ticket_teams.jsonl"


def seed_scorer(seed: Seeder, names: ScorerWorld) -> None:
    """The sample dataset, and the evaluator of the sample function."""
    seed.object(names.scorer_dataset_uri, demo_dataset())
    seed_evaluator(seed, names.evaluator_arn, names.function_arn)


def seed_evaluator(seed: Seeder, arn: str, function: str, type_: str = "RewardFunction") -> None:
    """An evaluator of the AI registry that stands for a function."""
    content = json.dumps({"Reference": function, "EvaluatorType": type_})
    document: Record = {"SubType": "AWS/Evaluator", "JsonContent": content}
    keywords = ["@subtype:aws/evaluator", f"@evaluatortype:{type_.lower()}", "method:lambda"]
    put_content(seed.cloud, seed.region, arn.partition(":hub-content/")[2], document, keywords)


class ScorerPlayer(KindPlayer):
    operations = (functions.OPERATIONS,)
    actions = ("lambda:*",)
    demo = SCRIPT

    def work(self, job: Job) -> Callable[[Job], None] | None:
        return run_scoring if evaluation_of(job) == ("CustomScorerEvaluation", "gen_qa") else None

    def seed_world(self, seed: Seeder) -> ScorerWorld:
        seed_company(seed, self.trusted_services, self.actions)
        world = ScorerWorld(seed.cloud.account, seed.region)
        seed_scorer(seed, world)
        return world

    def seed_rehearsal(self, seed: Seeder, parameters: Record) -> None:
        """Makes the configured evaluator exist, with the sample scorer behind it."""
        scorer = str(parameters["SCORER"])
        if EVALUATOR.fullmatch(scorer):
            function = f"arn:aws:lambda:{seed.region}:{seed.cloud.account}:function:{FUNCTION}"
            seed_evaluator(seed, scorer, function)

    def sample_dataset(self) -> bytes:
        return demo_dataset()


PLAYER = ScorerPlayer
