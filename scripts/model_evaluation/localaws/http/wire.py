"""HTTP on one side, operations with parameters on the other; botocore's own models say how.

Routing, parsing and serialising are moto's; this module adds whose request it is, the constraints that AWS checks and
botocore does not (patterns, lengths, enums), and a loud error for a response that does not fit its output shape.
"""

from __future__ import annotations

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
from moto.core.routing import ServiceOperationRouter, get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from model_evaluation.localaws.errors import LocalAwsBug, ServiceError
from model_evaluation.localaws.operations import Record, Request, Response

Environ = Record
# Signing name to the botocore services behind it.
SigningNames = Mapping[str, Sequence[str]]

UNKNOWN_OPERATION = "?"
SCOPE = re.compile(r"Credential=([^/\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
# Hosts such as sts.us-west-2.amazonaws.com or bucket.s3.us-west-2.amazonaws.com.
AWS_HOST = re.compile(r"(?:^|\.)(?:amazonaws\.com|amazonaws\.com\.cn|api\.aws)$")
S3_VIRTUAL_HOST = re.compile(
    r"^(?P<bucket>.+)\.s3(?:[.-](?P<region>[a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com(?:\.cn)?$"
)
DEFAULT_REGION = "us-east-1"


def host_of(environ: Environ) -> str:
    """The host the client wanted, without port, in lower case."""
    return str(environ.get("HTTP_HOST", "")).rsplit(":", 1)[0].lower()


def use_path_style(environ: Environ) -> None:
    """Rewrites a request to ``bucket.s3.region.amazonaws.com`` into ``/bucket/key``, in place."""
    match = S3_VIRTUAL_HOST.match(host_of(environ))
    if match is None:
        return
    prefix = f"/{match['bucket']}"
    environ["PATH_INFO"] = prefix + environ.get("PATH_INFO", "")
    for raw in ("RAW_URI", "REQUEST_URI"):
        if str(environ.get(raw, "")).startswith("/"):
            environ[raw] = prefix + environ[raw]
    environ["HTTP_HOST"] = "s3.amazonaws.com"


def signing_names(services: Iterable[str]) -> SigningNames:
    """Which services stand behind each signing name, where that is not the service's own name."""
    names: dict[str, list[str]] = {}
    for service in sorted(services):
        names.setdefault(get_service_model(service).signing_name, []).append(service)
    return names


def identify(environ: Environ, names: SigningNames) -> Request:
    """Which operation a request calls, with its parameters. Raises ``SerializationException``.

    The body of a request that is not to S3 is read and put back.
    """
    signing_name, region = _scope(environ)
    services = names.get(signing_name, (signing_name,))
    copy = dict(environ)
    if signing_name != "s3":
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        environ["wsgi.input"] = io.BytesIO(body)
        copy["wsgi.input"] = io.BytesIO(body)
    request = MotoRequest(copy)
    for service in services:
        router = _router(service)
        if router is None:
            continue
        try:
            model, uri_params = router.match(request)
        except HTTPException:
            continue
        if service == "s3":
            # Never the body: it may be a whole dataset.
            query = {key: value for key, value in request.args.items() if not key.startswith("X-Amz-")}
            return Request("s3", model.name, region, {**query, **uri_params}, model, "rest-xml")
        protocol, params = _parse(model, request, uri_params)
        return Request(service, model.name, region, params, model, protocol)
    return Request(services[0], UNKNOWN_OPERATION, region, {"path": environ.get("PATH_INFO", "")})


def check_input(request: Request) -> None:
    """Raises ``ValidationException`` as AWS would for parameters that do not fit the input shape.

    Requests to S3 are left to themselves: their parameters here are what stands in the URL, as text.
    """
    shape = request.model.input_shape
    if shape is None or request.protocol == "rest-xml":
        return
    report = ParamValidator().validate(request.params, shape)
    if report.has_errors():
        raise ServiceError("ValidationException", report.generate_report())
    problems = list(_constraint_problems(request.params, shape, ""))
    if problems:
        noun = "error" if len(problems) == 1 else "errors"
        raise ServiceError("ValidationException", f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")


def respond(request: Request, result: Record) -> Response:
    """The HTTP response for an operation's result.

    Raises :class:`LocalAwsBug` when the result does not fit the operation's output shape.
    """
    name, shape = f"{request.service}:{request.operation}", request.model.output_shape
    if shape is None and result:
        raise LocalAwsBug(f"{name} has no output, but returned {result!r}")
    if shape is not None:
        report = ParamValidator().validate(result, shape)
        if report.has_errors():
            raise LocalAwsBug(f"{name} returned {report.generate_report()}")
    raw = get_serializer_class(request.service, request.protocol)(operation_model=request.model).serialize(result)
    body = raw["body"]
    return Response(raw["status_code"], dict(raw["headers"]), body.encode() if isinstance(body, str) else bytes(body))


def respond_error(request: Request, error: ServiceError) -> Response:
    """The HTTP response for an error, in the service's own protocol."""
    code, message = escape(error.code), escape(error.message)
    if request.protocol == "rest-xml":
        body, kind = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>", "application/xml"
    elif request.protocol == "query":
        detail = f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
        body, kind = f"<ErrorResponse><Error>{detail}</Error></ErrorResponse>", "text/xml"
    else:
        body = json.dumps({"__type": error.code, "message": error.message})
        kind = "application/x-amz-json-1.1"
    return Response(error.status, {"Content-Type": kind, "x-amzn-ErrorType": error.code}, body.encode())


def _scope(environ: Environ) -> tuple[str, str]:
    """Signing name and region, from the signature; an unsigned request is for S3, as presigned URLs are."""
    match = SCOPE.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    return (match[3], match[2]) if match else ("s3", DEFAULT_REGION)


@functools.cache
def _router(service: str) -> ServiceOperationRouter | None:
    try:
        return get_service_router(service)
    except UnknownServiceError:
        return None


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
    """What AWS checks on the server: pattern, length, size and enum, as its sentences."""
    rules = shape.metadata
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _constraint_problems(value[name], member, f"{path}.{name}" if path else name)
    elif shape.type_name == "list" and isinstance(value, Sequence):
        yield from _bound_problems(value, len(value), "length", rules, path)
        for index, item in enumerate(value, start=1):
            yield from _constraint_problems(item, shape.member, f"{path}.{index}.member")
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _bound_problems(value, len(value), "length", rules, path)
        if "pattern" in rules and not _java_pattern(rules["pattern"]).fullmatch(value):
            yield _sentence(value, path, f"satisfy regular expression pattern: {rules['pattern']}")
        if rules.get("enum") and value not in rules["enum"]:
            yield _sentence(value, path, f"satisfy enum value set: [{', '.join(rules['enum'])}]")
    elif shape.type_name in {"integer", "long"} and isinstance(value, int):
        yield from _bound_problems(value, value, "value", rules, path)


def _bound_problems(value: object, size: int, noun: str, rules: Record, path: str) -> Iterator[str]:
    if "min" in rules and size < rules["min"]:
        yield _sentence(value, path, f"have {noun} greater than or equal to {rules['min']}")
    if "max" in rules and size > rules["max"]:
        yield _sentence(value, path, f"have {noun} less than or equal to {rules['max']}")


def _sentence(value: object, path: str, rule: str) -> str:
    text = str(value)
    text = text if len(text) <= 200 else text[:200] + "..."
    return f"Value '{text}' at '{path[:1].lower() + path[1:]}' failed to satisfy constraint: Member must {rule}"


@functools.cache
def _java_pattern(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error:
        # A Java-only construct: botocore's model is not ours to mend, so the check is left out.
        return re.compile(r"(?s).*")
