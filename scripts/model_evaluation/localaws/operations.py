"""Operations of AWS services: a request to one, which function answers it, and how it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from .cloud import Cloud


class ServiceError(Exception):
    """An error response: the service's code, its message and the HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class JobFailure(Exception):
    """A job or a pipeline's step that fails; the text is the service's reason."""


class LocalAwsBug(Exception):
    """Local AWS itself went wrong, for example with a response that botocore's model does not know."""


def not_found(what: str, name: str) -> ServiceError:
    """SageMaker's ``ResourceNotFound`` for a thing that has no record."""
    return ServiceError("ResourceNotFound", f"{what} {name} does not exist.")


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


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
