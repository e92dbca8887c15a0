"""The AWS Price List, kept for a week in the user's cache folder with the date it was read."""

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

from .failures import aws_errors
from .session import Aws

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
    copy = _kept(path)
    if copy is not None and moment - copy[0] < KEPT_SECONDS:
        return PriceList(copy[1], _day(copy[0]))
    try:
        products = _ask(aws, services, region)
    except AwsError as error:
        if copy is None:
            raise
        return PriceList(copy[1], _day(copy[0]), error.message)
    _keep(path, moment, products)
    return PriceList(products, _day(moment))


def cache_folder() -> Path | None:
    """Where prices are kept, by the platform's custom; ``None`` when another endpoint than AWS's own answers,
    because made-up prices must never be taken for real ones later."""
    if foreign_endpoints():
        return None
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "model-evaluation"


def _ask(aws: Aws, services: Sequence[str], region: str) -> list[Json]:
    client = aws.client("pricing", ENDPOINT_REGION)
    products: list[Json] = []
    for service in services:
        with aws_errors("reading the price list", resource=f"of {service}"):
            pages = client.get_paginator("get_products").paginate(
                ServiceCode=service,
                FormatVersion="aws_v1",
                Filters=[{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
            )
            texts = [text for page in pages for text in page["PriceList"]]
        products += [json.loads(text) for text in texts]
    return products


def _kept(path: Path | None) -> tuple[float, list[Json]] | None:
    """When the kept list was read, and its products; ``None`` without a usable one."""
    if path is None:
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return float(content["read"]), list(content["products"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path | None, moment: float, products: list[Json]) -> None:
    if path is None:
        return
    with suppress(OSError):  # a read-only home: the next estimate asks again
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"read": moment, "products": products}).encode(), sync=False)


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))
