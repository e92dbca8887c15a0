"""A training job at work: its arguments, and what its role lets it read and write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cloud import Cloud
from .errors import StepFailure
from .player import Execution, StepRun
from .policies import decide, policies_of
from .results import ResultFile


class Job:
    """One training job of a step, with what it may touch."""

    def __init__(self, cloud: Cloud, execution: Execution, run: StepRun) -> None:
        assert run.job_name is not None
        self.cloud = cloud
        self.region = execution.region
        self.name = run.job_name
        self.arguments = run.arguments
        self.hyperparameters: Mapping[str, Any] = run.arguments.get("HyperParameters", {})
        self.role: str = run.arguments["RoleArn"]
        self.tracking: Mapping[str, Any] = execution.definition.mlflow or {}
        self._s3 = cloud.own_client("s3", execution.region)
        self._policies = policies_of(cloud, self.role)

    def read(self, uri: str) -> bytes:
        """The first object under an S3 URI. Raises :class:`StepFailure` as the service does."""
        from botocore.exceptions import ClientError

        bucket, key = split_uri(uri)
        self.require("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
        try:
            listing = self._s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
            first = listing["Contents"][0]["Key"]
            return bytes(self._s3.get_object(Bucket=bucket, Key=first)["Body"].read())
        except (ClientError, KeyError) as error:
            raise StepFailure(
                f'ClientError: No S3 objects found under S3 URL "{uri}" given in input data source. Please '
                f"ensure that the bucket exists in the selected region ({self.region}), that objects exist "
                f'under that S3 prefix, and that the role "{self.role}" has "s3:ListBucket" permissions on '
                f'bucket "{bucket}".'
            ) from error

    def write(self, files: list[ResultFile], output_uri: str) -> None:
        """Writes files under the output prefix, which must lie in the job's own region."""
        from botocore.exceptions import ClientError

        bucket, prefix = split_uri(output_uri)
        self.require("s3:PutObject", f"arn:aws:s3:::{bucket}/{prefix}/output")
        try:
            home = self._s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
        except ClientError as error:
            raise StepFailure(f"ClientError: The specified bucket {bucket} does not exist") from error
        if home != self.region:
            raise StepFailure(
                f"ClientError: The bucket is in this region: {home}. Please use a bucket in {self.region}."
            )
        for file in files:
            key = "/".join(part for part in (prefix.strip("/"), file.key) if part)
            self._s3.put_object(Bucket=bucket, Key=key, Body=file.body)

    def require(self, action: str, resource: str) -> None:
        """Raises :class:`StepFailure` when the execution role may not do this."""
        verdict = decide(self._policies, action, resource, {})
        if verdict.decision != "allowed":
            raise StepFailure(
                f"ClientError: An error occurred (AccessDeniedException) when calling the "
                f"{action.partition(':')[2]} operation: User: {self.role} is not authorized to perform: "
                f"{action} on resource: {resource}"
            )


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an ``s3://`` URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
