"""The wizard's loop, wording and completion, without a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from answers import recorded
from model_evaluation import cli
from model_evaluation.commands.workflow.wizard import session
from model_evaluation.json_types import Question
from model_evaluation.wizard import layout
from model_evaluation.wizard.terminal import AnswerCompleter


class Scripted:
    """A Screen that types prepared lines; an exception class among them is raised. At their end, Ctrl-D."""

    width = 100

    def __init__(self, *lines: str | type[BaseException]) -> None:
        self.lines = list(lines)
        self.said: list[str] = []
        self.asked: list[str | None] = []

    def say(self, text: str, style: str = "") -> None:
        self.said.append(text)

    def ask(self, step: Question | None, steps: Sequence[str]) -> str:
        self.asked.append(step["id"] if step else None)
        line = self.lines.pop(0) if self.lines else EOFError
        if isinstance(line, str):
            return line
        raise line

    @property
    def text(self) -> str:
        return "\n".join(self.said)


def talk(project: Path, *lines: str | type[BaseException]) -> tuple[int, Scripted]:
    screen = Scripted(*lines)
    return session(str(project), screen).run(), screen


def test_answers_are_recorded_and_leaving_keeps_them(tmp_path: Path) -> None:
    code, screen = talk(tmp_path, "Sort mail")
    assert code == 0
    assert recorded(tmp_path) == {"task": "Sort mail"}
    assert screen.asked == ["task", "dataset"]
    assert "Everything answered so far is kept" in screen.text


def test_ctrl_c_leaves_with_130(tmp_path: Path) -> None:
    assert talk(tmp_path, KeyboardInterrupt)[0] == 130
    assert list(tmp_path.iterdir()) == []


def test_empty_lines_ask_again(tmp_path: Path) -> None:
    _, screen = talk(tmp_path, "", "   ", "Sort mail")
    assert screen.asked == ["task", "task", "task", "dataset"]


def test_help_and_quit_are_no_answers_also_without_the_colon(tmp_path: Path) -> None:
    _, screen = talk(tmp_path, "?", "Help", "Sort mail", "quit", "never asked")
    assert screen.asked == ["task", "task", "task", "dataset"]


def test_a_refusal_is_told_and_the_question_stays(tmp_path: Path) -> None:
    _, screen = talk(tmp_path, "a\x00b", "x")
    assert "control character U+0000" in screen.text
    assert recorded(tmp_path) == {"task": "x"}


def test_aws_troubles_do_not_end_the_session(tmp_path: Path) -> None:
    code, screen = talk(tmp_path, "x", "s3://bucket/key.jsonl")
    assert code == 0
    assert "region" in screen.text
    assert screen.asked == ["task", "dataset", "dataset"]


def test_a_lookup_that_is_interrupted_records_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model_evaluation.wizard import session as module

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "give_answer", interrupted)
    code, screen = talk(tmp_path, "x")
    assert code == 0
    assert "Stopped; nothing was recorded." in screen.text
    assert list(tmp_path.iterdir()) == []


def test_an_answer_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "task.txt").write_text("From a file\n")
    talk(tmp_path, f"@{tmp_path / 'task.txt'}")
    assert recorded(tmp_path) == {"task": "From a file"}
    _, screen = talk(tmp_path, f"@{tmp_path / 'missing'}")
    assert "cannot be read" in screen.text


def test_back_reopens_the_last_own_answer_in_the_order_of_the_questions(tmp_path: Path) -> None:
    _, screen = talk(
        tmp_path, ":answer custom_metrics none", ":answer builtin_metrics Correctness", "x", ":back", "", ":status"
    )
    # primary_metric was settled, not answered, and lies behind dataset: not what `back` means here
    assert screen.asked == ["task", "task", "task", "dataset", "task", "dataset", "dataset"]
    assert set(recorded(tmp_path)) == {"task", "custom_metrics", "builtin_metrics", "primary_metric"}


def test_an_unknown_step_is_told(tmp_path: Path) -> None:
    _, screen = talk(tmp_path, ":revise nonsense", ":answer nonsense x")
    assert screen.text.count("'nonsense' is not a step") == 2


def test_the_reference_is_shown_on_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model_evaluation.wizard import session as module

    (tmp_path / "rows.md").write_text("Read this when rows are refused.\n\nOne object per line.\n")
    monkeypatch.setattr(module, "resource", lambda name: tmp_path / "rows.md")
    _, screen = talk(tmp_path, "x", ":help")
    assert "One object per line." in screen.text
    assert "Read this when" not in screen.text


def test_a_missing_reference_does_not_end_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model_evaluation.wizard import session as module

    monkeypatch.setattr(module, "resource", lambda name: tmp_path / "missing.md")
    _, screen = talk(tmp_path, "x", ":help")
    assert screen.asked == ["task", "dataset", "dataset"]
    assert "cannot be shown" in screen.text


def test_a_workflow_in_a_folder_below_is_pointed_out(tmp_path: Path) -> None:
    project = tmp_path / "tickets"
    project.mkdir()
    talk(project, "Sort mail")
    text = talk(tmp_path)[1].text
    assert f"--project {project} wizard" in " ".join(text.split())
    assert "holds a workflow_state.json" not in talk(project)[1].text


def test_the_endpoint_is_called_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SIMULATED" not in talk(tmp_path)[1].text
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    assert "SIMULATED" in talk(tmp_path)[1].text


# -- layout --------------------------------------------------------------------------------------------------


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert layout.plain("a\x1b[31mb\x07\x9bc\r\nd\te") == "a\ufffd[31mb\ufffd\ufffdc\ufffd\nd\te"
    shown = layout.choices([{"value": "x\x1b]0;y\x07", "label": "z\x08"}], 80) + layout.wrapped("q\x1b[2J", 80)
    assert not any(char < " " and char != "\n" for char in shown)


def test_columns_keep_their_lines_and_prose_is_wrapped() -> None:
    line = "Model   " + "m" * 120
    assert layout.wrapped(line, 80) == f"  {line}"
    assert all(len(row) <= 40 for row in layout.wrapped("word " * 40, 40).splitlines())
    assert layout.wrapped("", 80) == ""


def test_a_choice_says_value_label_and_note_once() -> None:
    items = [
        {"value": "Correctness", "label": "Correctness: is it right", "note": "suggested"},
        {"value": "ok", "label": "Use it"},
        {"value": "bare", "label": ""},
    ]
    assert layout.choices(items, 80).splitlines() == [
        "   1. Correctness: is it right (suggested)",
        "   2. ok: Use it",
        "   3. bare",
    ]


def test_what_was_defined_at_length_is_shown_by_its_name() -> None:
    definition = {"definition": {"name": "Polite", "instructions": "Long text."}}
    answers = {"own": {"value": [definition, {"name": "Firm"}, "Short"], "origin": "user"}, "none": {"value": []}}
    assert layout.known(answers, 80).splitlines() == ["  own   Polite, Firm, Short", "  none  none"]


def test_sample_rows_are_shown_as_text() -> None:
    shown = layout.rows(
        [{"line": 1, "prompt": "a\n\x1b[31m  b", "reference": "c"}, {"line": 60, "prompt": "d", "reference": None}], 80
    )
    assert shown.splitlines() == ["    line 1: a \ufffd[31m b", "        = c", "    line 60: d"]


@pytest.mark.parametrize(
    ("fix", "shown"),
    [
        ("Answer it: evaluate.py answer role auto", "Answer it: :answer role auto"),
        ("evaluate.py revise terms", ":revise terms"),
        ("evaluate.py rehearse", "evaluate.py rehearse"),
    ],
)
def test_fixes_name_the_wizards_own_words(fix: str, shown: str) -> None:
    assert layout.for_terminal(fix) == shown


# -- completion ----------------------------------------------------------------------------------------------


STEPS = ["task", "dataset", "data", "quality"]
SHAPES: list[dict[str, str]] = [
    {"value": "Round", "label": "no corners"},
    {"value": "Rough", "label": "no smooth face"},
]


def completed(text: str, choices: Sequence[dict[str, str]] = (), project: Path = Path()) -> list[str]:
    step = Question(id="quality", title="", question="", expects="", example="", choices=list(choices))
    completions = AnswerCompleter(step, STEPS, str(project)).get_completions(
        Document(text), CompleteEvent(completion_requested=True)
    )
    return [text[: len(text) + item.start_position] + item.text for item in completions]


def test_choices_complete_from_any_part_of_them() -> None:
    assert completed("", SHAPES) == ["Round", "Rough"]
    assert completed("oug", SHAPES) == ["Rough"]
    assert completed("zebra", SHAPES) == []


def test_each_item_of_a_list_completes_on_its_own() -> None:
    assert completed("Round, rou", SHAPES) == ["Round, Round", "Round, Rough"]
    assert completed("Round,", SHAPES) == ["Round,Round", "Round,Rough"]
    assert completed("a, b", [{"value": "a, b, c"}]) == ["a, b, c"]


def test_the_wizards_words_and_steps_complete() -> None:
    assert completed(":he") == [":help"]
    assert completed(":answer da") == [":answer dataset", ":answer data"]
    assert completed(":answer data o") == []


def test_files_complete_as_an_answer_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "metrics.json").write_text("[]")
    (tmp_path / "metaphor.txt").touch()
    monkeypatch.chdir(tmp_path)
    assert completed("met", project=tmp_path / "project") == ["metrics.json"]  # an answer's file is sought there
    assert completed("@met", project=tmp_path / "project") == ["@metaphor.txt"]  # what @ names, here
    assert completed(f"{tmp_path}/me", project=tmp_path / "project") == [f"{tmp_path}/metaphor.txt"]
    assert completed("", project=tmp_path / "project") == []


# -- the command ---------------------------------------------------------------------------------------------


def test_it_needs_a_terminal(run_cli: Any, tmp_path: Path) -> None:
    result = run_cli("wizard", project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (2, "usage")
    assert "wizard" in cli.TEXT_COMMANDS
