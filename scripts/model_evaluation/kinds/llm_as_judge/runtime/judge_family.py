"""Judges tend to prefer answers like their own: a caution when judge and model are of one family."""

from __future__ import annotations

from collections.abc import Sequence

from model_evaluation.runtime.results.evaluation import Evaluation
from model_evaluation.runtime.statistics.verdicts import MODEL_LABELS

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
        same = [MODEL_LABELS[side] for side, name in names.items() if _has_any(name, marks)]
        if same:
            cautions.append(
                f"The judge and the {' and the '.join(same)} are of the same family ({family}): judges tend to prefer "
                "answers like their own."
            )
    return cautions


def _has_any(name: str, marks: Sequence[str]) -> bool:
    return any(mark in name.lower() for mark in marks)
