"""The container's jobs as SageMaker runs them: how long they take, what fails, and what is read back."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_evaluation.runtime.launch.durations import Load, Work
from model_evaluation.runtime.launch.failures import COMMON_FAILURES, read_failures
from model_evaluation.runtime.launch.ledger import LaunchError
from model_evaluation.runtime.launch.service import Started
from model_evaluation.runtime.launch.training_jobs import JOB, TrainingJobRuns
from model_evaluation.runtime.settings import Json

if TYPE_CHECKING:
    from model_evaluation.runtime.session import AwsClients

    from .settings import NovaSettings

TRAIN = "train"
# Two anchors have been published: 40 rows took 20 to 40 minutes on ml.g5.12xlarge, 5 rows 11. Most of that is the
# instance's start and the model's loading; what a row adds is assumed.
ANSWERING = Work(frozenset({JOB}), (10.0, 20.0), (Load((1.0, 20.0), ("rows",)),))


class NovaRuns(TrainingJobRuns["NovaSettings"]):
    labels = {JOB: "The Nova container evaluates the model"}  # noqa: RUF012 - a constant table
    failures = (*read_failures(Path(__file__).with_name("failures.toml")), *COMMON_FAILURES)
    work = (ANSWERING,)

    def start(self, call: Any, settings: NovaSettings, aws: AwsClients) -> Started:
        """Starts the SDK's trainer, or what the estimator of SDK v2 is to ``fit``, unless it says something else than
        the parameters cell."""
        estimator = getattr(call.func, "__self__", None) if isinstance(call, partial) else None
        for argument, (value, meant) in _given_to_fit(estimator, settings) if estimator else _given(call, settings):
            if value != meant:
                raise LaunchError(
                    f"The call passes {argument}={value!r}, the parameters cell says {meant!r}. The report and a later "
                    "run go by the parameters cell, so nothing was started.",
                    fix="Change the value in the parameters cell and run the notebook again from there.",
                )
        if estimator is None:
            return super().start(call, settings, aws)
        call()
        job = self.job(aws, str(call.keywords["job_name"]))
        return Started(str(job["TrainingJobArn"]))

    def job_differences(self, job: Json, settings: NovaSettings) -> list[str]:
        inputs = {channel["ChannelName"]: channel for channel in job.get("InputDataConfig", [])}
        source = inputs.get(TRAIN, {}).get("DataSource", {}).get("S3DataSource", {}).get("S3Uri", "")
        parameters = job.get("HyperParameters", {})
        package = job.get("ModelPackageConfig", {}).get("SourceModelPackageArn")
        model = package or parameters.get("base_model_location") or parameters.get("base_model") or ""
        found = {
            "model": (str(model).strip('"'), settings.model),
            "data": (source, settings.dataset),
            "image": (job.get("AlgorithmSpecification", {}).get("TrainingImage"), settings.image_uri),
            "role": (job.get("RoleArn"), settings.role_arn),
            "instance type": (job.get("ResourceConfig", {}).get("InstanceType"), settings.instance_type),
            "number of instances": (job.get("ResourceConfig", {}).get("InstanceCount"), settings.replicas),
        }
        return [f"its {name} is {value or 'none'}" for name, (value, meant) in found.items() if (value or "") != meant]


Given = Iterable[tuple[str, tuple[object, object]]]
"""Arguments of a call: what it passes, and what the parameters cell says."""


def _given(call: Any, settings: NovaSettings) -> Given:
    yield "training_image", (call.training_image, settings.image_uri)
    yield "role", (call.role, settings.role_arn)
    yield "compute.instance_type", (call.compute.instance_type, settings.instance_type)
    yield "compute.instance_count", (call.compute.instance_count, settings.replicas)
    yield "output_data_config.s3_output_path", (call.output_data_config.s3_output_path, settings.s3_output)


def _given_to_fit(estimator: Any, settings: NovaSettings) -> Given:
    yield "image_uri", (estimator.image_uri, settings.image_uri)
    yield "role", (estimator.role, settings.role_arn)
    yield "instance_type", (estimator.instance_type, settings.instance_type)
    yield "instance_count", (estimator.instance_count, settings.replicas)
    yield "output_path", (estimator.output_path, settings.s3_output)
