"""Who is calling, how long the credentials last, and whether this machine's clock is right."""

from __future__ import annotations

import datetime
import email.utils
from typing import Any, NamedTuple

import botocore.exceptions

from .arns import parse_arn
from .failures import aws_errors
from .session import Aws

# Credential sources that fetch new credentials by themselves, by botocore's name for them.
RENEWING = frozenset(
    {
        "iam-role",
        "container-role",
        "assume-role",
        "assume-role-with-web-identity",
        "sso",
        "login",
        "custom-process",
    }
)


class Caller(NamedTuple):
    """``role_name`` is set when the caller is a role session."""

    arn: str
    account: str
    role_name: str | None


def who_am_i(aws: Aws) -> Caller:
    """The caller's identity (sts:GetCallerIdentity, which needs no permission)."""
    return aws.once("caller", lambda: _ask_who_i_am(aws))


def _ask_who_i_am(aws: Aws) -> Caller:
    client = aws.client("sts")
    with aws_errors("asking who the caller is"):
        answer = client.get_caller_identity()
    arn = parse_arn(answer["Arn"])
    role = None
    if arn is not None and arn.resource.startswith("assumed-role/"):
        role = arn.resource.split("/")[1]
    return Caller(answer["Arn"], answer["Account"], role)


class Lifetime(NamedTuple):
    """How long credentials last. ``temporary`` ones have a session token; ``expires`` is ``None`` when their end
    is not known; ``renews`` when their source replaces them by itself."""

    temporary: bool
    renews: bool
    expires: datetime.datetime | None
    source: str


def credential_lifetime(aws: Aws) -> Lifetime | None:
    """What is known of the session's credentials without asking AWS; ``None`` when there are none."""
    credentials = aws.credentials
    if credentials is None:
        return None
    source = str(getattr(credentials, "method", "") or "")
    # botocore keeps the moment of expiry to itself; without it the lifetime is simply unknown.
    expires: Any = getattr(credentials, "_expiry_time", None)
    if not isinstance(expires, datetime.datetime):
        expires = None
    return Lifetime(bool(credentials.token), source in RENEWING, expires, source)


def clock_offset(aws: Aws) -> float | None:
    """Seconds by which this machine's clock is ahead of AWS's (negative: behind), to the second.

    ``None`` when the answer carried no date. A refused request tells the time, too: a wrong clock is a reason
    for the refusal.
    """
    client = aws.client("sts")
    with aws_errors("asking for the time"):
        try:
            answer = client.get_caller_identity()
        except botocore.exceptions.ClientError as error:
            answer = error.response
            if "date" not in _headers(answer):
                raise
    now = datetime.datetime.now(datetime.UTC)
    text = _headers(answer).get("date")
    if not text:
        return None
    try:
        there = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return (now - there).total_seconds()


def _headers(answer: Any) -> dict[str, str]:
    headers: dict[str, str] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers
