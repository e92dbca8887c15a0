"""From the Price List's products to what a judge's tokens cost. No network."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from model_evaluation.runtime.settings import Json

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
