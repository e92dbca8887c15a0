"""One evaluation as SageMaker runs it: a pipeline execution and its steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from model_evaluation.kinds.llm_as_judge.runtime.result_files import SIDES, find_result_files

SDK_PIPELINES = "SagemakerEvaluation-LLMAJEvaluation"
ENDED = frozenset({"Succeeded", "CompletedWithFailures", "Failed", "Stopped"})
STEP_LABELS = {
    "CreateEvaluationAction": "Record the run's lineage",
    "EvaluateBaseInferenceModel": "Base model answers the prompts",
    "EvaluateCustomInferenceModel": "Fine-tuned model answers the prompts",
    "EvaluateBaseModelMetrics": "Judge scores the base model",
    "EvaluateCustomModelMetrics": "Judge scores the fine-tuned model",
    "AssociateLineage": "Link the results to the lineage",
    "InspectAIInference": "Model answers the prompts",
    "EvaluateWithJudge": "Judge scores the answers",
}
_TUNED_STEPS = ("EvaluateCustomInferenceModel", "EvaluateCustomModelMetrics")
_BASE_STEPS = ("EvaluateBaseInferenceModel", "EvaluateBaseModelMetrics")
JUDGE_STEPS = {"tuned": "EvaluateCustomModelMetrics", "base": "EvaluateBaseModelMetrics"}


@dataclass(frozen=True)
class StepState:
    """One step. Times are the service's; ``reason`` is the service's text when it failed, else empty."""

    name: str
    status: str
    started: datetime | None = None
    ended: datetime | None = None
    reason: str = ""
    job_arn: str | None = None

    @property
    def label(self) -> str:
        return STEP_LABELS.get(self.name, self.name)


@dataclass(frozen=True)
class ExecutionState:
    """An execution at one moment."""

    arn: str
    status: str
    created: datetime | None = None
    display_name: str = ""
    reason: str = ""
    steps: tuple[StepState, ...] = ()

    @property
    def execution_id(self) -> str:
        return self.arn.rsplit("/", 1)[-1]

    @property
    def running(self) -> bool:
        """Whether it has yet to end; a status we do not know counts as not ended."""
        return self.status not in ENDED

    def step(self, name: str) -> StepState | None:
        return next((step for step in self.steps if step.name == name), None)

    @property
    def failed_steps(self) -> tuple[StepState, ...]:
        """Failed steps first in time first; stopped ones when nothing failed."""
        failed = [step for step in self.steps if step.status == "Failed"]
        stopped = [step for step in self.steps if step.status in ("Stopped", "Stopping")]
        return tuple(sorted(failed or stopped, key=lambda step: (step.ended is None, str(step.ended))))


def expected_steps(scope: str) -> tuple[str, ...]:
    """Names of the steps the SDK's pipeline has for this scope, in the order they start."""
    if scope == "base":
        return _BASE_STEPS
    answers, scores = _TUNED_STEPS
    if scope == "tuned":
        return ("CreateEvaluationAction", answers, scores, "AssociateLineage")
    return ("CreateEvaluationAction", _BASE_STEPS[0], answers, _BASE_STEPS[1], scores, "AssociateLineage")


def read_execution(sagemaker: Any, arn: str) -> ExecutionState:
    """The execution now: one Describe and one ListSteps. AWS's exceptions pass through."""
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending", MaxResults=100)
    return ExecutionState(
        arn=arn,
        status=described["PipelineExecutionStatus"],
        created=described.get("CreationTime"),
        display_name=described.get("PipelineExecutionDisplayName", ""),
        reason=described.get("FailureReason", ""),
        steps=tuple(_read_step(step) for step in listed.get("PipelineExecutionSteps", [])),
    )


def _read_step(step: dict[str, Any]) -> StepState:
    jobs = (content for content in step.get("Metadata", {}).values() if isinstance(content, dict))
    return StepState(
        name=step["StepName"],
        status=step.get("StepStatus", "Starting"),
        started=step.get("StartTime"),
        ended=step.get("EndTime"),
        reason=step.get("FailureReason", ""),
        job_arn=next((content["Arn"] for content in jobs if "Arn" in content), None),
    )


class ListedRun(NamedTuple):
    """An execution as the service lists it; ``name`` is what it is shown as, ``started`` the service's time."""

    arn: str
    name: str
    status: str
    started: datetime | None


def listed_runs(sagemaker: Any, after: datetime) -> Iterator[ListedRun]:
    """The executions of the SDK's judge pipelines created later than ``after``, asked for page by page."""
    for page in sagemaker.get_paginator("list_pipelines").paginate(PipelineNamePrefix=SDK_PIPELINES):
        for pipeline in page["PipelineSummaries"]:
            pages = sagemaker.get_paginator("list_pipeline_executions").paginate(
                PipelineName=pipeline["PipelineName"], CreatedAfter=after
            )
            for listed in pages:
                for execution in listed["PipelineExecutionSummaries"]:
                    yield ListedRun(
                        str(execution["PipelineExecutionArn"]),
                        str(execution.get("PipelineExecutionDisplayName", "")),
                        str(execution.get("PipelineExecutionStatus", "")),
                        execution.get("StartTime"),
                    )


def execution_named(sagemaker: Any, name: str, after: datetime) -> str | None:
    """ARN of the execution that the SDK started under ``name``, which no other run has; ``None`` when there is none.

    The SDK appends a time stamp to the name. Only executions created later than ``after`` are looked at.
    """
    shown = re.compile(rf"{re.escape(name)}-\d+")
    return next((run.arn for run in listed_runs(sagemaker, after) if shown.fullmatch(run.name)), None)


def stop_command(arn: str) -> str:
    """The AWS CLI's command that ends an execution."""
    return f"aws sagemaker stop-pipeline-execution --region {arn.split(':')[3]} --pipeline-execution-arn {arn}"


def results_are_complete(state: ExecutionState, scope: str, s3: Any, output_uri: str) -> bool:
    """Whether every judge step of this scope succeeded and its rows are in S3, whatever else went wrong."""
    for side in SIDES[scope]:
        step = state.step(JUDGE_STEPS[side]) or state.step("EvaluateWithJudge")
        if step is None or step.status != "Succeeded":
            return False
    files = find_result_files(s3, output_uri, state.execution_id)
    return all(getattr(files, side) for side in SIDES[scope])
