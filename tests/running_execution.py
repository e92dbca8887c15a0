"""An evaluation that somebody else in the account is running."""

from __future__ import annotations

import json

from model_evaluation.kinds.llm_as_judge.localaws.player import World
from model_evaluation.localaws import LocalAws


def seed_running_execution(aws: LocalAws, world: World) -> str:
    """Somebody else's LLM-as-judge evaluation, started just now; returns its execution ARN.

    It runs on the account's shared pipeline, which the SDK finds by name and tag. Set the scenario's
    ``hold_step`` to keep it running.
    """
    name = "SagemakerEvaluation-LLMAJEvaluation-0c1d2e3f-4a5b-4c6d-8e7f-901234567890"
    step = {
        "Name": "EvaluateCustomInferenceModel",
        "Type": "Training",
        "Arguments": {
            "RoleArn": world.role_arn,
            "ServerlessJobConfig": {
                "BaseModelArn": world.base_model_arn,
                "AcceptEula": True,
                "JobType": "Evaluation",
                "EvaluationType": "BenchmarkEvaluation",
            },
            "HyperParameters": {"name": "CustomInference", "task": "inference_only"},
            "OutputDataConfig": {"S3OutputPath": f"s3://{world.bucket}/evaluations/somebody-else"},
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": world.dataset_uri}},
                }
            ],
        },
    }
    sagemaker = aws.client("sagemaker", world.region)
    sagemaker.create_pipeline(
        PipelineName=name,
        ClientRequestToken="somebody-else-creates-a-pipeline",
        RoleArn=world.role_arn,
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": [step]}),
        Tags=[{"Key": "SagemakerModelEvaluation", "Value": "true"}],
    )
    started = sagemaker.start_pipeline_execution(
        PipelineName=name,
        PipelineExecutionDisplayName="somebody-else-1",
        ClientRequestToken="somebody-else-starts-an-execution",
    )
    return str(started["PipelineExecutionArn"])
