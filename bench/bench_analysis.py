"""How quick results become a verdict: a judge's files with the whole report, a million flat rows, one interval.

Each case runs in a process of its own, with every library loaded before. Its seconds are those of its processors, so
that a busy machine does not count; for the million rows, which are read by several threads, the least by the clock of a
few runs. Bedrock's files are in its own layout: Python-repr prompts and answers, an explanation per score.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
METRICS = (
    "Correctness", "Completeness", "Helpfulness", "Relevance", "Harmfulness", "Coherence", "FollowingInstructions",
    "Faithfulness", "ProfessionalStyleAndTone", "Refusal",
)  # fmt: skip
SCALE = (0.0, 0.25, 0.5, 0.75, 1.0)
CATEGORIES = ("billing", "delivery", "returns", "account")
BUCKET, PREFIX, EXECUTION = "bench", "out", "abcdef123456"
ROUNDS = 3


def write_judge_files(folder: Path, rows: int) -> None:
    """``dataset.jsonl``, ``tuned.jsonl`` and ``base.jsonl`` of ``rows`` records, the models' rows in other orders."""
    rng = random.Random(rows)
    dataset = [{"query": _prompt(i), "response": f"Answer {i}.", "category": CATEGORIES[i % 4]} for i in range(rows)]
    (folder / "dataset.jsonl").write_text("".join(json.dumps(row) + "\n" for row in dataset))
    for side, shift in (("tuned", 1), ("base", 0)):
        lines = [json.dumps(_judged(rng, side, shift, i)) for i in rng.sample(range(rows), rows)]
        (folder / f"{side}.jsonl").write_text("\n".join(lines) + "\n")


def _prompt(i: int) -> str:
    return f"Where is order {i}? It was promised for last week."


def _judged(rng: random.Random, side: str, shift: int, i: int) -> dict[str, Any]:
    scores = [
        {
            "metricName": f"Builtin.{name}",
            "result": SCALE[min(4, rng.randrange(5 - shift) + shift)],
            "evaluatorDetails": [{"modelIdentifier": "judge", "explanation": "It says so."}],
        }
        for name in METRICS
    ]
    turns = [{"role": "user", "content": _prompt(i)}]
    return {
        "inputRecord": {"prompt": repr(turns), "referenceResponse": f"Answer {i}."},
        "modelResponses": [{"response": repr([f"{side} says {i}."]), "modelIdentifier": "model"}],
        "automatedEvaluationResult": {"scores": scores},
    }


class FolderS3:
    """As much of an S3 client as the analysis uses, over a folder."""

    def __init__(self, folder: Path) -> None:
        self.files = {
            f"{PREFIX}/{kind}-llmaj-eval-{EXECUTION}/job/models/m/taskTypes/General/datasets/"
            "CustomDataset/1_output.jsonl": folder / f"{side}.jsonl"
            for kind, side in (("custom", "tuned"), ("base", "base"))
        }

    def get_paginator(self, _: str) -> FolderS3:
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        yield {"Contents": [{"Key": key, "LastModified": 0} for key in self.files]}

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - the client's own names
        return {"Body": self.files[Key].open("rb")}


def write_score_files(folder: Path, rows: int, kind: str) -> None:
    """``tuned`` and ``base`` of five metrics, each in another order."""
    import pyarrow as pa
    import pyarrow.parquet as pa_parquet

    for seed, side in enumerate(("tuned", "base")):
        rng = np.random.default_rng(seed)
        columns: dict[str, list[Any]] = {"record_id": [f"row-{i}" for i in rng.permutation(rows).tolist()]}
        columns |= {name: rng.choice(SCALE, rows).tolist() for name in METRICS[:5]}
        if kind == "parquet":
            pa_parquet.write_table(pa.table(columns), folder / f"{side}.parquet")
            continue
        with (folder / f"{side}.jsonl").open("w") as file:
            for values in zip(*columns.values(), strict=True):
                file.write(json.dumps(dict(zip(columns, values, strict=True))) + "\n")


# -- cases, each in a process of its own -----------------------------------------------------------------------


