"""What waiting costs: calls per poll, memory over 10,000 polls, and what a run resumed after a kill does again."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from e2e.kill_trials import Moment, play  # noqa: E402
from e2e.script_runs import Workshop, workshop  # noqa: E402
from model_evaluation.localaws import Scenario  # noqa: E402
from model_evaluation.runtime.display import ProgressView  # noqa: E402
from model_evaluation.runtime.launch.waiting import wait_for_evaluation  # noqa: E402
from model_evaluation.runtime.session import connect  # noqa: E402
from model_evaluation.runtime.settings import EvaluationSettings  # noqa: E402
from unit.runtime.fake_sagemaker import ARN, Clock, FakeSageMaker, clients, settings_with, step  # noqa: E402

POLLS, FULL = 10_000, 3_000  # by poll FULL the progress log, which is bounded, is full
REAL_POLLS = 200


class Enough(Exception):
    """Ends a wait that would go on."""


def memory_over_many_polls() -> tuple[float, float]:
    """Bytes a poll leaves behind once the progress log is full, and microseconds it takes, AWS's time apart."""
    sagemaker = FakeSageMaker(("Executing", [step("EvaluateBaseModelMetrics", "Executing")]))
    clock = Clock()
    polls, sizes, began = 0, [0, 0], 0.0

    def count() -> None:
        nonlocal polls, began
        polls += 1
        sagemaker.calls.clear()
        clock.naps.clear()
        if polls == FULL:
            sizes[0], began = tracemalloc.get_traced_memory()[0], time.perf_counter()
        if polls == POLLS:
            sizes[1] = tracemalloc.get_traced_memory()[0]
            raise Enough

    clock.on_sleep = count
    tracemalloc.start()
    with contextlib.suppress(Enough):
        wait_for_evaluation(
            ARN + "x",
            settings_with(TIMEOUT_MINUTES=None),
            clients(sagemaker),
            clock=clock,
            now=clock.now,
            sleep=clock.sleep,
            view=ProgressView(jupyter=False, out=lambda line: None),
        )
    seconds = time.perf_counter() - began
    tracemalloc.stop()
    measured = POLLS - FULL
    return (sizes[1] - sizes[0]) / measured, 1e6 * seconds / measured


def calls_per_poll(shop: Workshop, folder: Path) -> Counter[str]:
    """Calls that real clients make in REAL_POLLS polls of a run that does not end, by operation."""
    bench = shop.bench(folder, scenario=Scenario(hold_step="CustomModelMetrics"), TIMEOUT_MINUTES=0.03)
    outcome = bench.run()
    assert outcome.ename == "WaitError", outcome
    settings = EvaluationSettings.from_parameters(bench.parameters | {"TIMEOUT_MINUTES": None})
    (execution,) = (e.arn for e in shop.aws.cloud.player.executions.values() if not e.over)
    polls = 0

    def count(_: float) -> None:
        nonlocal polls
        polls += 1
        if polls == REAL_POLLS:
            raise Enough

    before = len(shop.aws.calls)
    with contextlib.suppress(Enough):
        wait_for_evaluation(
            execution, settings, connect(settings), sleep=count, view=ProgressView(jupyter=False, out=lambda line: None)
        )
    return Counter(call.operation for call in shop.aws.calls[before:])


def main() -> None:
    left_behind, microseconds = memory_over_many_polls()
    rows = [
        ("memory left behind per poll, over 10,000 polls", f"{left_behind:.2f} bytes", "1 byte", left_behind < 1),
        ("our own time per poll", f"{microseconds:.0f} µs", "", True),
    ]
    with tempfile.TemporaryDirectory() as name, workshop() as shop:
        os.environ.update(shop.aws.env)
        for part in ("polls", "killed"):
            (Path(name) / part).mkdir()
        calls = calls_per_poll(shop, Path(name) / "polls")
        for operation in ("DescribePipelineExecution", "ListPipelineExecutionSteps"):
            share = calls.pop(operation) / REAL_POLLS
            rows.append((f"{operation} per poll", f"{share:.2f}", "1", share <= 1))
        others = sum(calls.values())
        rows.append(("other calls in 200 polls (the dataset's rows are counted once)", str(others), "1", others <= 1))
        trial = play(shop.bench(Path(name) / "killed"), [Moment("ListPipelineExecutionSteps", "effect")])
        changes = len(trial.changes)
        rows.append(("changing calls of a run resumed after a kill", str(changes), "0", changes == 0))
        rows.append(
            ("executions after kill and resumption", str(len(trial.executions)), "1", len(trial.executions) == 1)
        )
    print("| what | measured | at most |\n|---|---:|---:|")
    for what, measured, goal, met in rows:
        print(f"| {what} | {measured} | {goal} |{'' if met else ' **missed**'}")


if __name__ == "__main__":
    main()
