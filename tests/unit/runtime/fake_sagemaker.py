"""Small stand-ins for the clients that launching and waiting are handed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from model_evaluation.kinds.llm_as_judge.runtime.settings import JudgeSettings
from model_evaluation.runtime.session import AwsClients

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PIPELINE = "SagemakerEvaluation-LLMAJEvaluation-0001"
ARN = f"arn:aws:sagemaker:us-west-2:123456789012:pipeline/{PIPELINE}/execution/"
PARAMETERS: dict[str, Any] = {
    "REGION": "us-west-2",
    "ROLE_ARN": "arn:aws:iam::123456789012:role/EvaluationRole",
    "MODEL_PACKAGE_ARN": "arn:aws:sagemaker:us-west-2:123456789012:model-package/support-bot/3",
    "DATASET": "s3://acme-data/evaluation/support.jsonl",
    "JUDGE_MODEL": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "BUILTIN_METRICS": ["Correctness", "Helpfulness"],
    "CUSTOM_METRICS": None,
    "PRIMARY_METRIC": "Correctness",
    "EVALUATE_BASE_MODEL": True,
    "REFERENCE_MODEL_ARN": None,
    "S3_OUTPUT": "s3://acme-data/results",
    "MLFLOW_RESOURCE_ARN": "arn:aws:sagemaker:us-west-2:123456789012:mlflow-app/app-1",
    "MLFLOW_EXPERIMENT": None,
    "POLL_SECONDS": 30,
    "TIMEOUT_MINUTES": 240,
    "RUN_LABEL": "support-bot",
    "FORCE_NEW_RUN": False,
    "RESULTS_DIR": "results",
    "DATASET_ETAG": "",
    "DATASET_NOTES": [],
}


def settings_with(**changes: Any) -> JudgeSettings:
    return JudgeSettings.from_parameters(PARAMETERS | changes)


def client_error(code: str, message: str = "", *, status: int = 400, operation: str = "Describe") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


def step(name: str, status: str = "Succeeded", *, reason: str = "", minutes: int = 5) -> dict[str, Any]:
    ended = status in ("Succeeded", "Failed", "Stopped")
    return {
        "StepName": name,
        "StepStatus": status,
        "StartTime": START,
        **({"EndTime": START + timedelta(minutes=minutes)} if ended else {}),
        **({"FailureReason": reason} if reason else {}),
        "Metadata": {"TrainingJob": {"Arn": f"arn:aws:sagemaker:us-west-2:123456789012:training-job/job-{name}"}},
    }


def all_steps(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The six steps of a comparison, succeeded unless told otherwise."""
    names = (
        "CreateEvaluationAction",
        "EvaluateBaseInferenceModel",
        "EvaluateCustomInferenceModel",
        "EvaluateBaseModelMetrics",
        "EvaluateCustomModelMetrics",
        "AssociateLineage",
    )
    return [changes.get(name) or step(name) for name in names]


Answer = tuple[str, list[dict[str, Any]]] | Exception


class AtAws:
    """A client whose endpoint is AWS's own."""

    meta = SimpleNamespace(endpoint_url="https://service.us-west-2.amazonaws.com")


class FakeSageMaker(AtAws):
    """Plays ``answers`` to Describe, one per poll, the last one for ever; an exception is raised instead."""

    def __init__(self, *answers: Answer, reason: str = "") -> None:
        self.answers = list(answers)
        self.reason = reason
        self.names: dict[str, str] = {}  # display name -> arn
        self.listed: dict[str, str] = {}  # arn -> status in listings, where it is not Executing
        self.definitions: dict[str, str] = {}  # arn -> definition
        self.stopped: list[str] = []
        self.denied: dict[str, ClientError] = {}
        self.jobs: dict[str, str] = {}
        self.calls: list[str] = []
        self._steps: list[dict[str, Any]] = []

    def _called(self, operation: str) -> None:
        self.calls.append(operation)
        if operation in self.denied:
            raise self.denied[operation]

    def describe_pipeline_execution(self, PipelineExecutionArn: str) -> dict[str, Any]:  # noqa: N803
        self._called("describe")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, self._steps = answer
        shown = next((name for name, arn in self.names.items() if arn == PipelineExecutionArn), "run-1")
        return {
            "PipelineExecutionArn": PipelineExecutionArn,
            "PipelineExecutionStatus": status,
            "PipelineExecutionDisplayName": shown,
            "CreationTime": START,
            **({"FailureReason": self.reason} if self.reason else {}),
        }

    def list_pipeline_execution_steps(self, **_: Any) -> dict[str, Any]:
        self._called("steps")
        return {"PipelineExecutionSteps": self._steps}

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        self._called("job")
        return {"FailureReason": self.jobs.get(TrainingJobName, "")}

    def describe_pipeline_definition_for_execution(self, PipelineExecutionArn: str) -> dict[str, Any]:  # noqa: N803
        self._called("definition")
        return {"PipelineDefinition": self.definitions[PipelineExecutionArn]}

    def stop_pipeline_execution(self, PipelineExecutionArn: str, **_: Any) -> None:  # noqa: N803
        self._called("stop")
        self.stopped.append(PipelineExecutionArn)

    def get_paginator(self, operation: str) -> Any:
        def paginate(**arguments: Any) -> Iterator[dict[str, Any]]:
            self._called(operation)
            if operation == "list_pipelines":
                assert PIPELINE.startswith(arguments["PipelineNamePrefix"])
                yield {"PipelineSummaries": []}
                yield {"PipelineSummaries": [{"PipelineName": PIPELINE}]}
            else:
                assert arguments["PipelineName"] == PIPELINE
                yield {"PipelineExecutionSummaries": [{"PipelineExecutionArn": "arn:no-name"}]}
                yield {
                    "PipelineExecutionSummaries": [
                        {
                            "PipelineExecutionArn": arn,
                            "PipelineExecutionDisplayName": name,
                            "PipelineExecutionStatus": self.listed.get(arn, "Executing"),
                            "StartTime": START,
                        }
                        for name, arn in self.names.items()
                    ]
                }

        return type("Paginator", (), {"paginate": staticmethod(paginate)})


