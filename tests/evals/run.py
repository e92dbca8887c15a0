"""Drive an assistant through the evals and say which it passes.

    python tests/evals/run.py                      the scripted reference assistant, in this process
    python tests/evals/run.py --assistant 'CLI'    any assistant: one process for each message of the user's
    python tests/evals/run.py --triggers --assistant 'CLI'    does the skill trigger when it should?

The command line gets the user's words on standard input and replies on standard output. It runs in the project's
folder, where the skill is installed (--client says for whom). {session} in it is replaced by a UUID that is the same
for a whole conversation; --continue gives another command line for the second message on. It needs leave to run
commands and to read files without asking. For Claude Code, say:

    --assistant 'claude -p --allowedTools Bash,Read,Write,Skill --session-id {session}'
    --continue 'claude -p --allowedTools Bash,Read,Write,Skill --resume {session}'

Everything plays against local AWS: SIMULATED, no account, no cost but the assistant's own. One JSON object at the end.
"""

from __future__ import annotations

# ruff: noqa: E402, T201 - it finds its own modules first, and printing is its work
import argparse
import contextlib
import io
import json
import os
import shlex
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
if __package__ in (None, ""):
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

# jsonschema (and nbformat with it) would take a second to import, for formats that no schema here names.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import pytest

from account_access import share_clients
from evals.checks import faults
from evals.conversation import Assistant, Played, Ran, Stage, load_evals
from evals.reference_assistant import ReferenceAssistant
from model_evaluation.cli import main as run_command
from model_evaluation.installing.clients import CLIENTS, skill_folder
from model_evaluation.installing.folder import install
from model_evaluation.kinds.custom_scorer.localaws.player import ScorerWorld, seed_scorer
from model_evaluation.kinds.inspect_ai.localaws.player import seed_tasks, tasks_place
from model_evaluation.kinds.llm_as_judge.localaws.player import seed_demo_world
from model_evaluation.kinds.multi_turn.localaws.player import MultiTurnWorld, seed_agents
from model_evaluation.kinds.predictive.localaws.world import seed_world
from model_evaluation.localaws import LocalAws
from model_evaluation.localaws.seeding import Seeder

TRACE = "EVAL_TRACE"
# Local AWS's proxy lets nothing leave this machine: the skill's commands go through it, the assistant itself does not,
# or it could not reach its model. The AWS variables hold for both: nothing here sees a real account.
NETWORK = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE")
# Stands in for scripts/evaluate.py of the installed copy: it notes each command and its object, then answers as usual.
TRACER = """#!/usr/bin/env python3
import json, os, subprocess, sys
real = os.path.join(os.path.dirname(os.path.abspath(__file__)), "evaluate_real.py")
env = {**os.environ, **json.loads(os.environ["EVAL_NETWORK"])}
done = subprocess.run([sys.executable, real, *sys.argv[1:]], stdout=subprocess.PIPE, env=env)
with open(os.environ["EVAL_TRACE"], "a", encoding="utf-8") as file:
    output = done.stdout.decode("utf-8", "replace")
    file.write(json.dumps({"arguments": sys.argv[1:], "code": done.returncode, "output": output}) + "\\n")
sys.stdout.buffer.write(done.stdout)
sys.exit(done.returncode)
"""


def in_process(project: Path, skill: Path = ROOT) -> ReferenceAssistant:
    """The reference assistant, its commands run in this process; ``skill`` is where it reads SKILL.md."""

    def run(arguments: list[str]) -> tuple[int, dict[str, Any]]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()), _folder(project):
            code = run_command(["--project", str(project), *arguments])
        body: dict[str, Any] = json.loads(out.getvalue())
        return code, body

    return ReferenceAssistant(run, skill, project)


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


