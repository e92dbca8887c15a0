"""An evaluation with Inspect as SageMaker runs it: what the SDK is told, and what is read back of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.runtime.launch.durations import Load, Work
from model_evaluation.runtime.launch.evaluators import defined_steps, escape_pasted, refuse_other_arguments
from model_evaluation.runtime.launch.ledger import LaunchError
from model_evaluation.runtime.launch.pipelines import PipelineRuns
from model_evaluation.runtime.launch.service import COMMON_FAILURES, Call, RunState, Started, read_failures
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import AwsClients, AwsFailure
from model_evaluation.runtime.settings import Json

from .logs import SUFFIXES

if TYPE_CHECKING:
    from .settings import InspectSettings

STEP = "InspectAIEvaluation"
CONFIG = "inspect_config.yaml"
# AWS's guide names 2 to 5 minutes until the container runs and 15 to 30 until an endpoint of its own answers; how long
# a sample takes is the task's affair.
RUNNING = Work(frozenset({STEP}), (3.0, 40.0), (Load((0.05, 3.0), ("rows",)),))


class InspectRuns(PipelineRuns["InspectSettings"]):
    """The definition holds next to nothing: the configuration is a YAML file in S3 that its one step reads."""

    prefix = "SagemakerEvaluation-InspectAIEvaluation"
    quota = None  # an ordinary training job on a small instance
    work = (RUNNING,)
    failures = (*read_failures(__file__), *COMMON_FAILURES)
    labels = {STEP: "Inspect runs the tasks"}  # noqa: RUF012 - a constant table

    def named_in_parameters(self, settings: InspectSettings) -> Json:
        """The evaluator's arguments that have a parameter of their own."""
        target = settings.target
        return {
            "bedrock_model_id": target.bedrock,
            "endpoint_name": target.endpoint,
            "model_s3_uri": target.weights,
            "inference_image_uri": target.image,
            "endpoint_instance_type": target.instance_type,
            "benchmarks_path": settings.benchmarks,
            "tasks": settings.sdk_tasks,
            "output_format": "json",
            "extra_args": settings.extra_args,
            "role": settings.role_arn,
            "region": settings.region,
            **settings.decoding,
        }

    def start(self, call: Call, settings: InspectSettings, aws: AwsClients) -> Started:
        """Starts the SDK's evaluator, unless it says something else than the parameters cell."""
        refuse_other_arguments(call, self.named_in_parameters(settings))
        if not call.s3_output_path.startswith(f"{settings.s3_output}/"):
            raise LaunchError(
                f"The call passes s3_output_path={call.s3_output_path!r}; a folder below {settings.s3_output} is "
                "expected, since logs of all runs in one folder could not be told apart.",
                fix="Leave s3_output_path=settings.output_of(run_name) as it was.",
            )
        escape_pasted(call, ("s3_output_path", "config_s3_uri"))
        return super().start(call, settings, aws)

    def expected_steps(self, settings: InspectSettings) -> tuple[str, ...]:
        return (STEP,)

    def has_results(self, state: RunState, settings: InspectSettings, aws: AwsClients) -> bool:
        """Whether every task left a log, whatever became of the job: one whose samples fail may end as failed."""
        try:
            keys = log_keys(aws, logs_place(aws, state.arn))
        except (*AwsFailure, ValueError):
            return False
        return bool(keys) and len(keys) >= len(settings.tasks)

    def differences(self, aws: AwsClients, arn: str, name: str, settings: InspectSettings) -> list[str]:
        """How definition and configuration differ from the settings."""
        try:
            step = _step(aws, arn)
            config = read_config(aws, step)
        except ValueError as error:
            return [f"its definition cannot be read ({error})"]
        expected = {
            "inference_provider": settings.target.provider(settings.region),
            "benchmarks": {"s3_path": settings.benchmarks, "tasks": settings.sdk_tasks},
            "eval": {"decoding": settings.decoding, "extra_args": settings.extra_args},
            "output": {"s3_path": f"{settings.output_of(name)}/inspectai-results/", "output_format": "json"},
        }
        departures = [f"its {where} is {got!r}, not {wanted!r}" for where, wanted, got in _departures(expected, config)]
        if step.get("RoleArn") != settings.role_arn:
            departures.append(f"its role is {step.get('RoleArn')}")
        return departures


def _departures(expected: Json, actual: object, where: str = "") -> list[tuple[str, object, object]]:
    """Where a configuration lacks what is expected of it; what it has beside that does not matter."""
    departures: list[tuple[str, object, object]] = []
    own = actual if isinstance(actual, dict) else {}
    for name, wanted in expected.items():
        place, got = f"{where}.{name}".strip("."), own.get(name)
        if isinstance(wanted, dict):
            departures += _departures(wanted, got, place)
        elif got != wanted:
            departures.append((place, wanted, got))
    return departures


def _step(aws: AwsClients, arn: str) -> Json:
    answer = aws.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    steps = defined_steps(answer["PipelineDefinition"])
    if STEP not in steps:
        raise ValueError(f"it has the steps {', '.join(steps)}, which is not this evaluation")
    return steps[STEP]


def read_config(aws: AwsClients, step: Json) -> Json:
    """The configuration that the step's container gets. Raises ``ValueError`` for none."""
    import yaml  # comes with the SDK

    uri = step["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    bucket, prefix = S3Uri.parse(uri)
    body = aws.s3.get_object(Bucket=bucket, Key=f"{prefix.rstrip('/')}/{CONFIG}")["Body"].read()
    try:
        config = yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise ValueError(f"{uri}/{CONFIG} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise ValueError(f"{uri}/{CONFIG} holds no configuration")
    return config


def logs_place(aws: AwsClients, arn: str) -> str:
    """Where a run's logs lie: in a folder that its own definition names. Raises ``ValueError``, or what boto3 does."""
    output = _step(aws, arn).get("OutputDataConfig", {}).get("S3OutputPath")
    if not output:
        raise ValueError("its definition names no output")
    return f"{str(output).rstrip('/')}/inspectai-results/"


def log_keys(aws: AwsClients, place: str) -> list[str]:
    """The keys of the logs below an S3 prefix, sorted."""
    bucket, prefix = S3Uri.parse(place)
    pages = aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = (item["Key"] for page in pages for item in page.get("Contents", []))
    return sorted(key for key in keys if key.endswith(SUFFIXES) and not key.endswith("/logs.json"))