class FakeS3(AtAws):
    """Lists ``keys``; the dataset has ``rows``."""

    def __init__(self, *keys: str, rows: int = 60) -> None:
        self.keys, self.rows = keys, rows

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(b'{"query": "Four"}\n' * self.rows)}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_objects_v2"

        def paginate(**_: Any) -> Iterator[dict[str, Any]]:
            yield {"Contents": [{"Key": key, "LastModified": START} for key in self.keys]}

        return type("Paginator", (), {"paginate": staticmethod(paginate)})


def result_keys(execution_id: str, *sides: str) -> list[str]:
    tail = "models/m/taskTypes/General/datasets/d/0_output.jsonl"
    return [f"results/{side}-llmaj-eval-{execution_id}/abc123/{tail}" for side in sides]


class FakeLogs(AtAws):
    """One log stream with ``lines``, or ``error`` for whoever asks."""

    def __init__(self, *lines: str, error: Exception | None = None) -> None:
        self.lines, self.error = lines, error
        self.calls: list[str] = []

    def describe_log_streams(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append("streams")
        if self.error:
            raise self.error
        name = f"{arguments['logStreamNamePrefix']}algo-1-1"
        older = {"logStreamName": f"{name}-old", "lastEventTimestamp": 1}
        return {"logStreams": [older, {"logStreamName": name, "lastEventTimestamp": 2}] if self.lines else []}

    def get_log_events(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append("events")
        assert arguments["logStreamName"].endswith("algo-1-1")
        return {"events": [{"message": line} for line in self.lines[-arguments["limit"] :]]}


class FakeSession:
    """A boto3 session that has the service of quotas; ``limit`` is ``None`` for a quota that is not published."""

    def __init__(self, limit: float | None = None) -> None:
        self.limit = limit

    def client(self, service: str, region_name: str, config: Any) -> FakeSession:
        assert config.connect_timeout <= 5, "a network without a way to the service must not hold up the start"
        assert (service, region_name) == ("service-quotas", "us-west-2")
        return self

    def get_service_quota(self, **_: str) -> dict[str, Any]:
        raise client_error("NoSuchResourceException")

    def get_aws_default_service_quota(self, **_: str) -> dict[str, Any]:
        if self.limit is None:
            raise client_error("NoSuchResourceException")
        return {"Quota": {"Value": self.limit}}


def clients(sagemaker: Any, s3: Any = None, logs: Any = None, limit: float | None = None) -> AwsClients:
    made = {"sagemaker": sagemaker, "s3": s3 or FakeS3(), "logs": logs or FakeLogs()}
    return AwsClients("us-west-2", FakeSession(limit), made)


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.naps: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.seconds += seconds
        self.on_sleep()


def definition_for(settings: JudgeSettings, name: str, **replaced: str) -> str:
    """The parts of the SDK's pipeline definition that are read back."""
    source = {"S3DataSource": {"S3Uri": settings.dataset}}
    inference: dict[str, Any] = {
        "RoleArn": settings.role_arn,
        "ServerlessJobConfig": {
            "BaseModelArn": "arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/llama/1.0.0"
        },
        "InputDataConfig": [{"DataSource": source}],
    }
    parameters: dict[str, Any] = {
        "judge_model_id": settings.judge,
        "llmaj_metrics": json.dumps(list(settings.builtin_metrics)),
        "output_path": settings.s3_output,
    }
    if settings.custom_metrics:
        parameters["custom_metrics"] = (
            f"{settings.s3_output}/evaluationinputs/{name}20260301-120000/custom-metrics.json"
        )
    metrics = {"HyperParameters": parameters}
    base = {"EvaluateBaseInferenceModel": inference, "EvaluateBaseModelMetrics": metrics}
    package = {"ModelPackageConfig": {"SourceModelPackageArn": settings.model}}
    custom = {"EvaluateCustomInferenceModel": inference | package, "EvaluateCustomModelMetrics": metrics}
    steps = {"compare": base | custom, "tuned": custom, "base": base}[settings.scope]
    text = json.dumps({"Steps": [{"Name": key, "Arguments": value} for key, value in steps.items()]})
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text
