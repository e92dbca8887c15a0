"""The demos of further kinds of evaluation, each with its notebook in a kernel. What they run as commands of their own
runs in this process; that they can be processes is shown by the default kind's demo."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from cli_runs import RunCli
from model_evaluation.cli import main
from model_evaluation.demo.walk import Commands

pytestmark = pytest.mark.e2e


def in_this_process(commands: Commands, *arguments: str, show_progress: bool = False) -> dict[str, Any]:
    """What ``Commands.call`` does; progress is told at the end."""
    out, progress = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in commands.env.items():
            patch.setenv(name, value)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(progress):
            main(["--project", str(commands.project), *arguments])
    for line in progress.getvalue().splitlines() if show_progress else ():
        commands.say(line)
    envelope: dict[str, Any] = json.loads(out.getvalue())
    return envelope


@pytest.mark.parametrize(
    ("kind", "call", "decision"),
    [
        ("benchmark", "BenchMarkEvaluator(", "mixed"),
        ("custom_scorer", "CustomScorerEvaluator(", "improved"),
        ("multi_turn", "MultiTurnRLEvaluator(", "improved"),
        ("inspect_ai", "InspectAIEvaluator(", "improved"),
        ("nova", "ModelTrainer.from_recipe(", "improved"),
        ("predictive", "TransformJob.create(", "improved"),
    ],
)
def test_the_demo_of_a_kind_ends_with_its_verdict(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, kind: str, call: str, decision: str, tmp_path: Path
) -> None:
    monkeypatch.setattr(Commands, "call", in_this_process)
    ended = run_cli("demo", "--kind", kind, "--json", project=tmp_path)
    assert ended.code == 0, ended
    envelope = ended.json
    assert envelope["simulated"] is True
    assert envelope["verdict"]["decision"] == decision
    assert call in Path(envelope["notebook"]).read_text(encoding="utf-8")
    assert Path(envelope["files"]["report.html"]).is_file()
    executed = Path(envelope["executed_notebook"]).read_text(encoding="utf-8")
    assert "image/png" in executed
    assert '"output_type": "error"' not in executed
    assert "authToken" not in executed, "the SDK prints a link with a token in it for agents"
    for further in envelope.get("further", []):
        assert further["simulated"] is True
        assert further["verdict"]["decision"] not in ("invalid", "none")
        assert Path(further["files"]["report.html"]).is_file()
    if kind == "nova":
        assert [own["verdict"]["decision"] for own in envelope["further"]] == ["improved"]
    if kind == "predictive":
        assert [Path(own["project"]).name for own in envelope["further"]] == ["fernway-progression"]
