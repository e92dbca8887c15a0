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

from . import bedrock, converse, prices
from .judges import JudgeModel, Judges, judge_model
from .steps import run_inference, run_judging
from .world import ACTIONS, TRUSTED_SERVICES, World, seed_world

WORK: dict[tuple[str | None, str | None], Callable[[Job], None]] = {
    ("BenchmarkEvaluation", "inference_only"): run_inference,
    ("LLMAJEvaluation", None): run_judging,
}


class JudgePlayer(KindPlayer):
    operations = (bedrock.OPERATIONS, converse.OPERATIONS)
    public_objects = {"fmhMetadata/supported-llmaj-judge-models.json": bedrock.judge_list}  # noqa: RUF012 - a constant table
    products = prices.PRODUCTS
    quotas = prices.QUOTAS
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
            judges = cloud.scenario.part(Judges)
            models = (*judges.models, JudgeModel(judge, judge, judge.split(".")[0].capitalize()))
            cloud.scenario = cloud.scenario.with_part(replace(judges, models=models))

    def sample_dataset(self) -> bytes:
        return demo_dataset()


PLAYER = JudgePlayer
