"""Studio domains that have no way to the internet, and the endpoints their VPC offers instead."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from model_evaluation.lookups.session import Aws, ask, listing, together
from model_evaluation.runtime.settings import Json


class Domain(NamedTuple):
    """A Studio domain. ``vpc_only``: its kernels reach AWS through the VPC alone."""

    id: str
    name: str
    vpc_only: bool
    vpc: str
    subnets: tuple[str, ...]


def studio_domains(aws: Aws, region: str) -> list[Domain]:
    """Every Studio domain of the region."""

    def describe(item: Json) -> Domain:
        domain = str(item["DomainId"])
        call, doing = "sagemaker.describe_domain", "looking up the Studio domain"
        answer = ask(aws, call, doing, domain, region=region, DomainId=domain)
        return Domain(
            domain,
            str(answer.get("DomainName", domain)),
            answer.get("AppNetworkAccessType") == "VpcOnly",
            str(answer.get("VpcId", "")),
            tuple(answer.get("SubnetIds") or ()),
        )

    items = listing(aws, "sagemaker.list_domains", "Domains", "listing Studio domains", region=region)
    return together(*[partial(describe, item) for item in items])


def way_out(aws: Aws, domain: Domain, region: str) -> tuple[list[str], bool]:
    """How a VPC-only domain's kernels reach AWS: service names of the VPC's endpoints that are in service, and whether
    the domain's subnets all have a route to a NAT or transit gateway."""

    def in_vpc(call: str, key: str, doing: str) -> list[Json]:
        filters = [{"Name": "vpc-id", "Values": [domain.vpc]}]
        return listing(aws, call, key, doing, domain.vpc, region=region, Filters=filters)

    endpoints, tables = together(
        lambda: in_vpc("ec2.describe_vpc_endpoints", "VpcEndpoints", "listing the endpoints of"),
        lambda: in_vpc("ec2.describe_route_tables", "RouteTables", "reading the routes of"),
    )
    services = [item["ServiceName"] for item in endpoints if item.get("State", "available").lower() == "available"]
    leads_out = bool(domain.subnets) and all(_leads_out(tables, subnet) for subnet in domain.subnets)
    return sorted(services), leads_out


def _leads_out(tables: list[Json], subnet: str) -> bool:
    own = [table for table in tables if any(item.get("SubnetId") == subnet for item in _associations(table))]
    main = [table for table in tables if any(item.get("Main") for item in _associations(table))]
    return any(
        route.get("DestinationCidrBlock") == "0.0.0.0/0"
        and (route.get("NatGatewayId") or route.get("TransitGatewayId"))
        for table in (own or main)
        for route in table.get("Routes", [])
    )


def _associations(table: Json) -> list[Json]:
    return list(table.get("Associations") or [])
