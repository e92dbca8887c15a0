"""Service Quotas: the values that bear on an evaluation."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from model_evaluation.errors import NotFound

from .failures import aws_errors
from .session import Aws, listing


class Quota(NamedTuple):
    """One quota of an account and region, with its own unit (jobs, tokens per minute)."""

    service: str
    code: str
    name: str
    value: float


def get_quota(aws: Aws, service: str, code: str, region: str) -> Quota | None:
    """The applied value, else the default; ``None`` when Service Quotas does not publish it. Raises AccessDenied."""
    client = aws.client("service-quotas", region)
    for operation in (client.get_service_quota, client.get_aws_default_service_quota):
        with suppress(NotFound), aws_errors("reading the quota", resource=f"{service}/{code}"):
            return _quota(operation(ServiceCode=service, QuotaCode=code)["Quota"])
    return None


def list_quotas(aws: Aws, service: str, region: str) -> list[Quota]:
    """Every applied quota of a service. Raises AccessDenied."""
    client = aws.client("service-quotas", region)
    request = {"ServiceCode": service, "PaginationConfig": {"PageSize": 100}}
    with aws_errors("listing the quotas", resource=f"of {service}"):
        quotas = listing(client, "list_service_quotas", "Quotas", **request)
    return [_quota(item) for item in quotas]


def _quota(item: dict[str, object]) -> Quota:
    return Quota(
        str(item["ServiceCode"]),
        str(item["QuotaCode"]),
        str(item.get("QuotaName", "")),
        float(str(item["Value"])),
    )
