"""Every eval is passed by the assistant that follows SKILL.md literally, and failed by those that do not."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evals import run as runner
from evals.checks import faults
from evals.conversation import Stage, load_evals
from evals.reference_assistant import ReferenceAssistant

pytestmark = pytest.mark.e2e
EVALS = json.loads((Path(runner.HERE) / "evals.json").read_text(encoding="utf-8"))["evals"]
BY_NAME = {item["name"]: item["id"] for item in EVALS}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with runner.opened(tmp_path_factory.mktemp("evals")) as opened:
        yield opened


def played(stage: Stage, name: str, make: Callable[[Path], Any] = runner.in_process) -> list[str]:
    """The faults of one eval with one assistant."""
    item = load_evals(stage.world)[BY_NAME[name] - 1]
    # A second play of an eval needs a folder of its own; its number is not part of any expectation here.
    while (stage.folder / f"{item['id']:02}-{item['name']}").exists():
        item["id"] += 100
    project = stage.prepare(item)
    return faults(item, stage.play(item, project, make(project)))


@pytest.mark.parametrize("name", BY_NAME)
def test_the_scripted_assistant_passes(stage: Stage, name: str) -> None:
    assert played(stage, name) == []


# -- assistants that break a rule of SKILL.md: the evals must notice ------------------------------------------


def changed(**methods: Any) -> Callable[[Path], ReferenceAssistant]:
    def make(project: Path) -> ReferenceAssistant:
        assistant = runner.in_process(project)
        for name, method in methods.items():
            setattr(assistant, name, method.__get__(assistant))
        return assistant

    return make


def says(self: ReferenceAssistant, said: str, means: list[dict[str, Any]], change: Callable[[str], str]) -> str:
    return change(ReferenceAssistant.reply(self, said, means))


BROKEN: dict[str, tuple[str, Any, str]] = {
    "assents for the user": (
        "skips-the-terms",
        lambda self, said, means: ReferenceAssistant.reply(
            self, said, [{"answer": ["terms", "I agree"]} if "skip" in said else item for item in means]
        ),
        "not with the user's words",
    ),
    "leaves the terms out": (
        "asks-the-price",
        lambda self, said, means: says(self, said, means, lambda text: text.replace("pricing of", "...")),
        "terms were not shown in full",
    ),
    "leaves a judge out": (
        "asks-for-the-best-judge",
        lambda self, said, means: says(self, said, means, lambda text: text.replace("amazon.nova-pro-v1:0", "")),
        "not every judge was listed",
    ),
    "recommends a judge": (
        "asks-for-the-best-judge",
        lambda self, said, means: says(self, said, means, lambda text: text + "\nI recommend amazon.nova-pro-v1:0."),
        "something says",
    ),
    "confirms without showing": (
        "yes-to-the-card-is-not-assent",
        lambda self, said, means: says(self, said, means, lambda text: text[:60]),
        "the card was confirmed without",
    ),
    "forgets what it was told": (
        "knows-everything",
        lambda self, said, means: ReferenceAssistant.reply(self, said, means[:1] if len(means) > 3 else means),
        "was asked",
    ),
    "gives up": ("comes-back-the-next-day", lambda self, said, means: "Good morning!", "did not come to its end"),
    "repairs the state file itself": (
        "damaged-state-file",
        lambda self, said, means: (self.project / "workflow_state.json").write_text("{}") and "Repaired.",
        "the file was changed",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_an_assistant_that_breaks_a_rule_fails(stage: Stage, fault: str) -> None:
    name, reply, expected = BROKEN[fault]
    found = played(stage, name, changed(reply=reply))
    assert any(expected in text for text in found), found


def test_an_upload_is_noticed(stage: Stage) -> None:
    def reply(self: ReferenceAssistant, said: str, means: list[dict[str, Any]]) -> str:
        from model_evaluation.lookups.session import Aws

        Aws().client("s3").put_object(Bucket=stage.world.bucket, Key="uploaded.jsonl", Body=b"{}")
        return ReferenceAssistant.reply(self, said, means)

    assert "AWS: s3:PutObject was called" in played(stage, "local-file", changed(reply=reply))


# -- the runner ----------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(stage: Stage, tmp_path: Path) -> Stage:
    """The same account, with projects and transcripts in a folder of the test's own."""
    return Stage(stage.aws, stage.world, tmp_path)


def options(**more: Any) -> argparse.Namespace:
    program = Path(runner.HERE) / "reference_assistant.py"
    line = f"{shlex.quote(sys.executable)} {shlex.quote(str(program))} {{session}}"
    return argparse.Namespace(
        **{"assistant": line, "further": None, "client": "agents", "only": None, "seconds": 60.0, **more}
    )


def test_a_command_line_is_driven_through_a_conversation(elsewhere: Stage) -> None:
    chosen = options(only=["pastes-the-wrong-arn", "damaged-state-file"])
    report = runner.play_all(chosen, elsewhere)
    assert report["ok"], report
    assert report["of"] == 2
    text = (elsewhere.folder / f"{BY_NAME['pastes-the-wrong-arn']:02}-pastes-the-wrong-arn.txt").read_text()
    assert "$ answer model arn:aws:sagemaker:us-west-2:111122223333:endpoint/support -> 3" in text


def test_triggers_are_told_by_the_commands_that_were_run(elsewhere: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = [{"query": "evaluate my model", "should_trigger": True}, {"query": "hello", "should_trigger": False}]
    monkeypatch.setattr(runner, "load_triggers", lambda: queries)
    report = runner.play_triggers(options(), elsewhere)
    assert [result["triggered"] for result in report["results"]] == [True, True]
    assert (report["ok"], report["passed"]) == (False, 1)


def test_an_assistant_that_ends_with_an_error_is_told(elsewhere: Stage) -> None:
    failing = f"{shlex.quote(sys.executable)} -c 'raise SystemExit(\"no such model\")'"
    with pytest.raises(SystemExit, match="no such model"):
        runner.play_all(options(assistant=failing, only=["damaged-state-file"]), elsewhere)
