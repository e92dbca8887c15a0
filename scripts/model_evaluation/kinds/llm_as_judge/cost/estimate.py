"""The estimate of one configured evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from model_evaluation.errors import AwsError

from .duration import usual_durations
from .prices import TokenPrice, price_of
from .tokens import Tokens, Workload, estimate_tokens, workload

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


# What AWS does not publish a price for.
UNPRICED = "SageMaker's inference comes on top; its price is not published"


class Estimate(NamedTuple):
    """``usd`` is ``None`` when the judge's price is unknown, which is never the same as nothing; ``own_runs`` are this
    project's earlier runs behind ``minutes``."""

    work: Workload
    tokens: Tokens
    minutes: tuple[float, float]
    usd: tuple[float, float] | None
    price: TokenPrice | None
    prices_read: str
    problem: str
    own_runs: int = 0


def work_of(context: Context) -> Workload:
    """The size of the configured evaluation; data, metrics and scope must be answered."""
    return workload(
        context.facts("data")["profile"],
        models=1 if context.value("scope") in ("tuned", "base") else 2,
        builtin=context.value("builtin_metrics") or [],
        custom=context.value("custom_metrics") or [],
        jobs=int(context.facts("dataset").get("files", 1)),
    )


def estimate(context: Context) -> Estimate:
    """Calls, tokens, money and time of the configured evaluation. Failing lookups end up in ``problem``."""
    from model_evaluation.lookups.pricing import bedrock_prices, cache_folder

    work = work_of(context)
    tokens = estimate_tokens(work)
    price, read, problem = None, "", ""
    try:
        found = bedrock_prices(context.aws, context.value("region"), cache=cache_folder())
    except AwsError as error:
        problem = error.message
    else:
        read, problem = found.read, found.problem
        judge = str(context.value("judge"))
        price = price_of(found.products, model_id=judge, name=str(context.facts("judge").get("name", "")))
        if price is None and not problem:
            problem = f"the price list of {read} has no on-demand price for {judge}"
    usd = price.cost(tokens.read, tokens.written) if price else None
    usual = usual_durations(context, work)
    return Estimate(work, tokens, usual.whole(work.jobs), usd, price, read, problem, len(usual.own))


def cost_line(found: Estimate) -> str:
    """The card's line about money."""
    if found.usd is None or found.price is None:
        return f"unknown: {found.problem.rstrip('.')}. {UNPRICED}."
    low, high = found.usd
    marked = "SIMULATED prices: " if found.price.simulated else ""
    older = ", as fresh prices could not be read" if found.problem else ""
    return (
        f"{marked}{_usd(low)} to {_usd(high)} for the judge (AWS price list of {found.prices_read}{older}). {UNPRICED}."
    )


def token_line(found: Estimate) -> str:
    """The card's line about tokens."""
    read, written = found.tokens.read, found.tokens.written
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
