"""Which function plays which operation."""

from __future__ import annotations

from collections.abc import Callable

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.store import Record
from model_evaluation.localaws.wire import Request, Response

Handler = Callable[[Cloud, Request], Record | Response]
Applies = Callable[[Request], bool]

_HANDLERS: dict[tuple[str, str], tuple[Handler, Applies | None]] = {}


def operation(service: str, name: str, *, when: Applies | None = None) -> Callable[[Handler], Handler]:
    """Registers a handler for one operation, with ``when`` only for some of its requests.

    A handler gets parameters that fit the input shape and returns the result in the output shape, or a
    ready :class:`Response`; it raises :class:`ServiceError` to refuse.
    """

    def register(handler: Handler) -> Handler:
        _HANDLERS[(service, name)] = (handler, when)
        return handler

    return register


def operation_for(request: Request) -> Handler | None:
    """The handler of a request, ``None`` when moto is to answer it."""
    handler, when = _HANDLERS.get((request.service, request.operation), (None, None))
    return handler if handler is not None and (when is None or when(request)) else None
