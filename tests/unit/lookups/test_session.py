"""Every failure of botocore leaves as one of ours, with a fix."""

from __future__ import annotations

import inspect
import re
import threading
import time
from pathlib import Path
from typing import Any

import botocore.exceptions as boto
import botocore.session
import pytest
from botocore import xform_name

from model_evaluation import errors, lookups
from model_evaluation.lookups.failures import aws_errors, is_not_found
from model_evaluation.lookups.session import Aws, outcome, together


def client_error(code: str, message: str = "said AWS", status: int = 400) -> boto.ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return boto.ClientError(response, "DescribeThing")


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("ExpiredToken", "", errors.ExpiredCredentials),
        ("ExpiredTokenException", "", errors.ExpiredCredentials),
        ("RequestExpired", "", errors.ExpiredCredentials),
        ("InvalidClientTokenId", "", errors.NoCredentials),
        ("UnrecognizedClientException", "", errors.NoCredentials),
        ("AccessDenied", "", errors.AccessDenied),
        ("AccessDeniedException", "", errors.AccessDenied),
        ("403", "Forbidden", errors.AccessDenied),
        ("404", "Not Found", errors.NotFound),
        ("NoSuchKey", "", errors.NotFound),
        ("NoSuchEntity", "", errors.NotFound),
        ("ResourceNotFound", "", errors.NotFound),
        ("NotFoundException", "Key 'arn:aws:kms:...' does not exist", errors.NotFound),
        ("NoSuchResourceException", "", errors.NotFound),
        ("InvalidVpcID.NotFound", "", errors.NotFound),
        ("ValidationException", "Could not find model package", errors.NotFound),
        ("NoSuchBucketPolicy", "", errors.AwsError),  # a setting that nobody made: whoever asks knows what it means
        ("ValidationException", "ModelPackage arn:x does not exist.", errors.NotFound),
        ("ThrottlingException", "Rate exceeded", errors.Throttled),
        ("SlowDown", "", errors.Throttled),
        ("SomethingNew", "", errors.AwsError),
        ("ValidationException", "1 validation error detected", errors.AwsError),
    ],
)
def test_a_service_code_becomes_our_error(code: str, message: str, expected: type[errors.AwsError]) -> None:
    with pytest.raises(errors.AwsError) as caught, aws_errors("looking at it", resource="the thing"):
        raise client_error(code, message)
    assert type(caught.value) is expected
    assert caught.value.exit_code == 4
    assert "the thing" in caught.value.message
    assert caught.value.fix
    assert caught.value.details["aws_code"] == code


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (boto.NoCredentialsError(), errors.NoCredentials),
        (boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), errors.NoCredentials),
        (boto.ProfileNotFound(profile="nope"), errors.NoCredentials),
        (boto.NoRegionError(), errors.NoRegion),
        (boto.InvalidRegionError(region_name="us west"), errors.NoRegion),
        (boto.EndpointConnectionError(endpoint_url="https://x"), errors.Unreachable),
        (boto.ConnectTimeoutError(endpoint_url="https://x"), errors.Unreachable),
        (boto.ReadTimeoutError(endpoint_url="https://x"), errors.Unreachable),
        (boto.SSLError(endpoint_url="https://x", error="bad"), errors.Unreachable),
        (boto.ProxyConnectionError(proxy_url="http://x"), errors.Unreachable),
        (boto.UnauthorizedSSOTokenError(), errors.ExpiredCredentials),
        (boto.SSOTokenLoadError(error_msg="gone"), errors.ExpiredCredentials),
        (boto.ParamValidationError(report="bad"), errors.AwsError),
    ],
)
def test_a_library_failure_becomes_our_error(error: Exception, expected: type[errors.AwsError]) -> None:
    with pytest.raises(errors.AwsError) as caught, aws_errors("looking"):
        raise error
    assert type(caught.value) is expected
    assert caught.value.__cause__ is error


def test_an_address_that_is_none_is_no_bug_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:9000")
    with pytest.raises(errors.AwsError, match="Invalid endpoint: localhost:9000"):
        Aws("us-west-2").client("s3")


LOOKUPS = Path(lookups.__file__).parent
# What botocore's models call so and is not about the thing that was looked up.
OTHERS = {"CloudHsmClusterNotFoundException", "KMSNotFoundException", "OrganizationNotFoundException"}


def called() -> set[tuple[str, str]]:
    """Service and operation of every call that lookups make, from their source."""
    calls: set[tuple[str, str]] = set()
    kinds = LOOKUPS.parent / "kinds"
    for path in [*LOOKUPS.rglob("*.py"), *kinds.rglob("lookups/*.py"), *kinds.rglob("lookups.py")]:
        text = path.read_text("utf-8")
        services = set(re.findall(r"""client\("([a-z0-9-]+)\"""", text))
        names = set(re.findall(r"\.((?:get|list|describe|head|simulate)_[a-z0-9_]+)\(", text))
        names |= set(re.findall(r"""get_paginator\("([a-z0-9_]+)\"""", text))
        calls |= {(service, name) for service in services for name in names}
        calls |= set(re.findall(r"""\"([a-z0-9-]+)\.((?:get|list|describe|head|simulate)_[a-z0-9_]+)\"""", text))
    return calls


def test_every_services_own_word_for_not_there_is_known() -> None:
    session, unknown, seen = botocore.session.get_session(), set(), set()
    for service, name in called():
        model = session.get_service_model(service)
        methods = {xform_name(operation): operation for operation in model.operation_names}
        for shape in model.operation_model(methods[name]).error_shapes if name in methods else ():
            seen.add((service, name))
            code = shape.error_code
            if re.search(r"NotFound|NoSuch|NotExist", code) and code not in OTHERS and not is_not_found(code):
                unknown.add((service, code))
    assert {service for service, _ in seen} >= {"s3", "kms", "iam", "sagemaker", "bedrock", "service-quotas"}
    assert unknown == set()


def test_no_failure_of_botocore_escapes() -> None:
    """Every exception class of botocore, also a future one, is one of the two bases that aws_errors catches."""
    of_a_broken_model = boto.UndefinedModelAttributeError  # botocore's own JSON is wrong: not the user's trouble
    classes = [item for _, item in inspect.getmembers(boto, inspect.isclass) if issubclass(item, Exception)]
    outside = [
        item.__name__
        for item in classes
        if item.__module__ == boto.__name__
        and not issubclass(item, (boto.BotoCoreError, boto.ClientError, Warning, of_a_broken_model))
    ]
    assert outside == []


def test_programming_errors_stay_visible() -> None:
    with pytest.raises(KeyError), aws_errors("looking"):
        {}["missing"]


def test_without_a_region_nothing_is_guessed() -> None:
    with pytest.raises(errors.NoRegion, match="No AWS region"):
        Aws().client("sts")


def test_the_region_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert Aws().region == "eu-west-1"


def test_lookups_run_side_by_side_and_keep_their_order() -> None:
    barrier = threading.Barrier(3, timeout=60)  # breaks unless all three run at once

    def call(number: int) -> int:
        barrier.wait()
        time.sleep(0.01 * (3 - number))
        return number

    assert together(lambda: call(0), lambda: call(1), lambda: call(2)) == [0, 1, 2]


def test_an_outcome_holds_expected_failures_only() -> None:
    def refused() -> int:
        raise errors.Refused("no", fix="yes")

    def broken() -> int:
        raise ValueError("ours")

    assert isinstance(outcome(refused)(), errors.Refused)
    with pytest.raises(ValueError, match="ours"):
        outcome(broken)()
