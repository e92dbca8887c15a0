"""What a package says of its weights and licence, and what cannot be told is never a pass."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from model_evaluation import errors
from model_evaluation.lookups.sagemaker.hub import HubModel
from model_evaluation.lookups.sagemaker.models import ModelPackage
from model_evaluation.preflight.checks import models, network
from model_evaluation.preflight.configuration import Model

ARN = "arn:aws:sagemaker:us-west-2:111122223333:model-package/tickets/3"
SOURCE = {"S3Uri": "s3://models/tickets/3/", "S3DataType": "S3Prefix", "CompressionType": "None"}
SPECIFICATION = {"Containers": [{"ModelDataSource": {"S3DataSource": SOURCE}}]}


def a_package(**changes: Any) -> ModelPackage:
    usual = ModelPackage(
        ARN, "tickets", 3, "Completed", "", "", "llama", "1.0.0", SOURCE["S3Uri"], None, "", SPECIFICATION
    )
    return usual._replace(**changes)


def a_base(*, gated: bool = False, licence: str = "", read: bool = True) -> HubModel:
    return HubModel("arn", "Available", () if read else None, licence, gated)


class S3:
    """One answer to every listing."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def client(self, service: str, region: str | None = None) -> S3:
        assert service == "s3"
        return self

    def list_objects_v2(self, **_: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"KeyCount": self.answer}


def a_subject(found: ModelPackage, base: HubModel | None = None, *, s3: Any = 1, scope: str = "compare") -> Any:
    model = Model("", "" if scope == "base" else ARN, "llama", "1.0.0", "models/tickets/3")
    return SimpleNamespace(
        aws=S3(s3),
        region="us-west-2",
        configuration=SimpleNamespace(models=(model,)),
        package=lambda _: found,
        base_model=lambda _: base,
    )


@pytest.mark.parametrize(
    ("found", "s3", "status", "said"),
    [
        (a_package(), 1, "pass", "s3://models/tickets/3/"),
        (a_package(), 0, "fail", "are gone"),
        (a_package(), errors.NotFound("no such bucket", fix=""), "fail", "are gone"),
        (a_package(), errors.AccessDenied("no", fix=""), "skip", "only it can look into"),
        (a_package(model_data=None), 1, "skip", "does not say where"),
    ],
)
def test_weights(found: ModelPackage, s3: Any, status: str, said: str) -> None:
    (result,) = models.weights(a_subject(found, s3=s3))
    assert result.status == status
    assert said in result.message


def test_without_the_fine_tuned_model_no_weights_are_looked_for() -> None:
    (result,) = models.weights(a_subject(a_package(), s3=AssertionError("asked"), scope="base"))
    assert result.status == "pass"


@pytest.mark.parametrize(
    ("accepted", "base", "scope", "status"),
    [
        (True, a_base(gated=True), "compare", "pass"),
        (False, a_base(gated=True), "compare", "warn"),
        (None, a_base(gated=True), "compare", "skip"),
        (None, a_base(licence="s3://eulas/x.txt"), "compare", "skip"),
        (None, a_base(), "compare", "pass"),
        (None, a_base(read=False), "compare", "skip"),
        (False, a_base(gated=True), "base", "skip"),  # the package takes no part
    ],
)
def test_licence(accepted: bool | None, base: HubModel, scope: str, status: str) -> None:
    (result,) = models.licence(a_subject(a_package(licence_accepted=accepted), base, scope=scope))
    assert result.status == status


def test_the_licences_fix_changes_nothing_but_the_acceptance() -> None:
    (result,) = models.licence(a_subject(a_package(licence_accepted=False), a_base()))
    (line,) = [line for line in result.fix.splitlines() if line.startswith("aws ")]
    document = json.loads(line.partition("--inference-specification '")[2].partition("' --region")[0])
    source = document["Containers"][0]["ModelDataSource"]["S3DataSource"]
    assert source == SOURCE | {"ModelAccessConfig": {"AcceptEula": True}}
    assert "ModelAccessConfig" not in SOURCE


def test_a_package_that_names_no_job_leaves_its_network_open() -> None:
    (result,) = network.steps(a_subject(a_package()))
    assert result.status == "skip"
    (result,) = network.steps(a_subject(a_package(), scope="base"))
    assert result.status == "pass"
