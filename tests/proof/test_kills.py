"""Fifty random moments between the first launch call and the end; leaves kills.md beside this file."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

from e2e.kill_trials import Moment, Trial, play
from e2e.script_runs import Bench, workshop

TRIALS = 50
SEED = 20261120
STEP_SECONDS = 0.15
TABLE = Path(__file__).with_name("kills.md")


def draw_moment(rng: random.Random, calls: int, launch_calls: int, seconds: float) -> Moment:
    """Two in five within the launch, two in five at any call of the run, one in five by the clock alone."""
    kind = rng.randrange(5)
    if kind == 4:
        return Moment(0, "clock", rng.uniform(0, seconds))
    number = rng.randrange(launch_calls if kind < 2 else calls)
    return Moment(number, rng.choice(("before", "effect", "after")), rng.uniform(0, 0.05))


def reference_run(bench: Bench) -> tuple[int, int, float]:
    """Calls from the intent to the end, those of them that belong to the launch, and the seconds this takes."""
    seen: list[str] = []
    began: list[float] = []

    def watch(call: object, moment: str) -> None:
        if moment == "arrived" and any(bench.launches.glob("*.json")):
            began.append(time.monotonic())
            seen.append(call.operation)  # type: ignore[attr-defined]

    bench.aws.calls.observer = watch
    outcome = bench.run()
    ended = time.monotonic()
    bench.aws.calls.observer = lambda call, moment: None
    assert outcome.ok, outcome
    return len(seen), seen.index("DescribePipelineDefinitionForExecution") + 1, ended - began[0]


def test_after_any_kill_there_is_one_execution_and_the_results_are_complete(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    trials: list[Trial] = []
    with workshop(step_seconds=STEP_SECONDS) as shop:

        def fresh_bench() -> Bench:
            folder = tmp_path / f"trial-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return shop.bench(folder)

        calls, launch_calls, seconds = reference_run(fresh_bench())
        while len(trials) < TRIALS:
            kills = rng.choice((1, 1, 2))
            trial = play(fresh_bench(), [draw_moment(rng, calls, launch_calls, seconds) for _ in range(kills)])
            if trial.killed:
                trials.append(trial)
    TABLE.write_text(table(trials, launch_calls, calls), encoding="utf-8")
    assert all(trial.kept_its_promise for trial in trials), [t for t in trials if not t.kept_its_promise]


def table(trials: Sequence[Trial], launch_calls: int, calls: int) -> str:
    rows = [
        f"| {number} | {'; then '.join(trial.killed)} | {trial.found_by or 'was not there yet'} | {trial.starts} | "
        f"{len(trial.executions)} | {trial.paired_rows} of 12 | {len(trial.changes) if trial.existed else '-'} |"
        for number, trial in enumerate(trials, 1)
    ]
    kept = sum(trial.kept_its_promise for trial in trials)
    return (
        f"""# Killed and run again

SIMULATED: local AWS, the real SDK. The notebook's process is killed (SIGKILL) at a random moment between the intent
to start and the end of the run, some of them twice, and then run again. One run makes {launch_calls} calls while
launching and {calls} in all. Kept: exactly one execution in AWS, complete results, no finished work done again.
**{kept} of {len(trials)} trials kept.** Seed {SEED}; `make proof` makes this table anew.

Columns: how the last run found the execution that was there; calls of StartPipelineExecution in all runs (one whose
process was killed before it took effect counts); executions in AWS; rows with both scores; changing calls the last
run made although the execution was there.

| trial | killed | found by | start calls | executions | rows | repeated |
|---:|---|---|---:|---:|---:|---:|
"""
        + "\n".join(rows)
        + "\n"
    )
