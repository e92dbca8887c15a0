"""What reports of an evaluation of agents say beside its numbers."""

from __future__ import annotations

from model_evaluation.runtime.report.words import ReportWords, paragraphs
from model_evaluation.runtime.summary import Summary

METHOD = """
Each model acted as the same agent on every prompt of the dataset, as often as the condition Rollouts says, and the
agent's environment gave each rollout a reward. The prompt is what counts: rollouts of one prompt are averaged before
the models are compared, and pass@k is the unbiased estimate (1 - C(n-c, k) / C(n, k)) of each prompt. A reward that
nobody gave is missing, not zero.
"""
AGGREGATES = """
Each model acted as the same agent on every prompt of the dataset. Only aggregates over prompts exist: the models are
compared unpaired, with the number of prompts, not of rollouts, as the number of independent observations. That is
conservative: paired by prompt the same difference would have a narrower interval.
"""
LIMITS = """
The reward is the environment's: how well it says what you want is not measured here.

Another run, with the agent's tools in another state, gives other rollouts; only the rollouts within this run are
counted in.
"""


def report_words(summary: Summary) -> ReportWords:
    """The words for this summary."""
    conditions = summary["conditions"]
    settings = conditions.get("hyperparameters")
    settings = settings if isinstance(settings, dict) else {}
    paired = not conditions.get("aggregates_only")
    agent = str(conditions.get("agent") or "–")
    return ReportWords(
        conditions=(
            ("Agent", agent.partition(":runtime/")[2] or agent.partition(":function:")[2] or agent),
            ("Rollouts", ", ".join(f"{name} {value}" for name, value in settings.items())),
        ),
        method=" ".join((METHOD if paired else AGGREGATES).split()),
        limits=tuple(paragraphs(LIMITS)),
    )
