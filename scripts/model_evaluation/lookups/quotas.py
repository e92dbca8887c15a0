"""Service Quotas: the values that bear on an evaluation."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from model_evaluation.errors import NotFound

from .session import Aws, ask, listing


class Quota(NamedTuple):
    """One quota of an account and region, with its own unit (jobs, tokens per minute)."""

    service: str
    code: str
    name: str
    value: float


def get_quota(aws: Aws, service: str, code: str, region: str) -> Quota | None:
    """The applied value, else the default; ``None`` when Service Quotas does not publish it. Raises AccessDenied."""
    request = {"ServiceCode": service, "QuotaCode": code}
    for call in ("service-quotas.get_service_quota", "service-quotas.get_aws_default_service_quota"):
        with suppress(NotFound):
            return _quota(ask(aws, call, "reading the quota", f"{service}/{code}", region=region, **request)["Quota"])
    return None


def list_quotas(aws: Aws, service: str, region: str) -> list[Quota]:
    """Every applied quota of a service. Raises AccessDenied."""
    call, request = (
        "service-quotas.list_service_quotas",
        {"ServiceCode": service, "PaginationConfig": {"PageSize": 100}},
    )
    items = listing(aws, call, "Quotas", "listing the quotas", f"of {service}", region=region, **request)
    return [_quota(item) for item in items]


def _quota(item: dict[str, object]) -> Quota:
    name = str(item.get("QuotaName", ""))
    return Quota(str(item["ServiceCode"]), str(item["QuotaCode"]), name, float(str(item["Value"])))
