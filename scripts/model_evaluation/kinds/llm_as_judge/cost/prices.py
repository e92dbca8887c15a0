"""From the Price List's products to what a judge's tokens cost. No network."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

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


def price_of(products: Iterable[Mapping[str, Any]], *, model_id: str, name: str) -> TokenPrice | None:
    """The on-demand token price of a model, ``None`` when the list does not tell one for certain.

    ``products`` are parsed PriceList entries; ``name`` is the model's name in Bedrock.
    """
    wanted = {_plain(name), _plain(model_id), _plain(model_id.partition(".")[2].partition(":")[0])} - {""}
    read: list[float] = []
    written: list[float] = []
    simulated = False
    for product in products:
        attributes = product.get("product", {}).get("attributes", {})
        described = " ".join(str(attributes.get(key, "")) for key in DESCRIBING)
        if not wanted & _names(attributes) or OTHER_WAYS.search(described):
            continue
        direction = read if INPUT.search(described) else written if OUTPUT.search(described) else None
        if direction is None:
            continue
        direction += _per_million(product)
        simulated = simulated or attributes.get("simulated") == "true"
    if not read or not written:
        return None
    return TokenPrice((min(read), max(read)), (min(written), max(written)), simulated)


def _names(attributes: Mapping[str, Any]) -> set[str]:
    """Every name a product goes by, in plain letters and digits."""
    named = [attributes.get(key) for key in ("model", "titanModel", "servicename", "serviceName")]
    return {_plain(EDITION.sub("", str(item))) for item in named if item} - {""}


def _plain(text: str) -> str:
    """A name without what the list and Bedrock write differently: "Nova 2.0 Lite", "Llama 3.3 70B Instruct"."""
    bare = re.sub(r"(?<=\d)\.0(?!\d)|[ -]instruct(?![a-z])", "", text.lower())
    return re.sub(r"[^a-z0-9]", "", bare)


def _per_million(product: Mapping[str, Any]) -> list[float]:
    """USD per million tokens of a product's on-demand terms; units that are not understood count for nothing."""
    found = []
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for rate in term.get("priceDimensions", {}).values():
            factor = _tokens_per_unit(f"{rate.get('unit', '')} {rate.get('description', '')}")
            price = _amount(rate.get("pricePerUnit", {}).get("USD"))
            if factor is not None and 0 < price < math.inf:
                found.append(price * 1e6 / factor)
    return found


def _amount(text: Any) -> float:
    """A price's number; 0, which no price is, for anything else."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return 0.0


def _tokens_per_unit(text: str) -> float | None:
    if re.search(r"\b(1m|million|1,000,000)\b", text, re.IGNORECASE):
        return 1e6
    if re.search(r"\b(1k|1,?000|thousand)\b", text, re.IGNORECASE):
        return 1e3
    return None
