"""Runs that are executions of a SageMaker pipeline, started by an evaluator of the SageMaker SDK."""

from __future__ import annotations

import re
import secrets
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from model_evaluation.runtime.settings import Json

from .progress import in_jupyter
from .service import AnySettings, Call, ListedRun, Runs, RunState, Started, Step

if TYPE_CHECKING:
    from model_evaluation.runtime.session import AwsClients

# How the SDK words an answer of AWS that refused; anything else may have come back, or not, after a start.
START_REFUSED = re.compile(r"AWS service error: (?!.*(internal|unavailable|time(d )?out))", re.IGNORECASE | re.DOTALL)


class PipelineRuns(Runs[AnySettings]):
    """The SDK keeps one pipeline per account, region and type of evaluation and overwrites it before each start. When
    two people start at the same moment, one of them gets the other's definition; nothing but reading it back tells.
    """

    prefix: ClassVar[str]
    """How the SDK's pipelines of this type are called."""
    quota: ClassVar[tuple[str, str] | None] = ("sagemaker", "L-619D690E")  # concurrent serverless evaluation jobs
    beside_others = (
        "The SDK shares one pipeline between all of them; the notebook compares what runs with what was meant, and "
        "starts again if somebody else's start came between."
    )

    def start(self, call: Call, settings: AnySettings, aws: AwsClients) -> Started:
        """Starts it through the SDK's evaluator, which hides the errors, and even an interrupt, of the start."""
        take_tags_as_dictionaries()
        with sdk_progress_hidden():
            execution = call.evaluate()
        if execution is None:
            return Started(None, "the start was interrupted")
        if execution.arn:
            return Started(str(execution.arn))  # also when the SDK calls it Failed: only its own Describe failed then
        reason = getattr(execution.status, "failure_reason", None) or "the SDK gave no reason"
        return Started(None, reason, refused=START_REFUSED.match(reason) is not None)

    def describe(self, aws: AwsClients, arn: str) -> RunState:
        """One Describe and one ListSteps."""
        run = self.status(aws, arn)
        steps = aws.sagemaker.list_pipeline_execution_steps(
            PipelineExecutionArn=arn, SortOrder="Ascending", MaxResults=100
        )
        return replace(run, steps=tuple(_step(step) for step in steps.get("PipelineExecutionSteps", [])))

    def status(self, aws: AwsClients, arn: str) -> RunState:
        run = aws.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return RunState(
            arn=arn,
            status=str(run["PipelineExecutionStatus"]),
            created=run.get("CreationTime"),
            name=run.get("PipelineExecutionDisplayName", ""),
            reason=run.get("FailureReason", ""),
        )

    def stop(self, aws: AwsClients, arn: str) -> None:
        aws.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=secrets.token_hex(16))

    def show_command(self, arn: str) -> str:
        return self._command("describe", arn)

    def stop_command(self, arn: str) -> str:
        return self._command("stop", arn)

    def _command(self, verb: str, arn: str) -> str:
        return f"aws sagemaker {verb}-pipeline-execution --region {arn.split(':')[3]} --pipeline-execution-arn {arn}"

    def recent(self, aws: AwsClients, after: datetime) -> Iterator[ListedRun]:
        for page in aws.sagemaker.get_paginator("list_pipelines").paginate(PipelineNamePrefix=self.prefix):
            for pipeline in page["PipelineSummaries"]:
                executions = aws.sagemaker.get_paginator("list_pipeline_executions").paginate(
                    PipelineName=pipeline["PipelineName"], CreatedAfter=after
                )
                for page_of_runs in executions:
                    yield from map(_listed, page_of_runs["PipelineExecutionSummaries"])

    def differences(self, aws: AwsClients, arn: str, name: str, settings: AnySettings) -> list[str]:
        answer = aws.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
        return self.definition_differences(answer["PipelineDefinition"], name, settings)

    def definition_differences(self, definition: str, name: str, settings: AnySettings) -> list[str]:
        """How a pipeline definition differs from the settings, a sentence each."""
        raise NotImplementedError


def take_tags_as_dictionaries() -> None:
    """Lets the SDK start with Python 3.14 and later, too: there its ``Pipeline.create`` (3.27) refuses the tags that it
    makes itself. Annotations are read late, when ``Tag`` means another class; dictionaries pass with every Python."""
    if execution := sys.modules.get("sagemaker.train.evaluate.execution"):
        vars(execution)["Tag"] = dict


def _step(step: Json) -> Step:
    jobs = (content for content in step.get("Metadata", {}).values() if isinstance(content, dict))
    return Step(
        name=step["StepName"],
        status=step.get("StepStatus", "Starting"),
        started=step.get("StartTime"),
        ended=step.get("EndTime"),
        reason=step.get("FailureReason", ""),
        job_arn=next((content["Arn"] for content in jobs if "Arn" in content), None),
    )


def _listed(execution: Json) -> ListedRun:
    """The SDK appends a time stamp to the name that it is given."""
    return ListedRun(
        str(execution["PipelineExecutionArn"]),
        re.sub(r"-\d+$", "", str(execution.get("PipelineExecutionDisplayName", ""))),
        str(execution.get("PipelineExecutionStatus", "")),
        execution.get("StartTime"),
    )


@contextmanager
def sdk_progress_hidden() -> Iterator[None]:
    """Without the SDK's own progress display, which leaves an empty box (or a warning) behind; ours follows."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message='install "ipywidgets"')
        if not in_jupyter():
            yield
            return
        from IPython.utils.capture import capture_output

        with capture_output(stdout=False, stderr=False):
            yield
