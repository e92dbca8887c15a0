from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_evaluation.localaws import LocalAws, Scenario
from running_execution import seed_running_execution

STEP = 10.0  # the fixture's step_seconds


def steps_of(sagemaker: Any, arn: str) -> dict[str, dict[str, Any]]:
    listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    return {step["StepName"]: step for step in listed}


def status_of(sagemaker: Any, arn: str) -> str:
    return str(sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"])


def test_steps_follow_their_dependencies_on_the_clock(clock: Any, sagemaker: Any, start: Any) -> None:
    arn = start()
    assert {n: s["StepStatus"] for n, s in steps_of(sagemaker, arn).items()} == {"CreateEvaluationAction": "Executing"}
    clock.forward(STEP)
    assert {n: s["StepStatus"] for n, s in steps_of(sagemaker, arn).items()} == {
        "CreateEvaluationAction": "Succeeded",
        "EvaluateBaseInferenceModel": "Executing",
        "EvaluateCustomInferenceModel": "Executing",
    }
    clock.forward(STEP - 1)
    assert "EvaluateBaseModelMetrics" not in steps_of(sagemaker, arn)
    clock.forward(1)
    assert steps_of(sagemaker, arn)["EvaluateBaseModelMetrics"]["StepStatus"] == "Executing"
    assert status_of(sagemaker, arn) == "Executing"
    clock.forward(STEP)
    assert status_of(sagemaker, arn) == "Succeeded"
    metrics = steps_of(sagemaker, arn)["EvaluateCustomModelMetrics"]
    assert (metrics["EndTime"] - metrics["StartTime"]).total_seconds() == STEP


def test_the_outcome_does_not_depend_on_when_one_looks(clock: Any, sagemaker: Any, start: Any) -> None:
    arn = start()
    clock.forward(1000 * STEP)
    description = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    steps = steps_of(sagemaker, arn)
    first = steps["CreateEvaluationAction"]["StartTime"]
    last = max(step["EndTime"] for step in steps.values())
    assert (last - first).total_seconds() == 3 * STEP
    assert description["LastModifiedTime"] == last


def test_newest_steps_come_first_and_pages_join_up(sagemaker: Any, start: Any, finish: Any) -> None:
    arn = start()
    finish(arn)
    names = list(steps_of(sagemaker, arn))
    assert names[-1] == "CreateEvaluationAction"
    paginator = sagemaker.get_paginator("list_pipeline_execution_steps")
    pages = list(paginator.paginate(PipelineExecutionArn=arn, PaginationConfig={"PageSize": 2}))
    assert len(pages) == 3
    assert [step["StepName"] for page in pages for step in page["PipelineExecutionSteps"]] == names


def test_every_training_step_has_a_job(sagemaker: Any, start: Any, finish: Any, world: Any) -> None:
    done = finish(start())
    arn = done["Steps"]["EvaluateCustomModelMetrics"]["Metadata"]["TrainingJob"]["Arn"]
    job = sagemaker.describe_training_job(TrainingJobName=arn.rsplit("/", 1)[-1])
    assert job["TrainingJobStatus"] == "Completed"
    assert job["ServerlessJobConfig"]["EvaluationType"] == "LLMAJEvaluation"
    assert job["OutputDataConfig"]["S3OutputPath"] == world.output_uri
    execution_id = done["PipelineExecutionArn"].rsplit("/", 1)[-1]
    assert job["HyperParameters"]["name"] == f"custom-llmaj-eval-{execution_id}"
    assert len(job["TrainingJobName"]) <= 63


def test_a_failing_step_ends_the_execution_after_what_is_running(
    aws: LocalAws, start: Any, finish: Any, sagemaker: Any
) -> None:
    aws.scenario = Scenario(fail_step={"CustomInference": "ClientError: no capacity"})
    done = finish(start())
    assert done["PipelineExecutionStatus"] == "Failed"
    assert done["FailureReason"] == "Step failure: One or multiple steps failed."
    failed = done["Steps"]["EvaluateCustomInferenceModel"]
    assert (failed["StepStatus"], failed["FailureReason"]) == ("Failed", "ClientError: no capacity")
    assert done["Steps"]["EvaluateBaseInferenceModel"]["StepStatus"] == "Succeeded"
    assert "EvaluateBaseModelMetrics" not in done["Steps"]
    name = failed["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[-1]
    job = sagemaker.describe_training_job(TrainingJobName=name)
    assert (job["TrainingJobStatus"], job["FailureReason"]) == ("Failed", "ClientError: no capacity")


def test_completed_with_failures_finishes_the_other_branch(aws: LocalAws, start: Any, finish: Any) -> None:
    aws.scenario = Scenario(fail_step={"CustomInference": "boom"}, complete_with_failures=True)
    done = finish(start())
    assert done["PipelineExecutionStatus"] == "CompletedWithFailures"
    assert done["Steps"]["EvaluateBaseModelMetrics"]["StepStatus"] == "Succeeded"
    assert "EvaluateCustomModelMetrics" not in done["Steps"]


def test_stop_ends_running_steps_and_cannot_be_repeated(clock: Any, sagemaker: Any, start: Any, finish: Any) -> None:
    arn = start()
    clock.forward(STEP + 2)
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="0" * 32)
    done = finish(arn)
    assert done["PipelineExecutionStatus"] == "Stopped"
    assert done["Steps"]["EvaluateBaseInferenceModel"]["StepStatus"] == "Stopped"
    assert "EvaluateBaseModelMetrics" not in done["Steps"]
    with pytest.raises(ClientError, match="Current status is 'Stopped'"):
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="0" * 32)


