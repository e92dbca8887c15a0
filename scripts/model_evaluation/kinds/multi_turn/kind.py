"""Multi-turn: the model acts in an agent, several turns long, and the agent's environment rewards what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.fitting import ModelTraits, is_nova
from model_evaluation.kinds.kind import Kind

if TYPE_CHECKING:
    from model_evaluation.runtime.summary import Summary


class MultiTurn(Kind):
    id = "multi_turn"
    title = "Multi-turn agent"
    when = "the model acts in your agent (Bedrock AgentCore or Lambda) over several turns, and is rewarded there"
    steps = {  # noqa: RUF012 - a constant table
        "evaluation": (),
        "dataset": (),
        "data": ("dataset",),
        "model": (),
        "scope": ("model",),
        "region": ("dataset", "model"),
        "agent": ("region",),
        "rollouts": ("data", "model", "region"),
        "sampling": ("rollouts",),
        "success": ("model", "region"),
        "primary_metric": ("rollouts",),
        "role": ("agent",),
        "mlflow": ("region",),
        "output": ("dataset", "region"),
        "confirm": ("primary_metric", "scope", "sampling", "success", "role", "mlflow", "output"),
        "notebook": ("confirm",),
    }
    own_steps = frozenset({"agent", "rollouts", "sampling", "success", "primary_metric", "mlflow"})
    job_rows = None  # nobody names a limit
    rechecked = ("dataset", "model", "region", "agent", "rollouts", "sampling", "role", "mlflow", "output")
    permission_steps = ("role", "dataset", "output", "model", "region", "mlflow", "scope", "agent")
    runtime = ("model_evaluation.kinds.multi_turn.runtime",)
    run_columns = ("model", "dataset", "agent")
    reference = "references/multi-turn.md"

    def claims(self, model: ModelTraits) -> bool:
        """AWS's recipes are for few base models; which, `rollouts` asks the hub. Of Nova's it is Lite 2."""
        return bool(model.base_model) and (not is_nova(model) or "lite-v2" in model.base_model)

    def parameters(self, context: Context) -> JsonObject:
        from model_evaluation.steps.evaluator.parameters import evaluator_parameters

        from .recipe_spec import rollouts_of, sampling_of

        agent, (group, ks) = context.facts("agent"), rollouts_of(context)
        return {
            **evaluator_parameters(context),
            "TIMEOUT_MINUTES": 720,  # one model after the other
            "AGENT": agent["arn"],
            "AGENT_QUALIFIER": agent.get("qualifier") or None,
            "ROLLOUTS": group,
            "PASS_K": list(ks),
            "SUCCESS_THRESHOLD": context.value("success"),
            "SAMPLING": sampling_of(context),
            "PRIMARY_METRIC": context.value("primary_metric"),
        }

    def other_answers(self, summary: Summary, context: Context) -> list[str]:
        from model_evaluation.reporting.present_answers import differences

        return differences(
            summary,
            context,
            ("the agent", summary["conditions"].get("agent"), context.facts("agent").get("arn")),
            ("the primary metric", summary["primary_metric"], context.value("primary_metric")),
        )


KIND = MultiTurn()
