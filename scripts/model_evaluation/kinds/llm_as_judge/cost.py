"""What an evaluation with a judge will take: judge calls, tokens, money, time. Ranges, never promises."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

from model_evaluation.conversation.context import Context
from model_evaluation.errors import AwsError
from model_evaluation.json_types import Facts
from model_evaluation.kinds.llm_as_judge.metrics.definitions import CustomMetric
from model_evaluation.kinds.llm_as_judge.runtime.judge_runs import CHAIN, JudgeRuns
from model_evaluation.runtime.dataset_files import DatasetSize
from model_evaluation.runtime.launch.durations import Minutes, PastRun, UsualDurations
from model_evaluation.runtime.settings import Json
from model_evaluation.steps.evaluator.card import models_of, own_runs

# English text: about four characters a token; other languages and code have fewer.
CHARS_PER_TOKEN = (4.5, 3.0)
# A published page with the judge prompts of eleven built-in metrics holds about 3,200 characters for each.
BUILTIN_PROMPT_CHARS = 3_200
# What Bedrock adds around a custom metric's text: how to answer, and the rating scale. An assumption.
CUSTOM_FRAME_CHARS = 800
# A score and an explanation. An assumption.
OUTPUT_TOKENS = (100, 300)
# Length of a model's answer where no reference hints at it, in characters. An assumption.
RESPONSE_CHARS = (200.0, 4_000.0)
# A model may well write at greater length than the references. An assumption.
LONGER_THAN_REFERENCE = 4.0


class Workload(NamedTuple):
    """An evaluation's size: what is judged how often, and how long the texts are (characters, low to high). ``jobs``
    are run one after another, each with a part of the rows."""

    rows: int
    models: int
    metric_prompts: tuple[int, ...]
    prompt_chars: tuple[float, float]
    reference_chars: tuple[float, float]
    jobs: int = 1

    @property
    def responses(self) -> int:
        return self.rows * self.models

    @property
    def calls(self) -> int:
        """Judge calls: each metric has a prompt of its own."""
        return self.responses * len(self.metric_prompts)


class Tokens(NamedTuple):
    """Tokens of a whole evaluation, low to high."""

    read: tuple[int, int]
    written: tuple[int, int]

    @property
    def total(self) -> tuple[int, int]:
        return self.read[0] + self.written[0], self.read[1] + self.written[1]


def workload(
    profile: Facts, *, models: int, builtin: Sequence[str], custom: Sequence[CustomMetric], jobs: int = 1
) -> Workload:
    """The size of an evaluation from the dataset's profile and the chosen metrics."""
    prompts = [BUILTIN_PROMPT_CHARS] * len(builtin)
    for item in custom:
        prompts.append(len(item["customMetricDefinition"]["instructions"]) + CUSTOM_FRAME_CHARS)
    return Workload(
        int(profile.get("rows") or 0),
        models,
        tuple(prompts),
        _lengths(profile.get("prompt_chars")),
        _lengths(profile.get("reference_chars")) if profile.get("with_reference") else (0.0, 0.0),
        jobs,
    )


def _lengths(lengths: Mapping[str, float] | None) -> tuple[float, float]:
    """Median and 95th percentile: what most rows have, and more than almost all have."""
    return (float(lengths["median"]), float(lengths["p95"])) if lengths else (0.0, 0.0)


def estimate_tokens(work: Workload) -> Tokens:
    """The judge's tokens: per call the metric's prompt, the row's prompt, the answer and the reference."""
    reference_low, reference_high = work.reference_chars
    responses = (
        reference_low or RESPONSE_CHARS[0],
        max(reference_high * LONGER_THAN_REFERENCE, RESPONSE_CHARS[1] if not reference_high else 0.0),
    )
    bounds = []
    for side, ratio in enumerate(CHARS_PER_TOKEN):
        per_row = work.prompt_chars[side] + responses[side] + work.reference_chars[side]
        per_response = sum(prompt + per_row for prompt in work.metric_prompts)
        bounds.append(math.ceil(work.responses * per_response / ratio))
    return Tokens((bounds[0], bounds[1]), (work.calls * OUTPUT_TOKENS[0], work.calls * OUTPUT_TOKENS[1]))


