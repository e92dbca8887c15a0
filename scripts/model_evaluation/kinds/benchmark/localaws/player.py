"""What local AWS asks this kind for."""

from __future__ import annotations

from collections.abc import Callable

from model_evaluation.kinds.benchmark.demo.script import SCRIPT
from model_evaluation.kinds.benchmark.runtime.tasks import TASKS
from model_evaluation.localaws.jobs.job import Job, evaluation_of
from model_evaluation.localaws.kind_player import KindPlayer

from .answering import run_benchmark


class BenchmarkPlayer(KindPlayer):
    demo = SCRIPT

    def work(self, job: Job) -> Callable[[Job], None] | None:
        kind, task = evaluation_of(job)
        return run_benchmark if kind == "BenchmarkEvaluation" and task in TASKS else None


PLAYER = BenchmarkPlayer
