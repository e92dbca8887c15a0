"""Quick, read-only checks before anything is started; they take a few seconds. A kind names those that apply to it,
and adds its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from .dataset_files import dataset_object
from .models import HUB_MODEL, PUBLIC_HUB, first_container, hub_model_name
from .s3_uri import S3Uri
from .sdk import deviations
from .session import GONE_CODES, AwsClients, AwsFailure, aws_error_code, is_credentials_error
from .settings import Json, NotebookError, Settings

DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
MISSING_CODES = GONE_CODES | {"ValidationException"}
USABLE_MLFLOW = frozenset({"Created", "Updated", "Updating", "Started", "MaintenanceComplete", "MaintenanceInProgress"})
Check = Callable[[Any, AwsClients], str]
"""From settings and clients to what was found in order; raises :class:`Fault`, or what boto3 raises."""
Checks = tuple[tuple[str, Check], ...]
"""Each under the subject that it is about."""


class Fault(Exception):
    """What a check found wrong, and what to do; ``warn`` does not keep anybody from starting the evaluation."""

    def __init__(self, message: str, fix: str, status: str = "fail") -> None:
        super().__init__(message)
        self.message, self.fix, self.status = message, fix, status


class CheckError(NotebookError):
    """At least one check failed; nothing was started."""


def run_checks(settings: Settings, aws: AwsClients, *, out: Callable[[str], None] = print) -> None:
    """Runs every check of the settings' kind, prints a line for each as it is known, and raises :class:`CheckError`
    with all failures. What could not be found out is a warning, not a failure."""
    failed: dict[str, Fault] = {}
    for subject, check in settings.checks:
        try:
            out(f"✓ {subject}: {check(settings, aws)}")
            continue
        except AwsFailure as error:
            fault = _fault(error)
        except Fault as error:
            fault = error
        out(f"{'✗' if fault.status == 'fail' else '!'} {subject}: {fault.message}\n    {fault.fix}")
        if fault.status == "fail":
            failed[subject] = fault
            if check is check_identity:
                break  # every other check would fail for the same reason
    if failed:
        count = "One check" if len(failed) == 1 else f"{len(failed)} checks"
        lines = [f"  {subject}: {fault.message}" for subject, fault in failed.items()]
        raise CheckError(
            f"{count} failed, so nothing was started:\n" + "\n".join(lines),
            fix=" ".join(dict.fromkeys(fault.fix for fault in failed.values())),
        )


def _fault(error: Exception) -> Fault:
    code = aws_error_code(error)
    if is_credentials_error(error):
        return Fault(f"the credentials are not accepted ({code}).", "Renew the credentials.")
    if code in DENIED_CODES:
        allow = f"To have this checked, allow the call in your own policy: {getattr(error, 'operation_name', '')}"
        return Fault("could not be checked: access denied.", f"The evaluation may still run. {allow}", "warn")
    if code in MISSING_CODES:
        return Fault(f"not found ({code}).", "Check the parameters cell, or render the notebook again.")
    return Fault(f"could not be checked: {error}", "Run this cell again.", "warn")


def _arn_part(text: str, place: int) -> str:
    """The region (3) or the account (4) that an ARN names; empty for anything else."""
    parts = text.split(":")
    return parts[place] if parts[0] == "arn" and len(parts) > 5 else ""


def check_identity(settings: Settings, aws: AwsClients) -> str:
    """The credentials work, and role and model package are of their account."""
    identity = aws.client("sts").get_caller_identity()
    own, package = identity["Account"], settings.model if ":model-package/" in settings.model else ""
    accounts = {"the role": _arn_part(settings.role_arn, 4), "the model package": _arn_part(package, 4)}
    if others := [f"{thing} is in account {part}" for thing, part in accounts.items() if part not in ("", own)]:
        raise Fault(
            f"{identity['Arn']} is in account {own}, but {' and '.join(others)}.",
            "Unless cross-account access is set up, use credentials of that account.",
            "warn",
        )
    return str(identity["Arn"])


def check_sdk_environment(settings: Settings, aws: AwsClients) -> str:
    """Nothing in this kernel's environment, and no file of defaults, changes what the SDK does."""
    if different := deviations(settings.region):
        message = "; ".join(f"{deviation.name} {deviation.effect}" for deviation in different)
        raise Fault(f"{message}.", "Take the setting away, unless it is meant, and restart the kernel.", "warn")
    return "no variable and no file of defaults changes it"


def check_region(settings: Settings, aws: AwsClients) -> str:
    """Everything that names a region names the same one."""
    regions = {
        "the session": aws.session.region_name,
        "the model": _arn_part(settings.model, 3),
        "the dataset": _arn_part(settings.dataset, 3),
        "the MLflow app": _arn_part(settings.mlflow_resource_arn or "", 3),
    }
    region = settings.region
    if wrong := [f"{thing} is in {named}" for thing, named in regions.items() if named not in ("", region)]:
        raise Fault(
            f"REGION is {region}, but {' and '.join(wrong)}.",
            "Use one region for everything: render the notebook again with things of the same region.",
        )
    return region


