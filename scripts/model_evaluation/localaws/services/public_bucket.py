"""AWS's own bucket ``jumpstart-cache-prod-<region>``: what kinds of evaluation read there, and nothing else."""

from __future__ import annotations

import hashlib
import json
import re

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.operations import SHARED, Request, Response

BUCKET = re.compile(r"^jumpstart-cache-prod-[a-z0-9-]+$")
SETTINGS_KEY = "recipes/open-source-eval/override_params.json"
SETTINGS = {
    "task": {
        "type": "string",
        "default": "mmlu",
        "enum": [
            "mmlu", "mmlu_pro", "bbh", "gpqa", "math", "strong_reject", "ifeval", "gen_qa", "inference_only",
        ],
    },
    "max_new_tokens": {"type": "integer", "default": 8192, "min": 1, "max": 16384},
    "temperature": {"type": "integer", "default": 0, "min": 0, "max": 2},
    "top_k": {"type": "integer", "default": -1, "min": -1, "max": 1000},
    "top_p": {"type": "float", "default": 1.0, "min": 0, "max": 1},
    "max_model_len": {"type": "integer", "default": 12000, "min": 1024, "max": 32768},
    "aggregation": {"type": "string", "default": "", "enum": ["", "average", "median", "max", "min", "sum"]},
    "postprocessing": {"type": "string", "default": "False", "enum": ["True", "False"]},
}  # fmt: skip
"""What the evaluation recipe of an open-weight model lets one set, as AWS's public recipes have it."""


def eula_uri(region: str, family: str) -> str:
    return f"s3://jumpstart-cache-prod-{region}/fmhMetadata/eula/{family}Eula.txt"


def settings_uri(region: str) -> str:
    return f"s3://jumpstart-cache-prod-{region}/{SETTINGS_KEY}"


@SHARED.plays("s3", "GetObject")
def get_object(cloud: Cloud, request: Request) -> Response | None:
    if BUCKET.match(str(request.params.get("Bucket", ""))) is None:
        return None
    objects = {SETTINGS_KEY: lambda cloud: json.dumps(SETTINGS).encode()}
    for player in cloud.players:
        objects |= player.public_objects
    if request.params["Key"] not in objects:
        raise ServiceError("NoSuchKey", "The specified key does not exist.", status=404)
    body = objects[request.params["Key"]](cloud)
    headers = {
        "Content-Type": "application/json",
        "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        "Last-Modified": "Mon, 02 Nov 2026 08:00:00 GMT",
        "Accept-Ranges": "bytes",
    }
    return Response(200, headers, body)
