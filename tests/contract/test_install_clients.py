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
from model_evaluation.installing import folder as folder_module
from model_evaluation.installing.clients import ALL, CLIENTS
from model_evaluation.installing.folder import source_files

ROOT = Path(__file__).parents[2]
USER = {
    "claude": ".claude/skills",
    "codex": ".agents/skills",
    "gemini": ".gemini/skills",
    "kiro": ".kiro/skills",
    "agents": ".agents/skills",
}


@pytest.fixture
def clean_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    for client in ALL.values():
        monkeypatch.delenv(client.variable or "", raising=False)
    return folder


@pytest.fixture
def home(clean_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clean home where an install copies two of the skill's files: how many there are makes no difference."""
    few = {name: path for name, path in source_files().items() if name in ("SKILL.md", "scripts/evaluate.py")}
    monkeypatch.setattr(folder_module, "source_files", lambda: few)
    return clean_home


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
def test_each_client_gets_its_copy_in_its_folder(
    run_cli: RunCli, home: Path, project: Path, client: str, scope: str
) -> None:
    result = run_cli("install", "--client", client, "--scope", scope, project=project)
    assert result.code == 0, result.json
    skill = (home if scope == "user" else project) / USER[client] / "model-evaluation"
    assert result.json["path"] == str(skill)
    assert result.json["action"] == "installed"
    assert result.json["version"] == __version__
    assert (skill / "SKILL.md").is_file()
    result = run_cli("uninstall", "--client", client, "--scope", scope, project=project)
    assert result.code == 0, result.json
    assert not skill.exists()
    assert list(skill.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("client", "variable", "skills"),
    [
        ("claude", "CLAUDE_CONFIG_DIR", "skills"),
        ("gemini", "GEMINI_CLI_HOME", ".gemini/skills"),
        ("kiro", "KIRO_HOME", "skills"),
        ("copilot", "COPILOT_HOME", "skills"),  # it reads nothing else then
    ],
)
def test_a_variable_that_moves_an_assistants_folder_is_followed(
    run_cli: RunCli, home: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    client: str, variable: str, skills: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere" / ".gemini").mkdir(parents=True)
    result = run_cli("install", project=project)
    assert (result.json["client"], result.json["path"]) == (
        client,
        str(tmp_path / "elsewhere" / skills / "model-evaluation"),
    )
    assert list(home.iterdir()) == []
    assert run_cli("uninstall", project=project).json["client"] == client


@pytest.mark.parametrize(
    ("variable", "sign", "client"),
    [("CODEX_HOME", ".", "codex"), ("XDG_CONFIG_HOME", "opencode", "agents"), ("XDG_CONFIG_HOME", "goose", "agents")],
)
def test_a_moved_assistant_is_found_and_still_reads_the_shared_folder(
    run_cli: RunCli, home: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    variable: str, sign: str, client: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere" / sign).mkdir(parents=True)
    result = run_cli("install", project=project)
    assert (result.json["client"], result.json["path"]) == (client, str(home / ".agents/skills/model-evaluation"))


@pytest.mark.parametrize(
    ("sign", "label"),
    [
        (".cursor", "Cursor"),
        (".copilot", "GitHub Copilot"),
        (".config/opencode", "opencode"),
        (".config/goose", "goose"),
    ],
)
def test_assistants_that_agents_serves_are_found_and_told(
    run_cli: RunCli, home: Path, project: Path, sign: str, label: str
) -> None:
    (home / sign).mkdir(parents=True)
    result = run_cli("install", project=project)
    assert (result.json["client"], result.json["path"]) == ("agents", str(home / ".agents/skills/model-evaluation"))
    assert label in result.json["serves"]
    assert label in result.json["next_step"]


@pytest.mark.parametrize(
    ("sign", "label"),
    [
        (".cursor", "Cursor"),
        (".github/copilot-instructions.md", "GitHub Copilot"),
        (".opencode", "opencode"),
        (".goose", "goose"),
    ],
)
def test_a_projects_assistants_are_found_in_the_project(
    run_cli: RunCli, home: Path, project: Path, sign: str, label: str
) -> None:
    (project / sign).mkdir(parents=True)
    result = run_cli("install", "--scope", "project", project=project)
    assert result.json["path"] == str(project / ".agents/skills/model-evaluation")
    assert label in result.json["serves"]
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("name", ["cursor", "copilot", "opencode", "goose"])
def test_an_assistant_that_agents_serves_can_be_named(run_cli: RunCli, home: Path, project: Path, name: str) -> None:
    result = run_cli("install", "--client", name, project=project)
    assert result.json["path"] == str(home / ".agents/skills/model-evaluation")


def older_copy(folder: Path, version: str | None) -> Path:
    """A copy of the skill as an older install, or (``None``) somebody's own hand, left it."""
    skill = folder / "model-evaluation"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("---\nname: model-evaluation\n---\n")
    if version is not None:
        marker = {"name": "model-evaluation", "version": version, "files": {}}
        (skill / ".installed.json").write_text(json.dumps(marker))
    return skill


@pytest.mark.parametrize(
    ("client", "other", "reader"),
    [
        ("gemini", ".agents/skills", "Gemini CLI"),
        ("agents", ".gemini/skills", "Gemini CLI"),
        ("gemini", ".gemini/extensions/model-evaluation/skills", "Gemini CLI"),
        ("agents", ".claude/skills", "opencode"),
        ("claude", ".agents/skills", "Cursor"),
        ("codex", ".codex/skills", "Codex"),
        ("agents", ".config/goose/skills", "goose"),
    ],
)
def test_a_copy_that_shadows_or_is_shadowed_is_named_with_its_version(
    run_cli: RunCli, home: Path, project: Path, client: str, other: str, reader: str
) -> None:
    skill = older_copy(home / other, "0.0.7")
    result = run_cli("install", "--client", client, project=project)
    (copy,) = result.json["other_copies"]
    assert (copy["path"], copy["version"]) == (str(skill), "0.0.7")
    assert reader in copy["readers"]
    (warning,) = result.json["warnings"]
    assert str(skill) in warning["message"]
    assert "0.0.7" in warning["message"]
    assert run_cli("uninstall", "--client", client, project=project).json["other_copies"] == [copy]


def test_copies_of_this_user_and_of_the_project_shadow_each_other(run_cli: RunCli, home: Path, project: Path) -> None:
    skill = older_copy(project / ".claude/skills", "0.0.7")
    result = run_cli("install", "--client", "claude", project=project)
    assert [(copy["path"], copy["readers"]) for copy in result.json["other_copies"]] == [
        (str(skill), ["Claude Code", "Cursor", "opencode", "goose"])
    ]


def test_a_copy_that_no_install_made_is_named_too(run_cli: RunCli, home: Path, project: Path) -> None:
    older_copy(home / ".agents/skills", None)
    (copy,) = run_cli("install", "--client", "gemini", project=project).json["other_copies"]
    assert copy["version"] == "unknown"


def test_a_checkout_among_the_skills_is_named_with_its_version(run_cli: RunCli, home: Path, project: Path) -> None:
    (home / ".agents/skills").mkdir(parents=True)
    (home / ".agents/skills/model-evaluation").symlink_to(ROOT, target_is_directory=True)
    (copy,) = run_cli("install", "--client", "gemini", project=project).json["other_copies"]
    assert copy["version"] == __version__


def test_copies_that_no_assistant_reads_together_are_no_matter(run_cli: RunCli, home: Path, project: Path) -> None:
    older_copy(home / ".kiro/skills", "0.0.7")
    assert "other_copies" not in run_cli("install", "--client", "gemini", project=project).json


def test_a_link_to_the_same_copy_is_no_other_copy(run_cli: RunCli, home: Path, project: Path) -> None:
    (home / ".gemini").mkdir()
    (home / ".agents/skills").mkdir(parents=True)
    (home / ".gemini/skills").symlink_to(home / ".agents/skills", target_is_directory=True)
    assert "other_copies" not in run_cli("install", "--client", "agents", project=project).json


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
    wheel: Path, run_cli: RunCli, clean_home: Path, project: Path
) -> None:
    run_cli("install", "--client", "claude", project=project)
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from model_evaluation.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, str(wheel), "--project", str(project), "install", "--client", "gemini"],
        env={**os.environ, "PYTHONPATH": ""}, capture_output=True, check=False,
    )  # fmt: skip
    body = json.loads(done.stdout)
    assert body["ok"], body
    copies = [clean_home / folder / "model-evaluation" for folder in (".claude/skills", ".gemini/skills")]
    markers = [json.loads((copy / ".installed.json").read_text()) for copy in copies]
    assert markers[0] == markers[1]
    assert status_of(copies[1], project)["step"]["id"] == "task"


