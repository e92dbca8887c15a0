"""The state machine: which question comes next, what an answer changes. Pure functions over
(step table, document); no files, no AWS."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from model_evaluation.errors import Refused
from model_evaluation.json_types import Document, Entry, JsonObject, OfferEntry, Question

if TYPE_CHECKING:
    from .context import Context

Requirements = Mapping[str, tuple[str, ...]]
"""Step id to the steps whose answers it rests on, in the order they are asked."""

# What another tool may have left in the file for a step; of several keys the first that holds a text. As a suggestion
# it is confirmed by the user, and then checked.
FOREIGN_KEYS: dict[str, tuple[str, ...]] = {
    "task": ("task", "task_description", "use_case"),
    "dataset": (
        "evaluation_dataset",
        "evaluation_dataset_path",
        "eval_dataset_path",
        "dataset_path",
        "dataset_arn",
        "dataset_s3_uri",
        "dataset",
    ),
    "model": (
        "model_package_arn",
        "model_package_group_arn",
        "model_package_group_name",
        "training_job_arn",
        "training_job_name",
    ),
    "region": ("region", "aws_region"),
    "role": ("role_arn", "execution_role_arn", "role"),
    "mlflow": ("mlflow_resource_arn", "mlflow_app_arn", "mlflow_tracking_server_arn"),
    "output": ("s3_output_path", "s3_output", "output_path"),
}


@dataclass(frozen=True)
class Answer:
    """A checked answer: canonical value, the facts its check found, findings for the user.

    A finding is ``{"kind", "message", ...}``; those with ``"level": "warning"`` stay with the answer.
    """

    value: object
    facts: Mapping[str, object] = field(default_factory=dict)
    findings: list[JsonObject] = field(default_factory=list)
    origin: str = "user"


@dataclass
class Offer:
    """What a question can show: choices, a suggested value, text put before the question.

    These are kept in the state file for `status`; ``findings`` are shown once and not kept. ``changes`` are the lines
    of a text that are others than when it was shown before; ``None`` for a text that has no such lines. ``facts`` are
    what was read for it and need not be read again for the answer.
    """

    choices: list[dict[str, str]] | None = None
    suggested: str | None = None
    text: str | None = None
    changes: list[str] | None = None
    findings: list[JsonObject] = field(default_factory=list)
    facts: JsonObject = field(default_factory=dict)

    def as_json(self) -> OfferEntry:
        kept = {"choices": self.choices, "suggested": self.suggested, "text": self.text, "changes": self.changes}
        told = {name: part for name, part in kept.items() if part is not None}
        return cast(OfferEntry, told | ({"facts": self.facts} if self.facts else {}))


@dataclass
class Step:
    """One question of the conversation.

    ``check(text, context)`` returns the Answer to record or raises Refused / AwsError.
    ``offer(context)`` returns what the question can show (an Offer); asked once, before the question.
    ``settle(context)`` returns an Answer when no question is needed, else ``None``.
    ``consent`` steps need the user's own words: `--accept` does not work there. ``closed``: only what the offer
    holds is suggested, and of earlier answers those among its choices. ``listed``: its choices are listed and none is
    ever suggested. ``in_turn``: it is settled only when its turn to be asked has come, since that takes lookups.
    ``moot(context)``, once all that it rests on is known: whether the other answers leave nothing to ask. Then it is
    settled whatever was said before.
    """

    id: str
    title: str
    question: str
    expects: str
    example: str
    check: Callable[[str, Context], Answer]
    offer: Callable[[Context], Offer] | None = None
    settle: Callable[[Context], Answer | None] | None = None
    moot: Callable[[Context], bool] | None = None
    reference: str | None = None
    consent: bool = False
    closed: bool = False
    listed: bool = False
    in_turn: bool = False
    limit: int = 2_048
    multiline: bool = False

    def where_needed(self, needed: Callable[[Context], bool]) -> Step:
        """This step, settled as ``none`` wherever ``needed`` says that the other answers leave nothing for it."""

        def check(text: str, context: Context) -> Answer:
            if needed(context):
                if text.lower() == "none":
                    article = "an" if self.id[0] in "aeiou" else "a"
                    raise Refused(
                        f"What the other answers name needs {article} {self.id}; none was received.",
                        fix=f"Expected: {self.expects}.",
                        code="needed",
                    )
                return self.check(text, context)
            note = f"{self.title}: the other answers leave nothing for it, so none is recorded."
            return Answer("none", findings=[] if text.lower() == "none" else [finding("not_needed", note)])

        def settle(context: Context) -> Answer | None:
            if not needed(context):
                return Answer("none", origin="default")
            return self.settle(context) if self.settle else None

        return replace(self, check=check, settle=settle, moot=lambda context: not needed(context))


def finding(kind: str, message: str, *, level: str = "info", **more: object) -> JsonObject:
    """One thing a check saw. ``level`` is info or warning; a fault is raised, not found."""
    return {"kind": kind, "level": level, "message": message, **more}


def pending(requirements: Requirements, document: Document) -> list[str]:
    """Steps without an answer, in order."""
    return [step_id for step_id in requirements if step_id not in document["answers"]]


def missing(requirements: Requirements, step_id: str, document: Document) -> list[str]:
    """Prerequisites of ``step_id`` that have no answer yet, in order."""
    return [needed for needed in requirements[step_id] if needed not in document["answers"]]


def dependants(requirements: Requirements, step_id: str) -> list[str]:
    """Every step that rests on ``step_id``, directly or through another, in order."""
    resting = {step_id}
    for candidate, needed in requirements.items():  # prerequisites always stand before their dependants
        if resting.intersection(needed):
            resting.add(candidate)
    return [candidate for candidate in requirements if candidate in resting and candidate != step_id]


def record(
    requirements: Requirements,
    document: Document,
    step_id: str,
    answer: Answer,
    now: str,
    *,
    simulated: bool = False,
) -> tuple[Document, list[str]]:
    """A new document with ``answer`` in it, and the steps this reopened. ``simulated``: it was checked against a
    stand-in for AWS.

    The same value with the same facts again changes nothing that rests on it.
    """
    entry: Entry = {"value": answer.value, "origin": answer.origin, "time": now}
    if simulated:
        entry["simulated"] = True
    if answer.facts:
        entry["facts"] = dict(answer.facts)
    warnings = [item for item in answer.findings if item.get("level") == "warning"]
    if warnings:
        entry["warnings"] = warnings
    before = document["answers"].get(step_id)
    unchanged = before is not None and before["value"] == entry["value"] and before.get("facts") == entry.get("facts")
    reopened: list[str] = []
    if not unchanged:
        document, reopened = _without(document, dependants(requirements, step_id), asked=())
    result: Document = {**document, "answers": {**document["answers"], step_id: entry}}
    if "reopened" in result:
        result["reopened"] = {key: value for key, value in result["reopened"].items() if key != step_id}
    if "offers" in result:
        result["offers"] = _spent(result["offers"], [step_id])
    return result, reopened


def _spent(offers: Mapping[str, OfferEntry], step_ids: list[str]) -> dict[str, OfferEntry]:
    """The offers without those of the steps; of a text whose changes are told it is kept what was shown."""
    left = {key: offer for key, offer in offers.items() if key not in step_ids}
    for key, offer in offers.items():
        if key in step_ids and {"changes", "shown"} & offer.keys():
            left[key] = {"shown": offer.get("text") or offer["shown"]}
    return left


def shown(step_id: str, document: Document) -> str | None:
    """The text that was put before the question last, where its changes are told; ``None`` before the first time."""
    offer = document.get("offers", {}).get(step_id, {})
    return offer.get("text") or offer.get("shown")


def reopen(requirements: Requirements, document: Document, step_id: str) -> tuple[Document, list[str]]:
    """A new document in which ``step_id`` and what rested on it are open again; their values become suggestions."""
    return _without(document, [step_id, *dependants(requirements, step_id)], asked=(step_id,))


def switch(requirements: Requirements, document: Document, changed: Collection[str] = ()) -> tuple[Document, list[str]]:
    """A new document for another kind's ``requirements``: answers to steps that both kinds have stay, those of other
    steps and of the ``changed`` ones become suggestions, and so does what rests on a step without an answer."""
    lost = [step_id for step_id in document["answers"] if step_id not in requirements or step_id in changed]
    document, _ = _without(document, [*lost, *changed], asked=tuple(lost))  # what was offered is another kind's, too
    resting = [step_id for step_id in document["answers"] if missing(requirements, step_id, document)]
    document, reopened = _without(document, resting, asked=())
    return document, [*lost, *reopened]


def _without(document: Document, step_ids: list[str], *, asked: tuple[str, ...]) -> tuple[Document, list[str]]:
    """A step that stands in ``reopened`` is asked, with its old value suggested; what was settled settles again,
    but for the steps in ``asked``."""
    removed = [step_id for step_id in step_ids if step_id in document["answers"]]
    answers = {key: value for key, value in document["answers"].items() if key not in removed}
    offers = _spent(document.get("offers", {}), step_ids)
    own = [key for key in removed if key in asked or document["answers"][key]["origin"] == "user"]
    kept = {**document.get("reopened", {}), **{key: document["answers"][key]["value"] for key in own}}
    result: Document = {**document, "answers": answers}
    if offers or "offers" in document:
        result["offers"] = offers
    if kept or "reopened" in document:
        result["reopened"] = kept
    return result, removed


def describe(step: Step, document: Document) -> Question:
    """The ``step`` object of the envelope: all an assistant needs to ask this question."""
    offer = document.get("offers", {}).get(step.id, {})
    text = offer.get("text")
    body: Question = {
        "id": step.id,
        "title": step.title,
        "question": f"{text}\n\n{step.question}" if text else step.question,
        "expects": step.expects,
        "example": step.example,
    }
    if offer.get("changes"):
        body["changed"] = offer["changes"]
    if offer.get("choices"):
        body["choices"] = offer["choices"]
    if not (step.consent or step.listed):
        suggested = _suggestion(step.id, document)
        if not suggested or (step.closed and suggested not in [item["value"] for item in offer.get("choices", [])]):
            suggested = offer.get("suggested")
        if suggested:
            body["suggested"] = suggested
    if step.reference:
        body["reference"] = step.reference
    return body


def _suggestion(step_id: str, document: Document) -> str | None:
    """What ``document`` suggests for a step: the answer it had before it was reopened, else another tool's value."""
    reopened = document.get("reopened", {}).get(step_id)
    if isinstance(reopened, str) and reopened:
        return reopened
    if isinstance(reopened, list) and reopened and all(isinstance(item, str) for item in reopened):
        return ",".join(reopened)
    others = (document.get(key) for key in FOREIGN_KEYS.get(step_id, ()))
    return next((text.strip() for text in others if isinstance(text, str) and text.strip()), None)
