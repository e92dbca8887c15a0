"""Quick, read-only checks before anything is started; they take a few seconds."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from .session import DATASET_ARN, AwsClients, aws_error_code, dataset_object, is_credentials_error
from .settings import HUB_MODEL, MODEL_PACKAGE, EvaluationSettings, NotebookError

SIGNS = {"pass": "✓", "warn": "!", "fail": "✗"}
DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
MISSING_CODES = frozenset(
    {"404", "NoSuchKey", "NoSuchBucket", "ResourceNotFound", "ResourceNotFoundException", "ValidationException"}
)
USABLE_MLFLOW = frozenset({"Created", "Updated", "Updating", "Started", "MaintenanceComplete", "MaintenanceInProgress"})


class CheckResult(NamedTuple):
    """One check: ``status`` is pass, warn or fail; ``fix`` is empty for pass."""

    subject: str
    status: str
    message: str
    fix: str = ""

    def line(self) -> str:
        fix = f"\n    {self.fix}" if self.fix else ""
        return f"{SIGNS[self.status]} {self.subject}: {self.message}{fix}"


class CheckError(NotebookError):
    """At least one check failed; nothing was started."""


def run_checks(
    settings: EvaluationSettings,
    aws: AwsClients,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    out: Callable[[str], None] = print,
) -> list[CheckResult]:
    """Runs every check, prints a line for each as it is known, and raises :class:`CheckError` with all
    failures. What could not be found out is a warning, not a failure."""
    results: list[CheckResult] = []
    for subject, check in ALL_CHECKS:
        try:
            found = list(check(settings, aws, now()))
        except (ClientError, BotoCoreError) as error:
            found = [_from_error(subject, error)]
        for result in found:
            out(result.line())
        results += found
        if any(r.status == "fail" for r in found) and subject == "Credentials":
            break  # every other check would fail for the same reason
    failed = [result for result in results if result.status == "fail"]
    if failed:
        count = "One check" if len(failed) == 1 else f"{len(failed)} checks"
        raise CheckError(
            f"{count} failed, so nothing was started:\n" + "\n".join(f"  {r.subject}: {r.message}" for r in failed),
            fix=" ".join(dict.fromkeys(result.fix for result in failed if result.fix)),
        )
    return results


def _from_error(subject: str, error: Exception) -> CheckResult:
    code = aws_error_code(error)
    if is_credentials_error(error):
        return CheckResult(subject, "fail", f"the credentials are not accepted ({code}).", "Renew the credentials.")
    if code in DENIED_CODES:
        return CheckResult(
            subject,
            "warn",
            "could not be checked: access denied.",
            "The evaluation may still run. To have this checked, allow the call in your own policy: "
            + str(getattr(error, "operation_name", "")),
        )
    if code in MISSING_CODES:
        return CheckResult(
            subject, "fail", f"not found ({code}).", "Check the parameters cell, or render the notebook again."
        )
    return CheckResult(subject, "warn", f"could not be checked: {error}", "Run this cell again.")


def _check_identity(settings: EvaluationSettings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    identity = aws.sts.get_caller_identity()
    yield CheckResult("Credentials", "pass", identity["Arn"])
    accounts = {}
    if settings.role_arn.count(":") >= 5:
        accounts["the role"] = settings.role_arn.split(":")[4]
    package = MODEL_PACKAGE.fullmatch(settings.model)
    if package:
        accounts["the model package"] = package[2]
    for thing, account in accounts.items():
        if account != identity["Account"]:
            yield CheckResult(
                "Account",
                "warn",
                f"{thing} is in account {account}, the credentials are in {identity['Account']}.",
                "Unless cross-account access is set up, use credentials of that account.",
            )


def _check_region(settings: EvaluationSettings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    found = {"the session": aws.session.region_name}
    for thing, pattern, value in (
        ("the model", MODEL_PACKAGE, settings.model),
        ("the model", HUB_MODEL, settings.model),
        ("the dataset", DATASET_ARN, settings.dataset),
    ):
        match = pattern.fullmatch(value)
        if match:
            found[thing] = match[1]
    if settings.mlflow_resource_arn and settings.mlflow_resource_arn.count(":") >= 5:
        found["the MLflow app"] = settings.mlflow_resource_arn.split(":")[3]
    wrong = [f"{thing} is in {region}" for thing, region in found.items() if region != settings.region]
    if wrong:
        yield CheckResult(
            "Region",
            "fail",
            f"REGION is {settings.region}, but {' and '.join(wrong)}.",
            "Use one region for everything: render the notebook again with things of the same region.",
        )
    else:
        yield CheckResult("Region", "pass", settings.region)


def _check_model(settings: EvaluationSettings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    if settings.scope == "base":
        hub = HUB_MODEL.fullmatch(settings.model)
        name, hub_name = (hub[4], hub[3]) if hub else (settings.model, "SageMakerPublicHub")
        content = aws.sagemaker.describe_hub_content(HubName=hub_name, HubContentType="Model", HubContentName=name)
        yield CheckResult("Model", "pass", f"base model {name}, version {content['HubContentVersion']}")
        return
    package = aws.sagemaker.describe_model_package(ModelPackageName=settings.model)
    status, approval = package.get("ModelPackageStatus"), package.get("ModelApprovalStatus")
    containers = package.get("InferenceSpecification", {}).get("Containers") or [{}]
    base = containers[0].get("BaseModel", {})
    if status != "Completed":
        yield CheckResult("Model", "fail", f"the model package is {status}, not Completed.", "Choose a usable version.")
    elif not (base.get("HubContentArn") or base.get("HubContentName")):
        yield CheckResult(
            "Model",
            "fail",
            "the model package does not name its base model; serverless evaluation needs that.",
            "Choose a package that SageMaker's own fine-tuning made.",
        )
    elif approval == "Rejected":
        yield CheckResult("Model", "warn", "the model package is marked Rejected.", "Check that you mean this version.")
    elif not _weights_are_there(containers[0], aws):
        yield CheckResult(
            "Model",
            "fail",
            "the fine-tuned weights that the model package names are gone from S3.",
            "Restore them, or evaluate another version.",
        )
    else:
        yield CheckResult("Model", "pass", f"{settings.model.rsplit('model-package/', 1)[-1]}, {status}")


def _weights_are_there(container: dict[str, Any], aws: AwsClients) -> bool:
    """Also when nobody can tell: SageMaker may keep weights where only it can look."""
    uri = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri", "")
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not bucket:
        return True
    try:
        return bool(aws.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"))
    except ClientError as error:
        if is_credentials_error(error):
            raise
        return aws_error_code(error) != "NoSuchBucket"


def _check_dataset(settings: EvaluationSettings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    bucket = ""
    for shard in settings.shards:
        bucket = yield from _check_dataset_file(shard, aws)
    if bucket:
        yield from _bucket_region("Dataset bucket", bucket, settings, aws)


def _check_dataset_file(settings: EvaluationSettings, aws: AwsClients) -> Generator[CheckResult, None, str]:
    """Yields what is found; the value is the bucket, empty when the file's place is unknown."""
    try:
        bucket, key = dataset_object(settings, aws)
    except (ValueError, KeyError) as error:
        yield CheckResult("Dataset", "fail", f"its file is unknown ({error}).", "Correct DATASET.")
        return ""
    head = aws.s3.head_object(Bucket=bucket, Key=key)
    etag, name = head["ETag"].strip('"'), key.rsplit("/", 1)[-1]
    if settings.dataset_etag and etag != settings.dataset_etag:
        yield CheckResult(
            "Dataset",
            "fail",
            f"{name} has changed since it was confirmed (ETag {etag}, expected {settings.dataset_etag}).",
            "Check the dataset and render the notebook again; to accept the file as it is, empty DATASET_ETAG.",
        )
    elif not head["ContentLength"]:
        yield CheckResult("Dataset", "fail", f"{name} is empty.", "Point DATASET at a file with rows.")
    else:
        same = ", unchanged" if settings.dataset_etag else ""
        yield CheckResult("Dataset", "pass", f"{name}, {file_size(head['ContentLength'])}{same}")
    return bucket


