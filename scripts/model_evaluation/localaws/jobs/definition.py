"""Pipeline definitions: reading one, and resolving the references in a step's arguments."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from model_evaluation.localaws.errors import invalid
from model_evaluation.localaws.operations import Record

Lookup = Callable[[str], object]


@dataclass(frozen=True)
class Step:
    """One step as defined. ``arguments`` still hold ``Get`` and ``Std:Join`` references."""

    name: str
    kind: str
    depends_on: tuple[str, ...] = ()
    arguments: Record = field(default_factory=dict)


@dataclass(frozen=True)
class Definition:
    """A whole definition, with the text it came from."""

    text: str
    steps: tuple[Step, ...]
    mlflow: Record | None = None


def read_definition(text: str) -> Definition:
    """Raises ``ValidationException`` as CreatePipeline and UpdatePipeline do for unusable text."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise invalid(f"Unable to parse pipeline definition. Invalid JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("Steps"), list):
        raise invalid("Unable to parse pipeline definition. Field 'Steps' must be a list")
    steps = tuple(_read_step(raw) for raw in document["Steps"])
    names = [step.name for step in steps]
    if len(set(names)) != len(names):
        raise invalid("Unable to parse pipeline definition. Step names must be unique")
    for step in steps:
        missing = [name for name in step.depends_on if name not in names]
        if missing:
            raise invalid(f"Step {step.name} depends on step {missing[0]}, which does not exist")
    mlflow = document.get("MlflowConfig")
    if mlflow is not None and not str(mlflow.get("MlflowResourceArn", "")).startswith("arn:"):
        raise invalid(f"Invalid MlflowResourceArn {mlflow.get('MlflowResourceArn')!r} in MlflowConfig: not an ARN")
    return Definition(text, steps, mlflow)


def resolve(value: object, lookup: Lookup) -> object:
    """``value`` with every ``{"Get": ...}`` and ``{"Std:Join": ...}`` replaced.

    ``lookup`` returns what a property path such as ``Execution.PipelineExecutionId`` stands for.
    """
    if isinstance(value, dict):
        if set(value) == {"Get"}:
            return lookup(value["Get"])
        if set(value) == {"Std:Join"}:
            join = value["Std:Join"]
            return join["On"].join(str(resolve(part, lookup)) for part in join["Values"])
        return {key: resolve(part, lookup) for key, part in value.items()}
    if isinstance(value, list):
        return [resolve(part, lookup) for part in value]
    return value


def _read_step(raw: object) -> Step:
    if not isinstance(raw, dict) or "Name" not in raw or "Type" not in raw:
        raise invalid("Unable to parse pipeline definition. Every step needs 'Name' and 'Type'")
    depends_on = tuple(raw.get("DependsOn", ()))
    return Step(raw["Name"], raw["Type"], depends_on, dict(raw.get("Arguments", {})))
