"""What a project knows of its launches: the notebook's records, the state file, and each from the other."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from model_evaluation import state
from model_evaluation.errors import UsageError
from model_evaluation.notebook.execute import ExecutionOutcome
from model_evaluation.notebook.render import render_notebook
from model_evaluation.results_folder import SummaryFile, newest_summary, project_summaries
from model_evaluation.runs.execution import _failure, executed_path, parse_parameters
from model_evaluation.runs.launches import KEPT, LaunchBook, known_launches, rendered_parameters
from model_evaluation.runtime.launch.ledger import LaunchAttempt, LaunchLedger
from unit.notebook.building import KIND, build_program
from unit.runtime.fake_sagemaker import ARN, PARAMETERS, settings_with

NOW = "2026-11-20T10:00:00+00:00"


class Place:
    """A project with a notebook, whose run is configured as usual but for ``changes``."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        self.results = folder / "notebooks" / "results"
        self.notebook = folder / "notebooks" / "tickets.ipynb"
        self.ledger = LaunchLedger(settings_with(RESULTS_DIR=str(self.results), **changes))
        self.book = LaunchBook(str(folder), str(self.notebook), "results", "llm_as_judge", NOW)

    def write(self, *attempts: LaunchAttempt) -> None:
        for attempt in attempts:
            self.ledger.file(attempt)

    @property
    def entries(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = state.load(str(self.folder)).document.get("runs", [])
        return entries


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_intent_is_in_the_state_file_before_anything_else(place: Place) -> None:
    place.book.record_intent()
    place.book.record_intent()
    assert place.entries == [
        {
            "kind": "llm_as_judge",
            "fingerprint": "",
            "name": None,
            "execution_arn": None,
            "started": NOW,
            "notebook": str(place.notebook),
            "results_dir": str(place.results),
        }
    ]
    assert known_launches(str(place.folder), state.load(str(place.folder)).document).launches == []


def test_an_intent_that_became_no_start_is_forgotten_when_the_run_failed(place: Place) -> None:
    place.book.record_intent()
    place.book.give_up()
    assert place.entries == []
    place.book.record_intent()
    place.write(LaunchAttempt("a", NOW))
    place.book.give_up()
    assert [entry["name"] for entry in place.entries] == ["a"]


def test_of_starts_within_one_second_the_last_one_comes_first(place: Place) -> None:
    place.book.record_intent()
    place.write(LaunchAttempt("a", NOW), LaunchAttempt("b", NOW))
    place.book.update()
    known = known_launches(str(place.folder), state.load(str(place.folder)).document)
    assert [launch.name for launch in known.launches] == ["b", "a"]


def test_what_the_notebook_records_takes_the_intents_place(place: Place) -> None:
    place.book.record_intent()
    place.write(LaunchAttempt("a", NOW))
    place.book.update()
    assert [(entry["name"], entry["execution_arn"]) for entry in place.entries] == [("a", None)]
    place.write(LaunchAttempt("a", NOW, ARN + "1", "Failed"), LaunchAttempt("b", NOW, ARN + "2"))
    place.book.update()
    assert [(e["name"], e["execution_arn"], e.get("outcome")) for e in place.entries] == [
        ("a", ARN + "1", "Failed"),
        ("b", ARN + "2", None),
    ]
    assert place.book.current == ARN + "2"


def test_the_run_that_is_taken_up_is_the_current_one_whatever_else_is_on_record(place: Place) -> None:
    other = Place(place.folder, JUDGE_MODEL="amazon.nova-pro-v1:0")
    place.write(LaunchAttempt("a", NOW, ARN + "1"))
    other.write(LaunchAttempt("b", NOW, ARN + "2"))
    place.book.record_intent()
    place.book.update()
    assert place.book.current is None
    place.write(LaunchAttempt("a", NOW, ARN + "1"))
    place.book.update()
    assert place.book.current == ARN + "1"


def test_an_update_without_news_leaves_the_file_alone(place: Place) -> None:
    place.write(LaunchAttempt("a", NOW, ARN + "1"))
    place.book.update()
    before = (place.folder / state.FILE_NAME).stat().st_mtime_ns
    place.book.update()
    assert (place.folder / state.FILE_NAME).stat().st_mtime_ns == before


def test_answers_given_meanwhile_and_other_runs_are_kept(place: Place) -> None:
    elsewhere = LaunchBook(str(place.folder), str(place.folder / "other.ipynb"), "out", "llm_as_judge", NOW)
    elsewhere.record_intent()
    place.book.record_intent()
    snapshot = state.load(str(place.folder))
    answer = {"value": "x", "origin": "user", "time": NOW}
    state.replace(str(place.folder), snapshot.raw, {**snapshot.document, "answers": {"task": answer}})
    place.write(LaunchAttempt("a", NOW, ARN + "1"))
    place.book.update()
    assert {entry["name"] for entry in place.entries} == {"a", None}
    assert state.load(str(place.folder)).document["answers"] == {"task": answer}


def test_a_lost_results_folder_does_not_lead_to_a_second_evaluation(place: Place) -> None:
    place.write(LaunchAttempt("a", NOW, ARN + "1", "Failed"), LaunchAttempt("b", NOW, ARN + "2"))
    place.book.update()
    shutil.rmtree(place.results)
    again = Place(place.folder)
    again.book.record_intent()
    current = again.ledger.read().current
    assert current == LaunchAttempt("b", NOW, ARN + "2")
    assert len(again.ledger.read().attempts) == 2
    assert [entry["name"] for entry in again.entries] == ["a", "b"]


def test_the_state_file_keeps_a_bounded_number(place: Place) -> None:
    place.write(*[LaunchAttempt(f"run-{number}", NOW) for number in range(KEPT + 5)])
    place.book.update()
    assert [entry["name"] for entry in place.entries] == [f"run-{number}" for number in range(5, KEPT + 5)]


def test_a_damaged_record_does_not_end_the_run(place: Place) -> None:
    place.book.record_intent()
    place.ledger.path.write_text("{", encoding="utf-8")
    place.book.update()
    assert place.book.current is None
    assert known_launches(str(place.folder), {}).damaged == [str(place.ledger.path)]


@pytest.mark.parametrize("name", ["n.ipynb", "n.py"])
def test_parameters_are_read_from_what_was_rendered_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(build_program(PARAMETERS).encode() if name.endswith(".py") else render_notebook(KIND, PARAMETERS))
    assert rendered_parameters(str(path)) == PARAMETERS
    path.write_text(path.read_text().replace("us-west-2", "us-west-9"))
    assert (rendered_parameters(str(path)) or {})["REGION"] == "us-west-9"


def test_parameters_are_those_of_the_evaluations_own_cell(tmp_path: Path) -> None:
    content = json.loads(render_notebook(KIND, PARAMETERS))
    content["cells"].insert(0, {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "x = input()"})
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(content))
    assert rendered_parameters(str(path)) == PARAMETERS


