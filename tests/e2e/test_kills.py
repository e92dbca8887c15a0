"""Killed at the moments that matter most; `make proof` does it at fifty random ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from e2e.kill_trials import Moment, attempts, play
from e2e.script_runs import Bench

pytestmark = pytest.mark.e2e
NewBench = Callable[..., Bench]


@pytest.mark.parametrize(
    ("moments", "found_by"),
    [
        ([Moment("StartPipelineExecution", "before")], ""),
        ([Moment("StartPipelineExecution", "effect")], "its name"),
        ([Moment("DescribePipelineDefinitionForExecution", "before"), Moment("GetObject", "effect")], "its record"),
        ([Moment("ListPipelineExecutionSteps", "effect")], "its record"),
        ([Moment("", "export")], "its record"),
    ],
    ids=[
        "before the start",
        "start unanswered",
        "before reading back, then while reading results",
        "waiting",
        "exporting",
    ],
)
def test_after_a_kill_there_is_one_execution_and_the_results_are_complete(
    new_bench: NewBench, moments: list[Moment], found_by: str
) -> None:
    bench = new_bench()
    trial = play(bench, moments)
    assert len(trial.killed) == len(moments)
    assert trial.kept_its_promise, trial
    assert trial.found_by == found_by
    assert trial.starts == 1 if trial.existed else trial.starts == 2
    assert [attempt["outcome"] for attempt in attempts(bench)][-1] is None
