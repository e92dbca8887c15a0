"""What AWS knows of Nova checkpoints: the job that made one, and the checkpoint itself."""

from __future__ import annotations

import io
import json
import re
import tarfile
from typing import NamedTuple

from model_evaluation.errors import AccessDenied, NotFound, Refused
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.s3.objects import anything_under, parse_s3_uri
from model_evaluation.lookups.session import Aws
from model_evaluation.runtime.s3_uri import S3Uri

from .runtime.recipes.families import Family, family_of_alias, family_of_type

MANIFEST = "manifest.json"


class Customisation(NamedTuple):
    """A job that customised a Nova model: its ``checkpoint``, the family of what it started from (``None`` where the
    job does not say) and the S3 URIs that it was trained on."""

    name: str
    checkpoint: str
    family: Family | None
    training_data: tuple[str, ...]


def customisation_of(aws: Aws, name: str) -> Customisation:
    """What a finished job made. Raises Refused for one that made no Nova checkpoint, and NotFound."""
    with aws_errors("looking up the training job", resource=name):
        job = aws.client("sagemaker").describe_training_job(TrainingJobName=name)
    if job["TrainingJobStatus"] != "Completed":
        raise Refused(
            f"Training job {name} is {job['TrainingJobStatus']}, not Completed: it has left no checkpoint.",
            fix="Wait until it has completed, or give another job or a checkpoint.",
            code="not_usable",
        )
    output = str(job.get("OutputDataConfig", {}).get("S3OutputPath", "")).rstrip("/")
    archive = parse_s3_uri(f"{output}/{name}/output/output.tar.gz")
    sources = [
        channel.get("DataSource", {}).get("S3DataSource", {}).get("S3Uri", "")
        for channel in job.get("InputDataConfig", [])
        if channel.get("ChannelName") not in ("recipe", "validation")
    ]
    checkpoint = _checkpoint_in(aws, archive, name)
    return Customisation(name, checkpoint, _family_of(job.get("HyperParameters", {})), tuple(filter(None, sources)))


def _checkpoint_in(aws: Aws, archive: S3Uri, name: str) -> str:
    """``checkpoint_s3_bucket`` of the manifest in the job's output."""
    try:
        with aws_errors("reading the job's output", resource=str(archive)):
            body = aws.client("s3").get_object(Bucket=archive.bucket, Key=archive.key)["Body"].read()
    except NotFound as error:
        raise _no_manifest(
            f"Training job {name} left no {archive}: an evaluation job leaves none either, and serverless "
            "customisation registers a model package instead."
        ) from error
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as unpacked:
            member = next(item for item in unpacked if item.name.rpartition("/")[2] == MANIFEST)
            file = unpacked.extractfile(member)
            assert file is not None
            checkpoint = str(json.loads(file.read())["checkpoint_s3_bucket"])
    except (StopIteration, KeyError, ValueError, tarfile.TarError, EOFError, OSError, AssertionError) as error:
        raise _no_manifest(
            f"{archive} has no {MANIFEST} with checkpoint_s3_bucket ({error or 'not found'})."
        ) from error
    return checkpoint.rstrip("/")


def _no_manifest(message: str) -> Refused:
    fix = "Give the job that customised the model, or its checkpoint (s3://... and its family)."
    return Refused(message, fix=fix, code="no_manifest")


def _family_of(parameters: dict[str, object]) -> Family | None:
    texts = [str(parameters.get(key, "")).strip('"') for key in ("model_type", "base_model", "model_name_or_path")]
    return next((found for text in texts if (found := family_of_type(text) or family_of_alias(text))), None)


def checkpoint_is_there(aws: Aws, uri: S3Uri) -> bool | None:
    """Whether something lies under a checkpoint's URI; ``None`` when this session may not look, as usual for a bucket
    of SageMaker's own. Raises NotFound for a bucket that does not exist."""
    try:
        return anything_under(aws, uri)
    except AccessDenied:
        return None


def job_name(text: str) -> str | None:
    """The name of a training job, from it or its ARN; ``None`` for what cannot be one."""
    match = re.fullmatch(
        r"(?:arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:training-job/)?([A-Za-z0-9][A-Za-z0-9-]{0,62})", text
    )
    return match[1] if match else None
