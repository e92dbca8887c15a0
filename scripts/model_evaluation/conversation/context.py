"""What a step may know while it checks an answer: earlier answers, the project, AWS, the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.errors import StateError
from model_evaluation.json_types import Document, Facts, Value
from model_evaluation.kinds.registry import kind_of

from .provenance import present

if TYPE_CHECKING:
    from model_evaluation.kinds.kind import Kind
    from model_evaluation.lookups.session import Aws


class _Facts(dict[str, object]):
    """A recorded answer's facts. One that was taken out of the file by hand is a damaged file (exit 5), no bug."""

    def __init__(self, step_id: str, facts: Facts) -> None:
        super().__init__(facts)
        self._step_id = step_id

    def __missing__(self, key: str) -> object:
        raise StateError(
            f"workflow_state.json is damaged: answers.{self._step_id}.facts has no {key}. It was left as it is.",
            code="state_damaged",
            fix=f"Answer that step again: evaluate.py revise {self._step_id}",
        )


class Context:
    """One command's view of the world. AWS is created on first use, so steps without lookups stay light."""

    def __init__(self, project: str, document: Document, *, now: str, aws: Aws | None = None) -> None:
        self.project = project
        self.document = present(document)
        self.now = now
        self._aws = aws
        self.kept: dict[tuple[str, ...], object] = {}
        """What took long to find, for the other steps of the same command."""

    @property
    def aws(self) -> Aws:
        if self._aws is None:
            from model_evaluation.lookups.session import Aws

            self._aws = Aws()
        return self._aws

    @property
    def kind(self) -> Kind:
        """The kind of evaluation that the workflow is about."""
        return kind_of(self.document)

    def value(self, step_id: str) -> Value:
        """The recorded value of a step, ``None`` when it is open."""
        answer = self.document["answers"].get(step_id)
        return None if answer is None else answer["value"]

    def facts(self, step_id: str) -> Facts:
        """What the check of a recorded answer found; empty when the step is open."""
        answer = self.document["answers"].get(step_id)
        return {} if answer is None else _Facts(step_id, answer.get("facts", {}))

    def answered(self, step_id: str) -> bool:
        return step_id in self.document["answers"]