# Rows for other ways to buy the same model: they cost differently and do not apply here.
OTHER_WAYS = re.compile(
    r"batch|flex|priority|latency|provision|reserved|cache|cross.?region|global|custom|customi[sz]ation|grounding"
    r"|long.?context|lctx|mantle|image|video|audio|speech|embed|guardrail|training|storage",
    re.IGNORECASE,
)
INPUT = re.compile(r"input[ _-]?token|inputtokencount|text input", re.IGNORECASE)
OUTPUT = re.compile(r"output[ _-]?token|outputtokencount|text output|response", re.IGNORECASE)
# Attributes that say what is bought. Models differ in which of them they have.
DESCRIBING = ("usagetype", "feature", "inferenceType", "service_tier")
EDITION = re.compile(r"\(amazon bedrock edition\)", re.IGNORECASE)


class TokenPrice(NamedTuple):
    """USD per million tokens, low to high where the list holds several; ``simulated`` prices are made up."""

    read: tuple[float, float]
    written: tuple[float, float]
    simulated: bool

    def cost(self, read: tuple[int, int], written: tuple[int, int]) -> tuple[float, float]:
        """USD for so many tokens, low to high."""
        return tuple(  # type: ignore[return-value]
            (read[side] * self.read[side] + written[side] * self.written[side]) / 1e6 for side in (0, 1)
        )


# USD per million tokens of the cheapest and the dearest model among the judges that AWS lists, Nova Micro and Claude
# Opus 4 (aws.amazon.com/bedrock/pricing, 2026, us-east-1): what bounds the cost where the list says nothing.
PUBLISHED = TokenPrice((0.035, 15.0), (0.14, 75.0), simulated=False)


def price_of(products: Iterable[Json], *, model_id: str, name: str) -> TokenPrice | None:
    """The on-demand token price of a model, ``None`` when the list does not tell one for certain.

    ``products`` are parsed PriceList entries; ``name`` is the model's name in Bedrock.
    """
    names = {_plain(name), _plain(model_id), _plain(model_id.partition(".")[2].partition(":")[0])} - {""}
    return _price([product for product in products if names & _names(_attributes(product))])


def price_bounds(products: Iterable[Json]) -> TokenPrice:
    """The lowest and the highest price known of any model: those of the list, and the published ones, which it may
    lack. An unknown price lies between them, as far as anybody can say."""
    rates = _price(products) or PUBLISHED
    return TokenPrice(
        (min(rates.read[0], PUBLISHED.read[0]), max(rates.read[1], PUBLISHED.read[1])),
        (min(rates.written[0], PUBLISHED.written[0]), max(rates.written[1], PUBLISHED.written[1])),
        rates.simulated,
    )


def _price(products: Iterable[Json]) -> TokenPrice | None:
    """What the products cost together, lowest to highest; ``None`` unless input and output both have a price."""
    read: list[float] = []
    written: list[float] = []
    simulated = False
    for product in products:
        attributes = _attributes(product)
        described = " ".join(str(attributes.get(key, "")) for key in DESCRIBING)
        prices = read if INPUT.search(described) else written if OUTPUT.search(described) else None
        if prices is not None and not OTHER_WAYS.search(described):
            prices += _per_million(product)
            simulated = simulated or attributes.get("simulated") == "true"
    if not read or not written:
        return None
    return TokenPrice((min(read), max(read)), (min(written), max(written)), simulated)


def _attributes(product: Json) -> Json:
    attributes: Json = product.get("product", {}).get("attributes", {})
    return attributes


def _names(attributes: Json) -> set[str]:
    """Every name a product goes by, in plain letters and digits."""
    named = [attributes.get(key) for key in ("model", "titanModel", "servicename", "serviceName")]
    return {_plain(EDITION.sub("", str(item))) for item in named if item} - {""}


def _plain(text: str) -> str:
    """A name without what the list and Bedrock write differently: "Nova 2.0 Lite", "Llama 3.3 70B Instruct"."""
    bare = re.sub(r"(?<=\d)\.0(?!\d)|[ -]instruct(?![a-z])", "", text.lower())
    return re.sub(r"[^a-z0-9]", "", bare)


def _per_million(product: Json) -> list[float]:
    """USD per million tokens of a product's on-demand terms; units that are not understood count for nothing."""
    prices = []
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for rate in term.get("priceDimensions", {}).values():
            factor = _tokens_per_unit(f"{rate.get('unit', '')} {rate.get('description', '')}")
            with suppress(ValueError):
                price = float(str(rate.get("pricePerUnit", {}).get("USD")))
                if factor is not None and 0 < price < math.inf:
                    prices.append(price * 1e6 / factor)
    return prices


def _tokens_per_unit(text: str) -> float | None:
    if re.search(r"\b(1m|million|1,000,000)\b", text, re.IGNORECASE):
        return 1e6
    if re.search(r"\b(1k|1,?000|thousand)\b", text, re.IGNORECASE):
        return 1e3
    return None


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
