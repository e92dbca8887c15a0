"""The files that a SIMULATED lighteval container leaves, in the layout and with the quirks of the real ones."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

from model_evaluation.localaws.jobs.job import ResultFile
from model_evaluation.localaws.operations import Record

FOLDERS = {"tuned": "hf_merged", "base": "additonals3data", "hub": "base_model"}
"""What the real files call the model's folder: the spelling is the container's."""


@dataclass(frozen=True)
class AnsweredQuestion:
    """One question as it was given to a model, its answer and its marks."""

    question: str
    answer: str
    metrics: Record
    target: str = ""
    system: str = ""


@dataclass(frozen=True)
class TaskAnswers:
    """The answers to one task. ``key`` is ``suite|task:subtask|shots``; ``n`` is how many questions it has, where some
    have no row."""

    key: str
    rows: Sequence[AnsweredQuestion]
    n: int = 0


@dataclass(frozen=True)
class TaskResults:
    """All that a job leaves."""

    tasks: Sequence[TaskAnswers]
    metrics: Sequence[str]
    more: Mapping[str, float] = field(default_factory=dict)
    """Further figures of the file of means, such as a count of failures."""


def task_files(job_name: str, model: str, ended: float, results: TaskResults, *, rows: bool = True) -> list[ResultFile]:
    """The file of means, and the rows of each task unless ``rows`` is false. ``model`` is a key of ``FOLDERS``."""
    moment = datetime.datetime.fromtimestamp(ended, datetime.UTC)
    stamp = moment.strftime("%Y-%m-%dT%H-%M-%S.%f+00-00")
    folder = f"{job_name}/output/output/evaluation/eval_results"
    files = [ResultFile(f"{folder}/results_{stamp}.json", json.dumps(means_of(results), indent=2).encode())]
    if rows:
        details = f"{folder}/details/{FOLDERS[model]}/{stamp}"
        files += [
            ResultFile(f"{details}/details_{task.key}_{stamp}.parquet", parquet_of(task.rows)) for task in results.tasks
        ]
    return files


def means_of(results: TaskResults) -> Record:
    """The file of means. ``all`` weighs tasks alike, and its standard error is the mean of theirs, as in real files."""
    entries: dict[str, Record] = {}
    for task in results.tasks:
        entry: Record = {}
        for name in results.metrics:
            values = [float(row.metrics[name]) for row in task.rows if isinstance(row.metrics.get(name), int | float)]
            entry[name] = statistics.fmean(values) if values else 0.0
            entry[f"{name}_stderr"] = statistics.stdev(values) / sqrt(len(values)) if len(values) > 1 else 0.0
        entries[task.key] = {**entry, **results.more}
    whole = {name: statistics.fmean(entry[name] for entry in entries.values()) for name in next(iter(entries.values()))}
    suite, name, shots = results.tasks[0].key.split("|")
    average = {f"{suite}|{name.partition(':')[0]}:_average|{shots}": whole} if len(entries) > 1 else {}
    return {
        "config_general": {"model_name": "/opt/ml/input/data/base_model", "simulated": True},
        "results": {**entries, **average, "all": whole},
        "config_tasks": {
            task.key.rpartition("|")[0]: {
                "original_num_docs": task.n or len(task.rows),
                "effective_num_docs": task.n or len(task.rows),
            }
            for task in results.tasks
        },
        "summary_tasks": {
            task.key: {"hashes": {"hash_full_prompts": _hash(row.question for row in task.rows)}, "truncated": 0}
            for task in results.tasks
        },
    }


def _hash(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:16]


def parquet_of(rows: Sequence[AnsweredQuestion]) -> bytes:
    """A task's rows: nearly every cell is the repr of a Python value."""
    import pyarrow as pa
    import pyarrow.parquet as pa_parquet

    chats = [
        [
            *([{"role": "system", "content": row.system}] if row.system else []),
            {"role": "user", "content": row.question},
        ]
        for row in rows
    ]
    table = pa.table(
        {
            "example": [row.question for row in rows],
            "full_prompt": [repr(chat) for chat in chats],
            "predictions": [repr([row.answer]) for row in rows],
            "metrics": [repr(dict(row.metrics)) for row in rows],
            "specifics": [repr({"target": row.target}) for row in rows],
            "truncated": ["[0]"] * len(rows),
        }
    )
    buffer = io.BytesIO()
    pa_parquet.write_table(table, buffer)
    return buffer.getvalue()
