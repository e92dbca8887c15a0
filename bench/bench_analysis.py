"""How quick the analysis is: intervals by counts, reading and joining, the report. Ratios within one run count.

Times are processor seconds, so that a busy machine does not count, with every library loaded before; only the million
rows are timed by the clock, which needs two idle cores. Result files are in Bedrock's own layout: Python-repr prompts
and answers, an explanation per score.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
METRICS = ("Correctness", "Completeness", "Helpfulness", "Relevance", "Harmfulness")
SCALE = (0.0, 0.25, 0.5, 0.75, 1.0)
CATEGORIES = ("billing", "delivery", "returns", "account")
BUCKET, PREFIX, EXECUTION = "bench", "out", "abcdef123456"
RESAMPLES = 10_000
SCIPY_BCA_RESAMPLES = 1_000  # a tenth; its cost is proportional (and the jackknife is done once in either)


def write_files(folder: Path, rows: int, metrics: tuple[str, ...] = METRICS) -> None:
    """``dataset.jsonl``, ``tuned.jsonl`` and ``base.jsonl`` of ``rows`` records, the models' rows in other orders."""
    rng = random.Random(rows)
    with (folder / "dataset.jsonl").open("w") as file:
        for i in range(rows):
            row = {"query": _prompt(i), "response": f"Answer {i}.", "category": CATEGORIES[i % 4]}
            file.write(json.dumps(row) + "\n")
    for side, shift in (("tuned", 1), ("base", 0)):
        order = list(range(rows))
        rng.shuffle(order)
        with (folder / f"{side}.jsonl").open("w") as file:
            for i in order:
                scores = ",".join(
                    f'{{"metricName":"Builtin.{name}","result":{SCALE[min(4, rng.randrange(5 - shift) + shift)]},'
                    f'"evaluatorDetails":[{{"modelIdentifier":"judge","explanation":"It says so."}}]}}'
                    for name in metrics
                )
                file.write(
                    f"{{\"inputRecord\":{{\"prompt\":\"[{{'role': 'user', 'content': '{_prompt(i)}'}}]\","
                    f'"referenceResponse":"Answer {i}."}},"modelResponses":[{{"response":"[\'{side} says {i}.\']",'
                    f'"modelIdentifier":"model"}}],"automatedEvaluationResult":{{"scores":[{scores}]}}}}\n'
                )


def _prompt(i: int) -> str:
    return f"Where is order {i}? It was promised for last week."


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
        return {"Body": _Body(self.files[Key])}


class _Body:
    def __init__(self, path: Path) -> None:
        self.path = path

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while chunk := file.read(size):
                yield chunk

    def read(self) -> bytes:
        return self.path.read_bytes()


# -- cases, each in a process of its own: (seconds, ...) -----------------------------------------------------


def analysed(folder: Path, metrics: Sequence[str]) -> Any:
    from model_evaluation.kinds.llm_as_judge.runtime.analysis import analyse_execution

    with (folder / "dataset.jsonl").open("rb") as lines:
        return analyse_execution(
            FolderS3(folder), output_uri=f"s3://{BUCKET}/{PREFIX}", execution_arn=f"arn:x/{EXECUTION}",
            dataset_lines=lines, judge="judge", model_names={"tuned": "t", "base": "b"}, builtin_metrics=metrics,
            custom_metrics_json=None, primary_metric=metrics[0], scope="compare", simulated=True, created="",
        )  # fmt: skip


def ours(folder: Path) -> None:
    """Reading, joining, intervals, tests, slices: everything before the drawing."""
    rows = analysed(folder, METRICS).summary["rows"]
    assert rows["paired"] == rows["dataset"] > 0


def pandas_scipy(folder: Path) -> None:
    """What one would write by hand for the same numbers: read_json, merge, scipy.stats.bootstrap (its default, BCa)
    and a signed-rank test per metric and per slice, with as many resamples as ours."""
    import pandas as pd
    from scipy.stats import bootstrap, wilcoxon

    tables = {}
    for side in ("tuned", "base"):
        raw = pd.read_json(folder / f"{side}.jsonl", lines=True)
        scores = pd.json_normalize(
            [
                {"prompt": record["prompt"], **{s["metricName"]: s["result"] for s in result["scores"]}}
                for record, result in zip(raw["inputRecord"], raw["automatedEvaluationResult"], strict=True)
            ]
        )
        tables[side] = scores
    dataset = pd.read_json(folder / "dataset.jsonl", lines=True)
    dataset["prompt"] = "[{'role': 'user', 'content': '" + dataset["query"] + "'}]"
    joined = (
        tables["tuned"].merge(tables["base"], on="prompt", suffixes=("_tuned", "_base")).merge(dataset, on="prompt")
    )
    for name in METRICS:
        difference = joined[f"Builtin.{name}_tuned"] - joined[f"Builtin.{name}_base"]
        cells = [(difference, RESAMPLES), *((cell, 4_000) for _, cell in difference.groupby(joined["category"]))]
        for cell, resamples in cells:
            bootstrap((cell.to_numpy(),), np.mean, n_resamples=resamples, batch=100, rng=np.random.default_rng(1))
            wilcoxon(cell)


def report(folder: Path) -> None:
    """From the result files to report.html, charts included."""
    from model_evaluation.runtime.report.charts import draw_charts
    from model_evaluation.runtime.report.page import report_html

    analysis = analysed(folder, json.loads((folder / "metrics.json").read_text()))
    (folder / "report.html").write_text(report_html(analysis, draw_charts(analysis)), encoding="utf-8")


