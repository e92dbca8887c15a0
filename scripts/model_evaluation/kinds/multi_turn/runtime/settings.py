"""The parameters cell of an evaluation of agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model_evaluation.runtime.checks import DATASET, OUTPUT, SESSION, Fault
from model_evaluation.runtime.launch.evaluators import EvaluatorSettings, check_model, numbers_in
from model_evaluation.runtime.session import AwsClients, AwsFailure
from model_evaluation.runtime.settings import Json, ParameterReader, parameter
from model_evaluation.runtime.tasks.settings import recipe_of, require_taken

from .multi_turn_runs import MultiTurnRuns
from .recipe import (
    EVALUATION_TYPE,
    FUNCTION,
    GROUP,
    REWARD,
    RUNTIME,
    TEMPERATURE,
    USUAL,
    hyperparameters,
    meaningless_k,
)


def check_agent(settings: MultiTurnSettings, aws: AwsClients) -> str:
    """The agent is there, in this region, and ready."""
    match = RUNTIME.fullmatch(settings.agent) or FUNCTION.fullmatch(settings.agent)
    assert match is not None  # the parameters were checked
    if match[1] != settings.region:
        raise Fault(f"the agent is in {match[1]}, not in {settings.region}.", "Use an agent in REGION.")
    if match.re is FUNCTION:
        state = aws.client("lambda").get_function_configuration(FunctionName=settings.agent).get("State", "Active")
        if state != "Active":
            raise Fault(f"the function {match[3]} is {state}, not Active.", "Wait, or mend the function.")
        return f"function {match[3]}, {state}"
    client = aws.client("bedrock-agentcore-control")
    status = client.get_agent_runtime(agentRuntimeId=match[3])["status"]
    if status != "READY":
        raise Fault(f"the agent runtime {match[3]} is {status}, not READY.", "Wait, or deploy the agent again.")
    return f"AgentCore runtime {match[3]}, {status}"


def check_recipe(settings: MultiTurnSettings, aws: AwsClients) -> str:
    """The base model has a recipe for evaluating agents, and it takes these settings."""
    try:
        recipe = recipe_of(settings, aws, EVALUATION_TYPE)
    except (*AwsFailure, ValueError) as error:
        fix = "Choose a model that can be trained with multi-turn reinforcement learning, or allow reading its recipe."
        raise Fault(f"the recipe for evaluating agents could not be read ({error}).", fix, "warn") from error
    require_taken({GROUP: settings.group, **settings.sampling}, recipe, "the parameters cell")
    return f"{EVALUATION_TYPE}; {settings.rollouts_in_words}"


def _whole(reader: ParameterReader, name: str) -> int:
    number = reader.positive(name) or 1
    return int(number) if number == int(number) else reader.fault(name, "a whole number", 1)


def _number(reader: ParameterReader, name: str) -> float:
    value = reader.structure(name)
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if usable else reader.fault(name, "a number", 1.0)  # type: ignore[arg-type]


def _ks(reader: ParameterReader, name: str) -> tuple[int, ...]:
    value = reader.structure(name)
    usable = isinstance(value, list | tuple) and value and all(type(k) is int and k > 0 for k in value)
    if not usable:
        return reader.fault(name, "a list of whole numbers above 0, such as [1, 4]", (1,))
    return tuple(sorted({*value}))  # type: ignore[misc]


def _sampling(reader: ParameterReader, name: str) -> dict[str, int | float]:
    expected = "a dictionary of numbers in the recipe's names, such as {'temperature': 0.7}"
    value = numbers_in(reader, name, expected)
    if set(value) <= USUAL.keys():
        return value
    names = ", ".join(own for own in USUAL if own != GROUP)
    return reader.fault(name, f"{expected}; the recipe's names are {names}", {})


@dataclass(frozen=True, kw_only=True)
class MultiTurnSettings(EvaluatorSettings):
    """``agent`` is an AgentCore runtime's or a Lambda function's ARN; ``group`` rollouts are made per prompt, of which
    one counts as solved from a reward of ``threshold``; ``sampling`` holds settings in the recipe's own names."""

    kind = "multi_turn"
    runs = MultiTurnRuns()
    checks = (
        *SESSION,
        ("Model", check_model),
        ("Recipe", check_recipe),
        *DATASET,
        ("Agent", check_agent),
        *OUTPUT,
    )

    dataset: str = parameter("DATASET", ParameterReader.text, "dataset")
    agent: str = parameter("AGENT", ParameterReader.text, "agent")
    qualifier: str | None = parameter("AGENT_QUALIFIER", ParameterReader.optional_text, "qualifier")
    group: int = parameter("ROLLOUTS", _whole)
    pass_k: tuple[int, ...] = parameter("PASS_K", _ks)
    threshold: float = parameter("SUCCESS_THRESHOLD", _number)
    sampling: Mapping[str, int | float] = parameter("SAMPLING", _sampling)
    primary_metric: str = parameter("PRIMARY_METRIC", ParameterReader.text)

    def faults(self) -> list[str]:
        faults = super().faults()
        if not (RUNTIME.fullmatch(self.agent) or FUNCTION.fullmatch(self.agent)):
            expected = "the ARN of a Bedrock AgentCore runtime or of a Lambda function"
            faults.append(f"AGENT must be {expected} (received {self.agent[:90]!r})")
        if not USUAL[GROUP].takes(self.group):
            faults.append(f"ROLLOUTS must be {USUAL[GROUP].bounds()} (received {self.group})")
        if why := meaningless_k(self.pass_k, self.group, self.sampling.get(TEMPERATURE, 0)):
            faults.append(f"PASS_K: {why}")
        if self.primary_metric not in self.metrics:
            faults.append(f"PRIMARY_METRIC must be one of {', '.join(self.metrics)} (received {self.primary_metric!r})")
        if self.mlflow_resource_arn is None:
            faults.append("MLFLOW_RESOURCE_ARN must be set: all results of this evaluation are in MLflow")
        return faults

    @property
    def metrics(self) -> tuple[str, ...]:
        """What can decide."""
        return (*(f"pass_at_{k}" for k in self.pass_k), REWARD)

    @property
    def hyperparameters(self) -> dict[str, str]:
        """What each job is to be sent, in the recipe's own names."""
        return hyperparameters(self.group, self.pass_k, self.threshold, self.sampling)

    @property
    def rollouts_in_words(self) -> str:
        each = f"{self.group} rollout{'s' if self.group > 1 else ''} per prompt"
        others = ", ".join(f"{name}={value}" for name, value in self.sampling.items())
        return f"{each}; {others or 'the recipe’s own sampling'}"

    def configuration(self) -> Json:
        return {**super().configuration(), "hyperparameters": self.hyperparameters}

    def contents(self) -> dict[str, str]:
        return {
            "Dataset": self.dataset,
            "Agent": f"{self.agent}{f' ({self.qualifier})' if self.qualifier else ''}",
            "Rollouts": self.rollouts_in_words,
            "Solved": f"from a reward of {self.threshold:g}",
            "Decides": self.primary_metric,
        }

    def overview(self) -> dict[str, str]:
        return {**super().overview(), "Results": f"MLflow, {self.mlflow_resource_arn}"}


SETTINGS = MultiTurnSettings
