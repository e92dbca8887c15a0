"""botocore clients that reach moto without leaving the process, for local AWS's own use.

What the simulated services read and write is neither recorded nor subject to the scenario.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

ENDPOINT = "http://localhost"


class Loopback:
    """Clients bound to a WSGI application, one per service and region."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self._application = application
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._session: Any = None

    def client(self, service: str, region: str) -> Any:
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._make(service, region)
            return self._clients[key]

    def _make(self, service: str, region: str) -> Any:
        from botocore.config import Config
        from botocore.session import Session

        # One session: it caches the service models.
        self._session = self._session or Session()
        client = self._session.create_client(
            service,
            region_name=region,
            endpoint_url=ENDPOINT,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - a stand-in needs no secret
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        client.meta.events.register("before-send", self._send)
        return client

    def _send(self, request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse
        from werkzeug.test import EnvironBuilder, run_wsgi_app

        url = urlsplit(request.url)
        body = request.body
        if hasattr(body, "read"):
            body = body.read()
        builder = EnvironBuilder(
            method=request.method,
            path=url.path or "/",
            query_string=url.query,
            base_url=ENDPOINT,
            headers={
                key: value.decode() if isinstance(value, bytes) else str(value)
                for key, value in request.headers.items()
                if key.lower() not in {"content-length", "expect"}
            },
            data=body or b"",
        )
        chunks, status, headers = run_wsgi_app(self._application, builder.get_environ(), buffered=True)
        raw = _Body(b"".join(chunks))
        return AWSResponse(request.url, int(status.split()[0]), dict(headers.to_wsgi_list()), raw)


class _Body(io.BytesIO):
    def stream(self, amt: int = 65536, decode_content: bool = False) -> Iterator[bytes]:
        """The way botocore reads a response's content."""
        while chunk := self.read(amt):
            yield chunk
