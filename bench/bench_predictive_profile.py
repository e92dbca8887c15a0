"""How fast a test set is profiled: 1,000,000 rows of 30 columns, every cell, against what pandas takes to read the file
and describe it. Each in its own process, in turn over several rounds; the fastest round counts.

    python bench/bench_predictive_profile.py --rows 100000
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE.parent / "scripts"
MEASURE = """
import resource, sys, time
start = time.perf_counter()
{work}
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
OURS = """
sys.path.insert(0, {scripts!r})
from model_evaluation.kinds.predictive.tables.duck import open_table
from model_evaluation.kinds.predictive.tables.profile import profile_table
from model_evaluation.kinds.predictive.tables.source import find_table
source = find_table(None, {path!r})
with open_table(None, source, once=True) as table:
    profile = profile_table(table)
assert profile.rows == {rows}
"""
PANDAS = """
import pandas
frame = pandas.read_csv({path!r})
frame.describe(include="all")
assert len(frame) == {rows}
"""


def write(path: Path, rows: int) -> None:
    """An id, a label, a segment and 27 numbers."""
    import numpy as np
    import pyarrow
    import pyarrow.csv

    rng = np.random.default_rng(5)
    columns: dict[str, object] = {
        "id": [f"row-{number:08d}" for number in range(rows)],
        "label": (rng.random(rows) < 0.05).astype(int),
        "segment": rng.choice(["north", "south", "east", "west"], rows),
    }
    columns |= {f"x{number}": rng.normal(size=rows).round(5) for number in range(27)}
    pyarrow.csv.write_csv(pyarrow.table(columns), path)


def measured(work: str) -> tuple[float, float]:
    """Seconds and MiB of a process that does this work."""
    done = subprocess.run([sys.executable, "-c", MEASURE.format(work=work)], capture_output=True, text=True, check=True)
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        write(path, options.rows)
        given = {"path": str(path), "rows": options.rows, "scripts": str(SCRIPTS)}
        cases = {"profile": OURS.format(**given), "pandas": PANDAS.format(**given)}
        best: dict[str, tuple[float, float]] = {}
        for _ in range(options.rounds):
            for name, work in cases.items():
                found = measured(work)
                best[name] = min(best.get(name, found), found)
        for name, (seconds, memory) in best.items():
            print(f"{name:<8} {seconds:6.2f} s  {memory:6.0f} MiB")
        print(f"ratio {best['profile'][0] / best['pandas'][0]:.2f} (at most 1), memory at most 1,024 MiB")


if __name__ == "__main__":
    main()
