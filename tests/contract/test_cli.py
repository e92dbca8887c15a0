"""The envelope, the exit codes, the help: what other programs rely on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli_runs import RunCli
from model_evaluation import cli

ROOT = Path(__file__).parents[2]
EVALUATE = ROOT / "scripts" / "evaluate.py"


def test_status_of_a_new_project_asks_the_first_question(run_cli: RunCli, tmp_path: Path) -> None:
    result = run_cli("status", project=tmp_path)
    assert result.code == 0
    assert result.json["ok"] is True
    assert result.json["command"] == "status"
    assert result.json["step"]["id"] == "task"
    assert {"title", "question", "expects", "example"} <= set(result.json["step"])
    assert result.json["progress"] == {"done": 1, "total": 17}
    assert result.json["known"] == {"evaluation": {"value": "llm_as_judge", "origin": "default"}}
    assert result.json["warnings"] == []
    assert result.json["next"] is None
    assert list(tmp_path.iterdir()) == []


def test_an_answer_says_what_was_recorded_and_what_comes_next(run_cli: RunCli, tmp_path: Path) -> None:
    result = run_cli("answer", "task", "  Answer tickets \n", project=tmp_path)
    assert result.code == 0
    assert result.json["recorded"]["value"] == "Answer tickets"
    assert result.json["recorded"]["origin"] == "user"
    assert result.json["step"]["id"] == "dataset"
    assert result.json["known"]["task"]["value"] == "Answer tickets"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        ([], 2, "usage"),
        (["nonsense"], 2, "usage"),
        (["status", "--what"], 2, "usage"),
        (["answer"], 2, "usage"),
        (["answer", "task"], 2, "usage"),
        (["answer", "task", "a", "--accept"], 2, "usage"),
        (["answer", "nonsense", "x"], 2, "usage"),
        (["revise", "nonsense"], 2, "usage"),
        (["answer", "task", ""], 3, "empty"),
        (["answer", "task", "   \n"], 3, "empty"),
        (["answer", "task", "a\x00b"], 3, "control_character"),
        (["answer", "task", "a\x1b[31mb"], 3, "control_character"),
        (["answer", "task", "a\udcffb"], 3, "invalid_utf8"),
        (["answer", "task", "x" * 10_001], 3, "too_long"),
        (["answer", "task", "@missing-file"], 3, "file_not_found"),
        (["answer", "task", "--accept"], 3, "no_suggestion"),
        (["answer", "confirm", "--accept"], 3, "too_early"),
        (["answer", "data", "ok"], 3, "too_early"),
        (["answer", "terms", "yes"], 3, "too_early"),
        (["answer", "notebook", "new"], 3, "too_early"),
        (["answer", "builtin_metrics", "Correctnes"], 3, "refused"),
        (["answer", "custom_metrics", "missing.json"], 3, "refused"),
        (["answer", "dataset", "s3://bucket/key"], 4, "no_region"),
        (["answer", "model", "anything"], 4, "no_region"),
        (["render"], 3, "too_early"),
        (["run"], 3, "too_early"),
        (["rehearse"], 3, "too_early"),
        (["report"], 3, "no_results"),
        (["report", "--results", "nowhere"], 3, "no_results"),
        (["dataset", "check", "nowhere.jsonl"], 3, "file_not_found"),
        (["dataset", "overlap", "--training", "rows.jsonl"], 2, "usage"),
        (["dataset", "check", "rows.jsonl", "--seed", "0"], 2, "usage"),
        (["metric", "lint", "nowhere.json"], 3, "file_not_found"),
        (["metric", "lint", "nowhere.json", "--judge", "amazon.nova-pro-v1:0", "--yes"], 2, "usage"),
        (["demo", "--json", "--output", os.devnull], 3, "unwritable"),
    ],
)
def test_every_refusal_is_one_object_with_a_fix(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, error: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run_cli(*arguments, project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (code, error)
    assert result.json["ok"] is False
    assert result.json["error"]["message"]
    assert result.json["error"]["fix"]
    assert not (tmp_path / "workflow_state.json").exists()


def test_a_refused_answer_leaves_the_file_byte_for_byte(run_cli: RunCli, tmp_path: Path) -> None:
    run_cli("answer", "task", "x", project=tmp_path)
    before = (tmp_path / "workflow_state.json").read_bytes()
    assert run_cli("answer", "builtin_metrics", "Korrektness", project=tmp_path).code == 3
    assert (tmp_path / "workflow_state.json").read_bytes() == before


def test_a_refused_answer_repeats_its_question(run_cli: RunCli, tmp_path: Path) -> None:
    result = run_cli("answer", "builtin_metrics", "Korrektness", project=tmp_path)
    assert result.json["step"]["id"] == "builtin_metrics"
    assert result.json["error"]["step"] == "builtin_metrics"
    result = run_cli("answer", "builtin_metrics", "@no such file", project=tmp_path)
    assert result.json["error"]["code"] == "file_not_found"
    assert result.json["step"]["id"] == "builtin_metrics"


def test_an_answer_that_came_too_early_leads_to_the_next_question(run_cli: RunCli, tmp_path: Path) -> None:
    result = run_cli("answer", "judge", "x", project=tmp_path)
    assert result.json["error"]["details"]["missing"] == ["region"]
    assert result.json["step"]["id"] == "task"


@pytest.mark.parametrize("value", ["@x", "-", "--help", "-5", "--accept", "@", "$(rm -rf /)", '"""', "{{ 7*7 }}"])
def test_text_takes_any_value_literally(run_cli: RunCli, tmp_path: Path, value: str) -> None:
    assert run_cli("answer", "task", "--text", value, project=tmp_path).json["recorded"]["value"] == value


