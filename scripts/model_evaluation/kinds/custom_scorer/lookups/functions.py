"""Scorers in AWS: evaluators of the AI registry, and the Lambda functions behind them."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, NamedTuple

import botocore.exceptions

from model_evaluation.errors import AccessDenied, NotFound, Refused
from model_evaluation.kinds.custom_scorer.runtime.settings import EVALUATOR
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.functions import Function
from model_evaluation.lookups.identity import who_am_i
from model_evaluation.lookups.session import Aws

LEAST_TIMEOUT = 30  # seconds; what a function is given unless it says otherwise is 3
LEAST_MEMORY = 256
MOST_LISTED = 20


class RegistryEvaluator(NamedTuple):
    """An evaluator of the AI registry; ``function`` is the Lambda function's ARN, ``type`` is RewardFunction or not."""

    arn: str
    name: str
    version: str
    status: str
    type: str
    function: str


def registry_hub(aws: Aws, region: str) -> str:
    """The name of the account's AI registry in a region, as the SDK makes it."""
    digest = hashlib.sha256(f"AiRegistry-{region}-{who_am_i(aws).account}".encode()).digest()
    return base64.b32hexencode(digest).decode().strip("=")


def list_evaluators(aws: Aws, region: str) -> list[tuple[str, str]]:
    """(ARN, name) of the registry's evaluators, newest first; none where they may not be listed or none exist."""
    client = aws.client("sagemaker", region)
    try:
        with aws_errors("listing the AI registry's evaluators"):
            answer = client.list_hub_contents(
                HubName=registry_hub(aws, region), HubContentType="JsonDoc", MaxResults=MOST_LISTED
            )
    except (NotFound, AccessDenied):
        return []
    return [(str(item["HubContentArn"]), str(item["HubContentName"])) for item in answer["HubContentSummaries"]]


def describe_evaluator(aws: Aws, arn: str) -> RegistryEvaluator:
    """An evaluator by its ARN. Raises NotFound, and Refused for an entry that names no function."""
    match = EVALUATOR.fullmatch(arn)
    assert match is not None
    region, _, hub, name, version = match.groups()
    client = aws.client("sagemaker", region)
    with aws_errors("looking up the evaluator", resource=arn):
        answer = client.describe_hub_content(
            HubName=hub, HubContentType="JsonDoc", HubContentName=name, HubContentVersion=version
        )
    try:
        document = json.loads(answer["HubContentDocument"])
        content = document.get("JsonContent")
        content = json.loads(content) if isinstance(content, str) else content
        type_, reference = str(content["EvaluatorType"]), str(content["Reference"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(
            f"The registry entry {name} {version} does not say which function it stands for.",
            fix="Register the function anew: Evaluator.create(name, 'RewardFunction', source=FUNCTION_ARN)",
            code="no_function",
        ) from error
    return RegistryEvaluator(
        str(answer["HubContentArn"]), name, version, str(answer.get("HubContentStatus", "")), type_, reference
    )


def invoke(aws: Aws, arn: str, event: list[dict[str, Any]]) -> object:
    """Calls the function with an event and waits for its answer; what it raised comes back as its own error object."""
    client = aws.client("lambda", arn.split(":")[3])
    try:
        with aws_errors("calling the function", resource=arn):
            answer = client.invoke(
                FunctionName=arn, InvocationType="RequestResponse", Payload=json.dumps(event).encode()
            )
            return json.loads(answer["Payload"].read() or b"null")
    except (ValueError, botocore.exceptions.ReadTimeoutError) as error:
        return {"errorType": type(error).__name__, "errorMessage": str(error)}


def function_faults(function: Function) -> tuple[list[str], list[str]]:
    """What keeps a function from scoring, and what may."""
    faults, doubts = [], []
    if function.state not in ("", "Active"):
        faults.append(f"it is {function.state}, not Active")
    if function.update not in ("", "Successful"):
        faults.append(f"its last update is {function.update}")
    if function.timeout < LEAST_TIMEOUT:
        doubts.append(f"its timeout is {function.timeout} s; a call that takes longer is a row without a score")
    if function.memory < LEAST_MEMORY:
        doubts.append(f"it has {function.memory} MB of memory")
    return faults, doubts
