"""The demo: a conversation held through the real commands, each its own process, against local AWS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from model_evaluation.errors import EvaluationError, Refused
from model_evaluation.kinds.registry import DEFAULT, report_words
from model_evaluation.localaws import KindPlayer, LocalAws
from model_evaluation.localaws.kind_player import DemoScript
from model_evaluation.localaws.seeding import Seeder
from model_evaluation.runtime.report.view import comparison_text
from model_evaluation.runtime.settings import Json
from model_evaluation.wizard.layout import heading, wrapped

MARK = ".model-evaluation-demo"
PACKAGE_PARENT = Path(__file__).resolve().parents[2]
WIDTH = 100

Say = Callable[[str], None]
Envelope = Json


def walk(folder: str, kind_id: str, player: KindPlayer, *, step_seconds: float, say: Say) -> Envelope:
    """Run a kind's demo in ``folder`` (made anew if an earlier demo made it); return where everything lies."""
    script = player.demo
    assert script is not None
    try:
        _fresh_folder(Path(folder))
    except OSError as error:
        raise Refused(
            f"{folder} cannot be written: {error.strerror}.",
            fix="Name another folder: evaluate.py demo --output DIR",
            code="unwritable",
        ) from error
    notice = (
        "An evaluation from the first question to the verdict. SIMULATED: AWS is a stand-in on this machine, "
        f"{script.made_up} are made up by it. The commands, the notebook and the SageMaker SDK are the real ones. "
        "Lines with > are the user's answers."
    )
    say(textwrap.fill(notice, WIDTH))
    results: list[Envelope] = []
    following: DemoScript | None = script
    with LocalAws(step_seconds=step_seconds) as aws:
        names = player.seed_world(Seeder(aws.cloud, aws.region)).names()
        while following is not None:
            if results:
                say(f"\nAnother evaluation, in a folder of its own. SIMULATED: {following.made_up} are made up.")
            results.append(_play(Path(folder), kind_id, following, names, aws.env, say))
            following = following.further
    first, *others = results
    return {**first, "further": others} if others else first


def _play(
    folder: Path, kind_id: str, script: DemoScript, names: Mapping[str, str], env: Mapping[str, str], say: Say
) -> Envelope:
    """One conversation of the demo, its notebook and its verdict."""
    project = folder / script.project
    project.mkdir()
    for name, content in script.files.items():
        (project / name).write_bytes(content)
    answers = {step: [text.format_map(names) for text in texts] for step, texts in script.answers.items()}
    commands = Commands(project, env, say)
    if kind_id != DEFAULT:
        commands.run("answer", "evaluation", kind_id)
    volunteered = {step: text.format_map(names) for step, text in script.volunteered.items()}
    _converse(commands, answers, volunteered)
    notebook = commands.run("render")["notebook"]
    say(f"\n$ evaluate.py render\n  {notebook}")
    say("\n$ evaluate.py run     (a real kernel, the real SDK)")
    options = [word for name, value in script.parameters.items() for word in ("-p", name, value)]
    executed = commands.run("run", *options, show_progress=True)
    say("\n$ evaluate.py report")
    report = commands.run("report")
    summary = json.loads(Path(report["files"]["summary.json"]).read_text(encoding="utf-8"))
    say(textwrap.indent(comparison_text(summary, report_words(summary)), "  "))
    result = {
        "simulated": report["simulated"],
        "project": str(project),
        "notebook": notebook,
        "executed_notebook": executed["notebook"],
        "results": report["results"],
        "files": report["files"],
        "verdict": report["verdict"],
    }
    say("\nLook at it (SIMULATED):")
    for name, path in (
        ("notebook", notebook),
        ("executed notebook", executed["notebook"]),
        ("report", report["files"].get("report.html", "")),
        ("results", report["results"]),
    ):
        say(f"  {name:<18} {path}")
    return result


