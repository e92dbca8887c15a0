"""Whole processes against one another: interleaved rounds, medians, ratios to the baseline of the same run."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence


def measure(
    commands: Mapping[str, Sequence[str]], *, rounds: int, env: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Median wall-clock seconds of each command, after one warm-up round. A command that fails raises."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for round_number in range(rounds + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            done = subprocess.run(command, env=env, capture_output=True, check=False)
            elapsed = time.perf_counter() - began
            if done.returncode:
                raise SystemExit(f"{name} failed: {done.stdout.decode()[-500:]} {done.stderr.decode()[-500:]}")
            if round_number:
                seconds[name].append(elapsed)
    return {name: statistics.median(values) for name, values in seconds.items()}


def table(rows: Sequence[tuple[str, float, str, float, float]]) -> str:
    """Markdown: what, milliseconds, baseline, ratio, goal."""
    lines = ["| what | ms | compared with | ratio | at most |", "|---|---:|---|---:|---:|"]
    lines += [
        f"| {name} | {1000 * value:.1f} | {baseline} | {ratio:.2f} | {goal:g} |{'' if ratio <= goal else ' **missed**'}"
        for name, value, baseline, ratio, goal in rows
    ]
    return "\n".join(lines)
