"""What results were made of that the present answers say otherwise: what is the same for several kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.errors import EvaluationError, Refused
from model_evaluation.steps.scope import reference_package

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context
    from model_evaluation.runtime.summary import Summary


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
    from model_evaluation.lookups.s3.dataset_files import unchanged_files

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
