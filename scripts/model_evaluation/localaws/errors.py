"""What an AWS service answers when it refuses a call."""

from __future__ import annotations


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
