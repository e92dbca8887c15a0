"""Trust, bucket and key policies are read as far as a reader can, and no further."""

from __future__ import annotations

from typing import Any

import pytest

from model_evaluation.lookups.iam import Requester, decide, matching

ROLE = "arn:aws:iam::111122223333:role/Evaluation"
KNOWN = {"aws:securetransport": "true", "aws:principalarn": ROLE, "aws:principalaccount": "111122223333"}
REQUESTER = Requester(ROLE, KNOWN)
OBJECT = "arn:aws:s3:::results/evaluations/x"


def statement(effect: str = "Deny", **parts: Any) -> dict[str, Any]:
    body = {"Effect": effect, "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::results/*", **parts}
    return {"Version": "2012-10-17", "Statement": [body]}


def denies(policy: dict[str, Any], action: str = "s3:PutObject") -> list[bool]:
    """Whether each matching Deny is certain."""
    return [match.certain for match in matching(policy, "Deny", REQUESTER, action, OBJECT)]


@pytest.mark.parametrize(
    ("parts", "certain"),
    [
        ({}, [True]),
        ({"Action": "s3:GetObject"}, []),
        ({"Action": ["s3:put*"]}, [True]),
        ({"NotAction": "s3:GetObject", "Action": None}, [True]),
        ({"Resource": "arn:aws:s3:::results/other/*"}, []),
        ({"NotResource": "arn:aws:s3:::results/other/*", "Resource": None}, [True]),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:role/Other"}}, []),
        ({"Principal": {"AWS": ROLE}}, [True]),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}, [True]),
        ({"Principal": {"AWS": "111122223333"}}, [True]),
        ({"NotPrincipal": {"AWS": ROLE}, "Principal": None}, []),
        ({"NotPrincipal": {"AWS": "arn:aws:iam::111122223333:role/Other"}, "Principal": None}, [True]),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, []),
        ({"Condition": {"Bool": {"aws:SecureTransport": False}}}, []),
        ({"Condition": {"ArnNotEquals": {"aws:PrincipalArn": ROLE}}}, []),
        ({"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Eval*"}}}, []),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalAccount": "444455556666"}}}, [True]),
        ({"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}, [False]),
        ({"Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}}, [False]),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, []),
        ({"Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}}, [False]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_deny_counts_when_it_is_about_this_request(parts: dict[str, Any], certain: list[bool]) -> None:
    policy = statement(**parts)
    policy["Statement"][0] = {key: value for key, value in policy["Statement"][0].items() if value is not None}
    assert denies(policy) == certain


def test_a_single_statement_need_not_be_a_list() -> None:
    policy = statement()
    policy["Statement"] = policy["Statement"][0]
    assert denies(policy) == [True]


@pytest.mark.parametrize("policy", [{}, {"Statement": []}, {"Statement": ["nonsense"]}, {"Statement": None}])
def test_what_is_no_policy_denies_nothing(policy: dict[str, Any]) -> None:
    assert denies(policy) == []


def test_the_undecidable_keys_are_named() -> None:
    policy = statement(Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, Sid="OnlyVpc")
    (match,) = matching(policy, "Deny", REQUESTER, "s3:PutObject", OBJECT)
    assert (match.sid, match.undecided) == ("OnlyVpc", ("aws:SourceVpce",))


def test_a_service_is_named_as_a_service_only() -> None:
    requester = Requester("bedrock.amazonaws.com", {"aws:sourceaccount": "111122223333"})
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}]}
    assert matching(trust, "Allow", requester, "sts:AssumeRole", None) == []
    trust["Statement"][0]["Principal"] = {"Service": ["sagemaker.amazonaws.com", "bedrock.amazonaws.com"]}  # type: ignore[assignment]
    assert len(matching(trust, "Allow", requester, "sts:AssumeRole", None)) == 1


@pytest.mark.parametrize(
    ("operator", "known", "allowed", "missing"),
    [
        ("StringEquals", ["a"], True, ()),
        ("StringEquals", ["b"], False, ()),
        ("StringEquals", None, False, ("aws:Key",)),
        ("StringEqualsIfExists", None, True, ("aws:Key",)),
        ("ForAnyValue:StringEquals", ["b", "a"], True, ()),
        ("StringEqualsIgnoreCase", ["A"], True, ()),
        ("NumericLessThan", ["1"], False, ("aws:Key",)),  # not understood: not taken for a yes
    ],
)
def test_a_principals_own_policy_allows_under_what_is_known(
    operator: str, known: list[str] | None, allowed: bool, missing: tuple[str, ...]
) -> None:
    body = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {operator: {"aws:Key": "a"}}}
    verdict = decide([("own", body)], "s3:GetObject", "*", {"aws:key": known} if known else {})
    assert (verdict.decision == "allowed", verdict.missing) == (allowed, missing)
