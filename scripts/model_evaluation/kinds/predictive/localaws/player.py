"""What local AWS asks this kind for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from model_evaluation.kinds.predictive.demo.script import SCRIPT
from model_evaluation.localaws.jobs.job import Job
from model_evaluation.localaws.kind_player import KindPlayer, Rehearsal
from model_evaluation.localaws.seeding import Company, Seeder
from model_evaluation.localaws.services.prices import Product, Quota

from .rehearsal import rehearsal
from .services import OPERATIONS, is_known, transform
from .world import seed_world

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


class PredictivePlayer(KindPlayer):
    operations = (OPERATIONS,)
    products = (
        Product(
            "AmazonSageMaker",
            "ML Instance",
            {"instanceName": "ml.m5.large", "component": "Batch Transform"},
            "Hrs",
            0.115,
        ),
    )
    quotas = (
        Quota("sagemaker", "L-LOCAL001", "ml.m5.large for transform job usage", 20.0),
        Quota("sagemaker", "L-LOCAL002", "ml.p4d.24xlarge for transform job usage", 0.0),
    )
    demo = SCRIPT

    def work(self, job: Job) -> Callable[[Job], None] | None:
        return transform if job.type.word == "TransformJob" and is_known(job) else None

    def rehearsal(self, context: Context) -> Rehearsal:
        return rehearsal(context)

    def seed_world(self, seed: Seeder) -> Company:
        return seed_world(seed)


PLAYER = PredictivePlayer
