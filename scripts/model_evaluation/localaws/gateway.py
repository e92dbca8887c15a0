"""One port that is both AWS's endpoint and an HTTPS proxy; nothing is ever connected to the outside.

Every request is recorded, and then refused, answered here or handed over to moto.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import sys
import threading
import time
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import trustme
import werkzeug
from flask import Flask
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.test import run_wsgi_app

from .cloud import OWN_KEY, REFUSED, TELEMETRY, Call, Cloud
from .operations import SHARED, LocalAwsBug, Record, Request, Response, ServiceError
from .services import mlflow, models, pipelines, prices  # noqa: F401 - each registers its operations
from .wire import UNKNOWN_OPERATION, Environ, check_input, identify, respond, respond_error, signing_names

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

OWN_HOSTS = frozenset({"127.0.0.1", "localhost"})
# Hosts such as sts.us-west-2.amazonaws.com.
AWS_HOST = re.compile(r"(?:^|\.)(?:amazonaws\.com|amazonaws\.com\.cn|api\.aws)$", re.IGNORECASE)
TELEMETRY_PREFIX = "sm-pysdk-t-"
NOTHING_LEAVES = "local AWS lets nothing leave this machine"
# What moto keeps of SageMaker is apart from what is kept here, so only what nothing here is about is left to it.
MOTO_ONLY = frozenset({"CreateDomain", "DeleteDomain", "DescribeDomain", "ListDomains"})


class Gateway:
    """The WSGI application in front of moto, for requests that came straight and through the proxy."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._moto = DomainDispatcherApplication(_backend_app)
        self._moto_lock = threading.Lock()  # its backends are plain dictionaries
        # A kind's own operations come first: it may refuse what the shared ones would accept.
        self._operations = [*(own for player in cloud.players for own in player.operations), SHARED]
        services = {service for operations in self._operations for service, _ in operations.handlers}
        self._signing_names = signing_names({*services, "cloudwatch"})

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        response = self._respond(environ)
        headers = {**response.headers, "X-Local-Aws": "SIMULATED"}
        return werkzeug.Response([response.body], response.status, headers)(environ, start_response)

    def _respond(self, environ: Environ) -> Response:
        host = str(environ.get("HTTP_HOST", "")).rsplit(":", 1)[0].lower()
        if OWN_KEY in environ.get("HTTP_AUTHORIZATION", ""):
            return self._ask_moto(environ)
        if host not in OWN_HOSTS and not AWS_HOST.search(host):
            self.record(REFUSED, environ["REQUEST_METHOD"], {"host": host})
            return Response(403, {}, NOTHING_LEAVES.encode())
        if host.startswith(TELEMETRY_PREFIX):
            params = dict(parse_qsl(environ.get("QUERY_STRING", "")))
            self.record(TELEMETRY, environ["REQUEST_METHOD"], {"host": host, **params})
            return Response(200, {}, b"")
        try:
            request = identify(environ, self._signing_names)
        except ServiceError as error:
            self.record("unknown", UNKNOWN_OPERATION, {"path": environ.get("PATH_INFO", "")})
            return respond_error(Request("", UNKNOWN_OPERATION, ""), error)
        call = self.record(request.service, request.operation, request.params)
        self.cloud.calls.observer(call, "arrived")
        response = self._answer(request, environ)
        self.cloud.calls.observer(call, "answered")
        return response

    def record(self, service: str, operation: str, params: Record) -> Call:
        call = Call(service, operation, params)
        self.cloud.calls.append(call)
        return call

    def _answer(self, request: Request, environ: Environ) -> Response:
        cloud = self.cloud
        try:
            cloud.scenario.admit(cloud, request)
            with cloud.lock:
                cloud.timeline.advance()
                if (response := self._played(request)) is not None:
                    return response
            if request.service == "sagemaker" and request.operation not in MOTO_ONLY:
                raise NotImplementedError
            return self._ask_moto(environ)
        except ServiceError as error:
            return respond_error(request, error)
        except NotImplementedError:
            missing = f"local AWS does not play {request.service}:{request.operation}"
            return respond_error(request, ServiceError("UnknownOperationException", missing))
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
            result = handler(self.cloud, request)
            if result is not None:
                return result if isinstance(result, Response) else respond(request, result)
        return None

    def _ask_moto(self, environ: Environ) -> Response:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self.cloud.account
        with self._moto_lock:
            body, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
        return Response(int(status.split()[0]), dict(headers.items()), b"".join(body))


def _backend_app(service: Any) -> Flask:
    if service is None:  # moto knows no such service
        raise NotImplementedError
    return create_backend_app(service)


def handler_class(authority: trustme.CA, gateway: Gateway) -> type[MotoRequestHandler]:
    """A werkzeug request handler that also understands CONNECT.

    A tunnel to a host of AWS ends here: TLS is terminated with the authority's certificate and the requests inside
    go to the same application. Tunnels elsewhere are recorded and answered with 403.
    """

    class Handler(MotoRequestHandler):  # type: ignore[misc,unused-ignore]
        def do_CONNECT(self) -> None:  # noqa: N802 - http.server's naming
            host, _, port = self.path.rpartition(":")
            if port != "443" or not AWS_HOST.search(host):
                gateway.record(REFUSED, "CONNECT", {"host": self.path})
                self.send_error(403, NOTHING_LEAVES)
                return
            self.send_response_only(200, "Connection established")
            self.end_headers()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(host).configure_cert(context)
            try:
                self.connection = self.request = context.wrap_socket(self.connection, server_side=True)
            except (ssl.SSLError, OSError):
                # The client does not trust us, or went away: its own error says so.
                self.close_connection = True
                return
            self.rfile = self.connection.makefile("rb", self.rbufsize)
            self.wfile = self.connection.makefile("wb", 65536)
            self.close_connection = False

        def connection_dropped(self, error: BaseException, environ: object = None) -> None:
            """A response that is to be lost: the client shall see the connection close, not hang."""
            self.close_connection = True

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()
            if isinstance(self.connection, ssl.SSLSocket):
                with contextlib.suppress(OSError, ValueError):
                    self.connection.close()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return str(super().date_time_string(time.time() + gateway.cloud.scenario.clock_ahead_seconds))

        def log(self, *_: object) -> None:
            """Requests are recorded by the gateway, not printed; the other methods of logging end up here."""

    return Handler
