"""KMS keys that are gone, and key policies that are written back whole."""

from __future__ import annotations

import json
import shlex
from types import SimpleNamespace
from typing import Any

import botocore.exceptions
import pytest

from model_evaluation.lookups.session import Once
from model_evaluation.preflight.checks import storage
from model_evaluation.preflight.configuration import Configuration
from model_evaluation.preflight.fixes import commands_in

from .configured import ACCOUNT, ROLE

KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/1"
USE = storage.Use("output", "what is written to results", storage.WRITE, "results cannot be written")


class Clients:
    """IAM, which allows nothing, and KMS with one key policy; moto does not know policies with a single statement."""

    def __init__(self, policy: dict[str, Any]) -> None:
        self.policy = json.dumps(policy)

    def client(self, service: str, region: str | None = None) -> Clients:
        return self

    get_paginator = client

    def paginate(self, **_: Any) -> list[Any]:
        return [{"EvaluationResults": []}]

    def get_key_policy(self, **_: Any) -> dict[str, str]:
        return {"Policy": self.policy}

    def describe_key(self, KeyId: str) -> Any:  # noqa: N803 - KMS's name
        raise botocore.exceptions.ClientError(
            {"Error": {"Code": self.policy.strip('"'), "Message": "no"}}, "DescribeKey"
        )


def a_subject(aws: Clients) -> Any:
    config = Configuration("aws", "us-west-2", ACCOUNT, ROLE)
    return SimpleNamespace(aws=aws, region="us-west-2", configuration=config, once=Once())


def test_the_mended_key_policy_keeps_a_single_statement() -> None:
    administrator = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/Admin"}, "Action": "kms:*"}
    result = storage._permitted(a_subject(Clients({"Statement": administrator})), KEY, USE)
    (line,) = commands_in(result.fix)
    words = shlex.split(line)
    first, added = json.loads(words[words.index("--policy") + 1])["Statement"]
    assert first == administrator
    assert added["Principal"] == {"AWS": ROLE}


def test_a_key_policy_may_ask_for_what_is_known_of_the_role() -> None:
    conditions = {
        "StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:RequestedRegion": "us-west-2"},
        "Bool": {"aws:SecureTransport": "true"},
    }
    statement = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:*", "Resource": "*"}
    statement = {**statement, "Condition": conditions}
    assert storage._permitted(a_subject(Clients({"Statement": statement})), KEY, USE).status == "pass"
    conditions["StringEquals"]["aws:PrincipalAccount"] = "999988887777"
    assert storage._permitted(a_subject(Clients({"Statement": statement})), KEY, USE).status == "fail"


@pytest.mark.parametrize(
    ("code", "status"),
    [("NotFoundException", "fail"), ("AccessDeniedException", "skip")],
)
def test_a_key_that_does_not_exist_any_more_fails_and_one_that_may_not_be_seen_is_undecided(
    code: str, status: str
) -> None:
    aws: Any = Clients({})
    aws.policy = code
    result = storage._usable(a_subject(aws), KEY, USE)
    assert result.status == status
    assert KEY in result.message
    if status == "fail":
        assert commands_in(result.fix) == ["evaluate.py revise output"]
