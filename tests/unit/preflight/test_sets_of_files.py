"""Permissions on a dataset in several files: asked for each of them, granted with the star."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from model_evaluation.preflight.permissions import Need, Plan, caller_needs, role_needs

PLAN = Plan(
    partition="aws",
    region="us-west-2",
    account="111122223333",
    role="arn:aws:iam::111122223333:role/R",
    dataset="data/in/rows-*-of-002.jsonl",
    dataset_bucket="data",
    output="data/out",
    output_bucket="data",
    judge="j",
    package="",
    base_model="arn:aws:sagemaker:us-west-2:aws:hub-content/H/Model/m/1",
    hub="arn:aws:sagemaker:us-west-2:aws:hub/H",
    weights="",
    mlflow="",
    mlflow_create=False,
)


@pytest.mark.parametrize("needs", [role_needs, caller_needs])
def test_every_file_must_be_readable(needs: Callable[[Plan], list[Need]]) -> None:
    (need,) = (need for need in needs(PLAN) if need.part == "read_dataset")
    assert need.asked == tuple(f"arn:aws:s3:::data/in/rows-00{number}-of-002.jsonl" for number in (1, 2))
    assert need.statement()["Resource"] == "arn:aws:s3:::data/in/rows-*-of-002.jsonl"


def test_one_file_is_asked_for_as_it_is() -> None:
    (need,) = (need for need in role_needs(PLAN._replace(dataset="data/rows.jsonl")) if need.part == "read_dataset")
    assert need.asked == need.granted == ("arn:aws:s3:::data/rows.jsonl",)
