"""Whether results are those of the present answers, and what they were made of that these say otherwise."""

from __future__ import annotations

import os

from model_evaluation import state
from model_evaluation.conversation import workflow
from model_evaluation.conversation.answers import fingerprint, utc_now
from model_evaluation.conversation.context import Context
from model_evaluation.errors import EvaluationError, Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.registry import kind_of, with_kind
from model_evaluation.lookups.s3.dataset_files import unchanged_files
from model_evaluation.results_folder import SummaryFile
from model_evaluation.runtime.summary import Summary
from model_evaluation.steps.scope import reference_package

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


def differences(summary: Summary, context: Context, *own: tuple[str, object, object]) -> list[str]:
    """Model, dataset and what is evaluated, and what a kind adds as (name, what it was, what it is now): a text for
    each that is another, as far as both are known."""
    tuned, base, inputs = summary["models"]["tuned"], summary["models"]["base"], summary.get("inputs") or {}
    reference = reference_package(context)
    scope = "compare" if reference else context.value("scope")
    compared = base and base.get("arn", base["name"])
    if not reference and ":model-package/" in str(compared):
        reference = "its base model"
    pairs = (
        ("the model", tuned and tuned.get("arn"), context.value("model")),
        ("the dataset", inputs.get("dataset"), context.value("dataset")),
        *own,
        ("what is evaluated", summary.get("scope"), scope),
        ("what the model is compared with", compared, reference if scope == "compare" else None),
    )
    others = {name: f"{name} is {was}, not {now}" for name, was, now in pairs if was and now and was != now}
    texts = list(others.values())
    if "the dataset" not in others and _was_replaced(inputs.get("dataset_etag"), context):
        texts.append("the dataset has been changed since, under the same address")
    return texts


def _was_replaced(was: object, context: Context) -> bool:
    """Whether the dataset that was evaluated is known to be another by now: as it was recorded since, or as it lies
    there, where that can be seen."""
    facts = context.facts("dataset")
    if not was or not facts.get("etag"):
        return False
    if _differ(was, str(facts["etag"])):
        return True
    try:
        unchanged_files(context.aws, facts)
    except Refused as error:
        return error.code == "dataset_changed"
    except EvaluationError:  # results can be read without AWS
        pass
    return False


def _differ(was: object, now: str) -> bool:
    """Whether two ETags, each maybe in quotes or of several files, are known to be different."""
    plain = [str(etag or "").replace('"', "").replace(" ", "") for etag in (was, now)]
    return all(plain) and plain[0] != plain[1]
