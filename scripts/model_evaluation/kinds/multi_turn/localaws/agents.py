"""Agents: runtimes of Bedrock AgentCore, and Lambda functions that act as one."""

from __future__ import annotations

from dataclasses import dataclass

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.operations import Operations, Record, Request, ServiceError

OPERATIONS = Operations()
CONTROL = "bedrock-agentcore-control"
DEFAULT_ENDPOINT = "DEFAULT"


@dataclass(frozen=True)
class AgentRuntime:
    """A runtime by its id; ``endpoints`` are the names that a qualifier may be, with their statuses."""

    id: str = "fernway_desk-a1B2c3D4e5"
    status: str = "READY"
    endpoints: tuple[tuple[str, str], ...] = ((DEFAULT_ENDPOINT, "READY"), ("PROD", "READY"))

    @property
    def name(self) -> str:
        return self.id.rpartition("-")[0]

    def arn(self, cloud: Cloud, region: str) -> str:
        return cloud.arn(region, f"runtime/{self.id}", "bedrock-agentcore")


@dataclass(frozen=True)
class AgentFunction:
    """A Lambda function that is an agent."""

    name: str = "FernwayDeskAgent"
    runtime: str = "python3.12"
    timeout: int = 600
    state: str = "Active"


@dataclass(frozen=True)
class Agents:
    """The part of a scenario that is about agents: those of the account, and how rollouts come out.

    ``solved`` are the shares of rollouts that the fine-tuned and the base model solve; ``without_reward`` and
    ``without_place`` are shares of rollouts whose reward, or whose spans' place, is missing; ``traces`` says whose
    rollouts MLflow holds: ``both``, ``tuned``, ``none``, or ``nobodys`` (they name no run); ``missing_prompts`` is how
    many prompts the base model has no rollout of.
    """

    runtimes: tuple[AgentRuntime, ...] = (AgentRuntime(), AgentRuntime("fernway_triage-Z9y8X7w6V5", "CREATE_FAILED"))
    functions: tuple[AgentFunction, ...] = (AgentFunction(),)
    solved: tuple[float, float] = (0.75, 0.45)
    without_reward: float = 0.01
    without_place: float = 0.01
    traces: str = "both"
    missing_prompts: int = 1


def runtime_of(cloud: Cloud, runtime_id: str) -> AgentRuntime:
    """Raises ``ResourceNotFoundException``."""
    runtime = next((one for one in cloud.scenario.part(Agents).runtimes if one.id == runtime_id), None)
    if runtime is None:
        raise ServiceError("ResourceNotFoundException", f"Agent runtime {runtime_id} was not found", status=404)
    return runtime


def _described(cloud: Cloud, request: Request, own: AgentRuntime) -> Record:
    return {
        "agentRuntimeArn": own.arn(cloud, request.region),
        "agentRuntimeId": own.id,
        "agentRuntimeName": own.name,
        "agentRuntimeVersion": "1",
        "description": "SIMULATED",
        "lastUpdatedAt": cloud.now(),
        "status": own.status,
    }


@OPERATIONS.plays(CONTROL, "ListAgentRuntimes")
def list_agent_runtimes(cloud: Cloud, request: Request) -> Record:
    return {"agentRuntimes": [_described(cloud, request, own) for own in cloud.scenario.part(Agents).runtimes]}


@OPERATIONS.plays(CONTROL, "GetAgentRuntime")
def get_agent_runtime(cloud: Cloud, request: Request) -> Record:
    role = f"arn:aws:iam::{cloud.account}:role/FernwayDeskAgentRuntime"
    own = _described(cloud, request, runtime_of(cloud, str(request.params["agentRuntimeId"])))
    return {**own, "createdAt": cloud.now(), "roleArn": role, "lifecycleConfiguration": {}}


@OPERATIONS.plays(CONTROL, "GetAgentRuntimeEndpoint")
def get_agent_runtime_endpoint(cloud: Cloud, request: Request) -> Record:
    own, name = runtime_of(cloud, str(request.params["agentRuntimeId"])), str(request.params["endpointName"])
    status = dict(own.endpoints).get(name)
    if status is None:
        raise ServiceError("ResourceNotFoundException", f"Endpoint {name} of {own.id} was not found", status=404)
    arn = own.arn(cloud, request.region)
    return {
        "agentRuntimeEndpointArn": f"{arn}/runtime-endpoint/{name}",
        "agentRuntimeArn": arn,
        "status": status,
        "createdAt": cloud.now(),
        "lastUpdatedAt": cloud.now(),
        "name": name,
        "id": own.id,
    }


@OPERATIONS.plays("lambda", "GetFunctionConfiguration")
def get_function_configuration(cloud: Cloud, request: Request) -> Record | None:
    name = str(request.params["FunctionName"]).rpartition(":")[2]
    own = next((one for one in cloud.scenario.part(Agents).functions if one.name == name), None)
    if own is None:
        return None  # another kind's, or nobody's
    return {
        "FunctionName": own.name,
        "FunctionArn": cloud.arn(request.region, f"function:{own.name}", "lambda"),
        "Runtime": own.runtime,
        "Timeout": own.timeout,
        "MemorySize": 1024,
        "State": own.state,
        "LastUpdateStatus": "Successful",
    }
