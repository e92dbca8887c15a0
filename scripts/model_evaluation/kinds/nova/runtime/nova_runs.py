"""The container's jobs as SageMaker runs them: how long they take, what fails, and what is read back."""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

from model_evaluation.runtime.launch.durations import Load, Work
from model_evaluation.runtime.launch.ledger import LaunchError
from model_evaluation.runtime.launch.service import COMMON_FAILURES, Call, Started, read_failures
from model_evaluation.runtime.launch.training_jobs import JOB, TrainingJobRuns
from model_evaluation.runtime.settings import Json

if TYPE_CHECKING:
    from model_evaluation.runtime.session import AwsClients

    from .settings import NovaSettings

TRAIN = "train"
# Two anchors have been published: 40 rows took 20 to 40 minutes on ml.g5.12xlarge, 5 rows 11. Most of that is the
# instance's start and the model's loading; what a row adds is assumed.
ANSWERING = Work(frozenset({JOB}), (10.0, 20.0), (Load((1.0, 20.0), ("rows",)),))


# What the call says of each part of the settings: SDK v3's trainer, and the estimator of v2.
TRAINER = {
    "training_image": "image_uri",
    "role": "role_arn",
    "compute.instance_type": "instance_type",
    "compute.instance_count": "replicas",
    "output_data_config.s3_output_path": "s3_output",
}
ESTIMATOR = {
    "image_uri": "image_uri",
    "role": "role_arn",
    "instance_type": "instance_type",
    "instance_count": "replicas",
    "output_path": "s3_output",
}


class NovaRuns(TrainingJobRuns["NovaSettings"]):
    labels = {JOB: "The Nova container evaluates the model"}  # noqa: RUF012 - a constant table
    failures = (*read_failures(__file__), *COMMON_FAILURES)
    work = (ANSWERING,)

    def start(self, call: Call, settings: NovaSettings, aws: AwsClients) -> Started:
        """Starts the SDK's trainer, or what the estimator of SDK v2 is to ``fit``, unless it says something else than
        the parameters cell."""
        estimator = getattr(call.func, "__self__", None) if isinstance(call, partial) else None
        for argument, name in (ESTIMATOR if estimator else TRAINER).items():
            value, meant = attrgetter(argument)(estimator or call), getattr(settings, name)
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
