"""Carries one answer through: check, record, settle what needs no question, look up what the next question offers.

The state file is replaced only at the end and only if nobody else changed it meanwhile; otherwise the whole
answer is tried again on the new state.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from model_evaluation import state
from model_evaluation.endpoints import foreign_endpoints
from model_evaluation.errors import Choose, EvaluationError, Refused, TooEarly, UsageError
from model_evaluation.json_types import Document, Entry, JsonObject, Known, Position
from model_evaluation.kinds.registry import kind_of, with_kind
from model_evaluation.results_folder import newest_summary

from . import provenance, workflow
from .answer_text import clean
from .context import Context
from .provenance import present
from .workflow import finding

if TYPE_CHECKING:
    from model_evaluation.kinds.kind import Kind

MOST_ELSEWHERE = 3  # folders named; more of them would hide the question
SPEAKER = "MODEL_EVALUATION_SPEAKER"  # who gives the answers where it is not the user: the demo's script
SAME_EVERYWHERE = frozenset({"region", "role", "output"})  # every kind's step of the name takes the value
SHARED = "shared"
LONG_TEXT = 300  # characters; no ARN or S3 URI of real life is longer


def utc_now() -> str:
    """Now, as ISO 8601 in UTC to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())


def position(document: Document, project: str, *, answered: str | None = None) -> Position:
    """The part of the envelope that says where the workflow stands. Reads only; no network.

    It goes with every answer, so there it is short: after an answer to ``answered``, long values are abridged (and
    say so; `status` and the state file have them whole), and fixes of warnings are repeated for that step only.
    """
    document = present(document)
    kind = kind_of(document)
    open_steps = workflow.pending(kind.steps, document)
    step = workflow.describe(kind.step(open_steps[0]), document) if open_steps else None
    known: dict[str, Known] = {}
    warnings: list[JsonObject] = []
    for step_id in kind.steps:
        if step_id not in document["answers"]:
            continue
        entry = document["answers"][step_id]
        value = entry["value"]
        short = value if answered is None else _abridged(kind.abridged(step_id, value))
        known[step_id] = {"value": short, "origin": entry["origin"]}
        if short != value:
            known[step_id]["abridged"] = True
        keys = ("kind", "message", "fix") if answered in (None, step_id) else ("kind", "message")
        warnings += [
            {"step": step_id, **{key: warning[key] for key in keys if key in warning}}
            for warning in entry.get("warnings", [])
        ]
    return {
        "step": step,
        "next": None if step else next_command(document, project),
        "known": known,
        "progress": {"done": len(kind.steps) - len(open_steps), "total": len(kind.steps)},
        "warnings": warnings + provenance.warnings(document),
    }


def _abridged(value: object) -> object:
    """A long text cut, also within a list; anything else as it is."""
    if isinstance(value, list):
        return [_abridged(item) for item in value]
    if isinstance(value, str) and len(value) > LONG_TEXT:
        return value[: LONG_TEXT - 1] + "…"
    return value


def next_command(document: Document, project: str) -> str | None:
    """Which command follows when every question is answered: render, run, report, or nothing."""
    rendered = document.get("rendered", {})
    notebook = os.path.join(project, rendered.get("notebook", ""))
    if rendered.get("fingerprint") != fingerprint(document) or not os.path.isfile(notebook):
        return "render"
    newest = newest_summary(project)
    if newest is None or newest.is_before(rendered.get("written", 0)):
        return "run"
    rehearsed = newest.simulated and not foreign_endpoints()  # AWS itself has not been asked yet
    return "run" if rehearsed else "report"


def fingerprint(document: Document) -> str:
    """Identifies the answers a notebook was written from."""
    document = with_kind(document)
    assents = kind_of(document).assents
    values = {step_id: entry["value"] for step_id, entry in document["answers"].items() if step_id not in assents}
    data = document["answers"].get("data")
    if data and isinstance(overlap := data.get("facts", {}).get("overlap"), dict):
        values["overlap"] = overlap["statement"]  # the notebook's report repeats it
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def elsewhere(project: str) -> list[JsonObject]:
    """Warnings about workflows near ``project``, which has none: in the nearest folder above, right below, and the
    last good copy of its own."""
    folder = Path(project)
    above = [other for other in folder.parents if (other / state.FILE_NAME).is_file()]
    below = sorted(file.parent for file in folder.glob(f"[!.]*/{state.FILE_NAME}"))
    warnings: list[JsonObject] = [
        {
            "kind": "workflow_elsewhere",
            "message": f"Nothing has been answered in {project}, but {other} holds a {state.FILE_NAME}.",
            "fix": f"If that evaluation is meant: evaluate.py --project {shlex.quote(str(other))} status",
        }
        for other in [*above[:1], *below][:MOST_ELSEWHERE]
    ]
    backup, lost = folder / state.BACKUP_NAME, folder / state.FILE_NAME
    if backup.is_file():
        back = shlex.join(["cp", str(backup), str(lost)])
        warnings.append(
            {
                "kind": "workflow_gone",
                "message": f"{lost} is gone; {backup} is the last good copy of it.",
                "fix": f"To go back to it: {back} - or begin anew: the next answer replaces the copy.",
            }
        )
    return warnings


