"""How fast a whole dataset is checked, against a bare loop of ``json.loads`` over the same file.

Makes its file (1,000,000 rows, about 650 MB) in a temporary folder, runs every case in its own process,
in turn over several rounds, and prints the fastest round of each (other processes can only slow one down), the
ratios of the same run, and which measures are met. Seconds are processor time, as every case uses one core; only
where a server or a whole command is waited for they are wall-clock time.

    python bench/bench_dataset.py --rows 100000
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import timing

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does; for every case

OBJECT_URI = "s3://bench.rows/rows.jsonl"

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


def write_flat(path: Path, rows: int) -> None:
    """Rows of query, response, system and category, no prompt twice."""
    rng = random.Random(3)
    queries = [json.dumps(_text(rng, 26), ensure_ascii=False)[1:-1] for _ in range(POOL)]
    responses = [json.dumps(_text(rng, 32), ensure_ascii=False)[1:-1] for _ in range(POOL)]
    with path.open("w", encoding="utf-8") as file:
        for i in range(rows):
            file.write(
                f'{{"query": "{queries[rng.randrange(POOL)]} {i}?", "response": "{responses[rng.randrange(POOL)]}",'
                f' "system": "{SYSTEMS[i % 3]}", "category": "{CATEGORIES[i * 7 % 8]}"}}\n'
            )


def write_chat(path: Path, rows: int) -> None:
    """The same texts as conversations."""
    rng = random.Random(4)
    texts = [_text(rng, 26) for _ in range(POOL)]
    with path.open("w", encoding="utf-8") as file:
        for i in range(rows):
            said = ("system", SYSTEMS[i % 3]), ("user", f"{texts[i % POOL]} {i}"), ("assistant", texts[i * 3 % POOL])
            row = {"messages": [{"role": role, "content": text} for role, text in said]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_only(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def json_loop_text(path: Path) -> None:
    with path.open(encoding="utf-8") as file:
        for line in file:
            json.loads(line)


def json_loop_bytes(path: Path) -> None:
    with path.open("rb") as file:
        for line in file:
            json.loads(line)


def decode_only(path: Path) -> None:
    """The floor of any reader that makes Python's texts: typed decoding of whole blocks, and no check at all."""
    import msgspec

    from model_evaluation.dataset.lines import line_blocks, read_chunks

    fields = ("query", "response", "system", "category", "messages")
    row_type = msgspec.defstruct("Row", [(name, Any, None) for name in fields], gc=False)
    decoder = msgspec.json.Decoder(row_type)
    for block in line_blocks(read_chunks(path)):
        decoder.decode_lines(block.data)


def check(path: Path, **options: bool) -> None:
    from model_evaluation.dataset import check_stream, read_chunks

    report = check_stream(read_chunks(path), source=path.name, row_limit=None, **options)
    assert report.usable, report.findings
    assert report.profile["complete"]


def check_without_guard(path: Path) -> None:
    check(path, duplicate_keys=False)


def check_without_rows(path: Path) -> None:
    check(path, duplicate_rows=False)


def check_deep(path: Path) -> None:
    from model_evaluation.dataset import check_stream, read_chunks

    check_stream(read_chunks(path), source=path.name, deep=True, row_limit=None)


def _object() -> tuple[Any, Any]:
    from model_evaluation.lookups.s3.objects import head_object, parse_s3_uri
    from model_evaluation.lookups.session import Aws

    aws = Aws("us-west-2")
    return aws, head_object(aws, parse_s3_uri(OBJECT_URI))


def stream_object(_path: Path) -> float:
    from model_evaluation.lookups.s3.object_stream import read_chunks

    aws, item = _object()
    started = time.perf_counter()
    assert sum(map(len, read_chunks(aws, item))) == item.size
    return time.perf_counter() - started


def check_object(_path: Path) -> float:
    from model_evaluation.dataset import check_stream
    from model_evaluation.lookups.s3.object_stream import read_chunks

    aws, item = _object()
    started = time.perf_counter()
    report = check_stream(read_chunks(aws, item), source=str(item.uri), row_limit=None)
    assert report.usable, report.findings
    assert report.profile["bytes"] == item.size
    return time.perf_counter() - started


CASES: dict[str, Callable[[Path], float | None]] = {
    "read only": read_only,
    "json.loads per line (text)": json_loop_text,
    "json.loads per line (bytes)": json_loop_bytes,
    "typed decoding, no checks": decode_only,
    "check": check,
    "check, no duplicate-key guard": check_without_guard,
    "check, no duplicate rows": check_without_rows,
    "check, deep": check_deep,
    "S3, only streamed": stream_object,
    "S3, checked": check_object,
}
FLAT = [name for name in CASES if name != "check, deep" and not name.startswith("S3")]
FROM_S3 = [name for name in CASES if name.startswith("S3")]


