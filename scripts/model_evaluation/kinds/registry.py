"""Every kind of evaluation: adding one is a folder beside this file (see :mod:`.kind`) and a line here."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING

from model_evaluation.errors import StateError
from model_evaluation.json_types import Document, Entry

if TYPE_CHECKING:
    from model_evaluation.runtime.report.words import ReportWords
    from model_evaluation.runtime.summary import Summary

    from .kind import Kind

REGISTRY = {
    "llm_as_judge": "model_evaluation.kinds.llm_as_judge.kind",
    "benchmark": "model_evaluation.kinds.benchmark.kind",
    "custom_scorer": "model_evaluation.kinds.custom_scorer.kind",
    "inspect_ai": "model_evaluation.kinds.inspect_ai.kind",
    "nova": "model_evaluation.kinds.nova.kind",
    "multi_turn": "model_evaluation.kinds.multi_turn.kind",
    "predictive": "model_evaluation.kinds.predictive.kind",
}
"""Kind's id to the module that holds it as ``KIND``."""
DEFAULT = "llm_as_judge"


def load_kind(kind_id: str) -> Kind:
    """The kind of that id. Raises ``KeyError`` for one that is not registered."""
    kind: Kind = importlib.import_module(REGISTRY[kind_id]).KIND
    return kind


def report_words(summary: Summary) -> ReportWords:
    """What reports of this summary say beside its numbers. Raises ``KeyError`` for a kind that is not registered."""
    return load_kind(summary["kind"]).words(summary)


def kind_of(document: Document) -> Kind:
    """The kind of evaluation that a workflow is about. Raises StateError for one that this program does not have."""
    return load_kind(require_known(document))


def with_kind(document: Document) -> Document:
    """The document with an answer to ``evaluation``: the default where nobody chose another kind or asked for the
    question. Raises StateError for a kind that this program does not have."""
    kind_id = require_known(document)
    answers = document["answers"]
    if "evaluation" in answers or "evaluation" in document.get("reopened", {}):
        return document
    moment = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    entry: Entry = {"value": kind_id, "origin": "default", "time": moment}
    return {**document, "answers": {"evaluation": entry, **answers}}


def require_known(document: Document) -> str:
    """The id of the workflow's kind. Raises StateError for one that this program does not have, never the default."""
    kind_id = document.get("evaluation", DEFAULT)
    if isinstance(kind_id, str) and kind_id in REGISTRY:
        return kind_id
    raise StateError(
        f"workflow_state.json is about an evaluation of kind {str(kind_id)[:60]!r}; this program knows "
        f"{', '.join(REGISTRY)}. The file was left as it is.",
        code="unknown_evaluation",
        fix="Update the model-evaluation skill, or work in another project folder.",
    )