def known_step(document: Document, step_id: str) -> workflow.Requirements:
    """The step table, if it has ``step_id``; raises UsageError (exit 2) otherwise."""
    steps = kind_of(document).steps
    if step_id not in steps:
        raise UsageError(f"{step_id!r} is not a step. Steps: {', '.join(steps)}.", fix="See: evaluate.py status")
    return steps


def give_answer(project: str, step_id: str, text: str | None, *, accept: bool = False) -> JsonObject:
    """Check and record one answer; return the envelope's body.

    ``text`` is the user's value, or ``None`` with ``accept`` to take the suggestion. A refused answer raises,
    leaves the state file as it was, and carries the workflow's position in the error's ``envelope``.
    """

    def change(snapshot: state.Snapshot) -> tuple[Document, JsonObject]:
        known_step(snapshot.document, step_id)
        context = Context(project, snapshot.document, now=utc_now())
        try:
            body, document = _answered(context, step_id, text, accept=accept)
        except EvaluationError as error:
            add_position(error, snapshot.document, project, step_id)
            raise
        return document, {**body, **position(document, project, answered=step_id)}

    return state.update(project, change)


def add_position(error: EvaluationError, document: Document, project: str, step_id: str) -> None:
    """Let a refusal of an answer to ``step_id`` carry the workflow's position, with the question to ask again."""
    error.step = error.step or step_id
    envelope = position(document, project, answered=step_id)
    step = workflow.describe(kind_of(document).step(step_id), document)
    if isinstance(error, Choose):
        step["choices"] = error.choices
    # The question to repeat is the one that was answered, unless it came too early.
    if not isinstance(error, TooEarly):
        envelope["step"] = step
    error.envelope = envelope


def _answered(context: Context, step_id: str, text: str | None, *, accept: bool) -> tuple[JsonObject, Document]:
    steps = context.kind.steps
    missing = workflow.missing(steps, step_id, context.document)
    if missing:
        raise TooEarly(
            f"{step_id} rests on {', '.join(missing)}, which {'has' if len(missing) == 1 else 'have'} no answer yet.",
            fix=f"Answer {_first_open(steps, missing[0], context.document)} first.",
            details={"missing": missing},
        )
    step = context.kind.step(step_id)
    value = _suggestion(step, context.document) if accept else clean(text or "", step)
    answer = step.check(value, context)
    speaker = os.environ.get(SPEAKER)
    if answer.origin == "user" and speaker in state.ORIGINS:
        answer = replace(answer, origin=speaker)
    context.document, reopened = _record(context, step_id, answer)
    if step_id == "evaluation":
        context.document, reopened = _with_kind(context.document, str(answer.value))
    recorded = {step_id: context.document["answers"][step_id]}
    settling = _settle(context, recorded)
    findings = [*answer.findings, *reopened_finding(context.document, reopened, f"because of the answer to {step_id}")]
    findings += settling
    findings += prepare_next(context)
    body = {
        "recorded": {"step": step_id, **_public(recorded.pop(step_id))},
        "settled": {key: _public(entry) for key, entry in recorded.items()},
        "findings": findings,
    }
    return body, context.document


def reopened_finding(document: Document, reopened: list[str], why: str) -> list[JsonObject]:
    """Which of the steps that were reopened will be asked again; what settled itself is told as settled, and what
    another kind asks is not."""
    still_open = [step_id for step_id in workflow.pending(kind_of(document).steps, document) if step_id in reopened]
    return [finding("reopened", f"Open again, {why}: {', '.join(still_open)}.")] if still_open else []


def _record(context: Context, step_id: str, answer: workflow.Answer) -> tuple[Document, list[str]]:
    simulated = bool(foreign_endpoints())
    return workflow.record(context.kind.steps, context.document, step_id, answer, context.now, simulated=simulated)