def run_case(name: str, path: Path) -> tuple[float, float]:
    """Seconds (of the processor, if the case does not time itself), and peak memory of the process in MiB."""
    command = [sys.executable, __file__, "--case", name, "--file", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, mebibytes = json.loads(done.stdout)
    return seconds, mebibytes


def measure(names: Iterable[str], path: Path, rounds: int) -> dict[str, tuple[float, float]]:
    """Fastest of the rounds, and peak memory; within a round every case runs once, so that drift hits all alike."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in taken:
            taken[name].append(run_case(name, path))
    return {name: (min(s for s, _ in runs), max(m for _, m in runs)) for name, runs in taken.items()}


def show(title: str, results: dict[str, tuple[float, float]], rows: int, size: int) -> None:
    base = results["json.loads per line (text)"][0]
    print(f"\n{title}: {rows:,} rows, {size / 1e6:,.0f} MB")
    print(f"{'case':32}{'CPU s':>8}{'ns/row':>9}{'MB/s':>8}{'x json':>8}{'MiB':>7}")
    for name, (seconds, mebibytes) in results.items():
        row = f"{name:32}{seconds:8.2f}{seconds / rows * 1e9:9.0f}{size / seconds / 1e6:8.0f}"
        print(f"{row}{base / seconds:8.2f}{mebibytes:7.0f}")


@contextmanager
def served(path: Path, megabytes_per_second: int) -> Iterator[None]:
    """The file as an S3 object behind a TLS server of its own process; boto3 is told where."""
    with tempfile.TemporaryDirectory() as folder:
        rate = str(megabytes_per_second * 1e6)
        command = [sys.executable, str(HERE / "object_server.py"), str(path), folder, rate]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert server.stdin is not None
        assert server.stdout is not None
        os.environ |= {
            "AWS_ENDPOINT_URL_S3": f"https://localhost:{int(server.stdout.readline())}",
            "AWS_CA_BUNDLE": f"{folder}/ca.pem",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        }
        try:
            yield
        finally:
            server.stdin.close()
            server.wait()


def measure_s3(path: Path, rounds: int) -> float:
    """Prints what streaming and checking take at several rates; how many times longer checking took at 300 MB/s."""
    print(f"\nfrom S3 over TLS: {path.stat().st_size / 1e6:,.0f} MB, wall-clock seconds")
    print(f"{'server':16}{'streamed':>10}{'MB/s':>7}{'checked':>10}{'MB/s':>7}{'ratio':>8}{'MiB':>7}")
    ratio = 0.0
    for rate in (0, 100, 300):
        with served(path, rate):
            (streamed, _), (checked, mebibytes) = measure(FROM_S3, path, rounds).values()
        ratio = checked / streamed
        speeds = [path.stat().st_size / 1e6 / seconds for seconds in (streamed, checked)]
        row = f"{f'{rate} MB/s' if rate else 'no limit':16}{streamed:10.2f}{speeds[0]:7.0f}{checked:10.2f}"
        print(f"{row}{speeds[1]:7.0f}{ratio:8.2f}{mebibytes:7.0f}")
    return ratio


def measure_command(path: Path) -> float:
    """How many times the bare interpreter's start the whole command takes."""
    command = [sys.executable, str(HERE.parent / "scripts" / "evaluate.py"), "dataset", "check", str(path)]
    taken = timing.measure({"bare": [sys.executable, "-c", "pass"], "command": command}, rounds=9)
    print(f"\n1,000 rows: `dataset check` {1000 * taken['command']:.0f} ms, bare {1000 * taken['bare']:.1f} ms")
    return taken["command"] / taken["bare"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--case", choices=list(CASES), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.case:
        importlib.import_module("model_evaluation.dataset.fastpath")  # the whole command is measured on its own
        importlib.import_module("model_evaluation.dataset.check")
        started = time.process_time()
        seconds = CASES[args.case](args.file)
        if seconds is None:
            seconds = time.process_time() - started
        print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        names = ("flat", "tenth", "chat", "small", "thousand")
        flat, tenth, chat, small, thousand = (Path(folder, f"{name}.jsonl") for name in names)
        write_flat(flat, args.rows)
        write_flat(tenth, args.rows // 10)
        write_chat(chat, args.rows // 10)
        write_flat(small, max(1, args.rows // 100))
        write_flat(thousand, 1000)
        results = measure(FLAT, flat, args.rounds)
        show("query, response, system, category", results, args.rows, flat.stat().st_size)
        show("messages", measure(FLAT, chat, args.rounds), args.rows // 10, chat.stat().st_size)
        deep = measure(["json.loads per line (text)", "check, deep"], small, args.rounds)
        show("deep", deep, max(1, args.rows // 100), small.stat().st_size)
        s3_ratio = measure_s3(flat, args.rounds)
        starts = measure_command(thousand)
        grown = results["check"][0] / measure(["check"], tenth, args.rounds)["check"][0]
    base = results["json.loads per line (text)"][0]
    measures = [
        ("all checks, times a json.loads loop", base / results["check"][0], ">=", 1.8),
        ("without the guard, times json.loads", base / results["check, no duplicate-key guard"][0], ">=", 3.5),
        ("peak memory, MiB", results["check"][1], "<=", 150.0),
        ("the same without duplicate rows, MiB", results["check, no duplicate rows"][1], "<=", 64.0),
        ("10 times the rows, times the time", grown, "<=", 11.0),
        ("from S3 at 300 MB/s, times streaming", s3_ratio, "<=", 1.1),
        ("1,000 rows, times a bare start", starts, "<=", 25.0),
    ]
    print()
    for what, value, sign, limit in measures:
        met = value >= limit if sign == ">=" else value <= limit
        print(f"{what:40}{value:8.2f}   {sign} {limit:<6} {'met' if met else 'NOT MET'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