def check_hub_model(settings: Settings, aws: AwsClients) -> str:
    """The base model is in the hub."""
    match, name = HUB_MODEL.fullmatch(settings.model), hub_model_name(settings.model)
    hub = match[3] if match else PUBLIC_HUB
    content = aws.sagemaker.describe_hub_content(HubName=hub, HubContentType="Model", HubContentName=name)
    return f"base model {name}, version {content['HubContentVersion']}"


def check_model_package(settings: Settings, aws: AwsClients) -> str:
    """The model package is complete, names its base model, and its weights are still there."""
    package = aws.sagemaker.describe_model_package(ModelPackageName=settings.model)
    status, container = package.get("ModelPackageStatus"), first_container(package)
    base = container.get("BaseModel", {})
    if status != "Completed":
        raise Fault(f"the model package is {status}, not Completed.", "Choose a usable version.")
    if not (base.get("HubContentArn") or base.get("HubContentName")):
        message = "the model package does not name its base model; serverless evaluation needs that."
        raise Fault(message, "Choose a package that SageMaker's own fine-tuning made.")
    if package.get("ModelApprovalStatus") == "Rejected":
        raise Fault("the model package is marked Rejected.", "Check that you mean this version.", "warn")
    if not _weights_are_there(container, aws):
        message = "the fine-tuned weights that the model package names are gone from S3."
        raise Fault(message, "Restore them, or evaluate another version.")
    return f"{settings.model.rsplit('model-package/', 1)[-1]}, {status}"


def _weights_are_there(container: Json, aws: AwsClients) -> bool:
    """Also when nobody can tell: SageMaker may keep weights where only it can look."""
    uri = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri", "")
    if not uri.startswith("s3://"):
        return True
    bucket, prefix = S3Uri.parse(uri)
    try:
        return bool(aws.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"))
    except ClientError as error:
        if is_credentials_error(error):
            raise
        return aws_error_code(error) != "NoSuchBucket"


def check_dataset(settings: Settings, aws: AwsClients) -> str:
    """Every file of the dataset is there, and is the one that was confirmed."""
    size = 0
    for shard in settings.shards:
        bucket, key = _dataset_object(shard, aws)
        head = aws.s3.head_object(Bucket=bucket, Key=key)
        etag, name = head["ETag"].strip('"'), key.rsplit("/", 1)[-1]
        if shard.dataset_etag and etag != shard.dataset_etag:
            raise Fault(
                f"{name} has changed since it was confirmed (ETag {etag}, expected {shard.dataset_etag}).",
                "Check the dataset and render the notebook again; to accept the file as it is, empty DATASET_ETAG.",
            )
        if not head["ContentLength"]:
            raise Fault(f"{name} is empty.", "Point DATASET at a file with rows.")
        size += head["ContentLength"]
    files = f"{len(settings.shards)} files" if len(settings.shards) > 1 else name
    length = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
    return f"{files}, {length}{', unchanged' if settings.dataset_etag else ''}"


def check_dataset_bucket(settings: Settings, aws: AwsClients) -> str:
    """The dataset's bucket is in the region."""
    return _bucket_region(_dataset_object(settings.shards[0], aws)[0], settings, aws)


def _dataset_object(settings: Settings, aws: AwsClients) -> tuple[str, str]:
    try:
        return dataset_object(settings, aws)
    except (ValueError, KeyError) as error:
        raise Fault(f"its file is unknown ({error}).", "Correct DATASET.") from error


def check_output(settings: Settings, aws: AwsClients) -> str:
    """The output bucket is there and in the region."""
    return _bucket_region(S3Uri.parse(settings.s3_output).bucket, settings, aws)


def _bucket_region(bucket: str, settings: Settings, aws: AwsClients) -> str:
    try:
        headers = aws.s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    except ClientError as error:
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        if aws_error_code(error) in MISSING_CODES:
            raise Fault(f"{bucket} does not exist.", "Correct the parameters cell, or create the bucket.") from error
        if not headers.get("x-amz-bucket-region"):
            raise
    region = headers.get("x-amz-bucket-region", settings.region)
    if region != settings.region:
        raise Fault(f"{bucket} is in {region}, not in {settings.region}.", "Use a bucket in REGION.")
    return f"{bucket}, {region}"


def check_mlflow(settings: Settings, aws: AwsClients) -> str:
    """The MLflow app or tracking server can be used."""
    arn = settings.mlflow_resource_arn
    if arn is None:
        message = "none is set; the SDK uses the account's first app, and creates one when there is none."
        raise Fault(message, "Set MLFLOW_RESOURCE_ARN to decide yourself.", "warn")
    if ":mlflow-tracking-server/" in arn:
        name = arn.rsplit("/", 1)[-1]
        state = aws.sagemaker.describe_mlflow_tracking_server(TrackingServerName=name)["TrackingServerStatus"]
    else:
        state = aws.sagemaker.describe_mlflow_app(Arn=arn)["Status"]
    if state not in USABLE_MLFLOW:
        raise Fault(f"{arn} is {state}.", "Wait until it is usable, start it, or choose another one.")
    return f"{arn.rsplit(':', 1)[-1]}, {state}"


# What several evaluations check one after another.
SESSION: Checks = (("Credentials", check_identity), ("Region", check_region), ("SDK", check_sdk_environment))
DATASET: Checks = (("Dataset", check_dataset), ("Dataset bucket", check_dataset_bucket))
OUTPUT: Checks = (("Output bucket", check_output), ("MLflow", check_mlflow))
