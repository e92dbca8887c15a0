"""botocore clients that reach moto without leaving the process, for local AWS's own use.

What the simulated services read and write is neither recorded nor subject to the scenario.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.config import Config
from botocore.session import Session
from moto.core.botocore_stubber import MockRawResponse
from werkzeug.test import Client

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ENDPOINT = "http://localhost"
AS_IT_IS = Config(
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class Loopback:
    """Clients bound to a WSGI application, one per service and region."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = Client(application, use_cookies=False)
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._lock = threading.Lock()
        self._session = Session()

    def client(self, service: str, region: str) -> BaseClient:
        with self._lock:
            if (service, region) not in self._clients:
                client = self._session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=ENDPOINT,
                    aws_access_key_id="local",
                    aws_secret_access_key="local",  # noqa: S106 - a stand-in needs no secret
                    config=AS_IT_IS,
                )
                client.meta.events.register("before-send", self._send)
                self._clients[service, region] = client
            return self._clients[service, region]

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        url = urlsplit(request.url)
        headers = {key: value.decode() if isinstance(value, bytes) else value for key, value in request.headers.items()}
        response = self._application.open(
            path=url.path or "/",
            query_string=url.query,
            base_url=ENDPOINT,
            method=request.method,
            headers=headers,
            data=request.body or b"",
        )
        return AWSResponse(request.url, response.status_code, dict(response.headers), MockRawResponse(response.data))