def judge_report(folder: Path) -> None:
    """From Bedrock's files to every file of the report."""
    from model_evaluation.kinds.llm_as_judge.runtime.analysis import analyse_execution
    from model_evaluation.runtime.report.export import export_analysis
    from model_evaluation.runtime.results.evaluation import Evaluation

    evaluation = Evaluation(
        "llm_as_judge", {"judge": "judge"}, {"name": "t"}, {"name": "b"},
        primary_metric=METRICS[0], execution_arn=f"arn:x/{EXECUTION}", simulated=True,
    )  # fmt: skip
    with (folder / "dataset.jsonl").open("rb") as lines:
        analysis = analyse_execution(
            FolderS3(folder), evaluation, output_uri=f"s3://{BUCKET}/{PREFIX}", dataset_lines=lines,
            builtin_metrics=METRICS, custom_metrics=None,
        )  # fmt: skip
    assert analysis.summary["rows"]["paired"] == analysis.summary["rows"]["dataset"] > 0
    export_analysis(analysis, folder / "results")


def many_rows(folder: Path, kind: str) -> None:
    """From flat files to the verdict."""
    from score_files import read_score_files

    from model_evaluation.runtime.results.evaluation import Evaluation
    from model_evaluation.runtime.results.paired_scores import compare_scores
    from model_evaluation.runtime.results.summary import summary_of
    from model_evaluation.runtime.statistics.metrics import Metric

    metrics = [Metric(name, limits=(0.0, 1.0)) for name in METRICS[:5]]
    paired = read_score_files({"tuned": folder / f"tuned.{kind}", "base": folder / f"base.{kind}"}, metrics)
    comparison = compare_scores(paired, metrics)
    evaluation = Evaluation("bench", {}, {"name": "t"}, {"name": "b"}, primary_metric=METRICS[0])
    summary = summary_of(evaluation, rows=comparison.rows, metrics=comparison.metrics)
    assert summary["rows"]["paired"] == summary["rows"]["dataset"] > 0
    assert summary["verdict"]["decision"] == "equivalent"


CASES: dict[str, Callable[[Path], None]] = {
    "judge": judge_report,
    "parquet": lambda folder: many_rows(folder, "parquet"),
    "jsonl": lambda folder: many_rows(folder, "jsonl"),
}


class Measured(NamedTuple):
    """Seconds by the clock and of the processors, and the process's peak memory in MiB."""

    clock: float
    processor: float
    mebibytes: float


def run_case(name: str, folder: Path) -> Measured:
    """The quickest of a few runs."""
    command = [sys.executable, __file__, "--case", name, "--folder", str(folder)]
    runs = []
    for _ in range(ROUNDS):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name}: {done.stderr[-2000:]}")
        runs.append(Measured(*json.loads(done.stdout.splitlines()[-1])))
    return min(runs)


def interval_seconds(rows: int) -> float:
    """Processor seconds of one interval of a few-valued metric."""
    from model_evaluation.runtime.statistics.intervals import paired_interval

    rng = np.random.default_rng(rows)
    tuned, base = (rng.choice(SCALE, size=rows, p=p) for p in ((0.1, 0.1, 0.2, 0.3, 0.3), (0.2,) * 5))
    seconds = []
    for _ in range(10):
        began = time.process_time()
        paired_interval(tuned, base, rng=np.random.default_rng(1), limits=(0, 1))
        seconds.append(time.process_time() - began)
    return statistics.median(seconds[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=list(CASES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the large evaluation")
    args = parser.parse_args()
    if args.case:
        for module in ("model_evaluation.runtime.report.export", "scipy.stats", "pyarrow.parquet", "pyarrow.json"):
            importlib.import_module(module)
        clock, processor = time.perf_counter(), time.process_time()
        CASES[args.case](args.folder)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(Measured(time.perf_counter() - clock, time.process_time() - processor, peak)))
        return
    lines: list[tuple[str, float, str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_judge_files(folder, 1_000)
        judged = run_case("judge", folder)
        lines.append(("1,000 rows x 10 metrics, to verdict and report", judged.processor, "s", 3))
        for kind, title in (("parquet", "Parquet"), ("jsonl", "JSON Lines")):
            write_score_files(folder, args.rows, kind)
            many = run_case(kind, folder)
            lines.append((f"{args.rows:,} rows x 5 metrics in {title}, to the verdict", many.clock, "s", 6))
            lines.append(("the same, peak memory", many.mebibytes, "MiB", 1024))
    ratio = interval_seconds(1_000_000) / interval_seconds(1_000)
    lines.append(("interval at 1,000,000 rows, against 1,000", ratio, "times", 3))
    print("| what | measured | | at most |\n|---|---:|---|---:|")
    for what, value, unit, goal in lines:
        print(f"| {what} | {value:,.2f} | {unit} | {goal:g} |{'' if value <= goal else ' **missed**'}")


if __name__ == "__main__":
    main()