def _check_output(settings: EvaluationSettings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    bucket = settings.s3_output.removeprefix("s3://").split("/", 1)[0]
    yield from _bucket_region("Output bucket", bucket, settings, aws)


def _bucket_region(subject: str, bucket: str, settings: EvaluationSettings, aws: AwsClients) -> Iterator[CheckResult]:
    try:
        headers = aws.s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    except ClientError as error:
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        if aws_error_code(error) in MISSING_CODES:
            yield CheckResult(subject, "fail", f"{bucket} does not exist.", "Correct S3_OUTPUT or create the bucket.")
            return
        if not headers.get("x-amz-bucket-region"):
            raise
    region = headers.get("x-amz-bucket-region", settings.region)
    if region != settings.region:
        yield CheckResult(
            subject, "fail", f"{bucket} is in {region}, not in {settings.region}.", "Use a bucket in REGION."
        )
    else:
        yield CheckResult(subject, "pass", f"{bucket}, {region}")


def _check_judge(settings: EvaluationSettings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    try:
        details = aws.bedrock.get_foundation_model(modelIdentifier=settings.judge)["modelDetails"]
    except ClientError as error:
        if aws_error_code(error) not in MISSING_CODES:
            raise
        yield CheckResult(
            "Judge",
            "fail",
            f"{settings.judge} is not available in {settings.region}.",
            "Choose a judge that is in service in this region.",
        )
        return
    lifecycle = details.get("modelLifecycle", {})
    ends = lifecycle.get("endOfLifeTime")
    if ends is not None and ends <= now:
        yield CheckResult(
            "Judge", "fail", f"{settings.judge} was retired on {ends:%Y-%m-%d}.", "Choose a judge that is in service."
        )
    elif lifecycle.get("status", "ACTIVE") != "ACTIVE":
        until = f", to be retired on {ends:%Y-%m-%d}" if ends else ""
        yield CheckResult(
            "Judge", "warn", f"{settings.judge} is {lifecycle['status']}{until}.", "Prefer a judge that is ACTIVE."
        )
    else:
        yield CheckResult("Judge", "pass", f"{settings.judge}, ACTIVE")


def _check_mlflow(settings: EvaluationSettings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    arn = settings.mlflow_resource_arn
    if arn is None:
        yield CheckResult(
            "MLflow",
            "warn",
            "none is set; the SDK uses the account's first app, and creates one when there is none.",
            "Set MLFLOW_RESOURCE_ARN to decide yourself.",
        )
        return
    if ":mlflow-tracking-server/" in arn:
        name = arn.rsplit("/", 1)[-1]
        state = aws.sagemaker.describe_mlflow_tracking_server(TrackingServerName=name)["TrackingServerStatus"]
    else:
        state = aws.sagemaker.describe_mlflow_app(Arn=arn)["Status"]
    if state in USABLE_MLFLOW:
        yield CheckResult("MLflow", "pass", f"{arn.rsplit(':', 1)[-1]}, {state}")
    else:
        yield CheckResult(
            "MLflow", "fail", f"{arn} is {state}.", "Wait until it is usable, start it, or choose another one."
        )


def file_size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"


Check = Callable[[EvaluationSettings, AwsClients, datetime], Iterator[CheckResult]]
ALL_CHECKS: tuple[tuple[str, Check], ...] = (
    ("Credentials", _check_identity),
    ("Region", _check_region),
    ("Model", _check_model),
    ("Dataset", _check_dataset),
    ("Judge", _check_judge),
    ("Output bucket", _check_output),
    ("MLflow", _check_mlflow),
)