CASES: dict[str, Callable[[Path], None]] = {"ours": ours, "pandas": pandas_scipy, "report": report}
started = clock = 0.0


class Measured(NamedTuple):
    """Seconds of a case itself, by its processors and by the clock, and peak memory of its process in MiB."""

    seconds: float
    clock: float
    mebibytes: float


def run_case(name: str, folder: Path) -> Measured:
    done = subprocess.run(
        [sys.executable, __file__, "--case", name, "--folder", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    return Measured(*json.loads(done.stdout.splitlines()[-1]))


def interval_seconds(rows: int, rounds: int) -> float:
    """Seconds of our 10,000-resample interval of one few-valued metric."""
    from model_evaluation.runtime.statistics.intervals import paired_interval

    rng = np.random.default_rng(rows)
    tuned, base = (rng.choice(SCALE, size=rows, p=p) for p in ((0.1, 0.1, 0.2, 0.3, 0.3), (0.2, 0.2, 0.2, 0.2, 0.2)))
    return _median(lambda: paired_interval(tuned, base, rng=np.random.default_rng(1), limits=(0, 1)), rounds)


def scipy_bca_seconds(rows: int) -> float:
    """Seconds of scipy's BCa for one metric, measured at a tenth of the resamples, times ten."""
    from scipy.stats import bootstrap

    rng = np.random.default_rng(rows)
    values = rng.choice(SCALE, size=rows) - rng.choice(SCALE, size=rows)
    began = time.process_time()
    bootstrap((values,), np.mean, n_resamples=SCIPY_BCA_RESAMPLES, batch=100, rng=rng, method="BCa")
    all_ = time.process_time() - began
    began = time.process_time()
    bootstrap((values,), np.mean, n_resamples=SCIPY_BCA_RESAMPLES, batch=100, rng=rng, method="percentile")
    resampling = time.process_time() - began
    return max(0.0, all_ - resampling) + resampling * RESAMPLES / SCIPY_BCA_RESAMPLES


def _median(call: Callable[[], object], rounds: int) -> float:
    call()
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=list(CASES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--large", type=int, default=1_000_000, help="rows of the large evaluation")
    args = parser.parse_args()
    if args.case:
        global started, clock
        out, sys.stdout = sys.stdout, io.StringIO()
        analysis = "model_evaluation.kinds.llm_as_judge.runtime.analysis"
        for module in (analysis, "model_evaluation.runtime.report.page", "scipy.stats"):
            importlib.import_module(module)
        clock, started = time.perf_counter(), time.process_time()
        CASES[args.case](args.folder)
        measured = Measured(
            time.process_time() - started,
            time.perf_counter() - clock,
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )
        sys.stdout = out
        print(json.dumps(measured))
        return
    lines: list[tuple[str, float, str, str, float]] = []
    thousand, ten_thousand, million = (interval_seconds(n, 9) for n in (1_000, 10_000, 1_000_000))
    bca = scipy_bca_seconds(10_000)
    lines.append(("interval: 1,000,000 rows against 1,000", million / thousand, "times the time", "<=", 3))
    lines.append(("interval: scipy's BCa at 10,000 rows", bca / ten_thousand, "times ours", ">=", 100))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, 10_000)
        mine = min(run_case("ours", folder).seconds for _ in range(5))
        theirs = min(run_case("pandas", folder).seconds for _ in range(2))
        lines.append(("10,000 rows x 5 metrics: pandas + scipy", theirs / mine, "times ours", ">=", 20))
        write_files(folder, args.large)
        large = min((run_case("ours", folder) for _ in range(3)), key=lambda measured: measured.clock)
        lines.append((f"{args.large:,} rows x 5 metrics, by the clock", large.clock, "s", "<=", 6))
        lines.append((f"{args.large:,} rows x 5 metrics, peak memory", large.mebibytes, "MiB", "<=", 1024))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = (*METRICS, "Coherence", "FollowingInstructions", "Faithfulness", "ProfessionalStyleAndTone", "Refusal")
        (folder / "metrics.json").write_text(json.dumps(names))
        write_files(folder, 1_000, names)
        seconds = statistics.median(run_case("report", folder).seconds for _ in range(3))
        size = (folder / "report.html").stat().st_size / 1e6
        lines.append(("results to report.html, 1,000 rows x 10 metrics", seconds, "s", "<=", 3))
        lines.append(("report.html, 1,000 rows x 10 metrics", size, "MB", "<=", 5))
    milliseconds = (1000 * value for value in (thousand, ten_thousand, million, bca))
    print(
        "One interval, 10,000 resamples: {:.1f} ms at 1,000 rows, {:.1f} at 10,000, {:.1f} at".format(
            *list(milliseconds)[:3]
        ),
        f"1,000,000; scipy BCa {bca:.2f} s at 10,000 (resampling measured at 1,000, times ten)",
    )
    print(f"10,000 rows end to end: ours {mine:.2f} s, pandas + scipy {theirs:.2f} s")
    print(f"{args.large:,} rows: {large.seconds:.1f} processor seconds\n")
    print("| what | measured | | goal | |\n|---|---:|---|---:|---|")
    for what, value, unit, sign, goal in lines:
        met = value <= goal if sign == "<=" else value >= goal
        print(f"| {what} | {value:,.2f} | {unit} | {sign} {goal:g} | {'met' if met else '**missed**'} |")


if __name__ == "__main__":
    main()
