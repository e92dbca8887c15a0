"""AWS's own bucket ``jumpstart-cache-prod-<region>``: the judge list and the recipes' parameters."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.wire import Request, Response

from .registry import operation

if TYPE_CHECKING:
    from model_evaluation.localaws.cloud import Cloud

BUCKET = re.compile(r"^jumpstart-cache-prod-[a-z0-9-]+$")
JUDGE_LIST_KEY = "fmhMetadata/supported-llmaj-judge-models.json"
OVERRIDES_KEY = re.compile(r"^recipes/(?P<model>[\w.-]+)/evaluation-overrides\.json$")
OVERRIDES: dict[str, Any] = {
    "max_new_tokens": {"default": 8192, "min": 1, "max": 16384, "type": "integer"},
    "temperature": {"default": 0, "min": 0, "max": 2, "type": "float"},
    "top_k": {"default": -1, "min": -1, "max": 1000, "type": "integer"},
    "top_p": {"default": 1.0, "min": 0, "max": 1, "type": "float"},
}


def overrides_uri(region: str, model: str) -> str:
    return f"s3://jumpstart-cache-prod-{region}/recipes/{model}/evaluation-overrides.json"


def eula_uri(region: str, family: str) -> str:
    return f"s3://jumpstart-cache-prod-{region}/fmhMetadata/eula/{family}Eula.txt"


def _content(cloud: Cloud, key: str) -> bytes:
    if key == JUDGE_LIST_KEY:
        state = cloud.scenario.judge_list
        if state == "denied":
            raise ServiceError("AccessDenied", "Access Denied", status=403)
        if state == "garbled":
            return b'{"schema_version": "1.0", "supported_judge'
        if state == "ok":
            models = [{"model_id": judge.model_id} for judge in cloud.scenario.judges if judge.listed]
            return json.dumps({"schema_version": "1.0", "supported_judge_models": models}).encode()
    elif OVERRIDES_KEY.match(key):
        return json.dumps(OVERRIDES).encode()
    raise ServiceError("NoSuchKey", "The specified key does not exist.", status=404)


def _in_cache_bucket(request: Request) -> bool:
    return BUCKET.match(str(request.params.get("Bucket", ""))) is not None


@operation("s3", "GetObject", when=_in_cache_bucket)
def get_object(cloud: Cloud, request: Request) -> Response:
    body = _content(cloud, request.params["Key"])
    return Response(200, _headers(body), body)


@operation("s3", "HeadObject", when=_in_cache_bucket)
def head_object(cloud: Cloud, request: Request) -> Response:
    body = _content(cloud, request.params["Key"])
    return Response(200, {**_headers(body), "Content-Length": str(len(body))}, b"")


def _headers(body: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        "Last-Modified": "Mon, 02 Nov 2026 08:00:00 GMT",
        "Accept-Ranges": "bytes",
    }
