"""Whether AWS is AWS here, or a stand-in: what the environment and the shared configuration say, without a client."""

from __future__ import annotations

import configparser
import os

from model_evaluation.runtime.endpoints import is_aws


def foreign_endpoints() -> dict[str, str]:
    """Setting to address, for each address of a service that is not AWS's own."""
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return {}
    settings = {name: url for name, url in os.environ.items() if name.startswith("AWS_ENDPOINT_URL") and url}
    settings |= _profile_endpoints()
    return {name: url for name, url in settings.items() if not is_aws(url)}


def _profile_endpoints() -> dict[str, str]:
    """``endpoint_url`` of the profile in use and of its ``services`` section, from the shared configuration file."""
    path = os.path.expanduser(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    parser = configparser.RawConfigParser(strict=False)
    try:
        if not parser.read(path, encoding="utf-8"):
            return {}
    except (configparser.Error, UnicodeDecodeError, OSError):
        return {}  # the first lookup says what is wrong with it
    profile = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
    section = "default" if profile == "default" else f"profile {profile}"
    if not parser.has_section(section) or parser.get(section, "ignore_configured_endpoint_urls", fallback="") == "true":
        return {}
    endpoints = {f"endpoint_url of {section}": parser.get(section, "endpoint_url", fallback="")}
    services = f"services {parser.get(section, 'services', fallback='')}"
    if parser.has_section(services):
        for service, text in parser.items(services):
            for line in text.splitlines():
                name, _, url = line.partition("=")
                if name.strip() == "endpoint_url":
                    endpoints[f"endpoint_url of {service}"] = url.strip()
    return {name: url for name, url in endpoints.items() if url}
