"""The HTTP side: one port that is both AWS's endpoint and an HTTPS proxy."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable
from typing import Any

from .certificates import CertificateAuthority

HTTPS_PORT = "443"


def handler_class(
    authority: CertificateAuthority,
    refuse: Callable[[str, str], None],
    is_allowed: Callable[[str], bool],
    clock_ahead: Callable[[], float] = lambda: 0.0,
) -> type[Any]:
    """A werkzeug request handler that also understands CONNECT.

    A tunnel to an allowed host ends here: TLS is terminated with the throw-away authority's certificate
    and the requests inside go to the same application. Tunnels elsewhere are reported to ``refuse`` and
    answered with 403. Nothing is ever connected to the outside. Responses are dated ``clock_ahead()``
    seconds ahead of this machine's clock.
    """
    from moto.moto_server.werkzeug_app import MotoRequestHandler

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

        def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
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

        def log(self, *_: Any) -> None:
            """Requests are recorded by the gateway, not printed; the other methods of logging end up here."""

    return Handler
