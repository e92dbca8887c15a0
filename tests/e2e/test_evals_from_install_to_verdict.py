"""As a new user would: install the skill, talk through the installed copy, run the notebook, read the verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.checks import faults
from evals.conversation import Stage, load_evals
from evals.reference_assistant import ReferenceAssistant
from model_evaluation.kinds.llm_as_judge.localaws.player import seed_demo_world
from model_evaluation.localaws import LocalAws

pytestmark = pytest.mark.e2e
CHECKOUT = Path(__file__).parents[2] / "scripts" / "evaluate.py"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with LocalAws(step_seconds=0.2) as aws:
        yield Stage(aws, seed_demo_world(aws, region="us-west-2"), tmp_path)


def test_from_installing_to_the_verdict(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / ".claude").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)

    def command(program: Path, *arguments: str, cwd: Path) -> tuple[int, dict[str, Any]]:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            [sys.executable, str(program), *arguments], cwd=cwd, env=env, capture_output=True, check=False
        )
        body: dict[str, Any] = json.loads(done.stdout)
        return done.returncode, body

    code, installed = command(CHECKOUT, "install", cwd=tmp_path)
    assert code == 0, installed
    assert installed["client"] == "claude"
    skill = Path(installed["path"])

    (item,) = load_evals(stage.world, "knows-everything")
    project = stage.prepare(item)

    def run(arguments: list[str]) -> tuple[int, dict[str, Any]]:
        return command(skill / "scripts" / "evaluate.py", "--project", str(project), *arguments, cwd=project)

    played = stage.play(item, project, ReferenceAssistant(run, skill, project))
    assert faults(item, played) == []
    assert len(played.turns) <= 5

    with stage.environment({}):
        code, body = run(["run", "-p", "POLL_SECONDS", "0.2"])
        assert code == 0, body
        code, report = run(["report"])
    assert code == 0, report
    assert report["simulated"] is True
    assert report["verdict"]["decision"]
    assert report["verdict"]["sentence"]
    assert Path(report["files"]["report.html"]).is_file()

    code, body = command(CHECKOUT, "uninstall", cwd=tmp_path)
    assert code == 0, body
    assert not skill.exists()
