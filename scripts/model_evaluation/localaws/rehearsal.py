"""The account that a rehearsal needs: just what a given configuration names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from model_evaluation.localaws.services.mlflow import put_app, put_server

from .cloud import DEFAULT_ACCOUNT
from .judges import JudgeModel
from .seeding import BASE_MODEL, BASE_MODEL_VERSION, Seeder, role_name
from .server import LocalAws
from .world import ROLE_ACTIONS

ACCOUNT = re.compile(r"^arn:aws[a-z-]*:[a-z-]+:[a-z0-9-]*:(\d{12}):")


def account_of(parameters: Mapping[str, Any]) -> str:
    """The account a configuration belongs to: its role's, its model package's, else the demo's."""
    for name in ("ROLE_ARN", "MODEL_PACKAGE_ARN"):
        if match := ACCOUNT.match(str(parameters.get(name) or "")):
            return match[1]
    return DEFAULT_ACCOUNT


def seed_world_for(
    aws: LocalAws,
    parameters: Mapping[str, Any],
    dataset: Mapping[str, bytes],
    *,
    base_model: str = BASE_MODEL,
) -> None:
    """Seeds what a notebook's parameters name, so that it can be rehearsed as configured.

    ``parameters`` are the notebook's (``REGION``, ``ROLE_ARN``, ``MODEL_PACKAGE_ARN``, ``DATASET``,
    ``JUDGE_MODEL``, ``S3_OUTPUT``, ``MLFLOW_RESOURCE_ARN``); ``dataset`` is the content of each of the dataset's
    files by URI. Start the :class:`LocalAws` with ``account=account_of(parameters)`` and the same region.
    """
    cloud, region = aws.cloud, str(parameters["REGION"])
    role = str(parameters["ROLE_ARN"])
    cloud.caller_arn = f"arn:aws:sts::{cloud.account}:assumed-role/{role_name(role)}/rehearsal"
    seed = Seeder(cloud, region)
    seed.role(role, ("sagemaker", "bedrock"), ROLE_ACTIONS)
    output_bucket = str(parameters["S3_OUTPUT"]).removeprefix("s3://").partition("/")[0]
    seed.bucket(output_bucket, region)
    for name, content in dataset.items():
        _seed_rehearsal_dataset(seed, name, output_bucket, content)
    seed.base_model(base_model, BASE_MODEL_VERSION)
    model = str(parameters["MODEL_PACKAGE_ARN"])
    if ":model-package/" in model:
        group, version = model.rsplit("/", 2)[-2:]
        seed.group(group, "Seeded for a rehearsal")
        seed.package(group, int(version), base=base_model, base_version=BASE_MODEL_VERSION)
    elif model != base_model:
        seed.base_model(model, BASE_MODEL_VERSION)
    judge = str(parameters["JUDGE_MODEL"])
    if cloud.judge(judge) is None:
        provider = judge.split(".")[0].capitalize()
        aws.scenario = replace(aws.scenario, judges=(*aws.scenario.judges, JudgeModel(judge, judge, provider)))
    mlflow = str(parameters.get("MLFLOW_RESOURCE_ARN") or "")
    if ":mlflow-tracking-server/" in mlflow:
        put_server(cloud, region, mlflow.rsplit("/", 1)[-1], role, f"s3://{output_bucket}/mlflow")
    elif mlflow:
        put_app(cloud, region, mlflow, "rehearsal", role, f"s3://{output_bucket}/mlflow", "ENABLED")


def _seed_rehearsal_dataset(seed: Seeder, dataset: str, output_bucket: str, content: bytes) -> None:
    if dataset.startswith("s3://"):
        seed.bucket(dataset.removeprefix("s3://").partition("/")[0], seed.region)
        seed.object(dataset, content)
        return
    uri = f"s3://{output_bucket}/rehearsal/dataset.jsonl"
    seed.object(uri, content)
    seed.dataset(dataset, uri)
