"""Whether the pipeline definition SageMaker runs is the one that was asked for.

The SDK keeps one pipeline per account, region and evaluation type and overwrites it before each start.
When two people start at the same moment, one of them gets the other's definition; nothing but reading it
back tells.
"""

from __future__ import annotations

import json
from typing import Any

from model_evaluation.runtime.launch.pipeline import JUDGE_STEPS
from model_evaluation.runtime.settings import HUB_MODEL, EvaluationSettings


def definition_differences(definition: str, settings: EvaluationSettings, name: str) -> list[str]:
    """How a pipeline definition differs from the settings, one sentence each; empty when it does not.

    ``name`` is the run's name: the SDK uploads custom metrics under it, so a file under another name is
    another run's.
    """
    try:
        steps = {step["Name"]: step.get("Arguments", {}) for step in json.loads(definition)["Steps"]}
    except (ValueError, KeyError, TypeError) as error:
        return [f"its definition cannot be read ({error!r})"]
    differences: list[str] = []
    inference = _inference_step(steps, settings)
    metrics = steps.get(JUDGE_STEPS["base" if settings.scope == "base" else "tuned"])
    if "EvaluateWithJudge" in steps:  # Nova models: the answers come from another kind of job
        metrics = steps["EvaluateWithJudge"]
    elif inference is None:
        differences.append(f"it has the steps {', '.join(steps)}, which is not this evaluation")
    else:
        differences += _model_and_dataset_differences(inference, settings)
        has_base = "EvaluateBaseInferenceModel" in steps and settings.scope != "base"
        if has_base != (settings.scope == "compare"):
            differences.append("it evaluates the base model" if has_base else "it leaves the base model out")
    if metrics is not None:
        differences += _judge_differences(metrics, settings, name)
    return differences


def _inference_step(steps: dict[str, Any], settings: EvaluationSettings) -> Any:
    if settings.scope == "base":
        is_other = "EvaluateCustomInferenceModel" in steps
        return None if is_other else steps.get("EvaluateBaseInferenceModel")
    return steps.get("EvaluateCustomInferenceModel")


def _model_and_dataset_differences(step: dict[str, Any], settings: EvaluationSettings) -> list[str]:
    differences = []
    if settings.scope == "base":
        found = step.get("ServerlessJobConfig", {}).get("BaseModelArn", "")
        model, wanted = hub_model_name(found), hub_model_name(settings.model)
    else:
        model, wanted = step.get("ModelPackageConfig", {}).get("SourceModelPackageArn"), settings.model
    if model != wanted:
        differences.append(f"its model is {model}")
    channels = step.get("InputDataConfig") or [{}]
    source = channels[0].get("DataSource", {})
    dataset = source.get("S3DataSource", {}).get("S3Uri") or source.get("DatasetSource", {}).get("DatasetArn")
    if dataset != settings.dataset:
        differences.append(f"its dataset is {dataset}")
    if step.get("RoleArn") != settings.role_arn:
        differences.append(f"its role is {step.get('RoleArn')}")
    return differences


def _judge_differences(step: dict[str, Any], settings: EvaluationSettings, name: str) -> list[str]:
    differences = []
    parameters = step.get("HyperParameters", {})
    if parameters.get("judge_model_id") != settings.judge:
        differences.append(f"its judge is {parameters.get('judge_model_id')}")
    metrics = parameters.get("llmaj_metrics", [])
    metrics = json.loads(metrics) if isinstance(metrics, str) else metrics
    if sorted(metrics) != sorted(settings.builtin_metrics):
        differences.append(f"its built-in metrics are {', '.join(metrics) or 'none'}")
    custom = parameters.get("custom_metrics")
    if settings.custom_metrics is None:
        if custom:
            differences.append(f"it has custom metrics ({custom})")
    elif not str(custom).startswith(f"{settings.s3_output}/evaluationinputs/{name}"):
        differences.append(f"its custom metrics are {custom or 'missing'}")
    if parameters.get("output_path") != settings.s3_output:
        differences.append(f"its results go to {parameters.get('output_path')}")
    return differences


def hub_model_name(model: str) -> str:
    """The name of a hub model, given its name or its hub-content ARN."""
    match = HUB_MODEL.fullmatch(model)
    return match[4] if match else model
