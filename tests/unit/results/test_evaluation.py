"""How the summary names models."""

from __future__ import annotations

import pytest

from model_evaluation.runtime.results.evaluation import NamedModel, named_model

ARN = "arn:aws:sagemaker:us-west-2:111122223333:model-package/group/3"


@pytest.mark.parametrize(
    ("name", "model"),
    [
        (None, None),
        ("", None),
        ("meta/llama", {"name": "meta/llama"}),
        (ARN, {"name": "group/3", "arn": ARN}),
        ("arn:x", {"name": "arn:x", "arn": "arn:x"}),
    ],
)
def test_a_model_has_its_short_name_and_its_arn(name: str | None, model: NamedModel | None) -> None:
    assert named_model(name) == model
