"""What a job of the container left in S3: the archive ``output.tar.gz``, or its files one by one.

The documents show folders with an underscore and with a hyphen, and folders of other names; so files are found by
their own names, at any depth, and there may be several of each where a job ran on several instances.
"""

from __future__ import annotations

import io
import json
import math
import re
import tarfile
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from model_evaluation.runtime.results.evaluation import ResultsError

ARCHIVE = "output.tar.gz"
AGGREGATE = re.compile(r"results_[^/]*\.json$")
DETAILS = re.compile(r"details_[^/]*\.parquet$")
INFERENCE = re.compile(r"inference_output[^/]*\.jsonl$")


class OutputFiles(NamedTuple):
    """Content by name. ``unusable`` says of what could not be read why."""

    aggregates: dict[str, bytes]
    details: dict[str, bytes]
    inference: dict[str, bytes]
    unusable: list[str]


def read_output(s3: Any, output_uri: str, job: str) -> OutputFiles:
    """The files of one job. Raises :class:`ResultsError` when there are none, or the archive is damaged."""
    bucket, _, prefix = output_uri.removeprefix("s3://").partition("/")
    below = f"{prefix.strip('/')}/{job}/".lstrip("/")
    files = OutputFiles({}, {}, {}, [])
    keys = [
        item["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=below)
        for item in page.get("Contents", [])
    ]
    for key in sorted(keys):
        if key.endswith(ARCHIVE):
            for name, content in _unpacked(
                s3.get_object(Bucket=bucket, Key=key)["Body"].read(), f"s3://{bucket}/{key}"
            ):
                _sort_in(files, name, content)
        elif _kind_of(key):
            _sort_in(files, key, s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    if not files.aggregates and not files.details:
        raise ResultsError(
            f"The job {job} left no results under s3://{bucket}/{below}: {len(keys)} objects, and neither "
            "results_*.json nor details_*.parquet among them.",
            fix="See the job's log; the container writes its results at the very end.",
        )
    return files


def _unpacked(body: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
            for member in archive:
                if member.isfile() and _kind_of(member.name):
                    file = archive.extractfile(member)
                    assert file is not None
                    yield member.name, file.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ResultsError(
            f"{name} ({len(body):,} bytes) cannot be unpacked: {error}. It is cut off or damaged.",
            fix="Look whether the job ended by itself; if it did, run it again (FORCE_NEW_RUN = True).",
        ) from error


def _kind_of(name: str) -> str:
    for kind, pattern in (("aggregates", AGGREGATE), ("details", DETAILS), ("inference", INFERENCE)):
        if pattern.search(name):
            return kind
    return ""


def _sort_in(files: OutputFiles, name: str, content: bytes) -> None:
    getattr(files, _kind_of(name))[name] = content


def aggregate_results(files: OutputFiles) -> dict[str, dict[str, float]]:
    """The container's own numbers by task: ``{"all": {...}, "mmlu:anatomy": {...}}``. Names lose ``custom|`` and the
    number of examples; of several files' numbers for a task the last counts."""
    tasks: dict[str, dict[str, float]] = {}
    for name, content in sorted(files.aggregates.items()):
        try:
            results = json.loads(content)["results"]
            assert isinstance(results, Mapping)
        except (ValueError, KeyError, TypeError, AssertionError):
            files.unusable.append(f"{name.rpartition('/')[2]} is not a file of results")
            continue
        for task, numbers in results.items():
            if isinstance(numbers, Mapping):
                tasks.setdefault(_task_name(str(task)), {}).update(_numbers(numbers))
    return tasks


def headline(tasks: Mapping[str, Mapping[str, float]]) -> Mapping[str, float]:
    """The numbers of the whole job: under ``all``, else under the first task that has any."""
    return tasks.get("all") or next((numbers for numbers in tasks.values() if numbers), {})


def _task_name(text: str) -> str:
    parts = text.split("|")
    return parts[1] if len(parts) > 1 else text


def _numbers(content: Mapping[str, Any]) -> dict[str, float]:
    return {
        str(name): float(value)
        for name, value in content.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
