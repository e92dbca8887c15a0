"""What the recorded answers were checked against: AWS, or a stand-in for it.

An answer keeps ``simulated`` when it was checked while a service of AWS was reached at another address. An assent that
was given to a stand-in never counts for AWS, nor the other way round.
"""

from __future__ import annotations

from model_evaluation.endpoints import foreign_endpoints
from model_evaluation.json_types import Document, JsonObject
from model_evaluation.kinds.registry import kind_of, with_kind

from . import workflow


def present(document: Document) -> Document:
    """The document as it counts here and now: with its kind, and with assents that were given elsewhere open again."""
    document = with_kind(document)
    kind = kind_of(document)
    now = bool(foreign_endpoints())
    elsewhere = [step_id for step_id in kind.assents if _is_simulated(document, step_id) is (not now)]
    for step_id in elsewhere:
        if step_id in document["answers"]:
            document, _ = workflow.reopen(kind.steps, document, step_id)
    return document


def warnings(document: Document) -> list[JsonObject]:
    """One warning where answers that rest on lookups were checked elsewhere."""
    now = bool(foreign_endpoints())
    elsewhere = [
        step_id
        for step_id, entry in document["answers"].items()
        if entry.get("facts") and _is_simulated(document, step_id) is (not now)
    ]
    if not elsewhere:
        return []
    before, here = ("AWS itself", "a stand-in for AWS") if now else ("a stand-in for AWS (SIMULATED)", "AWS itself")
    return [
        {
            "step": elsewhere[0],
            "kind": "checked_elsewhere",
            "message": f"Checked against {before}, not against {here}: {', '.join(elsewhere)}. What was agreed to "
            "there is open again.",
            "fix": "Check them all again here: evaluate.py preflight. To show the card: evaluate.py revise confirm",
        }
    ]


def _is_simulated(document: Document, step_id: str) -> bool | None:
    """Whether an answer was checked against a stand-in; ``None`` without one."""
    entry = document["answers"].get(step_id)
    return None if entry is None else bool(entry.get("simulated"))
