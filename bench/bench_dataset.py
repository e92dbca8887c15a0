"""How fast a whole dataset is checked: 1,000 rows as a command, 1,000,000 rows against a bare loop of ``json.loads``.

Makes its files (1,000,000 rows: about 650 MB, with metadata 750) in a temporary folder, runs every case in its own
process, in turn over several rounds, and prints the fastest round of each (other processes can only slow one down) and
the ratios of the same run. Seconds are processor time, as every case uses one core.

    python bench/bench_dataset.py --rows 100000
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import timing

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))

WORDS = (
    *("the", "of", "and", "model", "answer", "question", "river", "mountain", "price", "simple", "contract"),
    *("policy", "energy", "water", "number", "light", "city", "student", "doctor", "history", "reason"),
    *("because", "between", "several", "against", "without", "during", "important", "different", "following"),
)
OTHER_SCRIPTS = ("café", "Größe", "東京", "данные", "naïve", "‘quoted’", "—")
SYSTEMS = ("You are a helpful assistant.", "Answer in one short sentence.", "You are a careful expert.")
CATEGORIES = ("math", "law", "medicine", "history", "code", "chat", "science", "other")
POOL = 4000


def _text(rng: random.Random, mean_words: float) -> str:
    """Words; one text in 100 is very long, one in 12 holds another script, one in 8 line ends, quotes, colons."""
    count = 450 if rng.random() < 0.01 else 6 + int(rng.expovariate(1 / mean_words))
    words = rng.choices(WORDS, k=count)
    if rng.random() < 0.08:
        words[rng.randrange(count)] = rng.choice(OTHER_SCRIPTS)
    if rng.random() < 0.125:
        words[count // 2] += '\n"so":\n'
    return " ".join(words)


def write(path: Path, rows: int, *, metadata: bool) -> None:
    """Rows of query, response, system and category, no prompt twice."""
    rng = random.Random(3)
    queries = [json.dumps(_text(rng, 26), ensure_ascii=False)[1:-1] for _ in range(POOL)]
    responses = [json.dumps(_text(rng, 32), ensure_ascii=False)[1:-1] for _ in range(POOL)]
    with path.open("w", encoding="utf-8") as file:
        for i in range(rows):
            more = (
                f', "metadata": {{"source": "set {i % 50}", "difficulty": "{rng.choice(("easy", "hard"))}",'
                f' "number": {i}, "weight": {rng.random():.6f}}}'
            )
            file.write(
                f'{{"query": "{queries[rng.randrange(POOL)]} {i}?", "response": "{responses[rng.randrange(POOL)]}",'
                f' "system": "{SYSTEMS[i % 3]}", "category": "{CATEGORIES[i * 7 % 8]}"{more if metadata else ""}}}\n'
            )


def loop(path: Path) -> None:
    with path.open(encoding="utf-8") as file:
        for line in file:
            json.loads(line)


def check(path: Path) -> None:
    from model_evaluation.dataset import check_stream, read_chunks

    report = check_stream(read_chunks(path), source=path.name, row_limit=None)
    assert report.usable, report.findings
    assert report.profile.complete


CASES = {"json.loads": loop, "check": check}


def run_case(case: str, path: Path) -> tuple[float, float]:
    """Seconds of the processor, and peak memory of the process in MiB."""
    command = [sys.executable, __file__, "--case", case, "--file", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, mebibytes = json.loads(done.stdout)
    return seconds, mebibytes


def measure(paths: dict[str, Path], rounds: int) -> dict[tuple[str, str], tuple[float, float]]:
    """Fastest of the rounds, and peak memory, for each file and case; within a round each runs once."""
    taken: dict[tuple[str, str], list[tuple[float, float]]] = {(name, case): [] for name in paths for case in CASES}
    for _ in range(rounds):
        for name, case in taken:
            taken[name, case].append(run_case(case, paths[name]))
    return {key: (min(s for s, _ in runs), max(m for _, m in runs)) for key, runs in taken.items()}


def measure_command(path: Path) -> tuple[float, float]:
    """Seconds of the whole command, and of the bare interpreter's start."""
    command = [sys.executable, str(HERE.parent / "scripts" / "evaluate.py"), "dataset", "check", str(path)]
    taken = timing.measure({"bare": [sys.executable, "-c", "pass"], "command": command}, rounds=9)
    return taken["command"], taken["bare"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", choices=list(CASES), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        importlib.import_module("model_evaluation.dataset")  # the whole command is measured on its own
        started = time.process_time()
        CASES[args.case](args.file)
        print(json.dumps([time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        sizes = {"thousand": 1000, "tenth": args.rows // 10, "plain": args.rows, "with metadata": args.rows}
        paths = {name: Path(folder, f"{name}.jsonl") for name in sizes}
        for name, rows in sizes.items():
            write(paths[name], rows, metadata=name == "with metadata")
        command, bare = measure_command(paths.pop("thousand"))
        taken = measure(paths, args.rounds)
    rows_of_table = [("`dataset check`, 1,000 rows", command, "bare python", command / bare, 25.0)]
    for name in ("plain", "with metadata"):
        checked, looped = taken[name, "check"][0], taken[name, "json.loads"][0]
        what = f"`dataset check`, {args.rows:,} rows, {name}"
        rows_of_table.append((what, checked, f"a `json.loads` loop ({looped:.2f} s)", checked / looped, 1.0))
    grown = taken["plain", "check"][0]
    tenth = taken["tenth", "check"][0]
    rows_of_table.append(("the same, plain", grown, f"a tenth of the rows ({tenth:.2f} s)", grown / tenth, 11.0))
    print(timing.table(rows_of_table))
    peak = max(mebibytes for _, mebibytes in taken.values())
    print(f"\nPeak memory {peak:.0f} MiB, at most 150{'' if peak <= 150 else ' **missed**'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
