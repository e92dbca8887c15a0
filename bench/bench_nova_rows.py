"""How quick many rows of the Nova container become a verdict: its own tables, read by DuckDB, with slices.

Two models of eight metrics each, in the container's layout: cells that are texts of Python values, four instances'
tables, rows in another order than the dataset's; the dataset's metadata have three fields of 10 values together. The
scores are drawn from 10,001 values, so that hardly any two rows differ alike. Every library is loaded before. Seconds
by the clock are the least of a few runs, and mean something on a quiet machine only; those of the processors, all
threads together, always do. The ratio is against reading rows one by one, as fewer than 20,000 are.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
METRICS = ("rouge1", "rouge2", "rougeL", "em", "qem", "f1", "f1_score_quasi", "bleu")
FIELDS = {
    "difficulty": ("easy", "medium", "hard"),
    "domain": ("vpn", "mail", "laptop", "erp"),
    "priority": ("low", "medium", "high"),
}
SUBJECTS = ("the vpn drops", "no mail arrives", "the laptop is dark", "orders are lost", "the badge is refused")
INSTANCES = 4
FEW = 2_000
ROUNDS = 2


def write_files(folder: Path, rows: int) -> None:
    """``gen_qa.jsonl``, and for each model a table per instance."""
    import pyarrow as pa
    import pyarrow.parquet as pa_parquet

    rng = np.random.default_rng(rows)
    picked = {name: rng.integers(0, len(values), rows) for name, values in FIELDS.items()}

    def prompt(i: int) -> str:
        return f"Ticket {i * 7919}: {SUBJECTS[i % 5]} on machine {i * 31 % 10_007} since {i % 24} o'clock."

    def metadata(i: int) -> str:
        return json.dumps({"row_id": f"t{i}", **{name: FIELDS[name][own[i]] for name, own in picked.items()}})

    with (folder / "gen_qa.jsonl").open("w", encoding="utf-8") as file:
        for i in range(rows):
            file.write(json.dumps({"query": prompt(i), "response": f"Do {i}.", "metadata": metadata(i)}) + "\n")
    for side in ("tuned", "base"):
        for part in range(INSTANCES):
            own = rng.permutation(np.arange(part, rows, INSTANCES)).tolist()
            scores = np.round(rng.random((len(own), len(METRICS))), 4).tolist()
            columns = {
                "example": [prompt(i) for i in own],
                "gold": [repr([f"Do {i}."]) for i in own],
                "predictions": [repr([f"{side} would do {i}."]) for i in own],
                "metrics": [repr(dict(zip(METRICS, row, strict=True))) for row in scores],
                "specifics": [repr({"metadata": metadata(i)}) for i in own],
            }
            pa_parquet.write_table(pa.table(columns), folder / f"{side}-{part}.parquet")


def analyse(folder: Path, *, one_by_one: bool) -> None:
    """From the files to the verdict."""
    from model_evaluation.kinds.nova.runtime.many.analysis import analyse_many
    from model_evaluation.kinds.nova.runtime.output.result_files import OutputFiles
    from model_evaluation.kinds.nova.runtime.scores.analysis import Answered, analyse_answers
    from model_evaluation.runtime.results.evaluation import Evaluation, Side
    from model_evaluation.runtime.rows import read_dataset_rows

    sides: tuple[Side, ...] = ("tuned", "base")
    outputs = {
        side: OutputFiles({}, {f"details_{at}.parquet": folder / f"{side}-{at}.parquet" for at in range(INSTANCES)}, [])
        for side in sides
    }
    evaluation = Evaluation("nova", {}, {"name": "t"}, {"name": "b"}, primary_metric="f1_score")
    dataset = folder / "gen_qa.jsonl"
    if one_by_one:
        with dataset.open("rb") as lines:
            found = analyse_answers(Answered(evaluation, read_dataset_rows(lines).rows), outputs)
    else:
        found = analyse_many(Answered(evaluation, ()), dataset, outputs)
    counts = found.summary["rows"]
    assert counts["paired"] == counts["dataset"] > 0
    assert set(found.summary["slices"]) == set(FIELDS)


def measured(folder: Path, *further: str) -> tuple[float, float, float]:
    """Seconds by the clock and of the processors, and peak memory in MiB, of a process of its own."""
    command = [sys.executable, __file__, "--folder", str(folder), *further]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    clock, processor, mebibytes = json.loads(done.stdout.splitlines()[-1])
    return clock, processor, mebibytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--one-by-one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the large evaluation")
    args = parser.parse_args()
    if args.folder:
        for name in ("duckdb", "scipy.stats", "model_evaluation.kinds.nova.runtime.many.analysis"):
            importlib.import_module(name)
        clock, processor = time.perf_counter(), time.process_time()
        analyse(args.folder, one_by_one=args.one_by_one)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps([time.perf_counter() - clock, time.process_time() - processor, peak]))
        return
    with tempfile.TemporaryDirectory() as name:
        few, many = Path(name, "few"), Path(name, "many")
        for folder, rows in ((few, FEW), (many, args.rows)):
            folder.mkdir()
            write_files(folder, rows)
        slow = measured(few, "--one-by-one")
        runs = [measured(many) for _ in range(ROUNDS)]
        clock, processor, mebibytes = (min(values) for values in zip(*runs, strict=True))
    ratio = (processor / args.rows) / (slow[1] / FEW)
    print("| what | measured | | at most |\n|---|---:|---|---:|")
    for what, value, unit, goal in (
        (f"{args.rows:,} rows x 8 metrics x 2 models of the container, 10 slices, to the verdict", clock, "s", 6),
        ("the same, seconds of the processors", processor, "s", None),
        ("the same, peak memory", mebibytes, "MiB", 1024),
        (f"a row of these, against a row of {FEW:,} read one by one", ratio, "times", 0.1),
    ):
        told = "" if goal is None else f"{goal:g}"
        missed = " **missed**" if goal is not None and value > goal else ""
        print(f"| {what} | {value:,.4g} | {unit} | {told} |{missed}")


if __name__ == "__main__":
    main()
