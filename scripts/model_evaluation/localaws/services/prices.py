"""A small, plausible price list and a few quotas, so that estimates have something to read."""

from __future__ import annotations

import json
import zlib
from typing import Any

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.store import Record
from model_evaluation.localaws.wire import Request

from .registry import operation

# USD per 1,000 tokens: input, output. Invented, of the usual order of magnitude.
TOKEN_PRICES = {
    "Nova Pro": (0.0008, 0.0032),
    "Llama 3.1 70B Instruct": (0.00072, 0.00072),
    "Mistral Large (24.02)": (0.004, 0.012),
    "Claude 3 Haiku": (0.00025, 0.00125),
}
QUOTAS = {
    ("sagemaker", "L-619D690E"): ("Maximum number of concurrent serverless evaluation jobs", 5.0),
    ("bedrock", "L-F4E2B1A0"): ("Number of concurrent automatic model evaluation jobs", 20.0),
    ("bedrock", "L-10CA1001"): ("On-demand model inference tokens per minute for Amazon Nova Pro", 800_000.0),
    ("bedrock", "L-10CA1002"): ("Cross-region model inference tokens per minute for Amazon Nova Pro", 1_600_000.0),
    ("bedrock", "L-10CA1003"): ("On-demand model inference tokens per minute for Anthropic Claude 3 Haiku", 300_000.0),
    ("bedrock", "L-10CA1004"): (
        "Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4.5",
        1_000_000.0,
    ),
    ("bedrock", "L-10CA1005"): (
        "On-demand model inference tokens per minute for Meta Llama 3.1 70B Instruct",
        300_000.0,
    ),
    ("bedrock", "L-10CA1006"): ("On-demand model inference tokens per minute for Mistral Large (24.02)", 300_000.0),
}


def _product(model: str, region: str, direction: str, price: float) -> str:
    sku = f"LOCAL{zlib.crc32((model + direction).encode()) % 10**8:08d}"
    product: dict[str, Any] = {
        "product": {
            "sku": sku,
            "productFamily": "Amazon Bedrock",
            "attributes": {
                "regionCode": region,
                "model": model,
                "inferenceType": f"{direction} tokens",
                "feature": "On-demand Inference",
                "usagetype": f"LOCAL-{model.replace(' ', '')}-{direction.lower()}-tokens",
                "simulated": "true",
            },
        },
        "serviceCode": "AmazonBedrock",
        "terms": {
            "OnDemand": {
                f"{sku}.LOCAL": {
                    "priceDimensions": {
                        f"{sku}.LOCAL.1": {"unit": "1K tokens", "pricePerUnit": {"USD": f"{price:.10f}"}}
                    }
                }
            }
        },
    }
    return json.dumps(product)


@operation("pricing", "GetProducts")
def get_products(cloud: Cloud, request: Request) -> Record:
    filters = {item["Field"]: item["Value"] for item in request.params.get("Filters", [])}
    region = filters.get("regionCode", "us-west-2")
    price_list = [
        _product(model, region, direction, price)
        for model, prices in TOKEN_PRICES.items()
        for direction, price in zip(("Input", "Output"), prices, strict=True)
        if filters.get("model") in (None, model) and request.params["ServiceCode"] == "AmazonBedrock"
    ]
    return {"FormatVersion": "aws_v1", "PriceList": price_list}


def _published(cloud: Cloud) -> list[tuple[str, str]]:
    """The quotas Service Quotas knows of, as (service, code)."""
    return [key for key in QUOTAS if cloud.scenario.quotas.get(key[1], 0.0) is not None]


def _named(cloud: Cloud, request: Request) -> tuple[str, str]:
    """The quota a request is about."""
    key = (request.params["ServiceCode"], request.params["QuotaCode"])
    if key not in _published(cloud):
        raise ServiceError("NoSuchResourceException", f"The quota {key[1]} does not exist.")
    return key


@operation("service-quotas", "GetServiceQuota")
@operation("service-quotas", "GetAWSDefaultServiceQuota")
def get_service_quota(cloud: Cloud, request: Request) -> Record:
    return {"Quota": _quota(cloud, request.region, _named(cloud, request))}


@operation("service-quotas", "ListServiceQuotas")
def list_service_quotas(cloud: Cloud, request: Request) -> Record:
    keys = [key for key in _published(cloud) if key[0] == request.params["ServiceCode"]]
    return {"Quotas": [_quota(cloud, request.region, key) for key in keys]}


def _quota(cloud: Cloud, region: str, key: tuple[str, str]) -> Record:
    service, code = key
    name, usual = QUOTAS[key]
    value = cloud.raised_quotas.get(code, cloud.scenario.quotas.get(code))
    return {
        "ServiceCode": service,
        "ServiceName": {"sagemaker": "Amazon SageMaker", "bedrock": "Amazon Bedrock"}[service],
        "QuotaArn": cloud.arn(region, f"{service}/{code}", "servicequotas"),
        "QuotaCode": code,
        "QuotaName": name,
        "Value": usual if value is None else value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


@operation("service-quotas", "RequestServiceQuotaIncrease")
def request_increase(cloud: Cloud, request: Request) -> Record:
    """Granted at once, which AWS takes hours or days for."""
    key = _named(cloud, request)
    cloud.raised_quotas[key[1]] = float(request.params["DesiredValue"])
    return {
        "RequestedQuota": {
            "Id": f"request-{len(cloud.raised_quotas)}",
            "ServiceCode": key[0],
            "QuotaCode": key[1],
            "QuotaName": QUOTAS[key][0],
            "DesiredValue": request.params["DesiredValue"],
            "Status": "APPROVED",
        }
    }
