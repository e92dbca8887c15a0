"""ARNs are taken apart and named for what they are."""

from __future__ import annotations

import pytest

from model_evaluation.lookups.arns import kind_of, parse_arn

SM = "arn:aws:sagemaker:us-west-2:111122223333:"


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (SM + "model-package/group/3", "model package"),
        (SM + "model-package/group", "model package"),
        (SM + "model-package-group/group", "model package group"),
        (SM + "training-job/job", "training job"),
        (SM + "endpoint/e", "endpoint"),
        (SM + "pipeline/p/execution/x", "pipeline or pipeline execution"),
        (SM + "hub-content/hub/DataSet/name/1.0.0", "AI Registry dataset"),
        (SM + "hub-content/hub/JsonDoc/name/1.0.0", "AI Registry evaluator"),
        ("arn:aws:sagemaker:us-west-2:aws:hub-content/SageMakerPublicHub/Model/llama/1.0.0", "hub model"),
        (SM + "mlflow-app/app-1", "MLflow app"),
        ("arn:aws-us-gov:iam::111122223333:role/path/Name", "IAM role"),
        ("arn:aws:s3:::bucket/key", "S3 bucket or object"),
        ("arn:aws:dynamodb:us-west-2:111122223333:table/x", "dynamodb table"),
        ("arn:aws:bedrock:us-west-2::foundation-model/x", "bedrock foundation model"),
        ("arn:aws:lambda:us-west-2:111122223333:function:f", "lambda function"),
    ],
)
def test_an_arn_is_named_for_what_it_is(arn: str, kind: str) -> None:
    parsed = parse_arn(arn)
    assert parsed is not None
    assert kind_of(parsed) == kind


@pytest.mark.parametrize(
    "text",
    ["", "arn:aws", "arn:aws:sagemaker:us-west-2:1111:model-package/g/1", "my-group", SM, f"x{SM}model-package/g"],
)
def test_what_is_no_arn_is_none(text: str) -> None:
    assert parse_arn(text) is None


def test_the_parts_are_kept_exactly() -> None:
    parsed = parse_arn(SM + "model-package/My.Group_1/12")
    assert parsed is not None
    assert (parsed.region, parsed.account, parsed.resource) == (
        "us-west-2",
        "111122223333",
        "model-package/My.Group_1/12",
    )
