"""One job: its record as its Describe operation returns it, its log lines, what its role lets it read and write; and
what every serverless evaluation job does before its own work: find models, data and tracking."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.operations import JobFailure, Record, Resource, timestamp
from model_evaluation.localaws.policies import policies_of
from model_evaluation.localaws.services.mlflow import APPS, SERVERS
from model_evaluation.localaws.services.models import PACKAGES, find_content
from model_evaluation.lookups.iam import Policy, decide
from model_evaluation.runtime.rows import DatasetRow, read_dataset_row
from model_evaluation.runtime.s3_uri import S3Uri

STREAM = "algo-1-1"


def _job_type(word: str) -> Resource:
    """Training, transform and plain jobs differ in the word that begins the names of their members."""
    return Resource(
        f"{word}Job",
        key=f"{word}JobName",
        prefix=f"{word.lower()}-job".removeprefix("-"),
        summaries=f"{word}JobSummaries",
        filters={"StatusEquals": f"{word}JobStatus", "JobCategory": "JobCategory"},
        # SageMaker's own words, and its own code, for a job that is not there.
        absent=("ValidationException", "Requested resource not found."),
    )


TRAINING = _job_type("Training")
JOB_TYPES = {"Training": TRAINING, "Transform": _job_type("Transform"), "Job": _job_type("")}
"""By the type of the pipeline's step that runs one."""


class ResultFile(NamedTuple):
    """An object to be written: ``key`` is relative to the output prefix."""

    key: str
    body: bytes


