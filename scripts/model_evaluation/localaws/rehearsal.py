"""The account that a rehearsal needs: just what a given configuration names."""

from __future__ import annotations

from collections.abc import Mapping

from model_evaluation.runtime.s3_uri import S3Uri

from .kind_player import KindPlayer
from .operations import Record
from .seeding import BASE_MODEL, BASE_MODEL_VERSION, ROLE_ACTIONS, Seeder, role_name
from .server import DEFAULT_ACCOUNT, LocalAws
from .services.mlflow import put_app, put_server


def account_of(parameters: Record) -> str:
    """The account a configuration belongs to: that of the first ARN of its role or model package, else the demo's."""
    for name in ("ROLE_ARN", "MODEL_PACKAGE_ARN", "MODEL", "REFERENCE"):
        parts = str(parameters.get(name) or "").split(":")
        if parts[0] == "arn" and parts[4].isdigit():
            return parts[4]
    return DEFAULT_ACCOUNT


def seed_rehearsal(
    aws: LocalAws,
    player: KindPlayer,
    parameters: Record,
    dataset: Mapping[str, bytes],
    *,
    base_model: str | None = None,
) -> None:
    """Seeds what a notebook's parameters name, so that it can be rehearsed as configured.

    Of ``parameters`` those are looked at that kinds of evaluation have in common (``REGION``, ``ROLE_ARN``,
    ``S3_OUTPUT``, and where they exist ``MODEL_PACKAGE_ARN``, ``REFERENCE_MODEL_ARN`` and ``MLFLOW_RESOURCE_ARN``);
    ``player`` sees to the others. ``dataset`` is the content of each of the dataset's files by URI. Start the
    :class:`LocalAws` with
    ``account=account_of(parameters)`` and the same region.
    """
    cloud, region = aws.cloud, str(parameters["REGION"])
    role = str(parameters.get("ROLE_ARN") or f"arn:aws:iam::{cloud.account}:role/rehearsal")
    cloud.caller_arn = f"arn:aws:sts::{cloud.account}:assumed-role/{role_name(role)}/rehearsal"
    seed = Seeder(cloud, region)
    seed.role(role, player.trusted_services, (*ROLE_ACTIONS, *player.actions))
    output = str(parameters.get("S3_OUTPUT") or "")
    output_bucket = S3Uri.parse(output).bucket if output else f"sagemaker-{region}-{cloud.account}"
    seed.bucket(output_bucket, region)
    for name, content in dataset.items():
        _seed_dataset(seed, name, output_bucket, content)
    for name in ("MODEL_PACKAGE_ARN", "REFERENCE_MODEL_ARN"):
        if model := str(parameters.get(name) or ""):
            _seed_model(seed, model, base_model or BASE_MODEL)
    if mlflow := str(parameters.get("MLFLOW_RESOURCE_ARN") or ""):
        store = f"s3://{output_bucket}/mlflow"
        if ":mlflow-tracking-server/" in mlflow:
            put_server(cloud, region, mlflow.rsplit("/", 1)[-1], role, store)
        else:
            put_app(cloud, region, mlflow, "rehearsal", role, store, "ENABLED")
    player.seed_rehearsal(seed, parameters)


def _seed_model(seed: Seeder, model: str, base_model: str) -> None:
    """A model package on ``base_model``, or a base model by its name in the hub."""
    if ":model-package/" in model:
        seed.base_model(base_model, BASE_MODEL_VERSION)
        group, version = model.rsplit("/", 2)[-2:]
        seed.group(group, "Seeded for a rehearsal")
        seed.package(group, int(version), base=base_model, base_version=BASE_MODEL_VERSION)
    else:
        seed.base_model(model, BASE_MODEL_VERSION)


def _seed_dataset(seed: Seeder, dataset: str, output_bucket: str, content: bytes) -> None:
    if dataset.startswith("s3://"):
        seed.bucket(S3Uri.parse(dataset).bucket, seed.region)
        seed.object(dataset, content)
        return
    uri = f"s3://{output_bucket}/rehearsal/dataset.jsonl"
    seed.object(uri, content)
    seed.dataset(dataset, uri)
