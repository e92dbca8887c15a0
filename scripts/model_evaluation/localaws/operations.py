"""Operations of AWS services: a request to one, and which function answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from .cloud import Cloud

Record = dict[str, Any]
"""A JSON object of AWS, in the shape that botocore's model or the service's own documents give it."""


TRACKING_SERVICE = "sagemaker-mlflow"
"""MLflow's own REST API, which botocore does not know: its operations are called by the paths of their URLs."""


@dataclass(frozen=True)
class Request:
    """One request to one operation of one service."""

    service: str
    operation: str
    region: str
    params: Record = field(default_factory=dict)
    model: OperationModel = None
    """moto's (botocore's) operation model, ``None`` when the operation is unknown."""
    protocol: str = ""


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes


Handler = Callable[["Cloud", Request], Record | Response | None]
AnyHandler = TypeVar("AnyHandler", bound=Handler)


class Operations:
    """Which function answers which operation: the shared ones, or those that a kind of evaluation brings."""

    def __init__(self) -> None:
        self.handlers: dict[tuple[str, str], Handler] = {}

    def plays(self, service: str, name: str) -> Callable[[AnyHandler], AnyHandler]:
        """Registers a function for one operation; ``service`` is botocore's name.

        It gets parameters that fit the input shape and returns the result in the output shape, or a ready
        :class:`Response`. It raises :class:`ServiceError` to refuse, and returns ``None`` to leave the request to
        whoever comes next: another kind, the shared operations, moto.
        """

        def register(handler: AnyHandler) -> AnyHandler:
            self.handlers[service, name] = handler
            return handler

        return register


SHARED = Operations()