def test_a_parameters_cell_made_into_code_is_left_to_the_notebook(tmp_path: Path) -> None:
    notebook = tmp_path / "n.ipynb"
    content = json.loads(render_notebook(KIND, PARAMETERS))
    cell = next(cell for cell in content["cells"] if "parameters" in cell["metadata"].get("tags", []))
    cell["source"] = ["import os\n", "REGION = os.environ['REGION']\n"]
    notebook.write_text(json.dumps(content), encoding="utf-8")
    assert rendered_parameters(str(notebook)) is None


def test_one_option_reads_values_and_the_other_keeps_the_text() -> None:
    assert parse_parameters([["NAME", "10"]]) == {"NAME": 10}
    assert parse_parameters(None, [["NAME", "10"]]) == {"NAME": "10"}


def test_a_name_that_is_none_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="1X"):
        parse_parameters([["1X", "1"]])


@pytest.mark.parametrize(
    ("ename", "exit_code", "code"),
    [
        ("SettingsError", 3, "run_refused"),
        ("CheckError", 3, "run_refused"),
        ("RunInProgressError", 3, "run_in_progress"),
        ("LaunchError", 4, "run_failed"),
        ("EvaluationRunError", 4, "run_failed"),
        ("WaitError", 4, "run_failed"),
        ("ResultsError", 4, "run_failed"),
        ("DeadKernelError", 1, "kernel_died"),
        ("KeyError", 1, "run_broken"),
    ],
)
def test_the_exit_code_says_who_must_act(ename: str, exit_code: int, code: str) -> None:
    outcome = ExecutionOutcome(
        False, Path("n_executed.ipynb"), 3, 1.0, "launch", ename, "It went wrong.\n\nWhat to do: Mend it."
    )
    error = _failure(outcome)
    assert (error.exit_code, error.code) == (exit_code, code)
    assert error.fix
    assert error.details == {"notebook": "n_executed.ipynb", "cell": "launch", "error": ename}


