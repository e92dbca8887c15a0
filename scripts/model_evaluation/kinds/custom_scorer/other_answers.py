"""Results of other answers than the present ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context
    from model_evaluation.runtime.summary import Summary


def other_answers(summary: Summary, context: Context) -> list[str]:
    """What the results say otherwise than the answers, as far as both are known."""
    tuned, inputs, scope = summary["models"]["tuned"], summary.get("inputs") or {}, context.value("scope")
    pairs = (
        ("the model", tuned and tuned.get("arn"), context.value("model")),
        ("the dataset", inputs.get("dataset"), context.value("dataset")),
        ("the scorer", summary["conditions"].get("scorer"), context.value("scorer")),
        ("the primary metric", summary["primary_metric"], context.facts("primary_metric").get("name")),
        ("what is evaluated", summary.get("scope"), scope if scope in ("compare", "tuned", "base") else "compare"),
    )
    texts = [f"{name} is {was}, not {now}" for name, was, now in pairs if was and now and was != now]
    if context.answered("dataset") and not any(text.startswith("the dataset") for text in texts):
        was, now = (
            str(etag or "").strip('"') for etag in (inputs.get("dataset_etag"), context.facts("dataset").get("etag"))
        )
        if was and now and was != now:
            texts.append("the dataset has been changed since, under the same address")
    return texts
