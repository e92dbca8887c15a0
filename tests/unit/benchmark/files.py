"""Result files of a benchmark as the container leaves them, made of a few marks."""

from __future__ import annotations

import io
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet

from model_evaluation.runtime.results.evaluation import Evaluation, Side
from unit.runtime.results_world import BUCKET, EXECUTION

OUTPUT = f"s3://{BUCKET}/evaluations/math"
METRIC = "math_exact_match"
STAMP = "2026-06-17T01-31-19.585655+00-00"
STEPS: dict[Side, str] = {"tuned": "EvaluateCustomModel", "base": "EvaluateBaseModel"}
FOLDERS: dict[Side, str] = {"tuned": "hf_merged", "base": "additonals3data"}


@dataclass(frozen=True)
class Row:
    """A question by its number, a model's answer and its mark."""

    question: int
    mark: Any
    answer: str = "so it is \\boxed{1}"
    system: str = ""


def rows_of(marks: Sequence[int], first: int = 0) -> list[Row]:
    return [Row(first + number, mark) for number, mark in enumerate(marks)]


def parquet(rows: Sequence[Row], part: str = "", **columns: Any) -> bytes:
    """A task's file; ``columns`` replace whole columns."""
    prompts = [
        repr([
            *([{"role": "system", "content": row.system}] if row.system else []),
            {"role": "user", "content": f"{part} question {row.question}: it's \"x\"?"},
        ])
        for row in rows
    ]  # fmt: skip
    table: dict[str, Any] = {
        "example": [f'{part} question {row.question}: it\'s "x"?' for row in rows],
        "full_prompt": prompts,
        "predictions": [repr([row.answer]) for row in rows],
        "metrics": [repr({METRIC: row.mark}) for row in rows],
        "specifics": [repr({"target": "1"}) for row in rows],
    }
    buffer = io.BytesIO()
    pa_parquet.write_table(pa.table(table | columns), buffer)
    return buffer.getvalue()


def task_key(part: str) -> str:
    return f"custom|math_zs_cot:{part}|0" if part else "custom|math_zs_cot|0"


def means(
    parts: Mapping[str, Sequence[Row]],
    *,
    n: Mapping[str, int] | None = None,
    prompts: str = "same",
    of: int | None = None,
) -> bytes:
    """The file of means with its `all`, whose standard error is the mean of the parts'."""
    results: dict[str, dict[str, float]] = {}
    for part, rows in parts.items():
        marks = [float(row.mark) for row in rows]
        error = statistics.stdev(marks) / math.sqrt(len(marks)) if len(marks) > 1 else 0.0
        results[task_key(part)] = {METRIC: statistics.fmean(marks), f"{METRIC}_stderr": error}
    whole = {name: statistics.fmean(entry[name] for entry in results.values()) for name in (METRIC, f"{METRIC}_stderr")}
    results["custom|math_zs_cot:_average|0"] = results["all"] = whole
    counts = {part: (n or {}).get(part, len(rows)) for part, rows in parts.items()}
    return json.dumps(
        {
            "results": results,
            "config_tasks": {
                task_key(part).rpartition("|")[0]: {
                    "effective_num_docs": count,
                    "original_num_docs": of or count,
                }
                for part, count in counts.items()
            },
            "summary_tasks": {task_key(part): {"hashes": {"hash_full_prompts": prompts}} for part in parts},
        }
    ).encode()


def put(
    s3: Any,
    side: Side,
    parts: Mapping[str, Sequence[Row]],
    *,
    execution: str = EXECUTION,
    stamp: str = STAMP,
    folder: str = "",
    with_rows: bool = True,
    **more: Any,
) -> None:
    """A model's files of one execution."""
    job = f"evaluations/math/pipelines-{execution}-{STEPS[side]}-0a1b2c3d4e/output/output/run/eval_results"
    s3.put_object(Bucket=BUCKET, Key=f"{job}/results_{stamp}.json", Body=means(parts, **more))
    if not with_rows:
        return
    for part, rows in parts.items():
        key = f"{job}/details/{folder or FOLDERS[side]}/{stamp}/details_{task_key(part)}_{stamp}.parquet"
        s3.put_object(Bucket=BUCKET, Key=key, Body=parquet(rows, part))


def evaluation(scope: str = "compare") -> Evaluation:
    return Evaluation(
        "benchmark",
        {"benchmark": "math", "subtasks": [], "decoding": {}},
        {"name": "assistant/3"},
        {"name": "llama"},
        scope=scope,
        execution_arn=f"arn:aws:sagemaker:us-west-2:111122223333:pipeline/p/execution/{EXECUTION}",
    )
