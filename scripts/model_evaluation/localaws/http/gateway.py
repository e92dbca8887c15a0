"""The WSGI application in front of moto: records, refuses, answers itself or hands over."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from urllib.parse import parse_qsl

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import LocalAwsBug, ServiceError
from model_evaluation.localaws.operations import SHARED, Record, Request, Response
from model_evaluation.localaws.recording import REFUSED, TELEMETRY, Call
from model_evaluation.localaws.services import (  # noqa: F401 - each registers its operations
    executions,
    hub,
    identity,
    jobs,
    lineage,
    mlflow,
    packages,
    pipelines,
    prices,
    public_bucket,
)
from model_evaluation.localaws.services.mlflow_tracking import answer_tracking

from .wire import (
    AWS_HOST,
    UNKNOWN_OPERATION,
    Environ,
    check_input,
    host_of,
    identify,
    respond,
    respond_error,
    signing_names,
    use_path_style,
)

StartResponse = Callable[..., object]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

OWN_HOSTS = frozenset({"127.0.0.1", "localhost"})
TELEMETRY_PREFIX = "sm-pysdk-t-"
# The header by which moto learns whose state a request is about.
MOTO_ACCOUNT = "HTTP_X_MOTO_ACCOUNT_ID"
OWNER_HEADER = "HTTP_X_AMZ_EXPECTED_BUCKET_OWNER"
# What moto keeps of SageMaker is apart from what is kept here, so only what nothing here is about is left to it.
MOTO_ONLY = frozenset({"CreateDomain", "DeleteDomain", "DescribeDomain", "ListDomains"})
SIMULATED = ("X-Local-Aws", "SIMULATED")


def is_aws_host(host: str) -> bool:
    """Whether local AWS answers for ``host``; every other host is refused."""
    return AWS_HOST.search(host.lower()) is not None


class MotoBehindLock:
    """moto's application for one account. One request at a time: its backends are plain dictionaries."""

    def __init__(self, moto: Application, account: str) -> None:
        self._moto = moto
        self._account = account
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ[MOTO_ACCOUNT] = self._account
        with self._lock:
            answer = self._moto(environ, start_response)
            body = b"".join(answer)
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        return [body]


class Gateway:
    """Every request goes through here, whether it came straight or through the proxy."""

    def __init__(self, cloud: Cloud, moto: Application) -> None:
        self._cloud = cloud
        self._moto = moto
        # A kind's own operations come first: it may refuse what the shared ones would accept.
        self._operations = [*(own for player in cloud.players for own in player.operations), SHARED]
        services = {service for operations in self._operations for service, _ in operations.handlers}
        self._signing_names = signing_names({*services, "cloudwatch"})

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        host = host_of(environ)
        if host not in OWN_HOSTS and not is_aws_host(host):
            self.refuse(host, environ.get("REQUEST_METHOD", "?"))
            return _send(start_response, Response(403, {}, b"local AWS lets nothing leave this machine"))
        if host.startswith(TELEMETRY_PREFIX):
            params = dict(parse_qsl(environ.get("QUERY_STRING", "")))
            self._record(TELEMETRY, environ["REQUEST_METHOD"], {"host": host, **params})
            return _send(start_response, Response(200, {}, b""))
        if (tracking := answer_tracking(self._cloud, environ)) is not None:
            self._record(tracking.service, tracking.operation, tracking.params)
            return _send(start_response, tracking.response)
        use_path_style(environ)
        try:
            request = identify(environ, self._signing_names)
        except ServiceError as error:
            self._record("unknown", UNKNOWN_OPERATION, {"path": environ.get("PATH_INFO", "")})
            return _send(start_response, respond_error(Request("", UNKNOWN_OPERATION, ""), error))
        call = self._record(request.service, request.operation, request.params)
        self._cloud.calls.observer(call, "arrived")
        if delay := self._cloud.rules.delay_seconds(request.service, request.operation):
            time.sleep(delay)
        answer = self._answer(request, environ, start_response)
        self._cloud.calls.observer(call, "answered")
        return answer if isinstance(answer, list) else _send(start_response, answer)

    def refuse(self, host: str, operation: str) -> None:
        """Records an attempt to reach a host that is not AWS's."""
        self._record(REFUSED, operation, {"host": host})

    def _record(self, service: str, operation: str, params: Record) -> Call:
        call = Call(service, operation, params)
        self._cloud.calls.append(call)
        return call

    def _answer(self, request: Request, environ: Environ, start_response: StartResponse) -> Response | list[bytes]:
        cloud = self._cloud
        try:
            cloud.rules.admit(request.service, request.operation)
            if OWNER_HEADER in environ and request.params.get("Bucket") in cloud.scenario.foreign_buckets:
                raise ServiceError("AccessDenied", "Access Denied", status=403)
            with cloud.lock:
                cloud.timeline.advance()
                if (response := self._played(request)) is not None:
                    return response
            if request.service == "sagemaker" and request.operation not in MOTO_ONLY:
                raise NotImplementedError
            return list(self._moto(environ, start_response))
        except ServiceError as error:
            return respond_error(request, error)
        except NotImplementedError:
            missing = f"local AWS does not play {request.service}:{request.operation}"
            return respond_error(request, ServiceError("UnknownOperationException", missing, status=400))
        except Exception as error:  # a bug of ours: loud, and kept for LocalAws.close
            traceback.print_exc(file=sys.stderr)
            cloud.bugs.append(error if isinstance(error, LocalAwsBug) else LocalAwsBug(repr(error)))
            return Response(500, {"Content-Type": "text/plain"}, f"local AWS bug: {error!r}".encode())

    def _played(self, request: Request) -> Response | None:
        """The answer of whoever plays the operation first; ``None`` when nobody does."""
        for operations in self._operations:
            handler = operations.handlers.get((request.service, request.operation))
            if handler is None:
                continue
            check_input(request)
            result = handler(self._cloud, request)
            if result is not None:
                return result if isinstance(result, Response) else respond(request, result)
        return None


def _send(start_response: StartResponse, response: Response) -> list[bytes]:
    headers = {"Content-Length": str(len(response.body)), **response.headers}
    phrase = HTTPStatus(response.status).phrase
    start_response(f"{response.status} {phrase}", [*headers.items(), SIMULATED])
    return [response.body]
