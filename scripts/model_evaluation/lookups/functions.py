"""Lambda functions by their configuration."""

from __future__ import annotations

from typing import NamedTuple

from .failures import aws_errors
from .session import Aws


class Function(NamedTuple):
    """A function as its configuration has it; ``state`` and ``update`` are empty where they are not told."""

    arn: str
    runtime: str
    timeout: int
    memory: int
    state: str
    update: str


def describe_function(aws: Aws, region: str, name: str) -> Function:
    """A function by its ARN or name. Raises NotFound, AccessDenied."""
    client = aws.client("lambda", region)
    with aws_errors("looking up the function", resource=name):
        answer = client.get_function_configuration(FunctionName=name)
    return Function(
        str(answer["FunctionArn"]),
        str(answer.get("Runtime", "")),
        int(answer.get("Timeout", 3)),
        int(answer.get("MemorySize", 128)),
        str(answer.get("State", "")),
        str(answer.get("LastUpdateStatus", "")),
    )
