"""The event that SageMaker's container calls a scorer's function with, for each format of dataset rows.

AWS's page "Evaluate with Preset and Custom Scorers": the function is called once per sample with a list of one element
that mirrors the row, so where the model's answer sits depends on the row's format. ``response`` is the gold answer in
one format and the model's in another.
"""

from __future__ import annotations

from model_evaluation.dataset.rows.formats import family, format_of
from model_evaluation.json_types import Facts, JsonObject
from model_evaluation.runtime.rows import read_dataset_row

ANSWER_FIELDS = {
    "openai_chat": "messages",
    "sagemaker": "model_response",
    "prompt_completion": "completion",
    "preference": "completion",
    "verl": "response",
}
"""By format, the field that holds the model's answer; in ``messages`` it is the last assistant message."""
GOLD_FIELDS = {
    "openai_chat": "reference_answer.text",
    "sagemaker": "response",
    "prompt_completion": "reference_answer.text",
    "preference": "chosen",
    "verl": "extra_info.reference_answer.text",
}


def format_name(row: Facts) -> str:
    """The documented format of a row: a key of ``ANSWER_FIELDS``. Raises ``ValueError`` for none of them."""
    name = format_of(row)
    if name is None or family(name) not in ANSWER_FIELDS:
        raise ValueError("the row is in none of the five documented formats")
    return family(name)


def gold_of(row: Facts) -> str:
    """The row's reference answer; empty where it has none."""
    return read_dataset_row(row, 1).reference or ""


def event_of(row: Facts, answer: str, row_id: str) -> list[JsonObject]:
    """What the function is called with when the model answers a row with ``answer``."""
    name, gold = format_name(row), {"text": gold_of(row)}
    own_id = row.get("id", row_id)
    if name == "openai_chat":
        messages = [*row["messages"], {"role": "assistant", "content": answer}]
        return [{"id": own_id, "messages": messages, "reference_answer": gold}]
    if name == "sagemaker":
        kept = {key: row[key] for key in ("query", "response", "system", "category", "metadata") if key in row}
        return [{"id": own_id, "model_response": answer, **kept, "reference_answer": gold}]
    if name in ("prompt_completion", "preference"):
        kept = {key: row[key] for key in ("prompt", "chosen", "rejected") if key in row}
        return [{"id": own_id, **kept, "completion": answer, "reference_answer": gold}]
    extra = row.get("extra_info")
    kept = {key: row[key] for key in ("id", "reward_model") if key in row}
    return [
        {
            "data_source": row.get("data_source", "customized"),
            "prompt": row["prompt"],
            "response": answer,
            "extra_info": {**(extra if isinstance(extra, dict) else {}), "reference_answer": gold},
            **kept,
        }
    ]
