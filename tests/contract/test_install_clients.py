"""install and uninstall as commands: each assistant's folders in a clean home, from a checkout and from a wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

from cli_runs import RunCli
from model_evaluation import __version__
from model_evaluation.installing import CLIENTS

ROOT = Path(__file__).parents[2]
USER = {
    "claude": ".claude/skills",
    "codex": ".agents/skills",
    "gemini": ".gemini/skills",
    "kiro": ".kiro/skills",
    "agents": ".agents/skills",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def status_of(skill: Path, project: Path) -> dict[str, Any]:
    """What the installed copy itself answers, run from another folder."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-B", str(skill / "scripts" / "evaluate.py"), "--project", str(project), "status"],
        env=env, cwd=project, capture_output=True, check=True,
    )  # fmt: skip
    body: dict[str, Any] = json.loads(done.stdout)
    return body


@pytest.mark.parametrize("scope", ["user", "project"])
@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_gets_a_working_copy_in_its_folder(
    run_cli: RunCli, home: Path, project: Path, client: str, scope: str
) -> None:
    result = run_cli("install", "--client", client, "--scope", scope, project=project)
    assert result.code == 0, result.json
    skill = (home if scope == "user" else project) / USER[client] / "model-evaluation"
    assert result.json["path"] == str(skill)
    assert result.json["action"] == "installed"
    assert result.json["version"] == __version__
    assert status_of(skill, project)["step"]["id"] == "task"
    result = run_cli("uninstall", "--client", client, "--scope", scope, project=project)
    assert result.code == 0, result.json
    assert not skill.exists()
    assert list(skill.parent.iterdir()) == []


def test_claudes_own_variable_moves_its_folder(
    run_cli: RunCli, home: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "elsewhere"))
    result = run_cli("install", "--client", "claude", project=project)
    assert result.json["path"] == str(tmp_path / "elsewhere" / "skills" / "model-evaluation")
    assert list(home.iterdir()) == []


def test_the_only_assistant_found_is_taken(run_cli: RunCli, home: Path, project: Path) -> None:
    (home / ".kiro").mkdir()
    assert run_cli("install", project=project).json["client"] == "kiro"
    assert run_cli("uninstall", project=project).json["client"] == "kiro"


def test_assistants_that_share_a_folder_are_no_question(run_cli: RunCli, home: Path, project: Path) -> None:
    (home / ".codex").mkdir()
    (home / ".agents").mkdir()
    result = run_cli("install", project=project)
    assert (result.code, result.json["path"]) == (0, str(home / ".agents/skills/model-evaluation"))


def test_none_or_several_assistants_are_a_question(run_cli: RunCli, home: Path, project: Path) -> None:
    result = run_cli("install", project=project)
    assert (result.code, result.json["error"]["code"]) == (3, "which_client")
    assert set(result.json["error"]["details"]["clients"]) == set(CLIENTS)
    (home / ".claude").mkdir()
    (home / ".gemini").mkdir()
    result = run_cli("install", project=project)
    assert set(result.json["error"]["details"]["clients"]) == {"claude", "gemini"}
    assert not list(home.rglob("SKILL.md"))
    assert run_cli("uninstall", project=project).json["error"]["code"] == "which_client"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as an installed wheel: the folder that would be site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    built = next(iter(WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])))
    site = folder / "site-packages"
    zipfile.ZipFile(built).extractall(site)
    return site


def test_a_wheel_installs_the_same_skill_as_the_checkout(
    wheel: Path, run_cli: RunCli, home: Path, project: Path
) -> None:
    run_cli("install", "--client", "claude", project=project)
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from model_evaluation.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, str(wheel), "--project", str(project), "install", "--client", "gemini"],
        env={**os.environ, "PYTHONPATH": ""}, capture_output=True, check=False,
    )  # fmt: skip
    body = json.loads(done.stdout)
    assert body["ok"], body
    copies = [home / folder / "model-evaluation" for folder in (".claude/skills", ".gemini/skills")]
    markers = [json.loads((copy / ".installed.json").read_text()) for copy in copies]
    assert markers[0] == markers[1]
    assert status_of(copies[1], project)["step"]["id"] == "task"


def test_an_installed_copy_can_install_further(run_cli: RunCli, home: Path, project: Path) -> None:
    skill = Path(run_cli("install", "--client", "claude", project=project).json["path"])
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for client, code in (("kiro", None), ("claude", "same_folder")):
        done = subprocess.run(
            [sys.executable, "-B", str(skill / "scripts" / "evaluate.py"), "install", "--client", client],
            env=env, cwd=project, capture_output=True, check=False,
        )  # fmt: skip
        assert json.loads(done.stdout).get("error", {}).get("code") == code
    assert status_of(home / ".kiro" / "skills" / "model-evaluation", project)["ok"]