class CommandLine:
    """Any assistant behind a command line, with the skill installed in the project and its commands traced."""

    def __init__(self, first: str, further: str | None, client: str, project: Path, seconds: float) -> None:
        self.first = first
        self.further = further or first
        self.project = project
        self.seconds = seconds
        self.session = str(uuid.uuid4())
        self.ran: list[Ran] = []
        self.references: list[str] = []  # what an assistant reads is its own affair; it cannot be seen from here
        self.turns = 0
        self.skill = skill_folder(client, "project", project)
        install(self.skill)
        entry = self.skill / "scripts" / "evaluate.py"
        entry.rename(entry.with_name("evaluate_real.py"))
        entry.write_text(TRACER, encoding="utf-8")
        self.trace = project.parent / f"{project.name}.trace.jsonl"
        self.trace.touch()
        self.network = {name: os.environ[name] for name in NETWORK if name in os.environ}

    def reply(self, said: str, means: list[dict[str, Any]]) -> str:
        line = self.first if self.turns == 0 else self.further
        self.turns += 1
        command = [word.replace("{session}", self.session) for word in shlex.split(line)]
        env = {name: value for name, value in os.environ.items() if name not in NETWORK} | self.network
        env |= {TRACE: str(self.trace), "EVAL_MEANS": json.dumps(means), "EVAL_SKILL": str(self.skill)}
        # So that `python3` has the packages that the skill needs.
        env["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), env.get("PATH", "")])
        env["EVAL_NETWORK"] = json.dumps({name: os.environ[name] for name in NETWORK if name in os.environ})
        done = subprocess.run(
            command, input=said, env=env, cwd=self.project, capture_output=True, text=True, encoding="utf-8",
            timeout=self.seconds, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"{shlex.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
        self._read_trace()
        return done.stdout

    def _read_trace(self) -> None:
        lines = self.trace.read_text(encoding="utf-8").splitlines()
        for line in lines[len(self.ran) :]:
            entry = json.loads(line)
            try:
                body = json.loads(entry["output"])
            except ValueError:  # --help and the like
                body = {}
            arguments = entry["arguments"]
            if arguments[:1] == ["--project"]:
                arguments = arguments[2:]
            self.ran.append(Ran(arguments, entry["code"], body))


def transcript(played: Played) -> str:
    """The conversation as text."""
    lines = []
    for turn in played.turns:
        lines += [f"USER: {turn.said}", *(f"  $ {' '.join(ran.arguments)[:200]} -> {ran.code}" for ran in turn.ran)]
        lines += [f"ASSISTANT: {turn.reply}", ""]
    return "\n".join(lines)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Stage]:
    """A stage whose projects and transcripts lie in ``folder``."""
    with pytest.MonkeyPatch.context() as patch, LocalAws(step_seconds=0) as aws:
        share_clients(patch)
        world = seed_demo_world(aws, region="us-west-2")
        others = seed_world(Seeder(aws.cloud, "us-west-2"))  # what predicts, in the same account
        for name, value in others.names().items():
            vars(world).setdefault(name, value)
        seed_agents(Seeder(aws.cloud, world.region), MultiTurnWorld(world.account, world.region))
        seed_scorer(Seeder(aws.cloud, world.region), ScorerWorld(world.account, world.region))
        seed_tasks(Seeder(aws.cloud, world.region), tasks_place(world.bucket))
        yield Stage(aws, world, folder)


def play_all(options: argparse.Namespace, stage: Stage) -> dict[str, Any]:
    """Play the chosen evals; the report."""
    results = []
    for item in load_evals(stage.world):
        if options.only and item["name"] not in options.only and str(item["id"]) not in options.only:
            continue
        project = stage.prepare(item)
        assistant: Assistant = (
            CommandLine(options.assistant, options.further, options.client, project, options.seconds)
            if options.assistant
            else in_process(project)
        )
        played = stage.play(item, project, assistant)
        found = faults(item, played)
        (stage.folder / f"{project.name}.txt").write_text(transcript(played), encoding="utf-8")
        results.append(
            {
                "id": item["id"],
                "name": item["name"],
                "turns": len(played.turns),
                "passed": not found,
                "faults": found,
            }
        )
        sys.stderr.write(f"{'pass' if not found else 'FAIL'} {item['name']} {'; '.join(found)}\n")
    return _report(results, str(stage.folder))


def play_triggers(options: argparse.Namespace, stage: Stage) -> dict[str, Any]:
    """One message each: did the assistant run any command of the skill?"""
    results = []
    for number, item in enumerate(load_triggers(), start=1):
        project = stage.folder / f"trigger-{number:02}"
        project.mkdir()
        assistant = CommandLine(options.assistant, None, options.client, project, options.seconds)
        with stage.environment({}):
            assistant.reply(item["query"], [])
        triggered = bool(assistant.ran)
        passed = triggered == item["should_trigger"]
        results.append({"query": item["query"], "triggered": triggered, "passed": passed})
        sys.stderr.write(f"{'pass' if passed else 'FAIL'} {item['query']}\n")
    return _report(results, str(stage.folder))


def load_triggers() -> list[dict[str, Any]]:
    """The prompts, each with whether the skill should trigger."""
    queries: list[dict[str, Any]] = json.loads((HERE / "eval_queries.json").read_text(encoding="utf-8"))
    return queries


def _report(results: list[dict[str, Any]], folder: str) -> dict[str, Any]:
    passed = sum(bool(result["passed"]) for result in results)
    return {"ok": passed == len(results), "passed": passed, "of": len(results), "folder": folder, "results": results}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assistant", metavar="CLI", help="the assistant's command line (default: the scripted one)")
    parser.add_argument("--continue", dest="further", metavar="CLI", help="its command line from the second message on")
    parser.add_argument("--client", choices=list(CLIENTS), default="claude", help="whose skills folder to install into")
    parser.add_argument("--triggers", action="store_true", help="play the trigger prompts instead of the conversations")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="ids or names of evals")
    parser.add_argument("--seconds", type=float, default=300.0, help="how long one message may take")
    parser.add_argument(
        "--output", metavar="DIR", help="where projects and transcripts go (default: a temporary folder)"
    )
    options = parser.parse_args(arguments)
    if options.triggers and not options.assistant:
        parser.error("--triggers needs --assistant: the scripted assistant cannot read")
    folder = Path(options.output or tempfile.mkdtemp(prefix="evals-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with opened(folder) as stage:
        report = (play_triggers if options.triggers else play_all)(options, stage)
    print(json.dumps(report, indent=1, ensure_ascii=False))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
