"""What a job of the container left in S3: the archive ``output.tar.gz``, or its files one by one.

The documents show folders with an underscore and with a hyphen, and folders of other names; so files are found by
their own names, at any depth, and there may be several of each where a job ran on several instances.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from model_evaluation.runtime.results.evaluation import ResultsError

if TYPE_CHECKING:
    from model_evaluation.runtime.session import Client

ARCHIVE = "output.tar.gz"
AGGREGATE = re.compile(r"results_[^/]*\.json$")
DETAILS = re.compile(r"details_[^/]*\.parquet$")


class OutputFiles(NamedTuple):
    """What the container wrote, by name: the content of its summaries, and its tables of rows as files, which are there
    as long as ``folder`` is. ``unusable`` says of what could not be read why."""

    aggregates: dict[str, bytes]
    details: dict[str, Path]
    unusable: list[str]
    folder: tempfile.TemporaryDirectory[str] | None = None


def read_output(s3: Client, output_uri: str, job: str) -> OutputFiles:
    """The files of one job. Raises :class:`ResultsError` when there are none, or the archive is damaged."""
    bucket, _, prefix = output_uri.removeprefix("s3://").partition("/")
    below = f"{prefix.strip('/')}/{job}/".lstrip("/")
    files = OutputFiles({}, {}, [], tempfile.TemporaryDirectory(prefix="model-evaluation-nova-"))
    keys = [
        item["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=below)
        for item in page.get("Contents", [])
    ]
    for key in sorted(keys):
        if key.endswith(ARCHIVE):
            with tempfile.TemporaryFile() as archive:
                shutil.copyfileobj(s3.get_object(Bucket=bucket, Key=key)["Body"], archive)
                _unpack(files, archive, f"s3://{bucket}/{key}")
        elif is_result(key):
            _keep(files, key, s3.get_object(Bucket=bucket, Key=key)["Body"])
    if not files.aggregates and not files.details:
        raise ResultsError(
            f"The job {job} left no results under s3://{bucket}/{below}: {len(keys)} objects, and neither "
            "results_*.json nor details_*.parquet among them.",
            fix="See the job's log; the container writes its results at the very end.",
        )
    return files


def _unpack(files: OutputFiles, body: IO[bytes], name: str) -> None:
    size = body.tell()
    body.seek(0)
    try:
        with tarfile.open(fileobj=body, mode="r:gz") as archive:
            for member in archive:
                if member.isfile() and is_result(member.name):
                    file = archive.extractfile(member)
                    assert file is not None
                    _keep(files, member.name, file)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ResultsError(
            f"{name} ({size:,} bytes) cannot be unpacked: {error}. It is cut off or damaged.",
            fix="Look whether the job ended by itself; if it did, run it again (FORCE_NEW_RUN = True).",
        ) from error


def is_result(name: str) -> bool:
    return bool(AGGREGATE.search(name) or DETAILS.search(name))


def _keep(files: OutputFiles, name: str, content: IO[bytes]) -> None:
    """Names of tables hold characters that not every file system takes: their files are numbered."""
    if AGGREGATE.search(name):
        files.aggregates[name] = content.read()
        return
    assert files.folder is not None
    path = Path(files.folder.name, f"{len(files.details)}.parquet")
    with path.open("wb") as file:
        shutil.copyfileobj(content, file)
    files.details[name] = path


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


def _numbers(content: Mapping[str, object]) -> dict[str, float]:
    return {
        str(name): float(value)
        for name, value in content.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