@dataclass
class Job:
    """One job, of a pipeline's step or started on its own.

    ``arguments`` are those of its Create operation; ``label`` is the step's name, else the job's. ``started`` is in
    seconds since 1970, and so is ``stopped`` once somebody has asked for its end.
    """

    cloud: Cloud
    region: str
    type: Resource
    name: str
    arguments: Record
    started: float
    label: str
    stopped: float | None = None

    @property
    def arn(self) -> str:
        return self.type.arn(self.cloud, self.region, self.name)

    @property
    def record(self) -> Record:
        """What Describe returns of it, once it has begun."""
        return self.type.table(self.cloud, self.region)[self.arn]

    @property
    def _word(self) -> str:
        return self.type.word.removesuffix("Job")

    @property
    def hyperparameters(self) -> Record:
        hyperparameters: Record = self.arguments.get("HyperParameters", {})
        return hyperparameters

    @property
    def role(self) -> str:
        """The execution role; empty for a transform job, which has its model's."""
        return str(self.arguments.get("RoleArn", ""))

    @property
    def s3(self) -> BaseClient:
        """S3 without any role's limits; see :meth:`require`."""
        return self.cloud.own_client("s3", self.region)

    # Its record

    def begin(self) -> None:
        """Records it as running. Raises ``KeyError`` and the like for unusable arguments."""
        started = timestamp(self.started)
        record = {
            **self.arguments,
            self.type.key: self.name,
            f"{self.type.word}Arn": self.arn,
            "SecondaryStatusTransitions": [],
            "CreationTime": started,
            f"{self._word}StartTime": started,
        }
        if self.type is TRAINING:
            output = self.arguments["OutputDataConfig"]["S3OutputPath"]
            record["ModelArtifacts"] = {"S3ModelArtifacts": f"{output}/{self.name}/output"}
            record["HyperParameters"] = {
                key: value if isinstance(value, str) else json.dumps(value)
                for key, value in self.hyperparameters.items()
            }
            record["RoleArn"] = self.arguments["RoleArn"]
            record.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": 86400})
        self.type.table(self.cloud, self.region)[self.arn] = record
        self._update("InProgress", "Training" if self.type is TRAINING else "InProgress", self.started)
        self._log(self.started, f"{self._word} job {self.name} of {self.label} started")

    def stop(self, when: float) -> None:
        """Asks for its end."""
        if self.stopped is None:
            self.stopped = when
            self._update("Stopping", "Stopping", when)

    def end(self, status: str, when: float, failure: str | None = None) -> None:
        """Records its end; ``status`` is Completed, Failed or Stopped."""
        seconds = max(1, int(when - self.started))
        more: Record = {f"{self._word}EndTime": timestamp(when)}
        more |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        if failure is not None:
            more["FailureReason"] = failure
        self._update(status, status, when, more)
        self._log(when, failure or f"{self._word} job {status}")

    def _update(self, status: str, secondary: str, when: float, more: Record | None = None) -> None:
        statuses = {f"{self.type.word}Status": status, "SecondaryStatus": secondary, "JobSecondaryStatus": secondary}
        self.record.update({**statuses, "LastModifiedTime": timestamp(when), **(more or {})})

    def _log(self, when: float, line: str) -> None:
        """Appends one line to its log stream; ``when`` is in seconds since 1970."""
        logs = self.cloud.own_client("logs", self.region)
        category = self.arguments.get("JobCategory")
        group = f"/aws/sagemaker/Job/{category}" if category else f"/aws/sagemaker/{self.type.word}s"
        stream = f"{self.name}/{STREAM}"
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group)
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        event = {"timestamp": int(when * 1000), "message": f"[SIMULATED] {line}"}
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])

    # Its work

    @functools.cached_property
    def _policies(self) -> list[tuple[str, Policy]]:
        return policies_of(self.cloud, self.role)

    def read(self, uri: str) -> bytes:
        """The first object under an S3 URI. Raises :class:`JobFailure` as the service does."""
        bucket, key = S3Uri.parse(uri)
        self.require("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        try:
            listing = self.s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
            first = listing["Contents"][0]["Key"]
            return bytes(self.s3.get_object(Bucket=bucket, Key=first)["Body"].read())
        except (ClientError, KeyError) as error:
            raise JobFailure(
                f'ClientError: No S3 objects found under S3 URL "{uri}" given in input data source. Please '
                f"ensure that the bucket exists in the selected region ({self.region}), that objects exist "
                f'under that S3 prefix, and that the role "{self.role}" has "s3:ListBucket" permissions on '
                f'bucket "{bucket}".'
            ) from error

    def write(self, files: Iterable[ResultFile], output_uri: str) -> None:
        """Writes files under the output prefix, which must lie in the job's own region."""
        bucket, prefix = S3Uri.parse(output_uri)
        self.require("s3:PutObject", f"arn:aws:s3:::{bucket}/{prefix}/output")
        try:
            home = self.s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
        except ClientError as error:
            raise JobFailure(f"ClientError: The specified bucket {bucket} does not exist") from error
        if home != self.region:
            raise JobFailure(
                f"ClientError: The bucket is in this region: {home}. Please use a bucket in {self.region}."
            )
        for file in files:
            key = "/".join(part for part in (prefix.strip("/"), file.key) if part)
            self.s3.put_object(Bucket=bucket, Key=key, Body=file.body)

    def require(self, action: str, resource: str) -> None:
        """Raises :class:`JobFailure` when the execution role, if the job has one, may not do this."""
        if self.role and decide(self._policies, action, resource, {}).decision != "allowed":
            raise JobFailure(
                f"ClientError: An error occurred (AccessDeniedException) when calling the "
                f"{action.partition(':')[2]} operation: User: {self.role} is not authorized to perform: "
                f"{action} on resource: {resource}"
            )


def evaluation_of(job: Job) -> tuple[str | None, str | None]:
    """The job's evaluation type and task, by which a kind knows its own."""
    return job.arguments.get("ServerlessJobConfig", {}).get("EvaluationType"), job.hyperparameters.get("task")


def has_tuned_model(job: Job) -> bool:
    """Whether the job runs the fine-tuned model. Raises :class:`JobFailure` unless its models can be used."""
    base_arn = job.arguments["ServerlessJobConfig"]["BaseModelArn"]
    content = find_content(job.cloud, job.region, base_arn.partition(":hub-content/")[2])
    recipes = json.loads(content["HubContentDocument"]).get("RecipeCollection", []) if content else []
    if not any(recipe.get("Type") == "Evaluation" for recipe in recipes):
        raise JobFailure(f"DownstreamServiceUnavailable: no evaluation recipe for base model {base_arn}")
    package_config = job.arguments.get("ModelPackageConfig")
    if not package_config:
        return False
    arn = package_config["SourceModelPackageArn"]
    package = PACKAGES.table(job.cloud, job.region).get(arn)
    if package is None or package["ModelPackageStatus"] != "Completed":
        raise JobFailure(f"ClientError: Model package {arn} does not exist or is not in status Completed")
    for container in package.get("InferenceSpecification", {}).get("Containers", []):
        if weights := container.get("ModelDataSource", {}).get("S3DataSource", {}):
            job.read(weights["S3Uri"])
            if weights.get("ModelAccessConfig", {}).get("AcceptEula") is False:
                raise JobFailure(f"ClientError: The end-user license agreement of {arn} was not accepted")
    return True


def is_superseded(job: Job) -> bool:
    """Whether the model package that the job runs has a newer version that can be used."""
    arn = str(job.arguments.get("ModelPackageConfig", {}).get("SourceModelPackageArn", ""))
    packages = PACKAGES.table(job.cloud, job.region)
    mine = packages.get(arn)
    return mine is not None and any(
        package["ModelPackageGroupName"] == mine["ModelPackageGroupName"]
        and package["ModelPackageVersion"] > mine["ModelPackageVersion"]
        and package["ModelPackageStatus"] == "Completed"
        for package in packages.values()
    )


def require_tracking(job: Job) -> None:
    """The store of the run's MLflow app or server must exist, if the run has one."""
    arn = str(job.arguments.get("MlflowConfig", {}).get("MlflowResourceArn", ""))
    trackers = SERVERS if ":mlflow-tracking-server/" in arn else APPS
    record = trackers.table(job.cloud, job.region).get(arn)
    if record is None:
        return
    try:
        job.s3.head_bucket(Bucket=S3Uri.parse(record["ArtifactStoreUri"]).bucket)
    except ClientError as error:
        reason = f"MlflowException: the artifact store {record['ArtifactStoreUri']} does not exist"
        raise JobFailure(f"AlgorithmError: {reason}") from error


def dataset_rows(job: Job) -> list[DatasetRow]:
    """The rows of the job's dataset."""
    uri = dataset_uri(job)
    refusal = f"AlgorithmError: ExecuteUserScriptError: failed to load dataset {uri}"
    rows: list[DatasetRow] = []
    for number, raw in enumerate(job.read(uri).splitlines(), start=1):
        try:
            text = raw.decode("utf-8-sig")
            if text.strip():
                rows.append(read_dataset_row(json.loads(text), number))
        except (ValueError, RecursionError) as error:
            raise JobFailure(f"{refusal}: line {number}: {error}") from error
    if not rows:
        raise JobFailure(f"{refusal}: it holds no rows")
    return rows


def dataset_uri(job: Job) -> str:
    """Where the rows of the job's first channel are: an S3 object's, or a data set's of the AI registry."""
    channels = job.arguments.get("InputDataConfig") or []
    if not channels:
        raise JobFailure("ClientError: InputDataConfig must have a channel named train")
    return source_uri(job, channels[0]["DataSource"])


def source_uri(job: Job, source: Record) -> str:
    """Where the rows of a channel's source are. Raises :class:`JobFailure` for a data set that is not there."""
    if "DatasetSource" not in source:
        return str(source["S3DataSource"]["S3Uri"])
    arn = source["DatasetSource"]["DatasetArn"]
    content = find_content(job.cloud, job.region, arn.partition(":hub-content/")[2])
    if content is None:
        raise JobFailure(f"ClientError: DataSet {arn} does not exist")
    document: Record = json.loads(content["HubContentDocument"])
    return f"s3://{document['DatasetS3Bucket']}/{document['DatasetS3Prefix']}"