def _fresh_folder(folder: Path) -> None:
    """Makes the folder anew, unless something else than an earlier demo is in it."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise Refused(
                f"{folder} is not empty and was not made by the demo; nothing was changed.",
                fix="Name another folder: evaluate.py demo --output DIR",
                code="folder_in_use",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("Made by `evaluate.py demo`, which deletes this folder when it runs again.\n")


class Commands:
    """Runs `evaluate.py` as its own process in a clean environment and reads its JSON."""

    def __init__(self, project: Path, env: Mapping[str, str], say: Say) -> None:
        self.project = project
        usual = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        self.env = {**usual, **env, "PYTHONPATH": str(PACKAGE_PARENT), "MODEL_EVALUATION_SPEAKER": "demo"}
        self.say = say

    def call(self, *arguments: str, show_progress: bool = False) -> Envelope:
        """One command's envelope, whether it succeeded or not."""
        command = [sys.executable, "-m", "model_evaluation", "--project", str(self.project), *arguments]
        noise = []
        # A file, since an answer may be longer than a pipe holds while stderr is read to its end.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as answer:
            with subprocess.Popen(  # noqa: S603 - our own program, arguments as a list
                command, env=self.env, stdout=answer, stderr=subprocess.PIPE, text=True, encoding="utf-8"
            ) as process:
                for line in process.stderr or ():
                    noise.append(line)
                    if show_progress:
                        self.say(line.rstrip("\n"))
            answer.seek(0)
            text = answer.read()
        try:
            envelope: Envelope = json.loads(text)
        except ValueError as error:
            raise EvaluationError(
                f"`{' '.join(arguments)}` did not answer with JSON: {text[:200]!r}",
                fix="Please report it with this text: " + "".join(noise)[-2000:],
            ) from error
        return envelope

    def run(self, *arguments: str, show_progress: bool = False) -> Envelope:
        """The envelope of a command that must succeed."""
        envelope = self.call(*arguments, show_progress=show_progress)
        if not envelope["ok"]:
            error = envelope["error"]
            raise EvaluationError(
                f"`{' '.join(arguments)}` failed: {error['message']}", fix=error["fix"], code=error["code"]
            )
        return envelope


def _converse(commands: Commands, answers: Mapping[str, list[str]], volunteered: dict[str, str]) -> None:
    """Answer every question: with the script's texts, else with a yes to the suggestion."""
    envelope = commands.run("status")
    position = 0
    while envelope["step"] is not None:
        step, progress = envelope["step"], envelope["progress"]
        if position != progress["done"] or not position:
            commands.say(f"\n{heading(step, progress)}")
            commands.say(wrapped(step["question"], WIDTH))
            _show_choices(commands, step)
            if step.get("suggested"):
                commands.say(wrapped(f"Suggested: {step['suggested']}", WIDTH))
        position = progress["done"]
        texts = answers.get(step["id"])
        arguments = [texts.pop(0)] if texts else ["--accept"]
        commands.say(f"> {step.get('suggested') if arguments == ['--accept'] else arguments[0]}")
        envelope = commands.call("answer", step["id"], *arguments)
        if not envelope["ok"]:
            error = envelope["error"]
            commands.say(wrapped(f"✗ {error['message']}", WIDTH))
            if not texts or "step" not in envelope:
                raise EvaluationError(f"{step['id']}: {error['message']}", fix=error["fix"], code=error["code"])
            _show_choices(commands, envelope["step"])
            continue
        _show_findings(commands, envelope)
        for step_id in [step_id for step_id in envelope["settled"] if step_id in volunteered]:
            text = volunteered.pop(step_id)
            commands.say(f"\n{step_id} was settled without a question; the user has something to add.\n> {text}")
            envelope = commands.run("answer", step_id, text)
            _show_findings(commands, envelope)


def _show_findings(commands: Commands, envelope: Envelope) -> None:
    for item in envelope["findings"]:
        commands.say(wrapped(f"{'!' if item['level'] == 'warning' else '✓'} {item['message']}", WIDTH))
        for row in item.get("rows", []):
            commands.say(wrapped(f"line {row['line']}: {' '.join(row['prompt'].split())}", WIDTH, "      "))


def _show_choices(commands: Commands, step: Envelope) -> None:
    for choice in step.get("choices", []):
        note = f"  ({choice['note']})" if choice.get("note") else ""
        commands.say(wrapped(f"- {choice['value']}{note}", WIDTH))
