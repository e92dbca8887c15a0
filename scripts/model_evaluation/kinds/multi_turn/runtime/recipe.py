"""The settings of an evaluation of agents, in the names that the recipe has, and how they are made to arrive.

The SDK (3.27) looks for settings under names that the recipe does not have, and drops what it does not find: of what is
set, only ``eval_group_size`` and ``success_threshold`` reach the job. A temperature never does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from model_evaluation.runtime.settings import Json
from model_evaluation.runtime.tasks.parameter import Parameter

if TYPE_CHECKING:
    from model_evaluation.runtime.launch.service import Call

EVALUATION_TYPE = "MTRLEvaluation"
RUNTIME = re.compile(r"arn:aws[a-z-]*:bedrock-agentcore:([a-z0-9-]+):(\d{12}):(?:agent-)?runtime/([A-Za-z0-9_-]+)")
FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:([a-z0-9-]+):(\d{12}):function:([A-Za-z0-9_-]+(?::[\w$-]+)?)")
REWARD = "reward"
GROUP, THRESHOLD, PASS_K = "eval_group_size", "success_threshold", "pass_k_values"
TEMPERATURE = "temperature"
# AWS's public recipes (2026-06); the live ones are read where they can be.
USUAL: Mapping[str, Parameter] = {
    GROUP: Parameter("integer", 1, 1, 128),
    THRESHOLD: Parameter("float", 1.0),
    TEMPERATURE: Parameter("float", 0, 0, 2),
    "sampling_top_p": Parameter("float", 1, 0, 1),
    "sampling_max_tokens": Parameter("integer", 4096, 512, 8192),
    "rollout_max_concurrency": Parameter("integer", 96, 32, 96),
    "rollout_timeout": Parameter("integer", 600, 300, 86400),
    "rollout_max_retries": Parameter("integer", 3, 1, 10),
}
SAMPLING = tuple(name for name in USUAL if name not in (GROUP, THRESHOLD))
DOCUMENTS = ("job_config_document_str", "job_config_document_ft_str")
"""What the SDK's template calls the jobs' configurations, which are JSON as text."""


def hyperparameters(
    group: int, pass_k: Sequence[int], threshold: float, sampling: Mapping[str, int | float]
) -> dict[str, str]:
    """What a job is to be sent, as the texts that its API takes."""
    values = {GROUP: str(group), THRESHOLD: str(float(threshold)), PASS_K: json.dumps(list(pass_k))}
    return values | {name: str(value) for name, value in sorted(sampling.items())}


def send_hyperparameters(evaluator: Call, values: Mapping[str, str]) -> None:
    """Has the SDK's evaluator put these into the definition that it sends, in place of its own selection."""
    render = evaluator._render_pipeline_definition

    def render_with_them(template_str: str, context: Json) -> str:
        documents = {name: with_hyperparameters(context[name], values) for name in DOCUMENTS if context.get(name)}
        return str(render(template_str, context | documents))

    # The class refuses attributes it does not declare.
    object.__setattr__(evaluator, "_render_pipeline_definition", render_with_them)


def with_hyperparameters(document: str, values: Mapping[str, str]) -> str:
    """A job's configuration with these settings and no others."""
    configuration = json.loads(document)
    configuration["EvaluationConfig"]["HyperParameters"] = dict(values)
    return json.dumps(configuration)


def differing_settings(sent: Mapping[str, Any], wanted: Mapping[str, str]) -> list[str]:
    """Settings that did not arrive, a sentence each."""
    return [
        f"its {name} is {sent.get(name, 'not set')}, not {value}"
        for name, value in wanted.items()
        if str(sent.get(name)) != value
    ]


def meaningless_k(pass_k: Sequence[int], group: int, temperature: float) -> str:
    """Why these values of k make no sense; empty where they do."""
    most = max(pass_k, default=1)
    if most > group:
        return f"pass@{most} needs at least {most} rollouts per prompt; {group} are asked for"
    if most > 1 and not temperature:
        return (
            f"pass@{most} at temperature 0 is meaningless: {most} rollouts of a prompt are then near copies of one, "
            f"and pass@{most} is pass@1 at {most} times the cost"
        )
    return ""
