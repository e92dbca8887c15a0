"""Who is calling, how long the credentials last, and whether this machine's clock is right."""

from __future__ import annotations

import datetime
import email.utils
from contextlib import suppress
from typing import NamedTuple

from model_evaluation.runtime.settings import Json

from .failures import aws_errors
from .session import Aws, ask

# Credential sources that fetch new credentials by themselves, by botocore's name for them.
RENEWING = ("iam-role", "container-role", "sso", "login", "custom-process")


class Caller(NamedTuple):
    """``role_name`` is set when the caller is a role session."""

    arn: str
    account: str
    role_name: str | None


def who_am_i(aws: Aws) -> Caller:
    """The caller's identity (sts:GetCallerIdentity, which needs no permission)."""
    answer = aws.once("caller", lambda: ask(aws, "sts.get_caller_identity", "asking who the caller is"))
    _, is_session, session = str(answer["Arn"]).partition(":assumed-role/")
    return Caller(answer["Arn"], answer["Account"], session.split("/")[0] if is_session else None)


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
    renews = source in RENEWING or source.startswith("assume-role")
    # botocore keeps the moment of expiry to itself; without it the lifetime is simply unknown.
    moment = getattr(credentials, "_expiry_time", None)
    expires = moment if isinstance(moment, datetime.datetime) else None
    return Lifetime(bool(credentials.token), renews, expires, source)


def clock_offset(aws: Aws) -> float | None:
    """Seconds by which this machine's clock is ahead of AWS's (negative: behind), to the second.

    ``None`` when the answer carried no date. A refused request tells the time, too: a wrong clock is a reason
    for the refusal.
    """
    from botocore.exceptions import ClientError

    with aws_errors("asking for the time"):
        try:
            answer: Json = aws.client("sts").get_caller_identity()
        except ClientError as error:
            answer = error.response
            if "date" not in _headers(answer):
                raise
    now = datetime.datetime.now(datetime.UTC)
    with suppress(ValueError):
        return (now - email.utils.parsedate_to_datetime(_headers(answer).get("date", ""))).total_seconds()
    return None


def _headers(answer: Json) -> dict[str, str]:
    headers: dict[str, str] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers
