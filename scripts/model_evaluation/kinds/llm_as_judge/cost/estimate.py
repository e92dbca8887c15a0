"""The estimate of one configured evaluation: time, tokens and money."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from model_evaluation.conversation.context import Context
from model_evaluation.errors import AwsError
from model_evaluation.kinds.llm_as_judge.runtime.judge_runs import CHAIN, JudgeRuns
from model_evaluation.runtime.dataset_files import DatasetSize
from model_evaluation.runtime.launch.durations import Minutes, PastRun, UsualDurations
from model_evaluation.steps.evaluator.card import models_of, own_runs

from .prices import TokenPrice, price_bounds, price_of
from .tokens import Tokens, Workload, estimate_tokens, workload


@dataclass(frozen=True)
class JudgeDurations(UsualDurations):
    """What an evaluation with a judge usually takes."""

    @classmethod
    def of(cls, rows: int, metrics: int, prompt_tokens: int = 0, own: tuple[PastRun, ...] = ()) -> JudgeDurations:
        """``prompt_tokens``: what a usual prompt has."""
        return cls(JudgeRuns.work, {"rows": rows, "metrics": metrics, "prompt_tokens": prompt_tokens}, own)

    def whole(self, jobs: int = 1) -> Minutes:
        """Minutes from start to results. ``jobs`` evaluations, one after another, share the rows."""
        share = replace(self, sizes={**self.sizes, "rows": math.ceil(self.sizes["rows"] / jobs)})
        parts = [share.minutes(name) for name in CHAIN]
        return jobs * sum(low for low, _ in parts), jobs * sum(high for _, high in parts)


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


# What AWS does not publish a price for.
UNPRICED = "SageMaker's inference comes on top; its price is not published"
# Amazon's, Meta's and Mistral's models; those sold through the marketplace, such as Anthropic's; Claude Sonnet 4.
PRICE_SERVICES = ("AmazonBedrock", "AmazonBedrockFoundationModels", "AmazonBedrockService")


class Estimate(NamedTuple):
    """``price`` is the judge's own, or the bounds of all known prices where ``unknown`` says why that is not known.
    ``prices_read`` is the day the list is of, ``outdated`` says why there is no fresher one, ``own_runs`` counts this
    project's earlier runs."""

    work: Workload
    tokens: Tokens
    price: TokenPrice
    unknown: str = ""
    prices_read: str = ""
    outdated: str = ""
    own_runs: int = 0

    @property
    def usd(self) -> tuple[float, float]:
        return self.price.cost(self.tokens.read, self.tokens.written)


def work_of(context: Context) -> Workload:
    """The size of the configured evaluation; data, metrics and scope must be answered."""
    return workload(
        context.facts("data")["profile"],
        models=models_of(context),
        builtin=context.value("builtin_metrics") or [],
        custom=context.value("custom_metrics") or [],
        jobs=int(context.facts("dataset").get("files", 1)),
    )


def estimate(context: Context) -> Estimate:
    """Calls, tokens and money of the configured evaluation."""
    from model_evaluation.lookups.price_list import cache_folder, read_price_list  # loads boto3

    work = work_of(context)
    tokens, own_runs = estimate_tokens(work), len(usual_durations(context, work).own)
    judge, region = str(context.value("judge")), str(context.value("region"))
    try:
        prices = read_price_list(context.aws, "bedrock", PRICE_SERVICES, region, cache=cache_folder())
    except AwsError as error:
        return Estimate(work, tokens, price_bounds(()), unknown=error.message, own_runs=own_runs)
    price = price_of(prices.products, model_id=judge, name=str(context.facts("judge").get("name", "")))
    unknown = "" if price else f"the price list of {prices.read} has no on-demand price for {judge}"
    return Estimate(
        work, tokens, price or price_bounds(prices.products), unknown, prices.read, prices.problem, own_runs
    )


def cost_line(estimated: Estimate) -> str:
    """The card's line about money."""
    low, high = estimated.usd
    amount = f"{'SIMULATED prices: ' if estimated.price.simulated else ''}{_usd(low)} to {_usd(high)}"
    if estimated.unknown:
        return (
            f"{amount} for the judge, as the cheapest and the dearest one of known price would cost; its own price is "
            f"not known: {estimated.unknown.rstrip('.')}. {UNPRICED}."
        )
    older = ", as fresh prices could not be read" if estimated.outdated else ""
    return f"{amount} for the judge (AWS price list of {estimated.prices_read}{older}). {UNPRICED}."


def token_line(estimated: Estimate) -> str:
    """The card's line about tokens."""
    read, written = estimated.tokens.read, estimated.tokens.written
    return (
        f"the judge reads about {_count(read[0])} to {_count(read[1])}, writes {_count(written[0])} to "
        f"{_count(written[1])}"
    )


def _usd(amount: float) -> str:
    return "under USD 0.01" if 0 < amount < 0.01 else f"USD {amount:,.2f}"


def _count(number: int) -> str:
    if number >= 10_000_000:
        return f"{number / 1e6:,.0f} million"
    if number >= 1_000_000:
        return f"{number / 1e6:.1f} million"
    return f"{number / 1000:,.0f} thousand" if number >= 10_000 else f"{number:,}"
