"""Every eval is passed by the assistant that follows SKILL.md literally, and failed by those that do not."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evals import run as runner
from evals.checks import faults
from evals.conversation import Stage, all_evals, load_evals
from evals.reference_assistant import ReferenceAssistant
from model_evaluation.commands.evaluations import report as report_command
from model_evaluation.conversation.answers import workflow
from model_evaluation.conversation.workflow import Answer
from model_evaluation.kinds.llm_as_judge.steps import judge as judge_step
from model_evaluation.kinds.registry import DEFAULT, load_kind
from model_evaluation.lookups.session import Aws

pytestmark = pytest.mark.e2e
EVALS = all_evals()
BY_NAME = {item["name"]: item["id"] for item in EVALS}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with runner.opened(tmp_path_factory.mktemp("evals")) as opened:
        yield opened


def played(stage: Stage, name: str, make: Callable[[Path], Any] = runner.in_process) -> list[str]:
    """The faults of one eval with one assistant."""
    (item,) = load_evals(stage.world, name)
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


@pytest.mark.parametrize("name", BY_NAME)
def test_an_assistant_that_only_greets_passes_nothing(stage: Stage, name: str) -> None:
    assert played(stage, name, changed(reply=lambda self, said, means: "Good morning!"))


# -- a SKILL.md that leaves a rule out: the assistant that follows it fails -----------------------------------

SKILL_WITHOUT: dict[str, tuple[str, str, str, str]] = {
    "the card to be shown": ("- `confirm`: show", "- Card: show", "agrees-in-advance", "card was confirmed without"),
    "the terms to be shown": ("- `terms`: show", "- Terms: show", "agrees-in-advance", "terms were not shown"),
    "the choices": (", with `step.choices` as a numbered list", "", "what-does-it-mean", "'Faithfulness'"),
    "the list of judges": (
        ", with `step.choices` as a numbered list",
        "",
        "comes-back-the-next-day",
        "not every judge",
    ),
    "findings": ("Say what `findings`", "Mind what `findings`", "after-a-training-job", "nothing says 'registered"),
    "the fix of a refusal": (" and `error.fix`", "", "local-file", "nothing says 'aws s3 cp'"),
    "suggestions": ("`answer STEP --accept`", "ask for it", "another-tools-state-file", "was asked|come to its end"),
    "waiting for AWS": ("wait, repeat the same command", "stop", "signed-out", "come to its end"),
    "asking again": ("tell message and fix, ask again", "stop", "pastes-the-wrong-arn", "come to its end"),
    "other folders": ("`workflow_elsewhere`", "of another kind", "is-in-another-folder", "nothing says"),
    "rendering": ("| `render` | run it;", "| `render` | tell it;", "append-to-my-notebook", "come to its end"),
}


@pytest.mark.parametrize("rule", SKILL_WITHOUT)
def test_a_skill_without_a_rule_fails(stage: Stage, tmp_path: Path, rule: str) -> None:
    words, instead, name, expected = SKILL_WITHOUT[rule]
    text = (runner.ROOT / "SKILL.md").read_text(encoding="utf-8")
    assert text.count(words) == 1, "the rule is said once"
    (tmp_path / "SKILL.md").write_text(text.replace(words, instead), encoding="utf-8")
    (tmp_path / "references").symlink_to(runner.ROOT / "references")
    found = played(stage, name, lambda project: runner.in_process(project, skill=tmp_path))
    assert any(re.search(expected, text) for text in found), found


# -- a program that breaks its promises: the evals must notice ------------------------------------------------


def careless_terms(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("model_evaluation.kinds.llm_as_judge.steps.terms.is_assent", lambda text, subject: True)


def careless_card(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(load_kind(DEFAULT).step("confirm"), "check", lambda text, context: Answer("yes"))


def suggested_judge(patch: pytest.MonkeyPatch) -> None:
    def describe(step: Any, document: dict[str, Any]) -> dict[str, Any]:
        body = original(step, document)
        return {**body, "suggested": body["choices"][0]["value"]} if step.id == "judge" else body

    original = workflow.describe
    patch.setattr(workflow, "describe", describe)


def favoured_judge(patch: pytest.MonkeyPatch) -> None:
    original = judge_step._choices
    patch.setattr(judge_step, "_choices", lambda found: original(found)[::-1])


def forgotten_dependants(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(workflow, "dependants", lambda requirements, step_id: [])


def unasked_upload(patch: pytest.MonkeyPatch) -> None:
    def check(text: str, context: Any) -> Answer:
        if not text.startswith("s3://"):
            context.aws.client("s3").put_object(Bucket="fernway-ml-111122223333-us-west-2", Key="up", Body=b"{}")
        return original(text, context)

    original = load_kind(DEFAULT).step("dataset").check
    patch.setattr(load_kind(DEFAULT).step("dataset"), "check", check)


def guessed_region(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Aws, "region", property(lambda self: "us-west-2"))


def tuned_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(load_kind(DEFAULT).step("scope"), "settle", lambda context: Answer("tuned", origin="default"))


def silent_simulation(patch: pytest.MonkeyPatch) -> None:
    original = report_command.run

    def run(args: Any) -> tuple[dict[str, Any], int]:
        body, code = original(args)
        return {**body, "simulated": False}, code

    patch.setattr(report_command, "run", run)


PROGRAM_WITH: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str, str]] = {
    "any words as assent": (careless_terms, "skips-the-terms", "not with the user's words"),
    "any words as a yes to the card": (
        careless_card,
        "yes-to-the-card-is-not-assent",
        "nothing says 'not a clear yes'",
    ),
    "a judge suggested": (suggested_judge, "asks-for-the-best-judge", "something says"),
    "a judge put first": (favoured_judge, "pastes-the-wrong-arn", "not in alphabetical order"),
    "dependants that stay": (
        forgotten_dependants,
        "changes-the-judge-after-the-card",
        "not on the card that was confirmed",
    ),
    "an upload nobody asked for": (unasked_upload, "local-file", "AWS: s3:PutObject was called"),
    "a region out of the air": (guessed_region, "no-region", "nothing says 'AWS_REGION'"),
    "the comparison left out": (tuned_alone, "the-usual-way", "EVALUATE_BASE_MODEL is False"),
    "simulated results as real ones": (silent_simulation, "how-did-it-go", "nothing says 'SIMULATED'"),
}


@pytest.mark.parametrize("fault", PROGRAM_WITH)
def test_a_program_that_breaks_a_promise_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    change, name, expected = PROGRAM_WITH[fault]
    (item,) = load_evals(stage.world, name)
    stage.prepare({**item, "id": 900 + list(PROGRAM_WITH).index(fault)})  # what lay there before is the sound program's
    change(monkeypatch)
    found = played(stage, name)
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
        **{"assistant": line, "further": None, "client": "agents", "only": None, "seconds": 600.0, **more}
    )


def test_a_command_line_is_driven_through_a_conversation(elsewhere: Stage) -> None:
    chosen = options(only=["pastes-the-wrong-arn", "damaged-state-file"])
    report = runner.play_all(chosen, elsewhere)
    assert report["ok"], report
    assert report["of"] == 2
    text = (elsewhere.folder / f"{BY_NAME['pastes-the-wrong-arn']:02}-pastes-the-wrong-arn.txt").read_text()
    assert "$ answer model arn:aws:sagemaker:us-west-2:111122223333:endpoint/support -> 3" in text


def test_a_conversation_goes_on_with_the_second_command_line_in_the_same_session(tmp_path: Path) -> None:
    project = tmp_path / "my project"
    project.mkdir()
    says = f"{shlex.quote(sys.executable)} -c 'import sys; print(sys.argv[1:], sys.stdin.read())'"
    assistant = runner.CommandLine(f"{says} begin {{session}}", f"{says} go-on {{session}}", "kiro", project, 600.0)
    replies = [assistant.reply(word, []) for word in ("first words", "more", "it's $HOME")]
    session = assistant.session
    assert replies == [
        f"['begin', '{session}'] first words\n",
        f"['go-on', '{session}'] more\n",
        f"['go-on', '{session}'] it's $HOME\n",
    ]
    assert assistant.skill == project / ".kiro" / "skills" / "model-evaluation"
    assert assistant.ran == []


def test_the_skill_is_fenced_in_and_the_assistant_is_not(elsewhere: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Local AWS's proxy would keep the assistant from its own model; its AWS variables are for both."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    project = elsewhere.folder / "fenced"
    project.mkdir()
    names = "('HTTPS_PROXY', 'https_proxy', 'AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID')"
    show = f"import json, os; print(json.dumps([os.environ.get(name) for name in {names}]))"
    calls = "import os, subprocess, sys; os.sys.stdout.flush(); subprocess.run([sys.executable, sys.argv[1]])"
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(f'{show}; {calls}')}"
    assistant = runner.CommandLine("", None, "agents", project, 600.0)
    assistant.first = assistant.further = f"{line} {shlex.quote(str(assistant.skill / 'scripts' / 'evaluate.py'))}"
    (assistant.skill / "scripts" / "evaluate_real.py").write_text(show)
    with elsewhere.environment({}):
        outside, inside = (json.loads(text) for text in assistant.reply("hello", []).splitlines())
    local = elsewhere.aws.env
    assert outside[:2] == ["http://proxy.example:3128", None]
    assert inside[:2] == [local["HTTPS_PROXY"], local["https_proxy"]]
    assert outside[2:] == inside[2:] == [local["AWS_ENDPOINT_URL"], local["AWS_ACCESS_KEY_ID"]]


def test_triggers_cannot_be_measured_without_an_assistant() -> None:
    with pytest.raises(SystemExit, match="2"):
        runner.main(["--triggers"])


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
