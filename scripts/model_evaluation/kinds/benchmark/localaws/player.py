"""What local AWS asks this kind for."""

from __future__ import annotations

from collections.abc import Callable

from model_evaluation.kinds.benchmark.demo.script import SCRIPT
from model_evaluation.kinds.benchmark.runtime.tasks import TASKS
from model_evaluation.localaws.company import Company
from model_evaluation.localaws.jobs.job import Job
from model_evaluation.localaws.jobs.serverless import evaluation_of
from model_evaluation.localaws.kind_player import KindPlayer
from model_evaluation.localaws.operations import Record
from model_evaluation.localaws.seeding import Seeder
from model_evaluation.localaws.services.evaluation_recipe import KEY, give_recipes_settings, recipe_settings

from .answering import run_benchmark


class BenchmarkPlayer(KindPlayer):
    public_objects = {KEY: recipe_settings}  # noqa: RUF012 - a constant table
    demo = SCRIPT

    def work(self, job: Job) -> Callable[[Job], None] | None:
        kind, task = evaluation_of(job)
        return run_benchmark if kind == "BenchmarkEvaluation" and task in TASKS else None

    def seed_world(self, seed: Seeder) -> Company:
        company = super().seed_world(seed)
        give_recipes_settings(seed.cloud, seed.region)
        return company

    def seed_rehearsal(self, seed: Seeder, parameters: Record) -> None:
        give_recipes_settings(seed.cloud, seed.region)


PLAYER = BenchmarkPlayer