def test_a_value_is_read_from_a_file_and_from_stdin(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "task.txt").write_text("From ‘a’ file\n", encoding="utf-8-sig")
    result = run_cli("answer", "task", f"@{tmp_path / 'task.txt'}", project=tmp_path)
    assert result.json["recorded"]["value"] == "From ‘a’ file"
    done = subprocess.run(
        [sys.executable, str(EVALUATE), "--project", str(tmp_path), "answer", "task", "-"],
        input="From stdin 🎉\n".encode(), capture_output=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["recorded"]["value"] == "From stdin 🎉"


def test_invalid_utf8_and_a_megabyte_are_refused(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"abc\xff")
    (tmp_path / "big").write_bytes(b"a" * 1_000_000)
    (tmp_path / "huge").write_bytes(b"a" * 5_000_000)
    for name, code in (("bad", "invalid_utf8"), ("big", "too_long"), ("huge", "too_long")):
        for step in ("task", "custom_metrics"):
            result = run_cli("answer", step, f"@{tmp_path / name}", project=tmp_path)
            assert (result.code, result.json["error"]["code"]) == (3, code)


def test_revise_keeps_the_other_answers_and_suggests_the_old_one(run_cli: RunCli, tmp_path: Path) -> None:
    for step, value in (("task", "x"), ("custom_metrics", "none"), ("builtin_metrics", "Correctness,Completeness")):
        run_cli("answer", step, value, project=tmp_path)
    run_cli("answer", "primary_metric", "Correctness", project=tmp_path)
    result = run_cli("revise", "builtin_metrics", project=tmp_path)
    assert result.json["reopened"] == ["builtin_metrics", "primary_metric"]
    assert set(result.json["known"]) == {"evaluation", "task", "custom_metrics"}
    result = run_cli("answer", "builtin_metrics", "--accept", project=tmp_path)
    assert result.json["recorded"]["value"] == ["Correctness", "Completeness"]


def test_revising_twice_changes_nothing_more(run_cli: RunCli, tmp_path: Path) -> None:
    run_cli("answer", "task", "x", project=tmp_path)
    run_cli("revise", "task", project=tmp_path)
    before = (tmp_path / "workflow_state.json").read_bytes()
    assert run_cli("revise", "task", project=tmp_path).json["reopened"] == []
    assert (tmp_path / "workflow_state.json").read_bytes() == before


def test_one_metric_decides_without_a_question(run_cli: RunCli, tmp_path: Path) -> None:
    run_cli("answer", "custom_metrics", "none", project=tmp_path)
    result = run_cli("answer", "builtin_metrics", "Correctness", project=tmp_path)
    assert result.json["known"]["primary_metric"]["value"] == "Correctness"
    assert result.json["known"]["primary_metric"]["origin"] == "default"


@pytest.mark.parametrize(
    "value", ["professional style and tone", "Builtin.ProfessionalStyleAndTone", "PROFESSIONAL-STYLE_and tone"]
)
def test_the_metric_that_decides_may_be_spelt_as_the_list_of_metrics(
    run_cli: RunCli, tmp_path: Path, value: str
) -> None:
    run_cli("answer", "custom_metrics", "none", project=tmp_path)
    run_cli("answer", "builtin_metrics", "correctness, professional style and tone", project=tmp_path)
    result = run_cli("answer", "primary_metric", value, project=tmp_path)
    assert result.json["recorded"]["value"] == "ProfessionalStyleAndTone"


def test_at_least_one_metric_is_needed(run_cli: RunCli, tmp_path: Path) -> None:
    run_cli("answer", "custom_metrics", "none", project=tmp_path)
    result = run_cli("answer", "builtin_metrics", "none", project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (3, "no_metric")


def test_another_tools_file_gives_suggestions(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "workflow_state.json").write_text(
        json.dumps({"task": "Answer tickets", "model_package_group_name": "tickets", "judge_model": "x"})
    )
    assert run_cli("status", project=tmp_path).json["step"]["suggested"] == "Answer tickets"
    result = run_cli("answer", "task", "--accept", project=tmp_path)
    assert result.json["recorded"]["value"] == "Answer tickets"
    assert json.loads((tmp_path / "workflow_state.json").read_text())["judge_model"] == "x"


def test_a_damaged_state_is_exit_5_and_kept(run_cli: RunCli, tmp_path: Path) -> None:
    run_cli("answer", "task", "x", project=tmp_path)
    path = tmp_path / "workflow_state.json"
    path.write_bytes(path.read_bytes()[:-10])
    damaged = path.read_bytes()
    for command in (["status"], ["answer", "task", "y"], ["revise", "task"], ["render"], ["preflight"]):
        result = run_cli(*command, project=tmp_path)
        assert (result.code, result.json["error"]["code"]) == (5, "state_damaged")
    assert path.read_bytes() == damaged
    assert json.loads((tmp_path / "workflow_state.last-good.json").read_text())["answers"]["task"]["value"] == "x"


def test_answers_at_the_same_moment_are_both_kept(tmp_path: Path) -> None:
    answers = {"task": "x", "custom_metrics": "none", "builtin_metrics": "Correctness"}
    running = [
        subprocess.Popen(
            [sys.executable, str(EVALUATE), "--project", str(tmp_path), "answer", step, value],
            stdout=subprocess.PIPE,
        )
        for step, value in answers.items()
    ]
    assert [json.loads(process.communicate()[0])["ok"] for process in running] == [True, True, True]
    document = json.loads((tmp_path / "workflow_state.json").read_text())
    assert set(answers) <= set(document["answers"])


def test_a_project_that_is_no_folder_is_usage(run_cli: RunCli, tmp_path: Path) -> None:
    result = run_cli("status", project=tmp_path / "missing")
    assert (result.code, result.json["error"]["code"]) == (2, "usage")


@pytest.mark.parametrize("command", cli.GROUPS)
def test_every_command_has_help_with_an_example(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main([command, "--help"]) == 0
    text = capfd.readouterr().out
    assert re.search(r"\nexample:\n  evaluate\.py .*\b" + command, text), text


def test_the_main_help_names_every_command_and_exit_code(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    text = capfd.readouterr().out
    assert all(f"\n  {command}" in text for command in cli.GROUPS)
    for code in (0, 1, 2, 3, 4, 5, 10, 11, 12):
        assert re.search(rf"\b{code}  \w", text)


@pytest.mark.parametrize(
    "words",
    [
        ("dataset", "check", "--deep", "FILE"),
        ("dataset", "--deep", "check", "FILE"),
        ("dataset", "check", "FILE", "--deep", "--max-rows", "9"),
        ("metric", "lint", "--project", ".", "FILE"),
        ("answer", "--text", "Answer questions about tickets", "task"),
        ("answer", "task", "--text", "Answer questions about tickets"),
    ],
    ids=" ".join,
)
def test_options_stand_anywhere(run_cli: RunCli, tmp_path: Path, words: tuple[str, ...]) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"query": "Where is my order?", "response": "On its way."}\n', encoding="utf-8")
    result = run_cli(*[word.replace("FILE", str(file)) for word in words], project=tmp_path)
    assert result.code != 2, result.json
    if words[0] == "dataset":
        assert result.json["profile"]["looked_through"] == 1


@pytest.mark.parametrize("words", [("--yes", "FILE", "s3://"), ("FILE", "--yes", "s3://"), ("FILE", "s3://", "--yes")])
def test_an_upload_takes_its_yes_anywhere(run_cli: RunCli, tmp_path: Path, words: tuple[str, ...]) -> None:
    file = str(tmp_path / "rows.jsonl")
    result = run_cli("dataset", "upload", *[word.replace("FILE", file) for word in words], project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (3, "file_not_found")


def test_our_own_fault_is_exit_1_with_the_trace_on_stderr(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from model_evaluation import state

    def broken(project: str) -> None:
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr(state, "load", broken)
    result = run_cli("status", project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (1, "bug")
    assert "surprise" in result.stderr


def test_a_missing_dependency_names_the_command(tmp_path: Path) -> None:
    """A Python without the package, as on a machine where nothing was installed."""
    program = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == sys.argv[2]:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from model_evaluation.cli import main\n"
        "sys.exit(main(['--project', sys.argv[3], *sys.argv[4:]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "scripts"), "boto3", str(tmp_path), "answer", "model", "x"],
        capture_output=True, check=False,
    )  # fmt: skip
    body = json.loads(done.stdout)
    assert (done.returncode, body["error"]["code"]) == (2, "missing_dependency")
    assert "-m pip install" in body["error"]["fix"]
    assert "boto3" in body["error"]["fix"]


def test_it_starts_from_any_folder_also_through_a_path_with_spaces(tmp_path: Path) -> None:
    link = tmp_path / "a folder with spaces"
    link.symlink_to(ROOT, target_is_directory=True)
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    for program in (link / "scripts" / "evaluate.py", EVALUATE):
        done = subprocess.run(
            [sys.executable, str(program), "--project", str(elsewhere), "status"],
            cwd=elsewhere, capture_output=True, check=True, env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert json.loads(done.stdout)["ok"] is True


def test_status_loads_nothing_heavy(tmp_path: Path) -> None:
    """Start-up is a feature; what costs it is kept out by name."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from model_evaluation.cli import main; main(['--project', sys.argv[2], 'status'])\n"
        "print(' '.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(ROOT / "scripts"), str(tmp_path)], capture_output=True, check=True
    )
    loaded = set(done.stderr.decode().split())
    heavy = {"boto3", "botocore", "jinja2", "nbformat", "jsonschema", "msgspec", "numpy", "sagemaker", "socket"}
    assert loaded.isdisjoint(heavy), loaded & heavy


def test_free_text_keeps_its_quotes(run_cli: RunCli, tmp_path: Path) -> None:
    assert run_cli("answer", "task", '"Answer"', project=tmp_path).json["recorded"]["value"] == '"Answer"'


def test_nothing_in_quotes_is_an_empty_answer(run_cli: RunCli, tmp_path: Path) -> None:
    assert run_cli("answer", "dataset", '""', project=tmp_path).json["error"]["code"] == "empty"


def test_a_list_of_quoted_names_is_no_quoted_name(run_cli: RunCli, tmp_path: Path) -> None:
    run_cli("answer", "custom_metrics", "none", project=tmp_path)
    result = run_cli("answer", "builtin_metrics", '"Correctness","Coherence"', project=tmp_path)
    assert result.json["recorded"]["value"] == ["Correctness", "Coherence"]


def test_numbers_for_metrics_are_quoted_back(run_cli: RunCli, tmp_path: Path) -> None:
    run_cli("answer", "custom_metrics", "none", project=tmp_path)
    assert "'1,2'" in run_cli("answer", "builtin_metrics", "1,2", project=tmp_path).json["error"]["message"]
