"""Benchmark: SageMaker lets the models answer a public benchmark's questions and marks the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.fitting import ModelTraits, is_nova
from model_evaluation.kinds.kind import Kind

if TYPE_CHECKING:
    from model_evaluation.kinds.permissions import Permissions
    from model_evaluation.runtime.summary import Summary


class Benchmark(Kind):
    id = "benchmark"
    title = "Benchmark"
    when = "a public benchmark (MMLU, MATH, IFEval and the like) shows what the fine-tuning gained or lost in general"
    steps = {  # noqa: RUF012 - a constant table
        "evaluation": (),
        "model": (),
        "scope": ("model",),
        "region": ("model",),
        "benchmark": ("model", "region"),
        "subtasks": ("benchmark",),
        "decoding": ("benchmark",),
        "smallest_effect": ("subtasks", "scope"),
        "role": (),
        "mlflow": ("region",),
        "output": ("model", "region"),
        "confirm": ("smallest_effect", "decoding", "role", "mlflow", "output"),
        "notebook": ("confirm",),
    }
    own_steps = frozenset({"benchmark", "subtasks", "smallest_effect"})
    rechecked = ("model", "region", "benchmark", "subtasks", "decoding", "role", "mlflow", "output")
    permission_steps = ("role", "output", "model", "region", "mlflow", "scope")
    runtime = ("model_evaluation.kinds.benchmark.runtime",)
    run_columns = ("model", "benchmark", "subtasks")
    reference = "references/benchmark.md"

    def claims(self, model: ModelTraits) -> bool:
        return bool(model.base_model) and not is_nova(model)

    def permissions(self, context: Context, role: str = "") -> Permissions:
        from model_evaluation.kinds.permissions import Permissions
        from model_evaluation.preflight.configuration import configuration_of
        from model_evaluation.preflight.evaluator_needs import TRUSTED, of_caller, of_role, recipe

        from .runtime.benchmark_runs import BenchmarkRuns

        config, prefix = configuration_of(context, role), BenchmarkRuns.prefix
        return Permissions(of_role(config, prefix), (*of_caller(config, prefix), *recipe(config)), TRUSTED)

    def parameters(self, context: Context) -> JsonObject:
        from model_evaluation.steps.evaluator.parameters import evaluator_parameters

        from .sizes import subtasks_of

        return {
            **evaluator_parameters(context),
            "TIMEOUT_MINUTES": 720,  # the large benchmarks take hours
            "BENCHMARK": context.value("benchmark"),
            "SUBTASKS": subtasks_of(context),
            "SMALLEST_EFFECT": context.value("smallest_effect"),
        }

    def other_answers(self, summary: Summary, context: Context) -> list[str]:
        from model_evaluation.reporting.present_answers import differences

        from .sizes import subtasks_of

        made = summary["conditions"]
        texts = differences(summary, context, ("the benchmark", made.get("benchmark"), context.value("benchmark")))
        asked, chosen = sorted(made.get("subtasks") or []), sorted(subtasks_of(context))
        if context.answered("subtasks") and asked != chosen:
            texts.append(f"the subtasks are {', '.join(asked) or 'all'}, not {', '.join(chosen) or 'all'}")
        return texts


KIND = Benchmark()
