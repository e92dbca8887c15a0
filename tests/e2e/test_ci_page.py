"""references/ci.md does what it says: its commands, in a fresh checkout of a prepared project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from answers import all_answers
from cli_runs import RunCli
from model_evaluation.kinds.llm_as_judge.localaws.world import seed_demo_world
from model_evaluation.localaws import LocalAws

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]


def block(language: str) -> str:
    """The page's code block of a language."""
    page = (ROOT / "references" / "ci.md").read_text(encoding="utf-8")
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 1
    return blocks[0]


def steps() -> dict[str, Any]:
    workflow = yaml.safe_load(block("yaml"))
    return {step["name"]: step for step in workflow["jobs"]["evaluate"]["steps"] if "name" in step}


def test_the_workflow_file_runs_what_the_shell_runs() -> None:
    assert steps()["Evaluate"]["run"] == block("sh")


def test_the_workflow_file_installs_what_the_commands_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    words = steps()["Install"]["run"].replace('"', "").split()
    names = {re.split(r"[<>=\[]", word)[0] for word in words}
    assert {re.split(r"[<>=\[]", item)[0] for item in project["dependencies"]} <= names
    assert set(words) & set(project["optional-dependencies"]["demo"]) >= {
        "sagemaker>=3.27,<4", "nbclient>=0.11,<0.12", "ipykernel>=7,<8",
    }  # fmt: skip


def test_the_commands_end_in_the_gates_verdict(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalAws(step_seconds=0.1) as aws:
        for name, value in aws.child_environment().items():
            monkeypatch.setenv(name, value)
        world = seed_demo_world(aws, region=aws.region)
        prepared = tmp_path / "prepared"
        prepared.mkdir()
        for step, value in all_answers(world, builtin_metrics="Correctness", notebook="script").items():
            assert run_cli("answer", step, value, project=prepared).code == 0
        assert run_cli("render", project=prepared).code == 0
        checkout = tmp_path / "fresh checkout"
        shutil.copytree(prepared, checkout / "evaluation")

        def play(script: str) -> subprocess.CompletedProcess[str]:
            path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
            group = world.model_package_arn.rpartition("/")[0].rpartition("/")[2]
            names = {"SKILL": str(ROOT), "PROJECT": "evaluation", "MODEL": f"{group}/newest", "PATH": path}
            environment = {**os.environ, **names}
            return subprocess.run(
                ["bash", "-c", script], cwd=checkout, env=environment, capture_output=True, text=True, check=False
            )

        quick = block("sh").replace("evaluate run ", "evaluate run -p POLL_SECONDS 0.2 ")
        ended = play(quick)
        assert ended.returncode == 12, ended.stdout + ended.stderr
        assert '"simulated"' in ended.stdout
        trial = quick.replace("--gate", "--gate --allow-simulated")
        ended = play(trial)
        assert ended.returncode in (0, 10, 11), ended.stdout + ended.stderr
        assert (checkout / "gate.xml").is_file()
        assert (checkout / "gate.md").is_file()
        assert len(aws.calls.of("StartPipelineExecution")) == 1, "the second run attached to the first one's evaluation"
