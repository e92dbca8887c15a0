"""What an instance of SageMaker costs."""

from __future__ import annotations

import json
from typing import NamedTuple

from model_evaluation.runtime.settings import Json

from .failures import aws_errors
from .price_list import ENDPOINT_REGION
from .session import Aws


class HourlyPrice(NamedTuple):
    """US dollars for an hour of one instance; ``simulated`` prices are made up."""

    usd: float
    simulated: bool

    def cost(self, minutes: tuple[float, float], instances: int) -> str:
        """What so many instances cost for so long, low to high."""
        low, high = (self.usd * instances * part / 60 for part in minutes)
        return f"{self.mark}${low:,.2f} to ${high:,.2f}"

    @property
    def mark(self) -> str:
        """What stands before an amount of made-up money."""
        return "SIMULATED prices: " if self.simulated else ""


def hourly_price(aws: Aws, region: str, instance: str, component: str) -> HourlyPrice | None:
    """On-demand price of an instance, such as ``ml.m5.large``, in a component, such as ``Training``.

    The lowest where the Price List has several, ``None`` where it has none. Raises AwsError.
    """
    wanted = {"regionCode": region, "instanceName": instance}
    with aws_errors("reading the price list", resource="of AmazonSageMaker"):
        pages = (
            aws.client("pricing", ENDPOINT_REGION)
            .get_paginator("get_products")
            .paginate(
                ServiceCode="AmazonSageMaker",
                FormatVersion="aws_v1",
                Filters=[{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()],
            )
        )
        products: list[Json] = [json.loads(text) for page in pages for text in page["PriceList"]]
    prices = []
    for product in products:
        attributes = product.get("product", {}).get("attributes", {})
        words = f"{attributes.get('component', '')} {attributes.get('usagetype', '')}".lower()
        if attributes.get("instanceName") == instance and component.split()[-1].lower() in words:
            prices += [HourlyPrice(usd, attributes.get("simulated") == "true") for usd in _hourly(product)]
    return min(prices, default=None)


def _hourly(product: Json) -> list[float]:
    """Dollars an hour of a product's on-demand terms."""
    terms = product.get("terms", {}).get("OnDemand", {}).values()
    dimensions = [dimension for term in terms for dimension in term.get("priceDimensions", {}).values()]
    amounts = [
        float(dimension.get("pricePerUnit", {}).get("USD", 0))
        for dimension in dimensions
        if dimension.get("unit") in ("Hrs", "Hours")
    ]
    return [amount for amount in amounts if amount > 0]
