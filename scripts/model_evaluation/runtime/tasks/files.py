"""Result files of SageMaker's deterministic evaluation jobs, whose container runs lighteval: per model a file of means
and a Parquet file per task. They lie under the output prefix::

    <step's job>/output/output/<name>/eval_results/results_<time>.json
    <step's job>/output/output/<name>/eval_results/details/<model folder>/<time>/details_<task key>_<time>.parquet

A task's key is ``suite|task:subtask|shots``. What the model's folder is called says nothing of the model (a base
model's is ``base_model`` or ``additonals3data``), so files are told apart by the step in their job's name. Nearly every
Parquet column is text that holds the repr of a Python value.
"""

from __future__ import annotations

import ast
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pa_parquet

from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import Client
from model_evaluation.runtime.settings import Json

TIME = r"\d{4}-\d\d-\d\dT[^/]*?"
RESULTS = re.compile(rf"/eval_results/results_({TIME})\.json$")
DETAILS = re.compile(rf"/eval_results/details/(?:[^/]+/)*details_([^/]+)_({TIME})\.parquet$")
COLUMNS = ("full_prompt", "example", "predictions", "metrics", "specifics", "choices", "gold_index")
MEAN_OF_PARTS = "_average"
ALL = "all"
STDERR = "_stderr"


class TaskFiles(NamedTuple):
    """Keys of one model's newest files; ``means`` is empty where there is none, ``details`` are by the task's key."""

    means: str
    details: dict[str, str]


def find_task_files(s3: Client, output_uri: str, execution_id: str, step: str) -> TaskFiles:
    """The files that a pipeline's step left; those of other executions under the same prefix are others'."""
    bucket, prefix = S3Uri.parse(output_uri)
    start = "/".join(part for part in (prefix.strip("/"), f"pipelines-{execution_id}-{step}-") if part)
    means: list[tuple[str, str]] = []
    details: dict[str, tuple[str, str]] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start):
        for item in page.get("Contents", []):
            key = str(item["Key"])
            if match := RESULTS.search(key):
                means.append((match[1], key))
            elif match := DETAILS.search(key):
                details[match[1]] = max(details.get(match[1], ("", "")), (match[2], key))
    return TaskFiles(max(means, default=("", ""))[1], {task: key for task, (_, key) in sorted(details.items())})


def part_name(task_key: str) -> str:
    """The subtask in ``suite|task:subtask|shots``; the task itself where it has none."""
    task = [*task_key.split("|"), ""][1] or task_key
    return task.partition(":")[2] or task


@dataclass(frozen=True)
class PartMeans:
    """What the file of means says of one task. ``values`` and ``errors`` are by metric; ``n``, how many questions were
    asked, and ``of``, how many there are, are ``None`` and ``prompts``, the hash of all prompts, is empty where the
    file does not say."""

    values: Mapping[str, float]
    errors: Mapping[str, float]
    n: int | None = None
    prompts: str = ""
    of: int | None = None


@dataclass(frozen=True)
class TaskMeans:
    """A model's file of means: its tasks by part, and the container's own figure over all of them."""

    parts: Mapping[str, PartMeans]
    whole: PartMeans = field(default_factory=lambda: PartMeans({}, {}))

    @property
    def metrics(self) -> list[str]:
        """The metrics' names, in the file's order."""
        return list(dict.fromkeys(name for part in self.parts.values() for name in part.values))


def read_means(body: bytes) -> TaskMeans:
    """Raises ``ValueError`` for what is not such a file."""
    try:
        content = json.loads(body)
        results = content["results"]
        tasks, summaries = (content.get(name) or {} for name in ("config_tasks", "summary_tasks"))
        parts = {}
        for key, entry in results.items():
            if key == ALL or part_name(key) == MEAN_OF_PARTS:
                continue
            config = tasks.get(key.rpartition("|")[0]) or tasks.get(key) or {}
            n = config.get("effective_num_docs", config.get("original_num_docs"))
            hashes = (summaries.get(key) or {}).get("hashes") or {}
            part = _part(entry, n, str(hashes.get("hash_full_prompts") or ""))
            parts[part_name(key)] = replace(part, of=_count(config.get("original_num_docs")))
        return TaskMeans(parts, _part(results.get(ALL, {}), None, ""))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a file of an evaluation's means ({error})") from error


def _part(entry: Mapping[str, object], n: object, prompts: str) -> PartMeans:
    numbers = {
        name: float(value)
        for name, value in entry.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
    errors = {name.removesuffix(STDERR): value for name, value in numbers.items() if name.endswith(STDERR)}
    values = {name: value for name, value in numbers.items() if not name.endswith(STDERR)}
    return PartMeans(values, errors, _count(n), prompts)


def _count(n: object) -> int | None:
    return n if isinstance(n, int) and n > 0 else None


@dataclass(slots=True)
class Question:
    """One row: what the model was given as it was written (``full_prompt``), the question in it, its answer, the
    reference where the file has one, and the metrics as they were written, ``None`` where they are unreadable."""

    full_prompt: str
    example: str
    answer: str
    reference: str | None
    metrics: Mapping[str, Any] | None


def read_questions(body: bytes) -> list[Question]:
    """The rows of a task's Parquet file, in their order. Raises ``ValueError`` for what is not such a file."""
    try:
        file = pa_parquet.ParquetFile(io.BytesIO(body))
        known = set(file.schema_arrow.names)
        if lacking := {"full_prompt", "predictions", "metrics"} - known:
            raise ValueError(f"it lacks the columns {', '.join(sorted(lacking))}")
        rows = file.read([name for name in COLUMNS if name in known]).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"not a Parquet file of answers ({str(error).partition(chr(10))[0]})") from error
    return [_question(row) for row in rows]


def _question(row: Json) -> Question:
    metrics = literal(row["metrics"])
    full_prompt = str(row["full_prompt"] or "")
    return Question(
        full_prompt,
        str(row.get("example") or "") or full_prompt,
        _first(literal(row["predictions"])),
        _reference(row),
        metrics if isinstance(metrics, dict) else None,
    )


def literal(text: object) -> object:
    """The Python value whose repr a cell holds; what is not such a text comes back as it is."""
    if not isinstance(text, str):
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _first(predictions: object) -> str:
    """The answer, of which there is one; the list may be nested."""
    while isinstance(predictions, list | tuple):
        predictions = predictions[0] if predictions else ""
    return "" if predictions is None else str(predictions)


def _reference(row: Json) -> str | None:
    specifics = literal(row.get("specifics"))
    if isinstance(specifics, dict) and isinstance(specifics.get("target"), str):
        return str(specifics["target"])
    choices, gold = literal(row.get("choices")), literal(row.get("gold_index"))
    if isinstance(choices, list) and isinstance(gold, list) and gold and isinstance(gold[0], int):
        return str(choices[gold[0]]) if 0 <= gold[0] < len(choices) else None
    return None
