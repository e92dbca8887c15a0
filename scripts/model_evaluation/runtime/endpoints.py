"""Whether an address is AWS's own."""

from __future__ import annotations

from urllib.parse import urlsplit

AWS_DOMAINS = ("amazonaws.com", "amazonaws.com.cn", "api.aws", "amazonaws.eu")


def is_aws(url: str) -> bool:
    """Whether the address belongs to AWS."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return any(host == domain or host.endswith(f".{domain}") for domain in AWS_DOMAINS)
