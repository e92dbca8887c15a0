"""The SIMULATED inference steps: every row of the dataset is answered by one of the models."""

from __future__ import annotations

import json

from model_evaluation.localaws.services.hub import PUBLIC_HUB, find_content
from model_evaluation.localaws.services.mlflow import apps_of, servers_of
from model_evaluation.localaws.services.packages import packages_of
from model_evaluation.runtime.rows import DatasetRow, read_dataset_row

from .answers import base_answer, tuned_answer
from .errors import StepFailure
from .results import inference_file
from .trainingjob import Job, split_uri


def run_inference(job: Job) -> None:
    """Answers every row of the dataset, as the base model or as the fine-tuned one."""
    _check_tracking(job)
    tuned = _check_models(job)
    rows = _read_dataset(job)
    answer = tuned_answer if tuned else base_answer
    name = job.hyperparameters["name"]
    file = inference_file(job.name, name, rows, [answer(row) for row in rows])
    job.write([file], job.arguments["OutputDataConfig"]["S3OutputPath"])


def _check_models(job: Job) -> bool:
    """Whether the job runs the fine-tuned model; both models must be usable."""
    base_arn = job.arguments["ServerlessJobConfig"]["BaseModelArn"]
    hub, _, name, version = (base_arn.split(":hub-content/")[-1].split("/") + [""] * 4)[:4]
    content = find_content(job.cloud, job.region, hub or PUBLIC_HUB, "Model", name, version or None)
    recipes = json.loads(content["HubContentDocument"]).get("RecipeCollection", []) if content else []
    if not any(recipe.get("Type") == "Evaluation" for recipe in recipes):
        raise StepFailure(f"DownstreamServiceUnavailable: no evaluation recipe for base model {base_arn}")
    package_config = job.arguments.get("ModelPackageConfig")
    if not package_config:
        return False
    arn = package_config["SourceModelPackageArn"]
    package = packages_of(job.cloud, job.region).get(arn)
    if package is None or package["ModelPackageStatus"] != "Completed":
        raise StepFailure(f"ClientError: Model package {arn} does not exist or is not in status Completed")
    for container in package.get("InferenceSpecification", {}).get("Containers", []):
        if weights := container.get("ModelDataSource", {}).get("S3DataSource", {}):
            job.read(weights["S3Uri"])
            if weights.get("ModelAccessConfig", {}).get("AcceptEula") is False:
                raise StepFailure(f"ClientError: The end-user license agreement of {arn} was not accepted")
    return True


def _check_tracking(job: Job) -> None:
    """The store of the run's MLflow app or server must exist, if the run has one."""
    from botocore.exceptions import ClientError

    arn = str(job.tracking.get("MlflowResourceArn", ""))
    if ":mlflow-tracking-server/" in arn:
        record = servers_of(job.cloud, job.region).get(arn.rpartition("/")[2])
    else:
        record = apps_of(job.cloud, job.region).get(arn)
    if record is None:
        return
    try:
        job.cloud.own_client("s3", job.region).head_bucket(Bucket=split_uri(record["ArtifactStoreUri"])[0])
    except ClientError as error:
        reason = f"MlflowException: the artifact store {record['ArtifactStoreUri']} does not exist"
        raise StepFailure(f"AlgorithmError: {reason}") from error


def _read_dataset(job: Job) -> list[DatasetRow]:
    channels = job.arguments.get("InputDataConfig") or []
    if not channels:
        raise StepFailure("ClientError: InputDataConfig must have a channel named train")
    source = channels[0]["DataSource"]
    if "DatasetSource" in source:
        uri = _dataset_uri(job, source["DatasetSource"]["DatasetArn"])
    else:
        uri = source["S3DataSource"]["S3Uri"]
    rows: list[DatasetRow] = []
    for number, raw in enumerate(job.read(uri).splitlines(), start=1):
        try:
            text = raw.decode("utf-8-sig")
            if text.strip():
                rows.append(read_dataset_row(json.loads(text), number))
        except (ValueError, RecursionError) as error:
            raise StepFailure(
                f"AlgorithmError: ExecuteUserScriptError: failed to load dataset {uri}: line {number}: {error}"
            ) from error
    if not rows:
        raise StepFailure(f"AlgorithmError: ExecuteUserScriptError: dataset {uri} holds no rows")
    return rows


def _dataset_uri(job: Job, arn: str) -> str:
    hub, kind, name, version = arn.split(":hub-content/")[-1].split("/")
    content = find_content(job.cloud, job.region, hub, kind, name, version)
    if content is None:
        raise StepFailure(f"ClientError: DataSet {arn} does not exist")
    document = json.loads(content["HubContentDocument"])
    return f"s3://{document['DatasetS3Bucket']}/{document['DatasetS3Prefix']}"
