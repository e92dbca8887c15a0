"""HTTP on one side, operations with parameters on the other; botocore's own models say how.

Routing, parsing and serialising are moto's; this module adds whose request it is, the constraints that AWS checks and
botocore does not (patterns, lengths, enums), and a loud error for a response that does not fit its output shape.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as MotoRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from .operations import TRACKING_SERVICE, LocalAwsBug, Record, Request, Response, ServiceError, invalid

Environ = Record
# Signing name to the botocore services behind it.
SigningNames = Mapping[str, Sequence[str]]

UNKNOWN_OPERATION = "?"
TRACKING_PATH = re.compile(r"/api/\d\.0/mlflow/")
SCOPE = re.compile(r"Credential=([^/\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
DEFAULT_REGION = "us-east-1"


def signing_names(services: Iterable[str]) -> SigningNames:
    """Which services stand behind each signing name, where that is not the service's own name."""
    names: dict[str, list[str]] = {}
    for service in sorted(services):
        with contextlib.suppress(UnknownServiceError):
            names.setdefault(get_service_model(service).signing_name, []).append(service)
    return names


def identify(environ: Environ, names: SigningNames) -> Request:
    """Which operation a request calls, with its parameters. Raises ``SerializationException``.

    The body of a request that is not to S3 is read and put back.
    """
    # The signature names them; an unsigned request is for S3, as presigned URLs are.
    match = SCOPE.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    signing_name, region = (match[3], match[2]) if match else ("s3", DEFAULT_REGION)
    copy, path = dict(environ), str(environ.get("PATH_INFO", ""))
    tracking = TRACKING_PATH.match(path)
    if signing_name != "s3" or tracking:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"], copy["wsgi.input"] = io.BytesIO(body), io.BytesIO(body)
    request = MotoRequest(copy)
    if tracking:
        params = json.loads(request.get_data() or "null") or dict(request.args)
        return Request(TRACKING_SERVICE, path, region, params)
    services = names.get(signing_name, (signing_name,))
    for service in services:
        try:
            model, uri_params = get_service_router(service).match(request)
        except (UnknownServiceError, HTTPException):
            continue
        if service == "s3":
            # Never the body: it may be a whole dataset.
            query = {key: value for key, value in request.args.items() if not key.startswith("X-Amz-")}
            if owner := environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER"):
                query["ExpectedBucketOwner"] = owner
            return Request("s3", model.name, region, {**query, **uri_params}, model, "rest-xml")
        protocol, params = _parse(model, request, uri_params)
        return Request(service, model.name, region, params, model, protocol)
    return Request(services[0], UNKNOWN_OPERATION, region, {"path": path})


def check_input(request: Request) -> None:
    """Raises ``ValidationException`` as AWS would for parameters that do not fit the input shape.

    Requests to S3 are left to themselves: their parameters here are what stands in the URL, as text.
    """
    shape = request.model and request.model.input_shape
    if shape is None or request.protocol == "rest-xml":
        return
    report = ParamValidator().validate(request.params, shape)
    if report.has_errors():
        raise invalid(report.generate_report())
    if problems := list(_constraint_problems(request.params, shape, "")):
        noun = "error" if len(problems) == 1 else "errors"
        raise invalid(f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")


def respond(request: Request, result: Record) -> Response:
    """The HTTP response for an operation's result.

    Raises :class:`LocalAwsBug` when the result does not fit the operation's output shape.
    """
    if request.model is None:
        return _json(result)
    shape, problem = request.model.output_shape, ""
    if shape is None:
        problem = f"{result!r}, but has no output" if result else ""
    elif (report := ParamValidator().validate(result, shape)).has_errors():
        problem = report.generate_report()
    if problem:
        raise LocalAwsBug(f"{request.service}:{request.operation} returned {problem}")
    raw = get_serializer_class(request.service, request.protocol)(operation_model=request.model).serialize(result)
    body = raw["body"]
    return Response(raw["status_code"], dict(raw["headers"]), body.encode() if isinstance(body, str) else bytes(body))


def respond_error(request: Request, error: ServiceError) -> Response:
    """The HTTP response for an error, in the service's own protocol."""
    if request.protocol in {"query", "rest-xml"}:
        xml = f"<Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
        body = xml if request.protocol == "rest-xml" else f"<ErrorResponse>{xml}</ErrorResponse>"
        return Response(error.status, {"Content-Type": "application/xml"}, body.encode())
    # MLflow's own API says it by the second pair.
    words = {"__type": error.code, "message": error.message, "error_code": error.code}
    return _json(words, error.status, {"x-amzn-ErrorType": error.code})


def _json(content: Record, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(content).encode())


def _parse(model: OperationModel, request: MotoRequest, uri_params: Record) -> tuple[str, Record]:
    protocol = determine_request_protocol(model.service_model, request.content_type)
    body = request.get_data()
    raw: Any = {
        "method": request.method,
        "values": request.values,
        "headers": request.headers,
        "body": body,
        "url_path": request.path,
        "url_params": uri_params,
    }
    try:
        # An operation with a payload, such as InvokeEndpoint, takes any bytes.
        whole = model.input_shape is not None and "payload" not in model.input_shape.serialization
        if body and whole and protocol in {"json", "rest-json"}:
            json.loads(body)  # moto takes unreadable JSON for an empty request
        return protocol, PROTOCOL_PARSERS[protocol](model).parse(raw)
    except Exception as error:  # whatever a parser makes of a body that is not what it expects
        raise ServiceError("SerializationException", f"the body cannot be read: {error!r}") from error


def _constraint_problems(value: object, shape: Shape, path: str) -> Iterator[str]:
    """What AWS checks on the server and botocore does not: pattern, greatest length or size, and enum, as its
    sentences."""
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _constraint_problems(value[name], member, f"{path}.{name}" if path else name)
        return
    if not isinstance(value, str | list | int | float):
        return
    rules, noun = shape.metadata, "value" if isinstance(value, int | float) else "length"
    size = value if isinstance(value, int | float) else len(value)
    violations = []
    if size > rules.get("max", size):
        violations.append(f"have {noun} less than or equal to {rules['max']}")
    if isinstance(value, str) and "pattern" in rules and not _fits(rules["pattern"], value):
        violations.append(f"satisfy regular expression pattern: {rules['pattern']}")
    if isinstance(value, str) and value not in (rules.get("enum") or [value]):
        violations.append(f"satisfy enum value set: [{', '.join(rules['enum'])}]")
    text = str(value) if len(str(value)) <= 200 else f"{str(value)[:200]}..."
    for rule in violations:
        place = path[:1].lower() + path[1:]
        yield f"Value '{text}' at '{place}' failed to satisfy constraint: Member must {rule}"
    if isinstance(value, list):
        for index, item in enumerate(value, start=1):
            yield from _constraint_problems(item, shape.member, f"{path}.{index}.member")


@functools.cache
def _fits(pattern: str, text: str) -> bool:
    """Whether a text has a pattern's form; where it is one of Java alone, nobody here can tell."""
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True
