"""What the lookups behind single checks make of AWS's answers."""

from __future__ import annotations

import datetime
import email.utils
from typing import Any

import botocore.exceptions
import pytest

from model_evaluation.errors import NoCredentials
from model_evaluation.kinds.llm_as_judge.checks import _of_model
from model_evaluation.lookups.identity import clock_offset, credential_lifetime
from model_evaluation.lookups.quotas import Quota
from model_evaluation.lookups.sagemaker.studio import _leads_out

INTERNET = "0.0.0.0/0"


def table(subnet: str | None, *routes: dict[str, str]) -> dict[str, Any]:
    association = {"SubnetId": subnet} if subnet else {"Main": True}
    return {"Associations": [association], "Routes": list(routes)}


@pytest.mark.parametrize(
    ("tables", "out"),
    [
        ([table("subnet-1", {"DestinationCidrBlock": INTERNET, "NatGatewayId": "nat-1"})], True),
        ([table("subnet-1", {"DestinationCidrBlock": INTERNET, "TransitGatewayId": "tgw-1"})], True),
        ([table("subnet-1", {"DestinationCidrBlock": INTERNET, "GatewayId": "igw-1"})], False),
        ([table("subnet-1", {"DestinationCidrBlock": "10.0.0.0/8", "NatGatewayId": "nat-1"})], False),
        ([table("subnet-2", {"DestinationCidrBlock": INTERNET, "NatGatewayId": "nat-1"})], False),
        ([table(None, {"DestinationCidrBlock": INTERNET, "NatGatewayId": "nat-1"})], True),
        ([table(None, {"DestinationCidrBlock": INTERNET, "NatGatewayId": "nat-1"}), table("subnet-1")], False),
        ([], False),
    ],
)
def test_a_subnet_leads_out_through_its_own_table_or_the_main_one(tables: list[dict[str, Any]], out: bool) -> None:
    assert _leads_out(tables, "subnet-1") is out


def quota(name: str) -> Quota:
    return Quota("bedrock", "L-1", name, 1.0)


def test_a_models_quota_is_found_by_its_name_and_on_demand_first() -> None:
    cross = quota("Cross-region model inference tokens per minute for Amazon Nova Pro")
    demand = quota("On-demand model inference tokens per minute for Amazon Nova Pro")
    others = [
        quota("On-demand model inference requests per minute for Amazon Nova Pro"),
        quota("On-demand model inference tokens per minute for Amazon Nova Premier"),
        quota("On-demand model inference tokens per minute for Amazon Nova Pro V2"),
    ]
    assert _of_model([*others, cross, demand], "Nova Pro") == demand
    assert _of_model([*others, cross], "Nova Pro") == cross
    assert _of_model(others, "Nova Pro") is None


class Sts:
    """STS whose answers, also refusals, are dated ``ahead`` seconds ahead of this machine."""

    def __init__(self, ahead: float | None, *, refuses: bool = False) -> None:
        self.ahead = ahead
        self.refuses = refuses

    def client(self, service: str) -> Sts:
        return self

    def get_caller_identity(self) -> Any:
        headers = {}
        if self.ahead is not None:
            moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.ahead)
            headers["date"] = email.utils.format_datetime(moment, usegmt=True)
        answer: Any = {"ResponseMetadata": {"HTTPHeaders": headers}}
        if self.refuses:
            error = {"Error": {"Code": "SignatureDoesNotMatch", "Message": "Signature expired"}, **answer}
            raise botocore.exceptions.ClientError(error, "GetCallerIdentity")
        return answer


@pytest.mark.parametrize("refuses", [False, True])
def test_the_clock_is_compared_also_when_the_request_is_refused_for_it(refuses: bool) -> None:
    offset = clock_offset(Sts(900.0, refuses=refuses))  # type: ignore[arg-type]
    assert offset == pytest.approx(-900, abs=5)


def test_an_answer_without_a_date_tells_no_time() -> None:
    assert clock_offset(Sts(None)) is None  # type: ignore[arg-type]
    with pytest.raises(NoCredentials):
        clock_offset(Sts(None, refuses=True))  # type: ignore[arg-type]


class Credentials:
    """As botocore's: a token for temporary ones, a moment of expiry for those that know it."""

    def __init__(self, method: str, token: str | None = None, expires: datetime.datetime | None = None) -> None:
        self.method = method
        self.token = token
        self._expiry_time = expires


class Holder:
    def __init__(self, credentials: Credentials | None) -> None:
        self.credentials = credentials


def test_how_long_credentials_last() -> None:
    soon = datetime.datetime.now(datetime.UTC)

    def of(*arguments: Any) -> tuple[bool, bool, bool]:
        found = credential_lifetime(Holder(Credentials(*arguments)))  # type: ignore[arg-type]
        assert found is not None
        return found.temporary, found.renews, found.expires is not None

    assert of("env") == (False, False, False)
    assert of("env", "token") == (True, False, False)
    assert of("env", "token", soon) == (True, False, True)
    assert of("iam-role", "token", soon) == (True, True, True)
    assert of("sso", "token", soon) == (True, True, True)
    assert credential_lifetime(Holder(None)) is None  # type: ignore[arg-type]
