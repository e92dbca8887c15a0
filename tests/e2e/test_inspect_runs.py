"""Evaluations with Inspect through the unmodified SDK: a notebook in a kernel, the real inspect_ai package behind it,
runs that fail, kills, and logs that are brought along."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.kill_trials import Killer, Moment
from e2e.script_runs import Bench, Workshop, run_twice, workshop
from inspect_parameters import PARAMETERS
from model_evaluation.kinds.inspect_ai.kind import KIND
from model_evaluation.kinds.inspect_ai.localaws import container
from model_evaluation.kinds.inspect_ai.localaws.container import InspectRun, inspect_python
from model_evaluation.kinds.inspect_ai.runtime.settings import InspectSettings
from model_evaluation.localaws import Scenario
from trouble import Trouble

pytestmark = pytest.mark.e2e

STEADY = InspectRun(skill=(("v3", 0.9), ("v2", 0.4)), failing=0.0, cut=0.0)


@pytest.fixture(scope="module")
def opened() -> Iterator[Workshop]:
    assert inspect_python() is not None, "make inspect"
    with workshop(kind=KIND, parameters=PARAMETERS) as found:
        yield found


@pytest.fixture
def new_bench(opened: Workshop, tmp_path: Path) -> Callable[..., Bench]:
    def make(run: InspectRun = STEADY, **changes: Any) -> Bench:
        return opened.bench(tmp_path, scenario=Scenario().with_part(run), **changes)

    return make


def check(summary: dict[str, Any], name: str) -> dict[str, Any]:
    return next(check for check in summary["fairness"]["checks"] if check["id"] == name)


def test_running_again_attaches(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench()
    printed = run_twice(bench, runs=2)
    summary = bench.summary
    assert (summary["kind"], summary["simulated"], summary["scope"]) == ("inspect_ai", True, "compare")
    assert summary["rows"] == {"dataset": 24, "tuned": 24, "base": 24, "paired": 24, "distinct": 12}
    assert summary["metrics"]["includes"]["difference"]["mean"] > 0
    assert summary["conditions"]["epochs"] == 2
    assert check(summary, "same_settings")["status"] == "pass"
    label = bench.parameters["RUN_LABEL"]
    assert f"inspect view --log-dir s3://acme-data/evaluation-results/{label}-" in printed


def test_errors_missing_samples_and_another_order(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(InspectRun(STEADY.skill, failing=0.0, cut=0.4, absent=0.3, absent_for="v2"))
    assert bench.run().ok
    rows = bench.summary["rows"]
    assert rows["tuned"] == 24 > rows["base"] == rows["paired"] > 0
    assert check(bench.summary, "same_rows")["status"] in ("warn", "fail")
    assert check(bench.summary, "cut_off")["status"] == "warn"


def test_a_run_that_inspect_calls_failed_is_read_all_the_same(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(InspectRun(STEADY.skill, failing=0.4, cut=0.0))
    outcome = bench.run()
    assert outcome.ok, outcome.evalue
    assert "Failed" in bench.executions
    failed = check(bench.summary, "failed_samples")
    assert failed["counts"]["candidate"] > 2
    assert failed["at_most"] == "inconclusive"
    assert bench.summary["verdict"]["decision"] in ("inconclusive", "invalid")
    assert any("ended as" in text for text in bench.summary["warnings"])


def test_after_kills_at_both_starts_there_is_one_execution_of_each_model(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench()
    assert Killer(bench, Moment("StartPipelineExecution", "effect")).run().killed
    assert Killer(bench, Moment("StartPipelineExecution", "effect")).run().killed  # that of the reference
    assert bench.run().ok
    assert bench.executions == ["Succeeded", "Succeeded"]
    assert bench.summary["rows"]["paired"] == 24


def test_somebody_else_s_configuration_is_noticed(new_bench: Callable[..., Bench]) -> None:
    """The definition says next to nothing: the configuration that its step reads is compared."""
    bench = new_bench(REFERENCE=None)
    config = "inspectai-config/"
    bench.aws.scenario = Trouble(foreign_update={config: "somebody-elses-config/"}, foreign_updates=1).with_part(STEADY)
    outcome = bench.run()
    assert "StartPipelineExecution" in {call.operation for call in bench.aws.calls}
    assert not outcome.ok or "Somebody else started" in outcome.printed
    assert bench.executions != ["Succeeded"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"MODEL": {"endpoint": "nothing"}}, "Model"),
        ({"MODEL": {"endpoint": "fernway-assistant-v4"}}, "is Creating"),
        ({"MODEL": {"bedrock": "us.amazon.nothing-v1:0"}}, "Model"),
        ({"BENCHMARKS": "s3://acme-data/nothing/"}, "Tasks"),
        ({"BENCHMARKS_DIGEST": "0" * 32}, "have changed"),
        ({"HUB_MODEL": "nothing"}, "Hub model"),
    ],
)
def test_what_is_not_there_stops_the_notebook_before_anything_starts(
    new_bench: Callable[..., Bench], changes: dict[str, Any], words: str
) -> None:
    bench = new_bench(**changes)
    outcome = bench.run()
    assert not outcome.ok
    assert words in outcome.printed
    assert bench.executions == []


def test_without_the_package_the_run_says_how_to_get_it(
    new_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "inspect_python", lambda: None)
    bench = new_bench(REFERENCE=None)
    outcome = bench.run()
    assert not outcome.ok
    assert "pip install 'inspect-ai>=0.3.220,<0.4'" in outcome.evalue


def test_the_flags_are_ones_that_inspect_itself_takes() -> None:
    python = inspect_python()
    assert python is not None
    flags = InspectSettings.from_parameters(PARAMETERS).extra_args
    program = (
        "import sys; from inspect_ai._cli.eval import eval_command as e; "
        "p = e.make_context('eval', ['t.py', *sys.argv[1:]]).params; print(p['fail_on_error'], p['continue_on_fail'])"
    )
    done = subprocess.run([python, "-c", program, *flags], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0.1", "True"]
