"""AI Registry datasets: a DataSet ARN names one object in S3."""

from __future__ import annotations

import json
from typing import NamedTuple

from model_evaluation.errors import Refused
from model_evaluation.lookups.arns import Arn
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws
from model_evaluation.runtime.s3_uri import S3Uri


class RegistryDataset(NamedTuple):
    """``arn`` has a version; ``uri`` is where its rows lie."""

    arn: str
    uri: S3Uri


def resolve_dataset(aws: Aws, arn: Arn) -> RegistryDataset:
    """The S3 object behind ``...:hub-content/<hub>/DataSet/<name>[/<version>]``; without a version, the newest."""
    parts = arn.resource.split("/")
    if len(parts) not in (4, 5):
        raise Refused(
            f"{arn.text} is not a complete DataSet ARN.",
            fix="It looks like arn:aws:sagemaker:REGION:ACCOUNT:hub-content/HUB/DataSet/NAME/VERSION.",
        )
    hub, name = parts[1], parts[3]
    request = {"HubName": hub, "HubContentType": "DataSet", "HubContentName": name}
    if len(parts) == 5:
        request["HubContentVersion"] = parts[4]
    client = aws.client("sagemaker", arn.region)
    with aws_errors("looking up the dataset", resource=arn.text):
        answer = client.describe_hub_content(**request)
    try:
        document = json.loads(answer["HubContentDocument"])
        uri = S3Uri(document["DatasetS3Bucket"], document["DatasetS3Prefix"])
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"The registry entry {name} does not say where its rows are.",
            fix="Give the S3 URI of the dataset's JSONL file instead.",
        ) from error
    return RegistryDataset(str(answer["HubContentArn"]), uri)