def test_the_executed_copy_lies_beside_the_notebook_and_a_programs_output_beside_the_program() -> None:
    assert executed_path("/a/b.ipynb") == "/a/b_executed.ipynb"
    assert executed_path("/a/b.py") == "/a/b_executed.log"


def test_an_export_that_was_killed_is_not_taken_for_results(tmp_path: Path) -> None:
    for name in (".abc-x1", "abc"):
        (tmp_path / "results" / name).mkdir(parents=True)
    (tmp_path / "results" / ".abc-x1" / "summary.json").write_text("{}")
    assert newest_summary(str(tmp_path)) is None
    (tmp_path / "results" / "abc" / "summary.json").write_text("{}")
    found = newest_summary(str(tmp_path))
    assert found is not None
    assert found.path == str(tmp_path / "results" / "abc" / "summary.json")


def test_results_are_found_where_the_present_notebook_lies_and_where_it_was_told_to_write(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    for folder in (project / "results", elsewhere / "results", elsewhere / "out", tmp_path / "other"):
        (folder / "run").mkdir(parents=True)
        (folder / "run" / "summary.json").write_text("{}")
    mine, other = str(elsewhere / "n.ipynb"), str(tmp_path / "original" / "n.ipynb")
    runs = [
        {
            "name": "a",
            "execution_arn": None,
            "started": NOW,
            "fingerprint": "",
            "notebook": notebook,
            "results_dir": out,
        }
        for notebook, out in ((mine, str(elsewhere / "out")), (other, str(tmp_path / "other")))
    ]
    rendered = {"notebook": mine, "written": 0.0, "fingerprint": ""}
    content = {"schema_version": 1, "answers": {}, "rendered": rendered, "runs": runs}
    (project / state.FILE_NAME).write_text(json.dumps(content))
    found = {str(Path(file.path).parents[1].relative_to(tmp_path)) for file in project_summaries(str(project))}
    assert found == {"project/results", "elsewhere/results", "elsewhere/out"}


@pytest.mark.parametrize(
    ("created", "file_time", "before"),
    [
        (-3600, +3600, True),  # an old result whose time a checkout set anew
        (+3600, -3600, False),  # a new one that a copy or an archive gave an old time
        (-100, -50, True),  # clocks of two machines may differ by so much: the file's time decides
        (-100, +50, False),
        (+100, -50, True),
        (None, -50, True),  # no time of its own
        (None, +50, False),
    ],
)
def test_what_is_newer_goes_by_what_a_summary_says_of_itself(
    tmp_path: Path, created: int | None, file_time: int, before: bool
) -> None:
    moment = 1_800_000_000.0
    path = tmp_path / "summary.json"
    said = {} if created is None else {"created": datetime.fromtimestamp(moment + created, UTC).isoformat()}
    path.write_text(json.dumps(said))
    assert SummaryFile(str(path), moment + file_time).is_before(moment) is before
