"""The wizard in a real pseudo-terminal, against local AWS."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from answers import recorded
from e2e.pseudo_terminal import CTRL_C, CTRL_D, TAB, UP, PseudoTerminal
from model_evaluation.kinds.llm_as_judge.localaws.player import World
from model_evaluation.localaws import LocalAws

EVALUATE = Path(__file__).parents[2] / "scripts" / "evaluate.py"
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "tickets"
    folder.mkdir()
    return folder


def wizard(account: tuple[LocalAws, World], project: Path, **more: str) -> PseudoTerminal:
    env = {**os.environ, **account[0].env, "HOME": str(project.parent), **more}
    return PseudoTerminal([sys.executable, str(EVALUATE), "--project", str(project), "wizard"], env)


def test_from_the_first_question_to_the_notebook(account: tuple[LocalAws, World], world: World, project: Path) -> None:
    with wizard(account, project) as terminal:
        terminal.expect("SIMULATED", "[2 of 17] Task", "What is the model trained to do?", "> ")
        terminal.enter("Answer support tickets")
        terminal.expect("[3 of 17]", "Where is the evaluation dataset stored?", "> ")
        terminal.enter("rows.jsonl")
        terminal.expect("neither an S3 URI", "> ")
        terminal.enter(world.dataset_uri)
        terminal.expect("UNTRUSTED", "line 1: How do I switch", "60 rows", "Enter takes: ok", "> ")
        terminal.enter()
        terminal.expect("Which built-in metrics", "> ")
        terminal.enter("correctness, completeness, harmfulness")
        terminal.expect("Which one metric should decide", "> ")
        terminal.enter("1")
        terminal.expect("Which fine-tuned model", "> ")
        terminal.enter(world.group_keyword)
        terminal.expect("have 'support' in the name", "1. ", world.group_name, "> ")
        terminal.enter(world.group_name)
        terminal.expect("compared with its base model", "Which judge model", world.judge, "> ")
        terminal.enter()  # a judge is never suggested: Enter alone is not an answer
        terminal.expect("Expected: one id from the list", "> ")
        terminal.enter(world.judge)
        terminal.expect("this session's own role", "MLflow", "> ")
        terminal.enter(world.mlflow_app_arn)
        card = terminal.expect("Judge calls", "Does this look right?", "> ")
        assert world.model_package_arn in card.replace("\n", "")
        terminal.enter()  # nor is consent
        terminal.expect("Expected: `yes`", "> ")
        terminal.enter("yes")
        terminal.expect("Amazon Bedrock Evaluations Terms", "Do you acknowledge and agree", "> ")
        terminal.enter("what does it cost?")
        terminal.expect("is not explicit assent", "> ")
        terminal.enter("I agree")
        terminal.expect("Every question is answered.", "Enter writes the notebook", "> ")
        terminal.enter()
        terminal.expect("Written:", "_model-evaluation.ipynb", "Run All Cells", "run")
        assert terminal.exit_code() == 0
    assert recorded(project)["judge"] == world.judge
    assert recorded(project)["terms"] == "I agree"
    assert list((project / "notebooks").glob("*.ipynb"))


def test_completion_history_help_and_going_back(account: tuple[LocalAws, World], world: World, project: Path) -> None:
    with wizard(account, project) as terminal:
        terminal.expect("What is the model trained to do?", "> ")
        terminal.enter(":back")
        terminal.expect("This is the first question.", "> ")
        terminal.enter("Sort mail")
        terminal.expect("Where is the evaluation dataset", "> ")
        terminal.enter(":help")
        terminal.expect("For example:", "s3://", "> ")
        terminal.enter(":nonsense")
        terminal.expect(":answer STEP VALUE", ":quit", "> ")
        terminal.enter(":back")
        terminal.expect("Open again: task.", "What is the model trained to do?", "Enter takes: Sort mail", "> ")
        terminal.type(UP + UP + UP + UP)  # :back, :nonsense, :help, and the answer before them
        terminal.expect("Sort mail")
        terminal.enter(" by topic")
        terminal.expect("Where is the evaluation dataset", "> ")
        terminal.enter(":answer builtin_metrics Correctness")
        terminal.expect("> ")
        terminal.enter(":status")
        terminal.expect("task", "Sort mail by topic", "builtin_metrics", "Correctness", "> ")
        terminal.enter(":answer role")
        terminal.expect(":revise STEP", "> ")
        terminal.enter(":answer data ok")
        terminal.expect("data rests on dataset", "> ")
        terminal.type(":re" + TAB)
        terminal.expect(":revise")
        terminal.enter(" builtin_metrics")
        terminal.expect("Open again: builtin_metrics.", "> ")
        terminal.enter(":quit")
        terminal.expect("is kept", "wizard")
        assert terminal.exit_code() == 0
    assert recorded(project) == {"task": "Sort mail by topic"}


def test_tab_completes_a_choice(account: tuple[LocalAws, World], world: World, project: Path) -> None:
    with wizard(account, project) as terminal:
        terminal.expect("> ")
        terminal.enter(":answer custom_metrics none")
        terminal.expect("> ")
        terminal.enter(":answer builtin_metrics Correctness,Coherence")
        terminal.expect("> ")
        terminal.enter(f":answer dataset {world.dataset_uri}")
        terminal.expect("> ")
        terminal.enter("Sort mail")
        terminal.expect("Enter takes: ok", "> ")
        terminal.enter()
        terminal.expect("Which one metric should decide", "> ")
        terminal.type("Coh" + TAB)
        terminal.expect("Coherence")
        terminal.enter()
        terminal.expect("Which fine-tuned model", "> ")
        terminal.type(CTRL_D)
        assert terminal.exit_code() == 0
    assert recorded(project)["primary_metric"] == "Coherence"


def test_it_goes_on_where_it_was_left(account: tuple[LocalAws, World], project: Path) -> None:
    with wizard(account, project) as terminal:
        terminal.expect("> ")
        terminal.enter("Sort mail")
        terminal.expect("Where is the evaluation dataset", "> ")
        terminal.type("half an answ" + CTRL_C)  # the first empties the line, the second leaves
        terminal.type(CTRL_C)
        terminal.expect("is kept")
        assert terminal.exit_code() == 130
    with wizard(account, project) as terminal:
        terminal.expect("Going on where it was left", "Sort mail", "Where is the evaluation dataset", "> ")
        terminal.type(CTRL_D)
        terminal.expect("is kept")
        assert terminal.exit_code() == 0
    assert recorded(project) == {"task": "Sort mail"}


def test_pasted_lines_stay_one_answer(account: tuple[LocalAws, World], project: Path) -> None:
    with wizard(account, project) as terminal:
        terminal.expect("> ")
        terminal.type("\x1b[200~Sort mail.\nAnd spam.\x1b[201~")
        terminal.enter()
        terminal.expect("Where is the evaluation dataset", "> ")
        terminal.enter(":q")
        assert terminal.exit_code() == 0
    assert recorded(project) == {"task": "Sort mail.\nAnd spam."}


def test_a_damaged_state_is_named_and_left(account: tuple[LocalAws, World], project: Path) -> None:
    (project / "workflow_state.json").write_text('{"answers": ')
    with wizard(account, project) as terminal:
        terminal.expect("is damaged")
        assert terminal.exit_code() == 5
    assert (project / "workflow_state.json").read_text() == '{"answers": '


def test_without_colours_nothing_is_coloured(account: tuple[LocalAws, World], project: Path) -> None:
    with wizard(account, project, NO_COLOR="1") as terminal:
        terminal.expect("[2 of 17] Task", "> ")
        terminal.type(CTRL_D)
        assert terminal.exit_code() == 0
        assert "\x1b[3" not in terminal.raw
