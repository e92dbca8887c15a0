"""An evaluation of agents as SageMaker runs it: what the SDK is told of it, and what is read back."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from typing import TYPE_CHECKING

from model_evaluation.runtime.launch.durations import Load, Work
from model_evaluation.runtime.launch.evaluators import EvaluatorRuns, defined_steps
from model_evaluation.runtime.launch.service import COMMON_FAILURES, read_failures
from model_evaluation.runtime.models import hub_model_name
from model_evaluation.runtime.results.evaluation import SIDES, Side
from model_evaluation.runtime.settings import Json

from .recipe import differing_settings, send_hyperparameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model_evaluation.runtime.launch.service import Call, RunState, Started
    from model_evaluation.runtime.session import AwsClients

    from .settings import MultiTurnSettings

MODEL_STEPS: Mapping[Side, str] = {"tuned": "EvaluateFineTunedModel", "base": "EvaluateBaseModel"}
# Published: 10 to 60 minutes for one model (AWS's own skill), without a size.
ROLLING = Work(frozenset(MODEL_STEPS.values()), (8.0, 20.0), (Load((0.5, 10.0), ("rows",)),))


class MultiTurnRuns(EvaluatorRuns["MultiTurnSettings"]):
    prefix = "SagemakerEvaluation-MTRLEvaluation"
    pasted = ()  # the SDK escapes what it writes into these jobs' configurations
    quota = None  # its code is not published; one such job at a time, and the models' steps follow one another
    failures = (*read_failures(__file__), *COMMON_FAILURES)
    work = (ROLLING,)
    labels = {  # noqa: RUF012 - a constant table
        "CreateEvaluationAction": "Record the run's lineage",
        "EvaluateBaseModel": "Base model acts as the agent",
        "EvaluateFineTunedModel": "Fine-tuned model acts as the agent",
        "AssociateLineage": "Link the results to the lineage",
    }

    def named_in_parameters(self, settings: MultiTurnSettings) -> Json:
        return {
            **super().named_in_parameters(settings),
            "dataset": settings.dataset,
            "agent_config": settings.agent,
            "agent_qualifier": settings.qualifier,
        }

    def start(self, call: Call, settings: MultiTurnSettings, aws: AwsClients) -> Started:
        """Starts it with all of the settings. The SDK would write a file into the working folder, and a link to MLflow
        with a token in it into the notebook: both go nowhere."""
        send_hyperparameters(call, settings.hyperparameters)
        print("HyperParameters of each job, in the recipe's own names:")  # noqa: T201
        print(json.dumps(settings.hyperparameters, indent=2))  # noqa: T201
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.chdir(folder),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            return super().start(call, settings, aws)

    def expected_steps(self, settings: MultiTurnSettings) -> tuple[str, ...]:
        models = [MODEL_STEPS[side] for side in reversed(SIDES[settings.scope])]
        return ("CreateEvaluationAction", *models, "AssociateLineage")

    def has_results(self, state: RunState, settings: MultiTurnSettings, aws: AwsClients) -> bool:
        """Whether every model's job succeeded: its results are in MLflow by then."""
        steps = [state.step(MODEL_STEPS[side]) for side in SIDES[settings.scope]]
        return all(step is not None and step.status == "Succeeded" and step.job_arn for step in steps)

    def definition_differences(self, definition: str, name: str, settings: MultiTurnSettings) -> list[str]:
        try:
            steps = defined_steps(definition)
            documents = {
                side: json.loads(steps[step]["JobConfigDocument"])
                for side, step in MODEL_STEPS.items()
                if step in steps
            }
        except (KeyError, TypeError, ValueError) as error:
            return [f"its definition cannot be read ({error!r})"]
        if set(documents) != set(SIDES[settings.scope]):
            return [f"it has the steps {', '.join(steps)}"]
        texts = [
            text
            for side, document in documents.items()
            for text in _document_differences(document, steps[MODEL_STEPS[side]], side, settings)
        ]
        return list(dict.fromkeys(texts))


def _document_differences(document: Json, step: Json, side: Side, settings: MultiTurnSettings) -> list[str]:
    """How a job's configuration differs from the settings, a sentence each."""
    agent = document.get("AgentConfig", {})
    runtime = agent.get("BedrockAgentCoreConfig", {})
    function = agent.get("CustomAgentLambdaConfig", {})
    source = (document.get("InputDataConfig") or [{}])[0].get("DataSource", {})
    output = document.get("OutputDataConfig", {})
    seen: dict[str, tuple[object, object]] = {
        "agent": (runtime.get("AgentRuntimeArn") or function.get("LambdaArn"), settings.agent),
        "dataset": (
            source.get("S3DataSource", {}).get("S3Uri") or source.get("DatasetSource", {}).get("DatasetArn"),
            settings.dataset,
        ),
        "role": (step.get("RoleArn"), settings.role_arn),
        "output": (str(output.get("S3OutputPath")).rstrip("/"), settings.s3_output),
    }
    if runtime:
        seen["agent's qualifier"] = (runtime.get("Qualifier"), settings.qualifier)
    if side == "tuned":
        seen["model"] = (document.get("ModelPackageConfig", {}).get("InputModelPackageArn"), settings.model)
    elif settings.scope == "base":
        base = hub_model_name(document.get("EvaluationConfig", {}).get("BaseModelArn", ""))
        seen["model"] = (base, settings.sdk_model)
    differences = [f"its {what} is {got}" for what, (got, wanted) in seen.items() if got != wanted]
    sent = document.get("EvaluationConfig", {}).get("HyperParameters", {})
    return [*differences, *differing_settings(sent, settings.hyperparameters)]
