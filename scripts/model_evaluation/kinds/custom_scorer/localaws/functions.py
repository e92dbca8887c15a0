"""Lambda functions with a scorer in them: their configuration, and calling them."""

from __future__ import annotations

import json
import types
from dataclasses import dataclass
from typing import Any

from model_evaluation.kinds.custom_scorer.demo.script import demo_scorer
from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.language import share
from model_evaluation.localaws.operations import Operations, Record, Request, Response, ServiceError

OPERATIONS = Operations()
FUNCTION = "FernwayTicketScorer"


@dataclass(frozen=True)
class ScorerFunction:
    """A function by its name. ``failing`` is the share of calls that it fails on."""

    name: str = FUNCTION
    source: str = ""
    runtime: str = "python3.12"
    timeout: int = 60
    memory: int = 512
    state: str = "Active"
    failing: float = 0.0

    def call(self, event: Any) -> object:
        """What it answers, as Lambda gives it: what it raises is an object with errorMessage."""
        try:
            if self.failing and share("failing", json.dumps(event)) < self.failing:
                raise TimeoutError(f"Task timed out after {self.timeout} seconds")
            module = types.ModuleType("lambda_function")
            exec(compile(self.source or demo_scorer(), f"{self.name}.py", "exec"), module.__dict__)  # noqa: S102
            return module.lambda_handler(json.loads(json.dumps(event)), None)
        except Exception as error:  # whatever a scorer raises
            return {"errorType": type(error).__name__, "errorMessage": str(error)}


@dataclass(frozen=True)
class Scorers:
    """The part of a scenario that is about scorers: the account's functions."""

    functions: tuple[ScorerFunction, ...] = (ScorerFunction(),)


def function_of(cloud: Cloud, reference: str) -> ScorerFunction | None:
    """A function by its name or ARN."""
    name = reference.rpartition(":")[2]
    return next((one for one in cloud.scenario.part(Scorers).functions if one.name == name), None)


def _found(cloud: Cloud, request: Request) -> ScorerFunction:
    name = str(request.params["FunctionName"])
    function = function_of(cloud, name)
    if function is None:
        raise ServiceError("ResourceNotFoundException", f"Function not found: {name}", status=404)
    return function


@OPERATIONS.plays("lambda", "GetFunctionConfiguration")
def get_function_configuration(cloud: Cloud, request: Request) -> Record | None:
    function = function_of(cloud, str(request.params["FunctionName"]))
    if function is None:
        return None  # another kind's, or nobody's
    return {
        "FunctionName": function.name,
        "FunctionArn": f"arn:aws:lambda:{request.region}:{cloud.account}:function:{function.name}",
        "Runtime": function.runtime,
        "Timeout": function.timeout,
        "MemorySize": function.memory,
        "State": function.state,
        "LastUpdateStatus": "Successful",
    }


@OPERATIONS.plays("lambda", "Invoke")
def invoke(cloud: Cloud, request: Request) -> Response:
    payload = request.params.get("Payload") or b"null"
    reply = _found(cloud, request).call(json.loads(payload))
    headers = {"Content-Type": "application/json"}
    if isinstance(reply, dict) and "errorMessage" in reply:
        headers["X-Amz-Function-Error"] = "Unhandled"
    return Response(200, headers, json.dumps(reply).encode())
