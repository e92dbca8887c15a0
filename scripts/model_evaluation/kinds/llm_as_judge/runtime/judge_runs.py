"""An evaluation with a judge as SageMaker runs it: the SDK's call made safe, its steps, and what is read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from model_evaluation.runtime.launch.durations import Load, Work
from model_evaluation.runtime.launch.evaluators import EvaluatorRuns, defined_steps, json_safe, model_differences
from model_evaluation.runtime.launch.service import COMMON_FAILURES, Call, read_failures
from model_evaluation.runtime.results.evaluation import SIDES
from model_evaluation.runtime.settings import Json

from .result_files import find_result_files

if TYPE_CHECKING:
    from model_evaluation.runtime.launch.service import RunState
    from model_evaluation.runtime.session import AwsClients

    from .settings import JudgeSettings

TUNED_STEPS = ("EvaluateCustomInferenceModel", "EvaluateCustomModelMetrics")
BASE_STEPS = ("EvaluateBaseInferenceModel", "EvaluateBaseModelMetrics")
SCORE_STEPS = {"tuned": TUNED_STEPS[1], "base": BASE_STEPS[1]}
# The SDK's other way, for models whose answers come from another kind of job.
OTHER_STEPS = ("InspectAIInference", "EvaluateWithJudge")
# One model's steps, which follow one another.
CHAIN = ("CreateEvaluationAction", *TUNED_STEPS, "AssociateLineage")
# Three anchors have been published: 15 to 20 minutes for a handful of rows, 45 to 55 for 123 long rows, 45 to 50 for
# 30 rows with 3 metrics and prompts of 3,200 tokens. How many metrics the first two had is not told, five are assumed.
# Both models are answered and judged side by side; the judge reads one answer after another, each with its prompt.
ANSWERING = Work(
    frozenset({TUNED_STEPS[0], BASE_STEPS[0], OTHER_STEPS[0]}), (7.5, 12.0), (Load((1.5, 6.0), ("rows",)),)
)
SCORING = Work(
    frozenset({TUNED_STEPS[1], BASE_STEPS[1], OTHER_STEPS[1]}),
    (7.5, 12.0),
    (Load((0.5, 2.0), ("rows", "metrics")), Load((0.003, 0.007), ("rows", "metrics", "prompt_tokens"))),
)


class JudgeRuns(EvaluatorRuns["JudgeSettings"]):
    prefix = "SagemakerEvaluation-LLMAJEvaluation"
    failures = (*read_failures(__file__), *COMMON_FAILURES)
    work = (ANSWERING, SCORING)
    labels = {  # noqa: RUF012 - a constant table
        "CreateEvaluationAction": "Record the run's lineage",
        "EvaluateBaseInferenceModel": "Base model answers the prompts",
        "EvaluateCustomInferenceModel": "Fine-tuned model answers the prompts",
        "EvaluateBaseModelMetrics": "Judge scores the base model",
        "EvaluateCustomModelMetrics": "Judge scores the fine-tuned model",
        "AssociateLineage": "Link the results to the lineage",
        "InspectAIInference": "Model answers the prompts",
        "EvaluateWithJudge": "Judge scores the answers",
    }

    pasted = ("dataset_uri", "s3_output_path", "custom_metrics")

    def named_in_parameters(self, settings: JudgeSettings) -> Json:
        return {
            **super().named_in_parameters(settings),
            "dataset": settings.dataset,
            "evaluator_model": settings.judge,
            "builtin_metrics": settings.builtin_metrics,
            "custom_metrics": settings.custom_metrics_json,
        }

    def with_safe_texts(self, evaluator: Call, settings: JudgeSettings, aws: AwsClients) -> Call:
        """Also for the place to which the SDK uploads custom metrics."""
        safe = super().with_safe_texts(evaluator, settings, aws)
        if settings.s3_output == json_safe(settings.s3_output):
            return safe

        def upload(custom_metrics_json: str, eval_name: str) -> str:
            # The SDK takes the URI for a URL and drops what follows a # or ?.
            bucket, prefix = settings.s3_output.removeprefix("s3://").split("/", 1)
            key = f"{prefix}/evaluationinputs/{eval_name}/custom-metrics.json"
            aws.s3.put_object(Bucket=bucket, Key=key, Body=custom_metrics_json.encode())
            return f"s3://{bucket}/{key}"

        object.__setattr__(safe, "_upload_custom_metrics_to_s3", upload)
        return safe

    def expected_steps(self, settings: JudgeSettings) -> tuple[str, ...]:
        if settings.scope == "base":
            return BASE_STEPS
        if settings.scope == "tuned":
            return CHAIN
        steps = zip(BASE_STEPS, TUNED_STEPS, strict=True)
        return (CHAIN[0], *(name for pair in steps for name in pair), CHAIN[-1])

    def has_results(self, state: RunState, settings: JudgeSettings, aws: AwsClients) -> bool:
        """Whether every judge step succeeded and its rows are in S3, whatever else went wrong."""
        sides = SIDES[settings.scope]
        steps = [state.step(SCORE_STEPS[side]) or state.step(OTHER_STEPS[1]) for side in sides]
        if not all(step is not None and step.status == "Succeeded" for step in steps):
            return False
        files = find_result_files(aws.s3, settings.s3_output, state.id)
        return all(files.rows[side] for side in sides)

    def definition_differences(self, definition: str, name: str, settings: JudgeSettings) -> list[str]:
        """How a pipeline definition differs from the settings. The SDK uploads custom metrics under the run's name, so
        a file under another name is another run's."""
        try:
            steps = defined_steps(definition)
        except ValueError as error:
            return [f"its definition cannot be read ({error})"]
        if OTHER_STEPS[1] in steps:
            return _scoring_differences(steps[OTHER_STEPS[1]], name, settings)
        answers, scores = BASE_STEPS if settings.scope == "base" else TUNED_STEPS
        if answers not in steps or (settings.scope == "base" and TUNED_STEPS[0] in steps):
            return [f"it has the steps {', '.join(steps)}, which is not this evaluation"]
        differences = model_differences(steps[answers], settings)
        has_base = BASE_STEPS[0] in steps and settings.scope != "base"
        if has_base != (settings.scope == "compare"):
            differences.append("it evaluates the base model" if has_base else "it leaves the base model out")
        return differences + (_scoring_differences(steps[scores], name, settings) if scores in steps else [])


def _scoring_differences(step: Json, name: str, settings: JudgeSettings) -> list[str]:
    differences = []
    parameters = step.get("HyperParameters", {})
    if parameters.get("judge_model_id") != settings.judge:
        differences.append(f"its judge is {parameters.get('judge_model_id')}")
    metrics = parameters.get("llmaj_metrics", [])
    metrics = json.loads(metrics) if isinstance(metrics, str) else metrics
    if sorted(metrics) != sorted(settings.builtin_metrics):
        differences.append(f"its built-in metrics are {', '.join(metrics) or 'none'}")
    custom = parameters.get("custom_metrics")
    if not settings.custom_metrics:
        if custom:
            differences.append(f"it has custom metrics ({custom})")
    elif not str(custom).startswith(f"{settings.s3_output}/evaluationinputs/{name}"):
        differences.append(f"its custom metrics are {custom or 'missing'}")
    if parameters.get("output_path") != settings.s3_output:
        differences.append(f"its results go to {parameters.get('output_path')}")
    return differences
