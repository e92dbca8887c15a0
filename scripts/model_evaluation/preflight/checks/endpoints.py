"""Whether it is AWS that is asked."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.endpoints import foreign_endpoints
from model_evaluation.preflight.fixes import lines
from model_evaluation.preflight.results import Result, passed, warned
from model_evaluation.preflight.subject import Subject


def foreign(subject: Subject) -> Iterator[Result]:
    """Addresses of services that are not AWS's own: whatever is checked there says nothing about an AWS account."""
    addresses = foreign_endpoints()
    if not addresses:
        yield passed("Every service is asked at AWS's own address.")
        return
    settings = ", ".join(f"{name} is {url}" for name, url in addresses.items())
    variables = [name for name in addresses if name.startswith("AWS_")]
    yield warned(
        f"SIMULATED: {settings}, which is not AWS. What is checked here is about a stand-in, not about your account.",
        lines(
            "To check the real account, take the setting away and run preflight again:",
            f"unset {' '.join(variables)}" if variables else "",
            "" if variables else "export AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
        ),
        simulated=True,
        endpoints=addresses,
    )
