"""AWS's own bucket ``jumpstart-cache-prod-<region>``: what kinds of evaluation read there, and nothing else."""

from __future__ import annotations

import hashlib
import re

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.operations import SHARED, Request, Response

BUCKET = re.compile(r"^jumpstart-cache-prod-[a-z0-9-]+$")


def eula_uri(region: str, family: str) -> str:
    return f"s3://jumpstart-cache-prod-{region}/fmhMetadata/eula/{family}Eula.txt"


@SHARED.plays("s3", "GetObject")
def get_object(cloud: Cloud, request: Request) -> Response | None:
    if BUCKET.match(str(request.params.get("Bucket", ""))) is None:
        return None
    contents = [player.public_objects.get(request.params["Key"]) for player in cloud.players]
    content = next((content for content in contents if content is not None), None)
    if content is None:
        raise ServiceError("NoSuchKey", "The specified key does not exist.", status=404)
    body = content(cloud)
    headers = {
        "Content-Type": "application/json",
        "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        "Last-Modified": "Mon, 02 Nov 2026 08:00:00 GMT",
        "Accept-Ranges": "bytes",
    }
    return Response(200, headers, body)
