"""Whether the judge was the same for both models, and whether it is of a model's own family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Evaluation
from model_evaluation.runtime.results.records import Record
from model_evaluation.runtime.statistics.entries import FairnessCheck

MODEL_FAMILIES = {
    "Anthropic Claude": ("anthropic", "claude"),
    "Amazon Nova": ("amazon.nova", "nova-", "-nova"),
    "Meta Llama": ("llama",),
    "Mistral": ("mistral", "mixtral", "ministral"),
    "Qwen": ("qwen",),
    "DeepSeek": ("deepseek",),
    "OpenAI GPT": ("gpt-", "openai"),
    "Google Gemma": ("gemma", "gemini"),
    "Cohere Command": ("cohere",),
}


def family_cautions(evaluation: Evaluation, judge: str) -> list[str]:
    """A sentence for each family that the judge shares with an evaluated model."""
    models = {"tuned": evaluation.tuned, "base": evaluation.base}
    names = {side: model.get("arn", model["name"]) for side in evaluation.sides if (model := models[side])}
    cautions = []
    for family, marks in MODEL_FAMILIES.items():
        if not _has_any(judge, marks):
            continue
        same = [evaluation.names[side] for side, name in names.items() if _has_any(name, marks)]
        if same:
            cautions.append(
                f"The judge and the {' and the '.join(same)} are of the same family ({family}): judges tend to prefer "
                "answers like their own."
            )
    return cautions


def _has_any(name: str, marks: Sequence[str]) -> bool:
    return any(mark in name.lower() for mark in marks)


def same_judge(records: Sequence[Record], labels: Mapping[str, str]) -> FairnessCheck:
    """The judge that the result rows name, model by model. ``labels`` name the models."""
    answers = {side: [record.answers[side] for record in records if side in record.answers] for side in BOTH_SIDES}
    judges = {side: sorted({answer.scorer for answer in own if answer.scorer}) for side, own in answers.items()}
    counts = {labels[side]: len(names) for side, names in judges.items()}
    tuned, base = judges["tuned"], judges["base"]
    status, text = "pass", "One judge scored both models."
    if len({*tuned, *base}) > 1:
        status = "fail"
        each = [f"the {labels[side]} by {' and '.join(judges[side])}" for side in BOTH_SIDES]
        text = f"The models were not scored by one judge: {', '.join(each)}."
    elif not tuned or not base:
        text = "One judge was asked to score both models; not every result row names it."
    return {"id": "same_judge", "status": status, "counts": counts, "message": text}
