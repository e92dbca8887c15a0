"""Assistants that hold it wrong: unquoted values, several answers at once, out of order, in parallel, elsewhere."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cli_runs import RunCli
from model_evaluation.kinds.llm_as_judge.kind import KIND

ROOT = Path(__file__).parents[2]
EVALUATE = ROOT / "scripts" / "evaluate.py"


def files(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    return {path.name: path.read_bytes() for path in found}


@pytest.mark.parametrize(
    "arguments",
    [
        ["answer", "task", "Answer", "support", "tickets"],
        ["answer", "task", "it's", "mine"],
        ["answer", "task", "x", "dataset", "s3://bucket/rows.jsonl"],
        ["answer", "task Answer tickets"],
        ["answer", "task=Answer tickets"],
        ["answer", "--step", "task", "x"],
        ["task", "Answer tickets"],
        ["status", "answer", "task", "x"],
    ],
)
def test_a_command_line_that_is_wrong_is_usage_and_changes_nothing(
    run_cli: RunCli, tmp_path: Path, arguments: list[str]
) -> None:
    run_cli("answer", "task", "kept", project=tmp_path)
    before = files(tmp_path)
    result = run_cli(*arguments, project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (2, "usage")
    assert result.json["error"]["fix"]
    assert files(tmp_path) == before


def test_an_unquoted_value_comes_back_quoted_ready_to_paste(run_cli: RunCli, tmp_path: Path) -> None:
    result = run_cli("answer", "task", "don't", "say", "$HOME", project=tmp_path)
    fix = result.json["error"]["fix"]
    command = shlex.split(fix.partition(": ")[2])
    assert command == ["evaluate.py", "answer", "task", "don't say $HOME"]
    assert run_cli(*command[1:], project=tmp_path).json["recorded"]["value"] == "don't say $HOME"


def test_several_answers_at_once_come_back_as_one_command_each(run_cli: RunCli, tmp_path: Path) -> None:
    given = ["task", "don't lie", "builtin_metrics", "Correctness, Coherence", "custom_metrics", "none"]
    fix = run_cli("answer", *given, project=tmp_path).json["error"]["fix"]
    commands = [shlex.split(command) for command in fix.partition(": ")[2].split(" ; ")]
    assert [command[2:] for command in commands] == [given[:2], given[2:4], given[4:]]
    for command in commands:
        assert run_cli(*command[1:], project=tmp_path).code == 0


def test_any_order_of_what_needs_no_lookup_leads_to_the_same_answers(run_cli: RunCli, tmp_path: Path) -> None:
    answers = [("task", "x"), ("custom_metrics", "none"), ("builtin_metrics", "Correctness,Coherence")]
    documents = []
    for name, order in (("forward", answers), ("backward", answers[::-1])):
        project = tmp_path / name
        project.mkdir()
        for step, value in order:
            assert run_cli("answer", step, value, project=project).code == 0
        known = run_cli("status", project=project).json["known"]
        documents.append({step: entry["value"] for step, entry in known.items()})
    assert documents[0] == documents[1]


def test_two_assistants_at_once_answer_the_same_question_and_one_answer_stands(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, str(EVALUATE), "--project", str(tmp_path), "answer", "task", f"answer {number}"],
            stdout=subprocess.PIPE,
        )
        for number in range(4)
    ]
    bodies = [json.loads(process.communicate()[0]) for process in running]
    assert all(body["ok"] for body in bodies)
    stands = json.loads((tmp_path / "workflow_state.json").read_text())["answers"]["task"]["value"]
    assert stands in {f"answer {number}" for number in range(4)}


def test_answers_to_different_questions_at_once_all_stand(tmp_path: Path) -> None:
    answers = {"task": "x", "custom_metrics": "none", "builtin_metrics": "Correctness,Coherence"}
    running = [
        subprocess.Popen(
            [sys.executable, str(EVALUATE), "--project", str(tmp_path), "answer", step, value], stdout=subprocess.PIPE
        )
        for step, value in answers.items()
    ]
    assert all(json.loads(process.communicate()[0])["ok"] for process in running)
    document = json.loads((tmp_path / "workflow_state.json").read_text())
    assert set(document["answers"]) == {"evaluation", *answers}


@pytest.mark.parametrize("step", KIND.steps)
def test_any_question_may_be_answered_first_and_is_recorded_or_refused_with_a_way_out(
    run_cli: RunCli, tmp_path: Path, step: str
) -> None:
    """Without a region: what needs a lookup says so, what rests on other answers names the first of them."""
    result = run_cli("answer", step, "yes", project=tmp_path)
    if KIND.steps[step]:
        assert (result.code, result.json["error"]["code"]) == (3, "too_early")
        assert result.json["error"]["details"]["missing"] == list(KIND.steps[step])
    if result.code:
        assert result.code in (3, 4)
        assert result.json["error"]["fix"]
        assert result.json["step"]["id"] in (step, "task")
        assert files(tmp_path) == {}
    assert run_cli("status", project=tmp_path).json["step"]["id"] == "task"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["revise", "judge"], None),
        (["preflight"], "preflight_failed"),
        (["render"], "too_early"),
        (["run"], "too_early"),
        (["rehearse"], "too_early"),
        (["report"], "no_results"),
        (["stop", "--yes"], "nothing_to_stop"),
        (["runs"], None),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_command_that_comes_too_soon_says_what_is_missing_and_writes_nothing(
    run_cli: RunCli, tmp_path: Path, command: list[str], code: str | None
) -> None:
    run_cli("answer", "task", "kept", project=tmp_path)
    before = files(tmp_path)
    result = run_cli(*command, project=tmp_path)
    assert result.json.get("error", {}).get("code") == code, result.json
    assert result.code == (3 if code else 0)
    assert files(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == []


def test_status_in_a_folder_beside_the_workflow_says_where_it_is(run_cli: RunCli, tmp_path: Path) -> None:
    project = tmp_path / "my tickets"
    deeper = project / "notebooks" / "results"
    deeper.mkdir(parents=True)
    run_cli("answer", "task", "x", project=project)
    for folder in (tmp_path, deeper):
        before = files(folder)
        (warning,) = run_cli("status", project=folder).json["warnings"]
        assert warning["kind"] == "workflow_elsewhere"
        assert str(project) in warning["message"]
        command = shlex.split(warning["fix"].partition(": ")[2])
        assert command == ["evaluate.py", "--project", str(project), "status"]
        assert files(folder) == before
    assert run_cli("status", project=project).json["warnings"] == []
    assert run_cli(*command[3:], project=project).json["known"]["task"]["value"] == "x"


def test_a_state_file_that_was_deleted_can_be_brought_back(run_cli: RunCli, tmp_path: Path) -> None:
    project = tmp_path / "my tickets"
    project.mkdir()
    run_cli("answer", "task", "x", project=project)
    (project / "workflow_state.json").unlink()
    (warning,) = run_cli("status", project=project).json["warnings"]
    assert warning["kind"] == "workflow_gone"
    subprocess.run(shlex.split(warning["fix"].partition(": ")[2].partition(" - ")[0]), check=True)
    status = run_cli("status", project=project).json
    assert status["known"]["task"]["value"] == "x"
    assert status["warnings"] == []


def test_status_elsewhere_names_a_few_folders_only(run_cli: RunCli, tmp_path: Path) -> None:
    above, here = tmp_path / "above", tmp_path / "above" / "here"
    for folder in (above, *(here / name for name in "abcde")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "workflow_state.json").write_text("{}")
    warnings = run_cli("status", project=here).json["warnings"]
    assert [shlex.split(warning["fix"])[-2] for warning in warnings] == [str(above), str(here / "a"), str(here / "b")]


def test_from_another_folder_the_project_counts_and_not_the_folder(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "else where"
    project.mkdir()
    elsewhere.mkdir()
    for arguments in (["--project", str(project), "answer", "task", "x"], ["status", "--project", "../project"]):
        done = subprocess.run(
            [sys.executable, str(EVALUATE), *arguments], cwd=elsewhere, capture_output=True, check=True
        )
        assert json.loads(done.stdout)["known"]["task"]["value"] == "x"
    assert list(elsewhere.iterdir()) == []
