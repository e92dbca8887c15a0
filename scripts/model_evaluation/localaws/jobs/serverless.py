"""What every serverless evaluation job of SageMaker does before its own work: find models, data and tracking."""

from __future__ import annotations

import json

from botocore.exceptions import ClientError

from model_evaluation.localaws.operations import JobFailure, Record
from model_evaluation.localaws.services.mlflow import APPS, SERVERS
from model_evaluation.localaws.services.models import PACKAGES, find_content
from model_evaluation.runtime.rows import DatasetRow, read_dataset_row
from model_evaluation.runtime.s3_uri import S3Uri

from .job import Job


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
