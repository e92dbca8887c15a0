"""Results of other answers than the present ones: another model version, dataset, judge or choice of metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.errors import EvaluationError, Refused

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context
    from model_evaluation.runtime.summary import Summary


def other_answers(summary: Summary, context: Context) -> list[str]:
    """What the results say otherwise than the answers, as far as both are known."""
    tuned, inputs = summary["models"]["tuned"], summary.get("inputs") or {}
    custom = [item["customMetricDefinition"].get("name") for item in context.value("custom_metrics") or []]
    metrics = [*(context.value("builtin_metrics") or []), *custom]
    pairs = (
        ("the model", tuned and tuned.get("arn"), context.value("model")),
        ("the dataset", inputs.get("dataset"), context.value("dataset")),
        ("the judge", summary["conditions"].get("judge"), context.value("judge")),
        ("the primary metric", summary["primary_metric"], _bare(context.value("primary_metric"))),
        ("what is evaluated", summary.get("scope"), context.value("scope")),
    )
    texts = [f"{name} is {was}, not {now}" for name, was, now in pairs if was and now and was != now]
    if not any(text.startswith("the dataset") for text in texts) and _was_replaced(inputs.get("dataset_etag"), context):
        texts.append("the dataset has been changed since, under the same address")
    missing = [name for name in metrics if _bare(name) not in summary["metrics"]]
    if missing:
        texts.append(f"they have no {', '.join(map(str, missing))}")
    return texts


def _bare(name: str | None) -> str | None:
    return name.removeprefix("Builtin.") if name else None


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
