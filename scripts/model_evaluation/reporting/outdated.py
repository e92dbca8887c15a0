"""Whether results are those of the present answers."""

from __future__ import annotations

import os
from typing import Any

from model_evaluation import state
from model_evaluation.conversation import workflow
from model_evaluation.conversation.answers import fingerprint
from model_evaluation.errors import StateError
from model_evaluation.kinds.registry import kind_of, with_kind

from .result_files import Results


def outdated_warnings(project: str, results: Results) -> list[dict[str, Any]]:
    """A warning when the results may not be those of the present answers."""
    try:
        document = state.load(project).document
    except StateError as error:  # the results can be shown all the same
        return [workflow.finding(error.code, error.message, level="warning", fix=error.fix)]
    rendered = document.get("rendered", {})
    if not rendered:
        return []
    if rendered.get("fingerprint") != fingerprint(document):
        message = "Answers have changed since the notebook was written: these results are of the answers before."
        if workflow.pending(kind_of(document).steps, with_kind(document)):
            fix = "For the present answers, see what is still asked: evaluate.py status"
        else:
            fix = "For the present answers, write the notebook again and run it: evaluate.py render"
    elif os.stat(results.path).st_mtime < rendered.get("written", 0):
        message = "The notebook was written again after these results, so they may be of other answers."
        fix = "For the present answers: evaluate.py run"
    else:
        return []
    return [workflow.finding("outdated_results", message, level="warning", fix=fix)]
