"""references/ci.md does what it says: its commands, in a fresh checkout of a prepared project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from account_access import use_account
from answers import all_answers
from cli_runs import RunCli, answer
from model_evaluation.kinds.llm_as_judge.localaws.player import seed_demo_world
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
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_kernels: None
) -> None:
    with LocalAws(step_seconds=0.1) as aws:
        use_account(monkeypatch, aws)
        world = seed_demo_world(aws, region=aws.region)
        prepared = tmp_path / "prepared"
        prepared.mkdir()
        answer(run_cli, prepared, all_answers(world, builtin_metrics="Correctness", notebook="script"))
        assert run_cli("render", project=prepared).code == 0
        checkout = tmp_path / "fresh checkout"
        shutil.copytree(prepared, checkout / "evaluation")

        group = world.model_package_arn.rpartition("/")[0].rpartition("/")[2]
        newest = f"{group}/newest"
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        names = {"SKILL": str(ROOT), "PROJECT": "evaluation", "MODEL": newest, "PATH": path}
        quick = block("sh").replace("evaluate run ", "evaluate run -p POLL_SECONDS 0.2 ")
        ended = subprocess.run(
            ["bash", "-c", quick],
            cwd=checkout, env={**os.environ, **names}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 12, ended.stdout + ended.stderr
        assert '"simulated"' in ended.stdout

        # The same commands again, as after a job that was cut off: they attach to the first one's evaluation.
        monkeypatch.chdir(checkout)
        for line in re.findall(r"(?m)^evaluate (.+)$", quick):
            command = shlex.split(line.replace("$MODEL", newest).replace("--gate", "--gate --allow-simulated"))
            last = run_cli(*command, project=checkout / "evaluation")
        assert last.code in (0, 10, 11), last.json
        assert (checkout / "gate.xml").is_file()
        assert (checkout / "gate.md").is_file()
        assert len(aws.calls.of("StartPipelineExecution")) == 1
