"""AWS's own bucket ``jumpstart-cache-prod-<region>`` with the judge list."""

from __future__ import annotations

import hashlib
import json
import re

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.wire import Request, Response

from .registry import operation

BUCKET = re.compile(r"^jumpstart-cache-prod-[a-z0-9-]+$")
JUDGE_LIST_KEY = "fmhMetadata/supported-llmaj-judge-models.json"


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
    raise ServiceError("NoSuchKey", "The specified key does not exist.", status=404)


def _in_cache_bucket(request: Request) -> bool:
    return BUCKET.match(str(request.params.get("Bucket", ""))) is not None


@operation("s3", "GetObject", when=_in_cache_bucket)
def get_object(cloud: Cloud, request: Request) -> Response:
    body = _content(cloud, request.params["Key"])
    headers = {
        "Content-Type": "application/json",
        "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        "Last-Modified": "Mon, 02 Nov 2026 08:00:00 GMT",
        "Accept-Ranges": "bytes",
    }
    return Response(200, headers, body)
