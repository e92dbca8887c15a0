"""Bedrock's quotas: the judge's tokens per minute against what this evaluation needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from model_evaluation.kinds.llm_as_judge.cost.estimate import estimate_minutes, minutes_at, work_of
from model_evaluation.kinds.llm_as_judge.cost.tokens import estimate_tokens
from model_evaluation.lookups.quotas import Quota, list_quotas
from model_evaluation.naming import letters
from model_evaluation.preflight.checks.limits import increase
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.launch.durations import in_words

BEDROCK_JOBS = re.compile(r"concurrent.*(automatic|model).*evaluation", re.IGNORECASE)
PER_MINUTE = re.compile(r"tokens per minute", re.IGNORECASE)
CROSS_REGION = re.compile(r"cross.?region|global", re.IGNORECASE)


def judge_tokens(subject: Subject) -> Iterator[Result]:
    """The judge's tokens per minute against what this evaluation needs."""
    judge, region = str(subject.value("judge")), subject.region
    name = str(subject.facts("judge").get("name") or judge)
    quotas = list_quotas(subject.aws, "bedrock", region)
    jobs = next((quota for quota in quotas if BEDROCK_JOBS.search(quota.name)), None)
    if jobs is not None and jobs.value < 1:
        yield failed(
            f"Bedrock's quota '{jobs.name}' is {jobs.value:g} in {region}: scoring cannot start.",
            "Ask for more:",
            increase(jobs, 1, region),
            part="bedrock_jobs",
            value=jobs.value,
        )
    quota = _of_model(quotas, name)
    if quota is None:
        yield skipped(
            f"Service Quotas publishes no tokens per minute for {name} in {region}; whether that is enough is unknown.",
            "See it in the console: Service Quotas, Amazon Bedrock, 'tokens per minute'.",
        )
        return
    work = work_of(subject.context)
    tokens = estimate_tokens(work)
    limits = {"quota": quota.code, "name": quota.name, "per_minute": quota.value}
    evidence: dict[str, object] = {**limits, "tokens": tokens.total}
    if quota.value <= 0:
        yield failed(
            f"The quota '{quota.name}' is {quota.value:g} in {region}: the judge cannot be called.",
            "Ask for more, or choose another judge:",
            increase(quota, 100_000, region),
            "evaluate.py revise judge",
            evidence=evidence,
        )
        return
    usual, needed = estimate_minutes(subject.context, work), minutes_at(tokens, quota.value)
    if needed[0] > usual[1]:
        yield warned(
            f"At {quota.value:,.0f} tokens per minute ('{quota.name}') scoring takes {in_words(needed)} instead of "
            f"{in_words(usual)}, and calls may be throttled.",
            "Ask for more, take fewer rows or metrics, or choose another judge:",
            increase(quota, int(quota.value * needed[1] / usual[0]) + 1, region),
            evidence=evidence,
        )
        return
    yield passed(f"{quota.value:,.0f} tokens per minute ('{quota.name}') are enough.", evidence=evidence)


def _of_model(quotas: list[Quota], name: str) -> Quota | None:
    """The on-demand quota for a model, else the one for its cross-region profile; names end in the model's name."""
    mine = [quota for quota in quotas if PER_MINUTE.search(quota.name) and letters(quota.name).endswith(letters(name))]
    return min(mine, key=lambda quota: bool(CROSS_REGION.search(quota.name)), default=None)
