"""What only a real kernel, or plain Python, can show: the error cell, a kernel that dies, texts that try to be code."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from e2e.notebook_runs import studio, text_of
from e2e.script_runs import execute_cells
from kernel_environment import kernel_python
from model_evaluation.localaws import Scenario
from unit.notebook.building import build_program

pytestmark = pytest.mark.e2e
HOSTILE = 'it\'s "x" {{ 7*7 }} {% y %} {# z #} 50% \\n'
DENIED = (
    "ClientError: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/EvaluationRole/SageMaker is not "
    "authorized to perform: bedrock:CreateEvaluationJob"
)


def kernel_pid() -> int:
    """The process id of the kernel that this process started."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                command = (entry / "cmdline").read_bytes()
            except (OSError, IndexError):
                continue
            if parent == os.getpid() and b"ipykernel_launcher" in command:
                return int(entry.name)
    raise AssertionError("no kernel is running")


def test_a_step_that_fails_is_named_with_reason_fix_and_log(tmp_path: Path) -> None:
    with studio(tmp_path, scenario=Scenario(fail_step={"EvaluateCustomModelMetrics": DENIED})) as place:
        outcome = place.run()
        assert (outcome.ok, outcome.failed_cell, outcome.ename) == (False, "wait", "EvaluationRunError")
        assert "in step EvaluateCustomModelMetrics" in outcome.evalue
        assert "bedrock:CreateEvaluationJob" in outcome.evalue
        assert "What to do: Allow bedrock:CreateEvaluationJob" in outcome.evalue
        assert "  | [SIMULATED] Training job pipelines-" in outcome.evalue
        assert "Judge scores the fine-tuned model: failed" in text_of(place.executed["wait"])
        (error,) = [o for o in place.executed["wait"]["outputs"] if o["output_type"] == "error"]
        assert "".join(error["traceback"]) == f"EvaluationRunError: {outcome.evalue}"  # no stack of ours
        assert place.executed["results"]["execution_count"] is None


def test_a_kernel_that_dies_while_waiting_loses_nothing(tmp_path: Path) -> None:
    with studio(tmp_path, scenario=Scenario(hold_step="EvaluateBaseInferenceModel")) as place:

        def kill_while_waiting(line: str) -> None:
            if "Base model answers the prompts: executing" in line:  # and it cannot get any further
                os.kill(kernel_pid(), signal.SIGKILL)

        place.on_progress = kill_while_waiting
        outcome = place.run()
        assert (outcome.ok, outcome.failed_cell, outcome.ename) == (False, "wait", "DeadKernelError")
        assert "Kernel died" in text_of(place.executed["wait"])

        place.on_progress = lambda line: None
        place.aws.scenario = Scenario()
        again = place.run()
        assert again.ok, again
        assert place.starts == 1
        assert "Attached to the evaluation" in text_of(place.executed["launch"])


def test_texts_that_look_like_code_arrive_as_they_are(tmp_path: Path) -> None:
    changes = {
        "DATASET": f"s3://acme-data/evaluation/{HOSTILE}.jsonl",
        "S3_OUTPUT": f"s3://acme-data/results/{HOSTILE}",
        "RUN_LABEL": f"{HOSTILE} é😀",
        "MLFLOW_EXPERIMENT": f"{HOSTILE} é😀",
    }
    with studio(tmp_path, **changes) as place:
        printed: list[str] = []
        outcome = execute_cells(
            tmp_path / "evaluation.ipynb", tmp_path / "executed.ipynb", env=place.aws.child_environment(),
            cwd=tmp_path, parameters=None, on_progress=printed.append, timeout=None,
        )  # fmt: skip
        assert outcome.ok, outcome
        assert any("7*7" in line for line in printed)
        assert place.summary["rows"]["paired"] == 12


def test_the_program_runs_with_plain_python_and_its_options(tmp_path: Path) -> None:
    with studio(tmp_path, CUSTOM_METRICS=None) as place:
        program = tmp_path / "evaluation.py"
        program.write_text(build_program(place.parameters), encoding="utf-8")

        def run(*options: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [kernel_python(), str(program), *options],
                cwd=tmp_path,
                env=place.aws.child_environment(),
                capture_output=True,
                text=True,
                timeout=600,
            )

        shown = run("--help")
        assert shown.returncode == 0
        assert "--model-package-arn VALUE" in shown.stdout
        refused = run("--role-arn", "arn:aws:iam::123456789012:role/NotHere", "--dataset-etag", '"0"')
        assert refused.returncode == 1
        assert "has changed since it was confirmed" in refused.stderr
        assert refused.stderr.startswith("CheckError: One check failed")  # without a stack
        assert place.starts == 0

        group = place.parameters["MODEL_PACKAGE_ARN"].split("/")[1]
        done = run("--model-package-arn", f"{group}/newest", "--builtin-metrics", '["Harmfulness"]',
                   "--primary-metric=Harmfulness")  # fmt: skip
        assert done.returncode == 0, done.stderr
        for text in ("SIMULATED", "✓ Credentials", "Evaluation Succeeded", "Harmfulness ↓", "Written to"):
            assert text in done.stdout
        assert place.summary["rows"]["paired"] == 12
        assert list(place.summary["metrics"]) == ["Harmfulness"]
        assert place.summary["models"]["tuned"]["arn"] == place.parameters["MODEL_PACKAGE_ARN"]
        assert place.starts == 1
