"""What pipeline steps do: read the dataset, answer it, judge the answers, write the result files.

A step fails with the service's words for whatever AWS would only find out while it runs.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from typing import Any

from model_evaluation.kernel.rows import DatasetRow, read_dataset_row

from .answers import base_answer, tuned_answer
from .cloud import Cloud
from .errors import ServiceError, StepFailure
from .judging import BUILTIN, Item, Judgement, judge_builtin, judge_custom
from .player import Execution, StepRun
from .policies import decide, policies_of, trusts
from .results import JudgedRow, ResultFile, inference_file, judged_files
from .services.bedrock import model_arn
from .services.hub import PUBLIC_HUB, find_content
from .services.lineage import run_lineage_step
from .services.mlflow import apps_of, servers_of
from .services.packages import packages_of

MAX_JUDGE_ROWS = 1000
MAX_CUSTOM_METRICS = 10


def run_step(cloud: Cloud, execution: Execution, run: StepRun) -> None:
    """Does the work of a step whose time is up. Raises :class:`StepFailure`."""
    if run.step.kind == "Lineage":
        try:
            run_lineage_step(cloud, execution.region, run.arguments)
        except ServiceError as error:
            raise StepFailure(f"ClientError: {error.message}") from error
        return
    if run.step.kind != "Training":
        raise StepFailure(f"local AWS does not play steps of type {run.step.kind}")
    config = run.arguments.get("ServerlessJobConfig", {})
    key = (config.get("EvaluationType"), run.arguments.get("HyperParameters", {}).get("task"))
    job = JOBS.get(key)
    if job is None:
        raise StepFailure(f"local AWS does not play evaluations of type {key[0]} with task {key[1]}")
    role = run.arguments["RoleArn"]
    if not trusts(cloud, role, "sagemaker.amazonaws.com"):
        raise StepFailure(
            f"ClientError: Could not assume role {role}. Please ensure that the role exists and allows "
            "principal 'sagemaker.amazonaws.com' to assume the role."
        )
    job(Job(cloud, execution, run))


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


# Inference


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
    table = servers_of(job.cloud, job.region) if ":mlflow-tracking-server/" in arn else apps_of(job.cloud, job.region)
    record = table.get(arn.rpartition("/")[2] if ":mlflow-tracking-server/" in arn else arn)
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


# Judging


def run_judging(job: Job) -> None:
    """Has every answer of an inference step judged by the judge model."""
    judge_id = _check_judge(job)
    builtin = _builtin_metrics(job)
    custom = _custom_metrics(job)
    if not builtin and not custom:
        raise StepFailure(
            "ClientError: An error occurred (ValidationException) when calling the CreateEvaluationJob "
            "operation: at least one metric is required."
        )
    # Not str.splitlines: answers may hold U+2028 and its like.
    lines = [line for line in job.read(job.hyperparameters["inference_data_s3_path"]).split(b"\n") if line]
    if len(lines) > MAX_JUDGE_ROWS:
        raise StepFailure(
            "ClientError: An error occurred (ValidationException) when calling the CreateEvaluationJob "
            f"operation: The prompt dataset has {len(lines)} records; the maximum is {MAX_JUDGE_ROWS}."
        )

    def judge(item: Item) -> dict[str, Judgement]:
        return {
            **{name: judge_builtin(judge_id, name, item) for name in builtin},
            **{metric["name"]: judge_custom(judge_id, metric, item) for metric in custom},
        }

    rows = [_judged(json.loads(line), judge) for line in lines]
    files = judged_files(job.hyperparameters["name"], job.name, judge_id, rows, job.cloud.scenario)
    job.write(files, job.hyperparameters["output_path"])


def _judged(line: dict[str, Any], judge: Callable[[Item], dict[str, Judgement]]) -> JudgedRow:
    response = line["modelResponses"][0]
    turns = ast.literal_eval(line["prompt"])
    item = Item(
        "\n\n".join(turn["content"] for turn in turns),
        line["referenceResponse"] or None,
        ast.literal_eval(response["response"])[0],
    )
    return JudgedRow(
        line["prompt"],
        line["referenceResponse"],
        response["response"],
        response["modelIdentifier"],
        judge(item),
    )


def _check_judge(job: Job) -> str:
    judge_id = str(job.hyperparameters["judge_model_id"])
    job.require("bedrock:CreateEvaluationJob", "*")
    judge = job.cloud.judge(judge_id)
    if judge is None or job.cloud.past_end_of_life(judge):
        raise StepFailure(
            "ClientError: An error occurred (ValidationException) when calling the CreateEvaluationJob "
            f"operation: The provided model identifier {judge_id} is invalid or has reached end of life."
        )
    if not judge.authorized:
        raise StepFailure(
            "ClientError: An error occurred (AccessDeniedException) when calling the InvokeModel operation: "
            f"You don't have access to the model with the specified model ID {judge_id}."
        )
    job.require("bedrock:InvokeModel", model_arn(job.region, judge_id))
    return judge_id


def _builtin_metrics(job: Job) -> list[str]:
    names: list[str] = json.loads(job.hyperparameters.get("llmaj_metrics") or "[]")
    unknown = [name for name in names if name not in BUILTIN]
    if unknown:
        raise StepFailure(
            "ClientError: An error occurred (ValidationException) when calling the CreateEvaluationJob "
            f"operation: The metric Builtin.{unknown[0]} is not supported for this evaluation."
        )
    return names


def _custom_metrics(job: Job) -> list[dict[str, Any]]:
    uri = job.hyperparameters.get("custom_metrics")
    if not uri:
        return []
    refusal = (
        "ClientError: An error occurred (ValidationException) when calling the CreateEvaluationJob operation: "
        "customMetricConfig is invalid: "
    )
    try:
        definitions = [item["customMetricDefinition"] for item in json.loads(job.read(uri))]
    except (ValueError, TypeError, KeyError) as error:
        raise StepFailure(f"{refusal}not a list of customMetricDefinition objects") from error
    if not 1 <= len(definitions) <= MAX_CUSTOM_METRICS:
        raise StepFailure(f"{refusal}{len(definitions)} metrics given, 1 to {MAX_CUSTOM_METRICS} allowed")
    for definition in definitions:
        unknown = set(definition) - {"name", "instructions", "ratingScale"}
        if unknown or not {"name", "instructions"} <= set(definition):
            raise StepFailure(f"{refusal}fields {sorted(definition)} do not fit name, instructions, ratingScale")
        if "{{prediction}}" not in definition["instructions"]:
            raise StepFailure(f"{refusal}{definition['name']}: instructions must hold {{{{prediction}}}}")
    return definitions


JOBS: dict[tuple[str | None, str | None], Callable[[Job], None]] = {
    ("BenchmarkEvaluation", "inference_only"): run_inference,
    ("LLMAJEvaluation", None): run_judging,
}