def test_somebody_stops_it_in_the_console(aws: LocalAws, start: Any, finish: Any) -> None:
    aws.scenario = Scenario(stop_after="EvaluateBaseInferenceModel")
    done = finish(start())
    assert done["PipelineExecutionStatus"] == "Stopped"
    assert "EvaluateBaseModelMetrics" not in done["Steps"]


def test_a_step_can_hang_until_it_is_stopped(aws: LocalAws, sagemaker: Any, start: Any, finish: Any) -> None:
    aws.scenario = Scenario(hold_step="CustomModelMetrics")
    arn = start()
    done = finish(arn)
    assert done["PipelineExecutionStatus"] == "Executing"
    assert done["Steps"]["EvaluateCustomModelMetrics"]["StepStatus"] == "Executing"
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="0" * 32)
    assert finish(arn)["PipelineExecutionStatus"] == "Stopped"


def test_updating_a_pipeline_leaves_running_executions_alone(sagemaker: Any, start: Any) -> None:
    arn = start()
    name = arn.split("/")[1]
    before = sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"]
    sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=before.replace("Correctness", "Refusal"))
    ran = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    assert ran["PipelineDefinition"] == before
    assert "Refusal" in sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Input data was truncated"),
        ("{}", "missing required field `Steps`"),
        ('{"Steps": [{"Name": "A"}]}', "missing required field `Type`"),
        ('{"Steps": [{"Name": "A", "Type": "Fail", "DependsOn": ["B"]}]}', "which does not exist"),
        ('{"Steps": [], "MlflowConfig": {"MlflowResourceArn": "None"}}', "not an ARN"),
    ],
)
def test_unusable_definitions_are_refused(sagemaker: Any, world: Any, text: str, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        sagemaker.create_pipeline(
            PipelineName="bad", ClientRequestToken="0" * 32, RoleArn=world.role_arn, PipelineDefinition=text
        )
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_pipeline(PipelineName="bad")


def test_a_step_without_its_arguments_fails_instead_of_breaking_everything(
    sagemaker: Any, world: Any, finish: Any
) -> None:
    definition = {"Steps": [{"Name": "Odd", "Type": "Training", "Arguments": {}}]}
    sagemaker.create_pipeline(
        PipelineName="odd",
        ClientRequestToken="0" * 32,
        RoleArn=world.role_arn,
        PipelineDefinition=json.dumps(definition),
    )
    arn = sagemaker.start_pipeline_execution(PipelineName="odd", ClientRequestToken="1" * 32)
    done = finish(arn["PipelineExecutionArn"])
    assert done["PipelineExecutionStatus"] == "Failed"
    assert "OutputDataConfig" in done["Steps"]["Odd"]["FailureReason"]


def test_pipelines_are_found_by_prefix_and_tag(aws: LocalAws, sagemaker: Any, world: Any) -> None:
    aws.scenario = Scenario(hold_step="Evaluate")
    arn = seed_running_execution(aws, world)
    prefix = "SagemakerEvaluation-LLMAJEvaluation"
    (pipeline,) = sagemaker.list_pipelines(PipelineNamePrefix=prefix)["PipelineSummaries"]
    tags = sagemaker.list_tags(ResourceArn=pipeline["PipelineArn"])["Tags"]
    assert tags == [{"Key": "SagemakerModelEvaluation", "Value": "true"}]
    (running,) = sagemaker.list_pipeline_executions(PipelineName=pipeline["PipelineName"])["PipelineExecutionSummaries"]
    assert running["PipelineExecutionArn"] == arn
    assert running["PipelineExecutionStatus"] == "Executing"


def test_failing_jobs_leave_log_lines(aws: LocalAws, clients: Any, start: Any, finish: Any) -> None:
    aws.scenario = Scenario(fail_step={"CustomInference": "out of memory"})
    done = finish(start())
    name = done["Steps"]["EvaluateCustomInferenceModel"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[-1]
    group = "/aws/sagemaker/TrainingJobs"
    logs = clients("logs")
    (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=name)["logStreams"]
    assert stream["logStreamName"].startswith(name)
