"""One job: its record as its Describe operation returns it, its log lines, and what its role lets it read and write."""

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
from model_evaluation.lookups.iam.policy_evaluation import Policy, decide
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
