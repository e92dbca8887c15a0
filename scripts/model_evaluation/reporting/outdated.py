"""Whether results are those of the present answers."""

from __future__ import annotations

import os

from model_evaluation import state
from model_evaluation.conversation import workflow
from model_evaluation.conversation.answers import fingerprint, utc_now
from model_evaluation.conversation.context import Context
from model_evaluation.errors import EvaluationError
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.registry import kind_of, with_kind
from model_evaluation.results_folder import SummaryFile

from .result_files import Results


def outdated_warnings(project: str, results: Results) -> list[JsonObject]:
    """A warning when the results may not be those of the present answers, with what is known to be another."""
    try:
        document = state.load(project).document
        context = Context(project, document, now=utc_now())
        kind = context.kind
    except EvaluationError as error:  # the results can be shown all the same
        return [workflow.finding(error.code, error.message, level="warning", fix=error.fix)]
    if not document["answers"]:
        return []
    rendered = document.get("rendered", {})
    other = kind.other_answers(results.summary, context) if kind.id == results.summary["kind"] else [
        f"they are of another kind of evaluation ({results.summary['kind']}, not {kind.id})"
    ]  # fmt: skip
    if other:
        message = f"These results are not those of the present answers: {'; '.join(other)}."
        fix = "For the present answers, write the notebook and run it: evaluate.py render"
    elif rendered and rendered.get("fingerprint") != fingerprint(document):
        message = "Answers have changed since the notebook was written: these results are of the answers before."
        fix = "For the present answers, write the notebook again and run it: evaluate.py render"
    elif SummaryFile(results.path, os.stat(results.path).st_mtime).is_before(rendered.get("written", 0)):
        message = "The notebook was written again after these results, so they may be of other answers."
        fix = "For the present answers: evaluate.py run"
    else:
        return []
    if workflow.pending(kind_of(document).steps, with_kind(document)):
        fix = "For the present answers, see what is still asked: evaluate.py status"
    return [workflow.finding("outdated_results", message, level="warning", fix=fix)]
