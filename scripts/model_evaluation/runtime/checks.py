"""Quick, read-only checks before anything is started; they take a few seconds. A kind names those that apply to it,
and adds its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from .dataset_files import REGISTRY_DATASET, dataset_object
from .models import HUB_MODEL, MODEL_PACKAGE, PUBLIC_HUB, first_container, hub_model_name
from .session import GONE_CODES, AwsClients, AwsFailure, aws_error_code, is_credentials_error
from .settings import NotebookError, Settings

SIGNS = {"pass": "✓", "warn": "!", "fail": "✗"}
DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
MISSING_CODES = GONE_CODES | {"ValidationException"}
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


Check = Callable[[Any, AwsClients, datetime], Iterator[CheckResult]]
"""From settings, clients and the time to results."""
Checks = tuple[tuple[str, Check], ...]
"""Each under the subject that it is about."""


def run_checks(
    settings: Settings,
    aws: AwsClients,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    out: Callable[[str], None] = print,
) -> list[CheckResult]:
    """Runs every check of the settings' kind, prints a line for each as it is known, and raises :class:`CheckError`
    with all failures. What could not be found out is a warning, not a failure."""
    results: list[CheckResult] = []
    for subject, check in settings.checks:
        try:
            outcome = list(check(settings, aws, now()))
        except AwsFailure as error:
            outcome = [_from_error(subject, error)]
        for result in outcome:
            out(result.line())
        results += outcome
        if check is check_identity and any(result.status == "fail" for result in outcome):
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
        allow = f"To have this checked, allow the call in your own policy: {getattr(error, 'operation_name', '')}"
        fix = f"The evaluation may still run. {allow}"
        return CheckResult(subject, "warn", "could not be checked: access denied.", fix)
    if code in MISSING_CODES:
        fix = "Check the parameters cell, or render the notebook again."
        return CheckResult(subject, "fail", f"not found ({code}).", fix)
    return CheckResult(subject, "warn", f"could not be checked: {error}", "Run this cell again.")


def check_identity(settings: Settings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    """The credentials work, and role and model package are of their account."""
    identity = aws.client("sts").get_caller_identity()
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


def check_region(settings: Settings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    """Everything that names a region names the same one."""
    regions = {"the session": aws.session.region_name}
    for thing, pattern, value in (
        ("the model", MODEL_PACKAGE, settings.model),
        ("the model", HUB_MODEL, settings.model),
        ("the dataset", REGISTRY_DATASET, settings.dataset),
    ):
        match = pattern.fullmatch(value)
        if match:
            regions[thing] = match[1]
    if settings.mlflow_resource_arn and settings.mlflow_resource_arn.count(":") >= 5:
        regions["the MLflow app"] = settings.mlflow_resource_arn.split(":")[3]
    wrong = [f"{thing} is in {region}" for thing, region in regions.items() if region != settings.region]
    if wrong:
        message = f"REGION is {settings.region}, but {' and '.join(wrong)}."
        fix = "Use one region for everything: render the notebook again with things of the same region."
        yield CheckResult("Region", "fail", message, fix)
    else:
        yield CheckResult("Region", "pass", settings.region)


def check_hub_model(settings: Settings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    """The base model is in the hub."""
    hub, name = HUB_MODEL.fullmatch(settings.model), hub_model_name(settings.model)
    content = aws.sagemaker.describe_hub_content(
        HubName=hub[3] if hub else PUBLIC_HUB, HubContentType="Model", HubContentName=name
    )
    yield CheckResult("Model", "pass", f"base model {name}, version {content['HubContentVersion']}")


def check_model_package(settings: Settings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    """The model package is complete, names its base model, and its weights are still there."""
    package = aws.sagemaker.describe_model_package(ModelPackageName=settings.model)
    status, container = package.get("ModelPackageStatus"), first_container(package)
    base = container.get("BaseModel", {})
    if status != "Completed":
        yield CheckResult("Model", "fail", f"the model package is {status}, not Completed.", "Choose a usable version.")
    elif not (base.get("HubContentArn") or base.get("HubContentName")):
        message = "the model package does not name its base model; serverless evaluation needs that."
        yield CheckResult("Model", "fail", message, "Choose a package that SageMaker's own fine-tuning made.")
    elif package.get("ModelApprovalStatus") == "Rejected":
        yield CheckResult("Model", "warn", "the model package is marked Rejected.", "Check that you mean this version.")
    elif not _weights_are_there(container, aws):
        message = "the fine-tuned weights that the model package names are gone from S3."
        yield CheckResult("Model", "fail", message, "Restore them, or evaluate another version.")
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


def check_dataset(settings: Settings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    """Every file of the dataset is there and is the one that was confirmed; its bucket is in the region."""
    bucket = ""
    for shard in settings.shards:
        try:
            bucket, key = dataset_object(shard, aws)
        except (ValueError, KeyError) as error:
            yield CheckResult("Dataset", "fail", f"its file is unknown ({error}).", "Correct DATASET.")
            continue
        head = aws.s3.head_object(Bucket=bucket, Key=key)
        etag, name = head["ETag"].strip('"'), key.rsplit("/", 1)[-1]
        if shard.dataset_etag and etag != shard.dataset_etag:
            message = f"{name} has changed since it was confirmed (ETag {etag}, expected {shard.dataset_etag})."
            fix = "Check the dataset and render the notebook again; to accept the file as it is, empty DATASET_ETAG."
            yield CheckResult("Dataset", "fail", message, fix)
        elif not head["ContentLength"]:
            yield CheckResult("Dataset", "fail", f"{name} is empty.", "Point DATASET at a file with rows.")
        else:
            same = ", unchanged" if shard.dataset_etag else ""
            yield CheckResult("Dataset", "pass", f"{name}, {_size(head['ContentLength'])}{same}")
    if bucket:
        yield from _bucket_region("Dataset bucket", bucket, settings, aws)


def check_output(settings: Settings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    """The output bucket is there and in the region."""
    bucket = settings.s3_output.removeprefix("s3://").split("/", 1)[0]
    yield from _bucket_region("Output bucket", bucket, settings, aws)


def _bucket_region(subject: str, bucket: str, settings: Settings, aws: AwsClients) -> Iterator[CheckResult]:
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
    if region == settings.region:
        yield CheckResult(subject, "pass", f"{bucket}, {region}")
    else:
        message = f"{bucket} is in {region}, not in {settings.region}."
        yield CheckResult(subject, "fail", message, "Use a bucket in REGION.")


def check_mlflow(settings: Settings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    """The MLflow app or tracking server can be used."""
    arn = settings.mlflow_resource_arn
    if arn is None:
        message = "none is set; the SDK uses the account's first app, and creates one when there is none."
        yield CheckResult("MLflow", "warn", message, "Set MLFLOW_RESOURCE_ARN to decide yourself.")
        return
    if ":mlflow-tracking-server/" in arn:
        name = arn.rsplit("/", 1)[-1]
        state = aws.sagemaker.describe_mlflow_tracking_server(TrackingServerName=name)["TrackingServerStatus"]
    else:
        state = aws.sagemaker.describe_mlflow_app(Arn=arn)["Status"]
    if state in USABLE_MLFLOW:
        yield CheckResult("MLflow", "pass", f"{arn.rsplit(':', 1)[-1]}, {state}")
    else:
        fix = "Wait until it is usable, start it, or choose another one."
        yield CheckResult("MLflow", "fail", f"{arn} is {state}.", fix)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"
