"""The estimate of one configured evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from model_evaluation.errors import AwsError
from model_evaluation.steps.evaluator.card import models_of

from .duration import usual_durations
from .prices import TokenPrice, price_bounds, price_of
from .tokens import Tokens, Workload, estimate_tokens, workload

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

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
