"""Agents in AWS: runtimes of Bedrock AgentCore."""

from __future__ import annotations

from typing import NamedTuple

from model_evaluation.errors import AccessDenied, NotFound
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws

CONTROL = "bedrock-agentcore-control"
MOST_LISTED = 20


class Runtime(NamedTuple):
    """An AgentCore runtime; ``reason`` says why it is not READY, as far as AWS does."""

    arn: str
    id: str
    name: str
    status: str
    reason: str = ""


def list_runtimes(aws: Aws, region: str) -> list[Runtime]:
    """The region's runtimes; none where they may not be listed."""

    def ask() -> list[Runtime]:
        client = aws.client(CONTROL, region)
        try:
            with aws_errors("listing the agent runtimes"):
                found = client.list_agent_runtimes(maxResults=MOST_LISTED)["agentRuntimes"]
        except (AccessDenied, NotFound):
            return []
        return [
            Runtime(item["agentRuntimeArn"], item["agentRuntimeId"], item["agentRuntimeName"], item["status"])
            for item in found
        ]

    return aws.once(("agent runtimes", region), ask)


def describe_runtime(aws: Aws, region: str, runtime_id: str) -> Runtime:
    """A runtime by its id. Raises NotFound, AccessDenied."""
    client = aws.client(CONTROL, region)
    with aws_errors("looking up the agent runtime", resource=runtime_id):
        item = client.get_agent_runtime(agentRuntimeId=runtime_id)
    reason = str(item.get("failureReason", ""))
    return Runtime(item["agentRuntimeArn"], item["agentRuntimeId"], item["agentRuntimeName"], item["status"], reason)


def endpoint_status(aws: Aws, region: str, runtime_id: str, name: str) -> str:
    """The status of a runtime's endpoint. Raises NotFound, AccessDenied."""
    client = aws.client(CONTROL, region)
    with aws_errors("looking up the agent runtime's endpoint", resource=f"{runtime_id} {name}"):
        return str(client.get_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName=name)["status"])