def _with_kind(document: Document, kind_id: str) -> tuple[Document, list[str]]:
    """The document of an evaluation of that kind, and the steps that have to be answered again: what another kind's
    own step found out is not what this kind's step needs to know.

    Suggested is what this kind can take: a value of another kind's own step of the same name is not, but stays for the
    case that the user changes their mind again."""
    before = kind_of(document)
    document = {**document, "evaluation": kind_id}
    kind = kind_of(document)
    if before.id == kind.id:
        return document, []
    own = before.own_steps | kind.own_steps
    document, reopened = workflow.switch(kind.steps, document, own)
    suggested = dict(document.get("reopened", {}))
    homes = {home: dict(values) for home, values in document.get("other_kinds", {}).items()}
    for step_id in suggested.keys() & own - SAME_EVERYWHERE:
        homes.setdefault(_home(before, step_id), {})[step_id] = suggested.pop(step_id)
    for step_id in kind.steps:
        remembered = homes.get(_home(kind, step_id), {})
        if step_id in remembered:
            suggested[step_id] = remembered.pop(step_id)
    document["other_kinds"] = {home: values for home, values in homes.items() if values}
    if suggested or "reopened" in document:
        document["reopened"] = suggested
    return document, reopened


def _home(kind: Kind, step_id: str) -> str:
    """Whose step it is: the kind's own, or the one that kinds share."""
    return kind.id if step_id in kind.own_steps else SHARED


def _first_open(steps: workflow.Requirements, step_id: str, document: Document) -> str:
    """``step_id``, or the first open step that it rests on itself."""
    while missing := workflow.missing(steps, step_id, document):
        step_id = missing[0]
    return step_id


def _public(entry: Entry) -> JsonObject:
    """What was stored, without the long texts among its facts: those were just shown (the terms' wording)."""
    public: JsonObject = {"value": entry["value"], "origin": entry["origin"], "time": entry["time"]}
    facts = {name: fact for name, fact in entry.get("facts", {}).items() if _abridged(fact) == fact}
    return {**public, "facts": facts} if facts else public


def _settle(context: Context, recorded: dict[str, Entry]) -> list[JsonObject]:
    """Record every open step that a lookup or the documented default answers without a question.

    A step that was reopened is asked, unless other answers made it moot.
    """
    steps = context.kind.steps
    findings: list[JsonObject] = []
    for step_id in workflow.pending(steps, context.document):
        if workflow.missing(steps, step_id, context.document):
            continue
        step = context.kind.step(step_id)
        if step_id in context.document.get("reopened", {}) and not (step.moot and step.moot(context)):
            continue
        if step.settle is None or (step.in_turn and step_id != workflow.pending(steps, context.document)[0]):
            continue
        try:
            answer = step.settle(context)
        except EvaluationError as error:  # then the question is asked, which shows the same trouble
            findings.append(finding(error.code, f"{step_id}: {error.message}", level="warning", fix=error.fix))
            continue
        if answer is not None:
            context.document, _ = _record(context, step_id, answer)
            recorded[step_id] = context.document["answers"][step_id]
            findings += answer.findings
    return findings


def prepare_next(context: Context) -> list[JsonObject]:
    """Look up what the next question offers and keep it in the document, so that `status` needs no network.

    A lookup that fails does not undo the answer before it: it becomes a warning.
    """
    open_steps = workflow.pending(context.kind.steps, context.document)
    if not open_steps:
        return []
    step = context.kind.step(open_steps[0])
    if step.offer is None:
        return []
    try:
        offer = step.offer(context)
    except EvaluationError as error:
        return [finding(error.code, f"{step.id}: {error.message}", level="warning", fix=error.fix)]
    offers = {**context.document.get("offers", {}), step.id: offer.as_json()}
    context.document = {**context.document, "offers": offers}
    return offer.findings


def _suggestion(step: workflow.Step, document: Document) -> str:
    if step.consent:
        raise Refused(
            f"--accept does not work for {step.id}: it needs the user's own words.",
            fix=f"Ask the user, then: evaluate.py answer {step.id} VALUE",
            code="needs_consent",
        )
    suggested = workflow.describe(step, document).get("suggested")
    if not suggested:
        raise Refused(
            f"There is no suggestion for {step.id} to accept.",
            fix=f"Give a value: evaluate.py answer {step.id} VALUE   (expected: {step.expects})",
            code="no_suggestion",
        )
    return str(suggested)
