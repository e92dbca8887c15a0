"""Who is calling."""

from __future__ import annotations

from typing import NamedTuple

from .arns import parse_arn
from .session import Aws, aws_errors


class Caller(NamedTuple):
    """``role_name`` is set when the caller is a role session."""

    arn: str
    account: str
    role_name: str | None


def who_am_i(aws: Aws) -> Caller:
    """The caller's identity (sts:GetCallerIdentity, which needs no permission)."""
    client = aws.client("sts")
    with aws_errors("asking who the caller is"):
        answer = client.get_caller_identity()
    arn = parse_arn(answer["Arn"])
    role = None
    if arn is not None and arn.resource.startswith("assumed-role/"):
        role = arn.resource.split("/")[1]
    return Caller(answer["Arn"], answer["Account"], role)
