"""How quick preflight is when every answer of AWS takes 40 ms.

Local AWS runs in a process of its own. The longest chain is the slowest check run alone: its calls need one another,
so nothing could make preflight quicker than that. Both include making the clients.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_commands import EVALUATE, SCRIPTS, answer_everything, local_aws

ROUNDS = 9
LATENCY_MS = 40
TIMES_THE_CHAIN = 3.0
SECONDS = 5.0


def once(document: dict[str, Any], only: set[str] | None = None) -> tuple[float, list[dict[str, Any]]]:
    """One preflight with clients of its own; seconds and entries."""
    from model_evaluation.conversation.context import Context
    from model_evaluation.preflight import run_preflight

    began = time.perf_counter()
    entries = run_preflight(Context(".", document, now="2026-11-20T00:00:00+00:00"), only)
    return time.perf_counter() - began, entries


def main() -> None:
    sys.path.insert(0, str(SCRIPTS))
    with tempfile.TemporaryDirectory() as project, local_aws(0) as fast, local_aws(LATENCY_MS) as slow:
        env = answer_everything(project, fast)
        document = json.loads((Path(project) / "workflow_state.json").read_text(encoding="utf-8"))
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(slow)
        _, entries = once(document)  # warms up imports
        ids = list(dict.fromkeys(entry["id"].partition(".")[0] for entry in entries))
        alone = {check: statistics.median(once(document, {check})[0] for _ in range(3)) for check in ids}
        slowest = max(alone, key=lambda check: alone[check])
        pairs = [(once(document, {slowest})[0], once(document)[0]) for _ in range(ROUNDS)]
        chain, whole = (statistics.median(values) for values in zip(*pairs, strict=True))
        command = [sys.executable, EVALUATE, "--project", project, "preflight"]
        commands = []
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run(command, env={**env, **slow}, capture_output=True, check=True)
            commands.append(time.perf_counter() - began)
    ratio = whole / chain
    print(f"Preflight, {len(entries)} findings of {len(ids)} checks, every answer held {LATENCY_MS} ms\n")
    print("| what | ms | at most |\n|---|---:|---|")
    print(f"| the longest chain: `{slowest}` alone | {1000 * chain:.0f} | |")
    print(f"| all checks | {1000 * whole:.0f} | {1000 * SECONDS:.0f} |")
    print(f"| all checks / longest chain | {ratio:.2f} | {TIMES_THE_CHAIN:g} |")
    print(f"| `evaluate.py preflight`, the whole command | {1000 * statistics.median(commands):.0f} | |")
    print(f"| all checks one after another | {1000 * sum(alone.values()):.0f} | |")
    if ratio >= TIMES_THE_CHAIN or whole >= SECONDS:
        raise SystemExit("missed")


if __name__ == "__main__":
    main()
