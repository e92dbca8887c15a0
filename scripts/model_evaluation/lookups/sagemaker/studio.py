"""Studio domains that have no way to the internet, and the endpoints their VPC offers instead."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from model_evaluation.lookups.concurrency import together
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws, listing
from model_evaluation.runtime.settings import Json


class Domain(NamedTuple):
    """A Studio domain. ``vpc_only``: its kernels reach AWS through the VPC alone."""

    id: str
    name: str
    vpc_only: bool
    vpc: str
    subnets: tuple[str, ...]


class Way(NamedTuple):
    """What a VPC offers: service names of its endpoints that are in service, and whether the domain's subnets
    all have a route to a NAT or transit gateway."""

    endpoints: frozenset[str]
    gateway: bool


def studio_domains(aws: Aws, region: str) -> list[Domain]:
    """Every Studio domain of the region."""
    client = aws.client("sagemaker", region)
    with aws_errors("listing Studio domains"):
        ids = [str(item["DomainId"]) for item in listing(client, "list_domains", "Domains")]

    def describe(domain: str) -> Domain:
        with aws_errors("looking up the Studio domain", resource=domain):
            answer = client.describe_domain(DomainId=domain)
        return Domain(
            domain,
            str(answer.get("DomainName", domain)),
            answer.get("AppNetworkAccessType") == "VpcOnly",
            str(answer.get("VpcId", "")),
            tuple(answer.get("SubnetIds") or ()),
        )

    return together(*[partial(describe, domain) for domain in ids])


def way_out(aws: Aws, domain: Domain, region: str) -> Way:
    """How a VPC-only domain's kernels reach AWS."""
    client, of_vpc = aws.client("ec2", region), [{"Name": "vpc-id", "Values": [domain.vpc]}]

    def endpoints() -> frozenset[str]:
        with aws_errors("listing the endpoints of", resource=domain.vpc):
            items = listing(client, "describe_vpc_endpoints", "VpcEndpoints", Filters=of_vpc)
        return frozenset(
            str(item["ServiceName"]) for item in items if str(item.get("State", "available")).lower() == "available"
        )

    def gateway() -> bool:
        with aws_errors("reading the routes of", resource=domain.vpc):
            tables = listing(client, "describe_route_tables", "RouteTables", Filters=of_vpc)
        return all(_leads_out(tables, subnet) for subnet in domain.subnets) if domain.subnets else False

    services, out = together(endpoints, gateway)
    return Way(services, out)


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
