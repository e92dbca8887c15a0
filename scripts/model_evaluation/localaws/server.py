"""Local AWS as a server: starts it, hands out clients and the environment a child process needs."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from model_evaluation.errors import UsageError
from model_evaluation.kinds.registry import REGISTRY, load_kind
from model_evaluation.packages import missing_package

from .cloud import ACCESS_KEY, REFUSED, SECRET, Calls, Cloud, Scenario
from .jobs.timeline import Timeline

DEFAULT_ACCOUNT = "111122223333"
LOOPBACK = "127.0.0.1"
DEFAULT_REGION = "us-west-2"
MARKER = "MODEL_EVALUATION_LOCAL_AWS"

_one_at_a_time = threading.Lock()

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from werkzeug.serving import BaseWSGIServer


class LocalAws:
    """A whole AWS on 127.0.0.1 for as long as the ``with`` block lasts; it plays every registered kind of evaluation.

    ``step_seconds`` is how long each pipeline step takes; ``clock`` returns seconds since 1970 and may be a
    test's own. moto keeps its state per process, so there is one ``LocalAws`` per process at a time.
    Leaving the block raises when local AWS itself went wrong.
    """

    def __init__(
        self,
        step_seconds: float = 0.3,
        scenario: Scenario | None = None,
        clock: Callable[[], float] = time.time,
        *,
        account: str = DEFAULT_ACCOUNT,
        region: str = DEFAULT_REGION,
        port: int = 0,
    ) -> None:
        if not 0 <= step_seconds < math.inf:
            raise UsageError(f"A step cannot take {step_seconds:g} seconds.", fix="Give a number from 0 on.")
        self.region = region
        players = [load_kind(kind_id).player() for kind_id in REGISTRY]
        self.cloud = Cloud(account, clock, [player for player in players if player is not None])
        self._renew(scenario or Scenario(), step_seconds)
        self._port = port
        self._server: BaseWSGIServer | None = None
        self._bundle = ""
        self._running = contextlib.ExitStack()

    def start(self) -> LocalAws:
        """Starts serving. Raises :class:`MissingDependency` without moto, werkzeug or trustme, and
        :class:`UsageError` when something else listens on the port."""
        try:
            import trustme
            from werkzeug.serving import make_server

            from .gateway import Gateway, handler_class
        except ImportError as error:
            raise missing_package(error.name) from error
        if not _one_at_a_time.acquire(blocking=False):
            raise RuntimeError("one LocalAws per process at a time: close the other one first")
        with contextlib.ExitStack() as stack:
            stack.callback(_one_at_a_time.release)
            _forget_moto()
            self._bundle = os.path.join(stack.enter_context(tempfile.TemporaryDirectory(prefix="local-aws-")), "ca.pem")
            # It lives as long as this local AWS and is trusted by nobody else.
            authority = trustme.CA(organization_name="Local AWS (simulated)")
            authority.cert_pem.write_to_path(self._bundle)
            gateway = Gateway(self.cloud)
            handler = handler_class(authority, gateway)
            try:
                self._server = make_server(LOOPBACK, self._port, gateway, threaded=True, request_handler=handler)
            except SystemExit as error:  # werkzeug has said why on stderr, and would end the process
                raise UsageError(
                    f"Local AWS cannot listen on port {self._port} of {LOOPBACK}: it is taken, or not allowed.",
                    fix="Name another port, or none: then a free one is taken.",
                ) from error
            self.cloud.endpoint = f"http://{LOOPBACK}:{self._server.port}"
            thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="local-aws", daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(self._server.server_close)
            stack.callback(self._server.shutdown)
            self._running = stack.pop_all()
        return self

    def reset(self, scenario: Scenario | None = None) -> None:
        """An empty account again, quicker than a new start; address, environment and clients stay good.

        Raises when local AWS itself went wrong since the start or the last reset.
        """
        if self.cloud.bugs:
            raise self.cloud.bugs[0]
        with self.cloud.lock:
            _forget_moto()
            self._renew(scenario or Scenario(), self.cloud.timeline.step_seconds)

    def _renew(self, scenario: Scenario, step_seconds: float) -> None:
        self.cloud.reset(scenario)
        self.cloud.timeline = Timeline(self.cloud, step_seconds)

    def close(self) -> None:
        """Stops serving and forgets everything; closing twice is fine."""
        self._running.close()
        self._server = None

    def __enter__(self) -> LocalAws:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self.cloud.bugs:
            raise self.cloud.bugs[0]

    @property
    def account(self) -> str:
        return self.cloud.account

    @property
    def calls(self) -> Calls:
        """Every request so far, in order of arrival."""
        return self.cloud.calls

    @property
    def refused(self) -> list[str]:
        """Hosts outside AWS that somebody tried to reach through the proxy."""
        return [call.params["host"] for call in self.cloud.calls if call.service == REFUSED]

    @property
    def scenario(self) -> Scenario:
        return self.cloud.scenario

    @scenario.setter
    def scenario(self, scenario: Scenario) -> None:
        self.cloud.scenario = scenario

    @property
    def endpoint(self) -> str:
        """``http://127.0.0.1:PORT``: AWS's endpoint, and an HTTP proxy for the hosts the SDK insists on."""
        if self._server is None:
            raise RuntimeError("local AWS has not been started")
        return self.cloud.endpoint

    @property
    def env(self) -> dict[str, str]:
        """What a child process needs in its environment, and nothing else.

        Start from an environment without ``AWS_*`` (a profile would win over the keys); see
        :meth:`child_environment`.
        """
        proxies = {"HTTPS_PROXY": self.endpoint, "HTTP_PROXY": self.endpoint, "NO_PROXY": f"{LOOPBACK},localhost"}
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CA_BUNDLE": self._bundle,
            "REQUESTS_CA_BUNDLE": self._bundle,
            "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": self.endpoint,
            **proxies,
            **{name.lower(): value for name, value in proxies.items()},
            MARKER: "1",
        }

    def child_environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """``base`` (this process's environment) without its AWS settings and proxies, plus :attr:`env`."""
        inherited = os.environ if base is None else base
        return {
            **{
                name: value
                for name, value in inherited.items()
                if not name.startswith("AWS_") and not name.upper().endswith("_PROXY")
            },
            **self.env,
        }

    def client(self, service: str, region: str | None = None) -> BaseClient:
        """A boto3 client that talks to this local AWS over HTTP; the same one each time."""
        return self.cloud.client(service, region or self.region)


def _forget_moto() -> None:
    """moto keeps its state per process."""
    from moto.core.base_backend import BackendDict
    from moto.core.model_instances import reset_model_data

    BackendDict.reset()
    reset_model_data()
