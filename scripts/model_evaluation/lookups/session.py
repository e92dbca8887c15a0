"""The seam to AWS: clients, the mapping of failures, and lookups side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import Any, TypeVar

import boto3  # noqa: TID251 - this is the seam
import botocore.config
import botocore.exceptions as boto

from model_evaluation.errors import (
    AccessDenied,
    AwsError,
    EvaluationError,
    ExpiredCredentials,
    NoCredentials,
    NoRegion,
    NotFound,
    Throttled,
    Unreachable,
)

from .once import Once

T = TypeVar("T")

# Bounded on purpose: a person waits for the answer.
CONFIG = botocore.config.Config(
    connect_timeout=5,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=60,
    user_agent_extra="model-evaluation",
)

EXPIRED_CODES = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
BAD_CREDENTIAL_CODES = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthFailure",
    "InvalidToken",
    "IncompleteSignature",
}
DENIED_CODES = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "Forbidden",
    "403",
    "AllAccessDisabled",
}
NOT_FOUND_CODES = {
    "404",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchEntity",
    "NoSuchVersion",
    "NotFound",
    "ResourceNotFound",
    "ResourceNotFoundException",
}
THROTTLED_CODES = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
    "429",
    "503",
}
RENEW = (
    "Renew them, then run the same command again: `aws sso login` for SSO profiles, or export fresh "
    "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. Nothing was lost."
)


class Aws:
    """Clients of one boto3 session, created once each. Safe to share between threads."""

    def __init__(self, region: str | None = None) -> None:
        with aws_errors("reading the AWS configuration"):
            self._session = boto3.Session(region_name=region)
        # boto3 itself reads AWS_DEFAULT_REGION only; the AWS CLI and other SDKs read AWS_REGION first.
        self.region_or_none: str | None = region or os.environ.get("AWS_REGION") or self._session.region_name or None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self.once = Once()  # for what cannot change while a command runs

    @property
    def credentials(self) -> Any:
        """The session's botocore credentials, ``None`` when there are none. They are never shown or stored."""
        with aws_errors("reading the AWS credentials"):
            return self._session.get_credentials()

    @property
    def region(self) -> str:
        """The configured region. Raises NoRegion; there is no silent default."""
        if self.region_or_none is None:
            raise NoRegion(
                "No AWS region is configured.",
                fix="Set it to the region of the fine-tuned model, for example: export AWS_REGION=us-west-2",
            )
        return self.region_or_none

    def client(self, service: str, region: str | None = None) -> Any:
        """The boto3 client of ``service`` in ``region`` (default: the configured one)."""
        wanted = region or self.region
        with self._lock:  # creating clients from one session is not thread-safe; using them is
            key = (service, wanted)
            if key not in self._clients:
                with aws_errors(f"creating the {service} client"):
                    self._clients[key] = self._session.client(service, region_name=wanted, config=CONFIG)
            return self._clients[key]


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run independent lookups side by side; return their results in order.

    The first failure, in the order of ``calls``, is raised after all have ended.
    """
    futures = _begin(calls, at_once=16)
    wait(futures)
    return [future.result() for future in futures]


class Late:
    """Stands for the result of a call that had not ended in time."""


def together_within(seconds: float, *calls: Callable[[], Any]) -> list[Any]:
    """As :func:`together`, but whatever has not ended after ``seconds`` is left behind as :class:`Late`."""
    futures = _begin(calls, at_once=max(1, len(calls)))
    wait(futures, timeout=seconds)
    return [future.result() if future.done() else Late() for future in futures]


def _begin(calls: Sequence[Callable[[], Any]], *, at_once: int) -> list[Future[Any]]:
    """Start every call in a thread of its own, ``at_once`` of them working at the same time.

    Daemon threads: a command that has its answer must not wait at exit for a server that never replies.
    """
    slots = threading.Semaphore(at_once)
    futures: list[Future[Any]] = []
    for call in calls:
        future: Future[Any] = Future()
        threading.Thread(target=_work, args=(slots, call, future), daemon=True).start()
        futures.append(future)
    return futures


def _work(slots: threading.Semaphore, call: Callable[[], Any], future: Future[Any]) -> None:
    with slots:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)


def outcome(call: Callable[[], T]) -> Callable[[], T | EvaluationError]:
    """``call``, with an expected failure returned instead of raised."""

    def guarded() -> T | EvaluationError:
        try:
            return call()
        except EvaluationError as error:
            return error

    return guarded


@contextmanager
def aws_errors(action: str, *, resource: str | None = None) -> Iterator[None]:
    """Turn botocore's failures into ours, the most specific first; programming errors stay visible.

    ``action`` completes "while ..."; ``resource`` is what was looked up.
    """
    about = f" {resource}" if resource else ""
    try:
        yield
    except boto.ClientError as error:
        raise _from_code(error, action, about) from error
    except (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError) as error:
        raise NoCredentials(
            f"No usable AWS credentials were found while {action}{about}: {error}",
            fix="Sign in first: `aws configure sso` then `aws sso login`, or export AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. Check with: aws sts get-caller-identity",
        ) from error
    except (boto.SSOTokenLoadError, boto.UnauthorizedSSOTokenError, boto.TokenRetrievalError) as error:
        raise ExpiredCredentials(
            f"The AWS sign-in has expired (seen while {action}{about}): {error}", fix=RENEW
        ) from error
    except boto.ProfileNotFound as error:
        raise NoCredentials(f"{error}.", fix="Choose an existing one: aws configure list-profiles") from error
    except (boto.NoRegionError, boto.InvalidRegionError) as error:
        raise NoRegion(
            f"No usable AWS region is configured: {error}", fix="For example: export AWS_REGION=us-west-2"
        ) from error
    except boto.ParamValidationError as error:
        reason = " ".join(str(error).split())
        raise AwsError(
            f"AWS does not accept this value while {action}{about}: {reason}",
            fix="Correct the value and answer again.",
            code="invalid_value",
        ) from error
    except (boto.HTTPClientError, boto.ConnectionError) as error:
        raise Unreachable(
            f"AWS did not answer while {action}{about}: {error}",
            fix="Check the network, proxy or VPN (and AWS_ENDPOINT_URL if it is set), then run the command again.",
        ) from error
    except boto.BotoCoreError as error:
        raise AwsError(
            f"The AWS library failed while {action}{about}: {error}", fix="Check the AWS configuration."
        ) from error


def _from_code(error: boto.ClientError, action: str, about: str) -> AwsError:
    body = error.response.get("Error", {})
    code, said = str(body.get("Code", "")), str(body.get("Message", "")).strip()
    details = {"aws_code": code, "operation": error.operation_name}
    seen = f"while {action}{about}"
    words = f" AWS says: {said}" if said and said != code else ""
    if code in EXPIRED_CODES:
        return ExpiredCredentials(f"The AWS credentials have expired (seen {seen}).{words}", fix=RENEW, details=details)
    if code in BAD_CREDENTIAL_CODES:
        return NoCredentials(
            f"AWS does not accept these credentials (seen {seen}).{words}",
            fix="Check which ones are in use: aws sts get-caller-identity",
            details=details,
        )
    if code in DENIED_CODES:
        return AccessDenied(
            f"Access was denied {seen} ({error.operation_name}).{words}",
            fix=f"Ask for permission to call {error.operation_name}{' on' + about if about else ''}, "
            "or use credentials that have it.",
            details=details,
        )
    missing_words = code == "ValidationException" and any(
        words in said.lower()
        for words in ("does not exist", "could not find", "cannot find", "not found", "unable to find")
    )
    if code in NOT_FOUND_CODES or missing_words:
        return NotFound(f"AWS found nothing {seen}.{words}", fix="Check the name and the region.", details=details)
    if code in THROTTLED_CODES:
        return Throttled(
            f"AWS kept asking to slow down {seen}; {CONFIG.retries['total_max_attempts']} attempts were made.",
            fix="Wait a minute, then run the same command again.",
            details=details,
        )
    if int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500:
        return Unreachable(
            f"AWS had trouble of its own {seen} ({code or 'no code'}).",
            fix="Run the same command again; if it lasts, see the AWS Health Dashboard.",
            code="service_error",
            details=details,
        )
    return AwsError(
        f"AWS refused the request {seen}: {code or 'no code'}.{words}",
        fix="Correct the value, or see references/troubleshooting.md.",
        details=details,
    )
