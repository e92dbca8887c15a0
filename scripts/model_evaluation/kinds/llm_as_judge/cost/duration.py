"""How long an evaluation takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.kinds.llm_as_judge.runtime.judge_runs import JudgeDurations
from model_evaluation.runtime.dataset_files import DatasetSize
from model_evaluation.steps.evaluator.card import own_runs

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

    from .tokens import Tokens, Workload


def usual_durations(context: Context, work: Workload) -> JudgeDurations:
    """How long an evaluation of this size usually takes, by this project's own earlier runs where there are any."""
    size = DatasetSize.of(work.rows, work.prompt_chars[0])
    return JudgeDurations.of(size.rows, len(work.metric_prompts), size.prompt_tokens, own_runs(context))


def estimate_minutes(context: Context, work: Workload) -> tuple[float, float]:
    """Minutes from start to results, low to high, when no quota slows the judge down. Several jobs share the rows and
    run one after another."""
    return usual_durations(context, work).whole(work.jobs)


def minutes_at(tokens: Tokens, tokens_per_minute: float) -> tuple[float, float]:
    """Minutes that judging takes at least under a quota of ``tokens_per_minute`` (> 0), low to high."""
    low, high = tokens.total
    return low / tokens_per_minute, high / tokens_per_minute
