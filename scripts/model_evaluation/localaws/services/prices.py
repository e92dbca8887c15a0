"""A small, plausible price list and a few quotas, so that estimates have something to read."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.operations import SHARED, Record, Request, ServiceError


@dataclass(frozen=True)
class Product:
    """A line of the price list. ``attributes`` are those that Price List filters match; ``usd`` is per ``unit``."""

    service_code: str
    family: str
    attributes: Mapping[str, str]
    unit: str
    usd: float

    def as_json(self, region: str) -> str:
        sku = f"LOCAL{zlib.crc32(repr(sorted(self.attributes.items())).encode()) % 10**8:08d}"
        price = {"unit": self.unit, "pricePerUnit": {"USD": f"{self.usd:.10f}"}}
        product: Record = {
            "product": {
                "sku": sku,
                "productFamily": self.family,
                "attributes": {"regionCode": region, **self.attributes, "simulated": "true"},
            },
            "serviceCode": self.service_code,
            "terms": {"OnDemand": {f"{sku}.LOCAL": {"priceDimensions": {f"{sku}.LOCAL.1": price}}}},
        }
        return json.dumps(product)


@dataclass(frozen=True)
class Quota:
    """A quota of Service Quotas and its usual value."""

    service_code: str
    code: str
    name: str
    value: float


SHARED_QUOTAS = (Quota("sagemaker", "L-619D690E", "Maximum number of concurrent serverless evaluation jobs", 5.0),)


@SHARED.plays("pricing", "GetProducts")
def get_products(cloud: Cloud, request: Request) -> Record:
    filters = {item["Field"]: item["Value"] for item in request.params.get("Filters", [])}
    region = filters.pop("regionCode", "us-west-2")
    price_list = [
        product.as_json(region)
        for player in cloud.players
        for product in player.products
        if product.service_code == request.params["ServiceCode"]
        and all(product.attributes.get(name) == value for name, value in filters.items())
    ]
    return {"FormatVersion": "aws_v1", "PriceList": price_list}


def _quotas(cloud: Cloud, request: Request) -> dict[str, Record]:
    """The quotas of the request's service that Service Quotas publishes, by code."""
    quotas: dict[str, Record] = {}
    for quota in (*SHARED_QUOTAS, *(quota for player in cloud.players for quota in player.quotas)):
        value = cloud.raised_quotas.get(quota.code, cloud.scenario.quotas.get(quota.code, quota.value))
        if quota.service_code == request.params["ServiceCode"] and value is not None:
            quotas[quota.code] = {
                "ServiceCode": quota.service_code,
                "QuotaArn": cloud.arn(request.region, f"{quota.service_code}/{quota.code}", "servicequotas"),
                "QuotaCode": quota.code,
                "QuotaName": quota.name,
                "Value": value,
                "Unit": "None",
                "Adjustable": True,
                "GlobalQuota": False,
            }
    return quotas


@SHARED.plays("service-quotas", "GetServiceQuota")
@SHARED.plays("service-quotas", "GetAWSDefaultServiceQuota")
def get_service_quota(cloud: Cloud, request: Request) -> Record:
    code = request.params["QuotaCode"]
    if code not in (quotas := _quotas(cloud, request)):
        raise ServiceError("NoSuchResourceException", f"The quota {code} does not exist.")
    return {"Quota": quotas[code]}


@SHARED.plays("service-quotas", "ListServiceQuotas")
def list_service_quotas(cloud: Cloud, request: Request) -> Record:
    return {"Quotas": list(_quotas(cloud, request).values())}


@SHARED.plays("service-quotas", "RequestServiceQuotaIncrease")
def request_increase(cloud: Cloud, request: Request) -> Record:
    """Granted at once, which AWS takes hours or days for."""
    quota = get_service_quota(cloud, request)["Quota"]
    cloud.raised_quotas[quota["QuotaCode"]] = float(request.params["DesiredValue"])
    names = {key: quota[key] for key in ("ServiceCode", "QuotaCode", "QuotaName")}
    return {"RequestedQuota": {**names, "DesiredValue": request.params["DesiredValue"], "Status": "APPROVED"}}
