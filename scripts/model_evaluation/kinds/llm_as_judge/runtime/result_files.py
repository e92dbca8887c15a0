"""Bedrock's raw result files of one execution: where they are, and the means that the service itself gives.

Files of one judge run, under the output prefix::

    <custom|base>-llmaj-eval-<execution id>/<bedrock job id>/models/…/datasets/…/<uuid>_output.jsonl   rows
    <step's job>/output/output/<custom|base>-llmaj-eval-<execution id>/…/bedrock_llm_judge_results.json  means
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import Client

from .result_rows import bare_metric_name

ROWS_SUFFIX = "_output.jsonl"
AGGREGATE_NAME = "bedrock_llm_judge_results.json"


class ResultFiles(NamedTuple):
    """Keys of one execution's files, sorted: each model's rows, the service's means of them, and row files of an
    earlier attempt of a step, which are ``superseded``."""

    bucket: str
    rows: dict[Side, list[str]]
    means: dict[Side, list[str]]
    superseded: list[str]


def find_result_files(s3: Client, output_uri: str, execution_id: str) -> ResultFiles:
    """The result files of exactly this execution; other executions under the same prefix are ignored.

    When a judge step was retried, each model's rows come from the newest Bedrock job only.
    """
    bucket, key = S3Uri.parse(output_uri)
    prefix = key.rstrip("/")
    start = f"{prefix}/" if prefix else ""
    job_name = re.compile(rf"(?:(base|custom)-)?llmaj-eval\S*(?<![0-9a-z]){re.escape(execution_id)}(?![0-9a-z])")
    rows: dict[Side, dict[str, list[tuple[datetime, str]]]] = {"tuned": defaultdict(list), "base": defaultdict(list)}
    aggregates: dict[Side, list[str]] = {"tuned": [], "base": []}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start):
        for item in page.get("Contents", []):
            parts = item["Key"][len(start) :].split("/")
            at, name = next(((i, m) for i, p in enumerate(parts) if (m := job_name.match(p))), (0, None))
            if name is None:
                continue
            side: Side = "base" if name[1] == "base" else "tuned"
            if parts[-1].endswith(ROWS_SUFFIX) and "datasets" in parts[at:]:
                rows[side]["/".join(parts[: at + 2])].append((item["LastModified"], item["Key"]))
            elif parts[-1] == AGGREGATE_NAME:
                aggregates[side].append(item["Key"])
    newest = {side: sorted(key for _, key in max(jobs.values(), key=max, default=[])) for side, jobs in rows.items()}
    every = {key for jobs in rows.values() for files in jobs.values() for _, key in files}
    means = {side: sorted(keys) for side, keys in aggregates.items()}
    return ResultFiles(bucket, newest, means, sorted(every.difference(*newest.values())))


def read_aggregate_means(s3: Client, bucket: str, keys: Sequence[str]) -> dict[str, float]:
    """The service's own mean per metric, from its aggregate files; unreadable files give nothing."""
    means: dict[str, float] = {}
    for key in keys:
        try:
            content = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            results = content.get("results", {})
            for name, entry in results.items():
                score = entry.get("score")
                if isinstance(score, int | float) and math.isfinite(score):
                    means[bare_metric_name(name)] = float(score)
        except (ValueError, AttributeError, RecursionError):
            continue
    return means
