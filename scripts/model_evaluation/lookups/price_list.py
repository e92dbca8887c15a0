"""The AWS Price List. Whole lists are kept for a week in the user's cache folder with the date they were read."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from model_evaluation.endpoints import foreign_endpoints
from model_evaluation.errors import AwsError
from model_evaluation.files import write_atomically
from model_evaluation.runtime.settings import Json

from .session import Aws, listing

# The Price List has few endpoints; any of them knows all regions.
ENDPOINT_REGION = "us-east-1"
KEPT_SECONDS = 7 * 86_400


class PriceList(NamedTuple):
    """Parsed products; ``read`` is the day they were read. ``problem`` says why fresh ones could not be had."""

    products: list[Json]
    read: str
    problem: str = ""


def read_price_list(
    aws: Aws, name: str, services: Sequence[str], region: str, *, cache: Path | None, now: float | None = None
) -> PriceList:
    """Every product that ``services`` sell in a region. Raises AwsError when there is no list, not even an older one.

    ``name`` is what the list is kept under; ``cache`` is a folder (created when needed) or ``None`` to keep nothing;
    ``now`` is seconds since 1970.
    """
    moment = time.time() if now is None else now
    path = cache / f"prices-{name}-{region}.json" if cache else None
    kept = _kept(path) if path else None
    if kept and moment - kept[0] < KEPT_SECONDS:
        return PriceList(kept[1], _day(kept[0]))
    try:
        products = [product for service in services for product in _ask(aws, service, regionCode=region)]
    except AwsError as error:
        if kept is None:
            raise
        return PriceList(kept[1], _day(kept[0]), error.message)
    if path:
        with suppress(OSError):  # a read-only home: the next estimate asks again
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps({"read": moment, "products": products}).encode(), sync=False)
    return PriceList(products, _day(moment))


def _kept(path: Path) -> tuple[float, list[Json]] | None:
    """When the kept list was read, and its products; ``None`` without a usable one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return float(content["read"]), list(content["products"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def cache_folder() -> Path | None:
    """Where prices are kept, by the platform's custom; ``None`` when another endpoint than AWS's own answers,
    because made-up prices must never be taken for real ones later."""
    if foreign_endpoints():
        return None
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "model-evaluation"


def _ask(aws: Aws, service: str, **attributes: str) -> list[Json]:
    """The products of a service with these attributes."""
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in attributes.items()]
    request = {"ServiceCode": service, "FormatVersion": "aws_v1", "Filters": filters}
    call, doing = "pricing.get_products", "reading the price list"
    texts = listing(aws, call, "PriceList", doing, f"of {service}", region=ENDPOINT_REGION, **request)
    return [json.loads(str(text)) for text in texts]


def hourly_price(aws: Aws, region: str, instance: str, component: str) -> tuple[float, bool] | None:
    """On-demand price of an instance, such as ``ml.m5.large``, in a component of SageMaker, such as ``Training``: US
    dollars, and whether it is made up.

    The lowest where the Price List has several, ``None`` where it has none. Raises AwsError.
    """
    prices = []
    for product in _ask(aws, "AmazonSageMaker", regionCode=region, instanceName=instance):
        attributes = product.get("product", {}).get("attributes", {})
        words = f"{attributes.get('component', '')} {attributes.get('usagetype', '')}".lower()
        if attributes.get("instanceName") == instance and component.split()[-1].lower() in words:
            prices += [(usd, attributes.get("simulated") == "true") for usd in _hourly(product)]
    return min(prices, default=None)


def _hourly(product: Json) -> list[float]:
    """Dollars an hour of a product's on-demand terms."""
    terms = product.get("terms", {}).get("OnDemand", {}).values()
    dimensions = [dimension for term in terms for dimension in term.get("priceDimensions", {}).values()]
    hourly = [dimension for dimension in dimensions if dimension.get("unit") in ("Hrs", "Hours")]
    amounts = [float(dimension.get("pricePerUnit", {}).get("USD", 0)) for dimension in hourly]
    return [amount for amount in amounts if amount > 0]


def instances_cost(
    aws: Aws, region: str, instance: str, count: int, component: str, minutes: tuple[float, float] | None
) -> str:
    """What the card says so many instances cost for so long, low to high; ``minutes`` is ``None`` where nobody knows
    how long. Unknown is called unknown, with the reason."""
    try:
        price = hourly_price(aws, region, instance, component)
    except AwsError as error:
        return f"unknown: {error.message}"
    if price is None:
        return f"unknown: the Price List has no price for {instance} in {region}, {component.lower()}"
    usd, made_up = price
    mark, each = "SIMULATED prices: " if made_up else "", f"{usd:,.3f}".removesuffix("0")
    rate = f"{instance} at ${each} an hour" if count == 1 else f"{count} x {instance} at ${each} an hour each"
    if minutes is None:
        return f"{mark}{rate}; how long it takes is unknown"
    low, high = (usd * count * part / 60 for part in minutes)
    return f"{mark}${low:,.2f} to ${high:,.2f} ({rate})"


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))