def test_the_extension_is_the_same_from_the_checkout_and_from_a_wheel(
    wheel: Path, run_cli: RunCli, project: Path, tmp_path: Path
) -> None:
    body = run_cli("install", "--extension", str(tmp_path / "one of these"), project=project).json
    assert (body["ok"], body["version"]) == (True, __version__)
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from model_evaluation.cli import main; sys.exit(main())"
    subprocess.run(
        [sys.executable, "-B", "-c", program, str(wheel), "install", "--extension", str(tmp_path / "two")],
        env={**os.environ, "PYTHONPATH": ""}, cwd=project, capture_output=True, check=True,
    )  # fmt: skip
    one, two = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "one of these", tmp_path / "two")
    )
    assert one == two
    assert status_of(Path(body["path"]), project)["step"]["id"] == "task"
    refused = run_cli("install", "--extension", str(tmp_path / "two"), "--client", "gemini", project=project)
    assert refused.code == 2


def test_an_installed_copy_can_install_further(run_cli: RunCli, clean_home: Path, project: Path) -> None:
    skill = Path(run_cli("install", "--client", "claude", project=project).json["path"])
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for client, code in (("kiro", None), ("claude", "same_folder")):
        done = subprocess.run(
            [sys.executable, "-B", str(skill / "scripts" / "evaluate.py"), "install", "--client", client],
            env=env, cwd=project, capture_output=True, check=False,
        )  # fmt: skip
        assert json.loads(done.stdout).get("error", {}).get("code") == code
    assert status_of(clean_home / ".kiro" / "skills" / "model-evaluation", project)["ok"]
