"""What a service or the AWS library says when it fails, turned into one of our errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from model_evaluation.errors import (
    AccessDenied,
    AwsError,
    ExpiredCredentials,
    NoCredentials,
    NoRegion,
    NotFound,
    Throttled,
    Unreachable,
)
from model_evaluation.json_types import Facts

ATTEMPTS = 4  # of a request that is throttled or gets no answer
# Every service's own word for "not there"; EC2 puts it behind a dot, as in InvalidVpcID.NotFound.
NOT_FOUND = re.compile(
    r"404|NoSuch(Bucket|Key|Upload|Version|Entity|ResourceException)|(KMS\.)?NotFoundException|(.*\.)?NotFound"
    r"|(Resource|Repository|Image|Entity)NotFoundException|ResourceNotFound"
)
# Some say it in words.
NOT_FOUND_WORDS = ("does not exist", "could not find", "cannot find", "not found", "unable to find")
SIGN_IN = (
    "Sign in first: `aws configure sso` then `aws sso login`, or export AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
    "AWS_SESSION_TOKEN. Check with: aws sts get-caller-identity"
)
RENEW = (
    "Renew them, then run the same command again: `aws sso login` for SSO profiles, or export fresh "
    "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. Nothing was lost."
)
# Codes of services, what they mean, and what to do.
MEANINGS: tuple[tuple[str, type[AwsError], str, str], ...] = (
    (
        "ExpiredToken(Exception)?|RequestExpired|TokenRefreshRequired",
        ExpiredCredentials,
        "The AWS credentials have expired (seen {moment}).{words}",
        RENEW,
    ),
    (
        "Invalid(ClientTokenId|AccessKeyId|Token)|UnrecognizedClientException|AuthFailure|SignatureDoesNotMatch|IncompleteSignature",
        NoCredentials,
        "AWS does not accept these credentials (seen {moment}).{words}",
        "Check which ones are in use: aws sts get-caller-identity",
    ),
    (
        "AccessDenied(Exception)?|UnauthorizedOperation|Forbidden|403|AllAccessDisabled",
        AccessDenied,
        "Access was denied {moment} ({operation}).{words}",
        "Ask for permission to call {operation}{on}, or use credentials that have it.",
    ),
    (
        "(Request)?Thrott(ling|led)(Exception)?|TooManyRequestsException|RequestLimitExceeded|SlowDown|429|503",
        Throttled,
        f"AWS kept asking to slow down {{moment}}; {ATTEMPTS} attempts were made.",
        "Wait a minute, then run the same command again.",
    ),
)


# Failures of botocore by the names of its classes, the most specific first; what they mean, and what to do. They are
# known by name, so that the library is loaded only by who asks something.
LIBRARY: tuple[tuple[str, type[AwsError], str, str], ...] = (
    (
        "NoCredentialsError|PartialCredentialsError|CredentialRetrievalError",
        NoCredentials,
        "No usable AWS credentials were found {moment}: {error}",
        SIGN_IN,
    ),
    (
        "SSOTokenLoadError|UnauthorizedSSOTokenError|TokenRetrievalError",
        ExpiredCredentials,
        "The AWS sign-in has expired (seen {moment}): {error}",
        RENEW,
    ),
    ("ProfileNotFound", NoCredentials, "{error}.", "Choose an existing one: aws configure list-profiles"),
    (
        "NoRegionError|InvalidRegionError",
        NoRegion,
        "No usable AWS region is configured: {error}",
        "For example: export AWS_REGION=us-west-2",
    ),
    (
        "HTTPClientError|ConnectionError",
        Unreachable,
        "AWS did not answer {moment}: {error}",
        "Check the network, proxy or VPN (and AWS_ENDPOINT_URL if it is set), then run the command again.",
    ),
    ("BotoCoreError", AwsError, "The AWS library failed {moment}: {error}", "Check the AWS configuration."),
)


@contextmanager
def aws_errors(
    action: str, *, resource: str | None = None, no_words: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Turn botocore's failures into ours; programming errors stay visible.

    ``action`` completes "while ..."; ``resource`` is what was looked up. ``no_words`` is called for an answer without a
    body, as HEAD requests get it, whose code says only "400": it may raise the same failure in words.
    """
    about = f" {resource}" if resource else ""
    moment = f"while {action}{about}"
    try:
        yield
    except Exception as error:
        names = {each.__name__ for each in type(error).__mro__ if each.__module__ == "botocore.exceptions"}
        if "ClientError" in names:
            answer: Any = error
            if answer.response.get("Error", {}).get("Code") == "400":
                no_words()
            raise _from_answer(answer.response, answer.operation_name, moment, about) from error
        if "ParamValidationError" in names:
            refusal = f"AWS does not accept this value {moment}: {' '.join(str(error).split())}"
            raise AwsError(refusal, fix="Correct the value and answer again.", code="invalid_value") from error
        for library, kind, message, fix in LIBRARY:
            if not names.isdisjoint(library.split("|")):
                raise kind(message.format(moment=moment, error=error), fix=fix) from error
        raise


def _from_answer(response: Facts, operation: str, moment: str, about: str) -> AwsError:
    body = response.get("Error", {})
    code, message = str(body.get("Code", "")), str(body.get("Message", "")).strip()
    details = {"aws_code": code, "operation": operation}
    words = f" AWS says: {message}" if message and message != code else ""
    names = {"moment": moment, "words": words, "operation": operation, "on": about and f" on{about}"}
    for codes, kind, meaning, fix in MEANINGS:
        if re.fullmatch(codes, code):
            return kind(meaning.format(**names), fix=fix.format(**names), details=details)
    if is_not_found(code, message):
        return NotFound(f"AWS found nothing {moment}.{words}", fix="Check the name and the region.", details=details)
    if int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500:
        trouble = f"AWS had trouble of its own {moment} ({code or 'no code'})."
        fix = "Run the same command again; if it lasts, see the AWS Health Dashboard."
        return Unreachable(trouble, fix=fix, code="service_error", details=details)
    refusal = f"AWS refused the request {moment}: {code or 'no code'}.{words}"
    return AwsError(refusal, fix="Correct the value, or see references/troubleshooting.md.", details=details)


def is_not_found(code: str, message: str = "") -> bool:
    """Whether a service's error code, or its words where the code is general, says that something is not there."""
    in_words = code == "ValidationException" and any(words in message.lower() for words in NOT_FOUND_WORDS)
    return in_words or NOT_FOUND.fullmatch(code) is not None


@dataclass(frozen=True)
class Unless:
    """A context in which one code of a service is an answer, not a failure: a setting that nobody made, say. What
    stands after the context then runs."""

    code: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        return isinstance(error, AwsError) and error.details.get("aws_code") == self.code
