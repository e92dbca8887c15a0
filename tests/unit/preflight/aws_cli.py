"""As much of the AWS command line as the fixes use: what a user would paste, run against local AWS.

Options become parameters by botocore's own service models, so a misspelt option or parameter is an error here
as it would be in a shell.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from model_evaluation.localaws import LocalAws

GLOBAL_OPTIONS = {"query", "output", "profile"}
SERVICES = {"s3api": "s3"}


def run_aws(aws: LocalAws, command: str) -> Any:
    """Run ``aws SERVICE OPERATION --option value ...``; returns the response."""
    program, service, operation, *rest = shlex.split(command)
    assert program == "aws", command
    if service == "s3":
        return _high_level_s3(aws, operation, rest)
    options = _options(rest)
    region = options.pop("region", [None])[0]
    client = aws.client(SERVICES.get(service, service), region)
    method = operation.replace("-", "_")
    name = client.meta.method_to_api_mapping[method]
    shape = client.meta.service_model.operation_model(name).input_shape
    members = {_plain(member): (member, shape.members[member]) for member in (shape.members if shape else {})}
    parameters = {}
    for option, words in options.items():
        if option in GLOBAL_OPTIONS:
            continue
        assert _plain(option) in members, f"aws {service} {operation} has no option --{option}"
        member, kind = members[_plain(option)]
        parameters[member] = _value(kind, words)
    return getattr(client, method)(**parameters)


def _options(words: list[str]) -> dict[str, list[str]]:
    options: dict[str, list[str]] = {}
    current: list[str] | None = None
    for word in words:
        if word.startswith("--"):
            current = options.setdefault(word[2:], [])
        else:
            assert current is not None, f"{word!r} belongs to no option"
            current.append(word)
    return options


def _value(shape: Any, words: list[str]) -> Any:
    if shape.type_name in ("structure", "map"):
        return json.loads(words[0])
    if shape.type_name == "list":
        return json.loads(words[0]) if words[0].startswith("[") else words
    (word,) = words or ["true"]
    if shape.type_name in ("integer", "long"):
        return int(word)
    if shape.type_name in ("double", "float"):
        return float(word)
    if shape.type_name == "boolean":
        return word == "true"
    return word.encode() if shape.type_name == "blob" else word


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _high_level_s3(aws: LocalAws, operation: str, rest: list[str]) -> Any:
    places = [word for word in rest if word.startswith("s3://")]
    bucket, _, key = places[0].removeprefix("s3://").partition("/")
    if operation == "mb":
        region = rest[rest.index("--region") + 1]
        constraint = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
        return aws.client("s3", region).create_bucket(Bucket=bucket, **constraint)
    if operation == "ls":
        return aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=key)
    raise AssertionError(f"aws s3 {operation} is not known here")
