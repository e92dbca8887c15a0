"""Types of the JSON that commands read and write: ``workflow_state.json`` and the envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

JsonObject = dict[str, object]
"""A JSON object that is put together here and written out: a command's body, a finding, a policy."""

Value = Any
"""A recorded answer's value; the step that recorded it knows of what type it is."""
Facts = Mapping[str, Any]
"""What the check of a recorded answer found, by name; the step that recorded it knows of what types these are."""


class Entry(TypedDict):
    """A recorded answer; ``schemas/workflow_state.schema.json`` says what each part means."""

    value: object
    origin: str
    time: str
    simulated: NotRequired[bool]
    facts: NotRequired[JsonObject]
    warnings: NotRequired[list[JsonObject]]


class OfferEntry(TypedDict):
    """What a question offers, as it is kept until the question is answered."""

    choices: NotRequired[list[dict[str, str]]]
    suggested: NotRequired[str]
    text: NotRequired[str]
    changes: NotRequired[list[str]]
    shown: NotRequired[str]
    facts: NotRequired[JsonObject]


class Rendered(TypedDict):
    """The notebook that was written last. ``written`` is in seconds since 1970."""

    notebook: str
    written: float
    fingerprint: str


class RunEntry(TypedDict):
    """A start of an evaluation. Without ``name`` it was only intended."""

    kind: NotRequired[str]
    fingerprint: str
    name: str | None
    execution_arn: str | None
    started: str
    notebook: str
    results_dir: str
    outcome: NotRequired[str]


class Document(TypedDict):
    """``workflow_state.json``. It may hold further keys, which are other tools'."""

    schema_version: int
    evaluation: NotRequired[str]
    answers: dict[str, Entry]
    offers: NotRequired[dict[str, OfferEntry]]
    reopened: NotRequired[JsonObject]
    other_kinds: NotRequired[dict[str, JsonObject]]
    rendered: NotRequired[Rendered]
    runs: NotRequired[list[RunEntry]]


class Question(TypedDict):
    """The step that is asked."""

    id: str
    title: str
    question: str
    expects: str
    example: str
    changed: NotRequired[list[str]]
    choices: NotRequired[list[dict[str, str]]]
    suggested: NotRequired[str]
    reference: NotRequired[str]


class Known(TypedDict):
    """A recorded answer as an envelope repeats it."""

    value: object
    origin: str
    abridged: NotRequired[bool]


class Position(TypedDict):
    """Where a workflow stands, and what came of the last answer."""

    step: Question | None
    next: str | None
    known: dict[str, Known]
    progress: dict[str, int]
    warnings: list[JsonObject]
    findings: NotRequired[list[JsonObject]]
    reopened: NotRequired[list[str]]
