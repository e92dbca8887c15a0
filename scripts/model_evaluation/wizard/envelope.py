"""What the commands answer, as far as the wizard shows it."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Choice(TypedDict):
    """One answer that a question offers."""

    value: str
    label: NotRequired[str]
    note: NotRequired[str]


class Question(TypedDict):
    """The step that is asked, as the commands' envelopes have it."""

    id: str
    title: str
    question: str
    expects: str
    example: str
    choices: NotRequired[list[Choice]]
    suggested: NotRequired[str]
    reference: NotRequired[str]


class Known(TypedDict):
    """A recorded answer."""

    value: object
    origin: str


class Row(TypedDict):
    """A sample row of the dataset."""

    line: int
    prompt: str
    reference: NotRequired[str | None]


class Finding(TypedDict):
    """What a check says: ``level`` is info (the default) or warning."""

    message: str
    level: NotRequired[str]
    fix: NotRequired[str]
    rows: NotRequired[list[Row]]


class Position(TypedDict):
    """Where the conversation stands, and what came of the last answer."""

    step: Question | None
    next: str | None
    known: dict[str, Known]
    progress: dict[str, int]
    warnings: list[Finding]
    findings: NotRequired[list[Finding]]
    reopened: NotRequired[list[str]]


class Written(TypedDict):
    """The file that `render` wrote."""

    notebook: str
    run_instructions: str
    findings: NotRequired[list[Finding]]
