"""One port that is both AWS's endpoint and an HTTPS proxy. Nothing is ever connected to the outside."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import trustme
from moto.moto_server.werkzeug_app import MotoRequestHandler

HTTPS_PORT = "443"


class Authority:
    """A certificate authority that lives as long as one local AWS and is trusted by nobody else."""

    def __init__(self, bundle: Path) -> None:
        """Writes its own certificate to ``bundle``, the file that clients have to trust."""
        self._authority = trustme.CA(organization_name="Local AWS (simulated)")
        self._authority.cert_pem.write_to_path(bundle)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def context_for(self, host: str) -> ssl.SSLContext:
        """A server-side TLS context with a certificate for ``host``; made on first use."""
        with self._lock:
            if host not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._authority.issue_cert(host).configure_cert(context)
                self._contexts[host] = context
            return self._contexts[host]


def handler_class(
    authority: Authority,
    refuse: Callable[[str, str], None],
    is_allowed: Callable[[str], bool],
    clock_ahead: Callable[[], float],
) -> type[MotoRequestHandler]:
    """A werkzeug request handler that also understands CONNECT.

    A tunnel to an allowed host ends here: TLS is terminated with the authority's certificate and the requests inside
    go to the same application. Tunnels elsewhere are reported to ``refuse`` and answered with 403. Responses are
    dated ``clock_ahead()`` seconds ahead of this machine's clock.
    """

    class Handler(MotoRequestHandler):  # type: ignore[misc,unused-ignore]
        def do_CONNECT(self) -> None:  # noqa: N802 - http.server's naming
            host, _, port = self.path.rpartition(":")
            if port != HTTPS_PORT or not is_allowed(host):
                refuse(self.path, "CONNECT")
                self.send_error(403, "local AWS lets nothing leave this machine")
                return
            self.send_response_only(200, "Connection established")
            self.end_headers()
            context = authority.context_for(host)
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
            text: str = super().date_time_string((time.time() if timestamp is None else timestamp) + clock_ahead())
            return text

        def log(self, *_: object) -> None:
            """Requests are recorded by the gateway, not printed; the other methods of logging end up here."""

    return Handler
