"""Plays the catalogue of faults in tests/data/faults on local AWS.

A fault is data:
  id, wrong          its name, and what is wrong in a sentence
  play               what makes it so: `aws ...` commands, or one of the other moves of `Stage.move`
  scenario           fields of trouble.Trouble; the judge list; judges by id, each with the fields that differ
  environment        environment variables (null removes one; "+600" is the time in 600 seconds)
  state              changes to recorded answers, merged into the state file
  revealed           where AWS would show it, after how many minutes, and how that is known
  readable           whether any call that only reads could show it before the start
  check, status      the preflight check that must show it, and how: fail or warn; null for a known gap
  mend               how to undo it; see `Stage.mend`
  by_hand            why no command of ours can mend it (then `mend` plays what the person does)
"""

from __future__ import annotations

import datetime
import functools
import json
import os
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from account_access import share_clients
from answers import all_answers
from model_evaluation.conversation.answers import give_answer, utc_now
from model_evaluation.conversation.context import Context
from model_evaluation.kinds.llm_as_judge.demo.script import demo_dataset
from model_evaluation.kinds.llm_as_judge.localaws.bedrock import DEFAULT_JUDGES, Judges
from model_evaluation.kinds.llm_as_judge.localaws.player import World, seed_demo_world
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.jobs.job import TRAINING
from model_evaluation.localaws.seeding import Seeder
from model_evaluation.localaws.services.mlflow import APPS
from model_evaluation.localaws.services.models import PACKAGES, contents_of
from model_evaluation.lookups.session import Aws
from model_evaluation.preflight import run_preflight
from model_evaluation.preflight.fixes import commands_in
from model_evaluation.preflight.results import CheckEntry
from running_execution import seed_running_execution
from trouble import Trouble, with_trouble

from .aws_cli import run_aws

FAULTS = Path(__file__).parents[2] / "data" / "faults"
ANALYST = "FernwayAnalyst"
READING = ("Get", "List", "Describe", "Head", "Simulate")  # how operations begin that change nothing


class Outcome(NamedTuple):
    """What became of a fault: whether its check showed it, after how long, and whether mending it helped."""

    caught: bool
    seconds: float
    mended: bool
    entry: CheckEntry | None


@functools.cache
def load_faults() -> tuple[dict[str, Any], ...]:
    """Every fault of the catalogue, by file and order."""
    return tuple(fault for path in sorted(FAULTS.glob("*.json")) for fault in json.loads(path.read_text("utf-8")))


def results_bucket(world: World) -> str:
    return f"fernway-results-{world.account}-{world.region}"


def answers(world: World) -> dict[str, str]:
    """The configuration that the faults befall: dataset and results lie in buckets of their own."""
    given = all_answers(world, output=f"s3://{results_bucket(world)}/evaluations")
    return {step: value for step, value in given.items() if step not in ("confirm", "terms", "notebook")}


_made: list[str] = []  # the configured state file, once it was made


def configured(aws: LocalAws) -> str:
    """The state file of the configuration; the same for every fault, since local AWS names things alike."""
    if not _made:
        with tempfile.TemporaryDirectory() as project, stage(aws, Path(project)) as scene:
            for step, value in answers(scene.world).items():
                give_answer(project, step, value)
            _made.append((Path(project) / "workflow_state.json").read_text("utf-8"))
    return _made[0]


@contextmanager
def stage(aws: LocalAws, project: Path) -> Iterator[Stage]:
    """Local AWS as if it had just been started, this process's environment set up for it, and a project folder."""
    before = dict(os.environ)
    aws.reset()
    try:
        for name in [name for name in os.environ if name.startswith(("AWS_", "SAGEMAKER_"))]:
            del os.environ[name]
        os.environ.update(aws.env)
        for name in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):  # where the SDK looks for defaults
            os.environ[name] = str(project / "config")
        with pytest.MonkeyPatch.context() as patch:
            share_clients(patch)
            yield Stage(aws, project)
    finally:
        os.environ.clear()
        os.environ.update(before)
    aws.reset()  # raises what went wrong in local AWS itself


class Stage:
    """One local AWS with the configured project on it."""

    def __init__(self, aws: LocalAws, project: Path) -> None:
        self.aws = aws
        self.project = project
        self.world = seed_demo_world(aws, region="us-west-2")
        seed = Seeder(aws.cloud, "us-west-2")
        seed.bucket(results_bucket(self.world), "us-west-2")
        self.names = self.world.names()
        self.names |= {
            "role": self.world.role_arn.rpartition("/")[2],
            "results": results_bucket(self.world),
            "dataset_key": "datasets/support_tickets.jsonl",
            "analyst": ANALYST,
        }
        self.environment = dict(os.environ)
        self.usual = aws.scenario

    @property
    def state(self) -> Path:
        return self.project / "workflow_state.json"

    def preflight(self, only: set[str] | None = None) -> list[CheckEntry]:
        """As a new command would run it."""
        document = json.loads(self.state.read_text("utf-8"))
        return run_preflight(Context(str(self.project), document, now=utc_now(), aws=Aws()), only)

    def set(self, fault: dict[str, Any]) -> None:
        """Make everything as the fault says."""
        for move in fault.get("play", []):
            self.move(move)
        if changes := fault.get("state"):
            document = json.loads(self.state.read_text("utf-8"))
            _merge(document["answers"], self._named(changes))
            self.state.write_text(json.dumps(document), "utf-8")
        self.aws.scenario = self.scenario_with(fault.get("scenario", {}))
        for name, value in fault.get("environment", {}).items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = _moment(value)

    def move(self, move: str | dict[str, Any]) -> None:
        """One thing that happens: a command, or something no command of a user's can bring about."""
        if isinstance(move, str):
            self.command(self.filled(move))
            return
        ((kind, value),) = [(key, item) for key, item in move.items() if key != "save"]
        value = self._named(value)
        cloud, region = self.aws.cloud, self.world.region
        moves: dict[str, Callable[[], object]] = {
            "run": lambda: self._run(value, move["save"]),
            "caller": lambda: setattr(cloud, "caller_arn", value),
            "package": lambda: self._change(PACKAGES.table(cloud, region), self.world.model_package_arn, value),
            "training_job": lambda: self._change(TRAINING.table(cloud, region), self.world.training_job_arn, value),
            "hub": lambda: self._change(contents_of(cloud, region), self.world.base_model_arn, value),
            "mlflow": lambda: self._change(APPS.table(cloud, region), self.world.mlflow_app_arn, value),
            "running": lambda: seed_running_execution(self.aws, self.world),
            "delete_objects": lambda: self.aws.client("s3").delete_object(
                Bucket=value.partition("/")[0], Key=value.partition("/")[2]
            ),
            "dataset": lambda: Seeder(cloud, region).object(self.world.dataset_uri, value.encode()),
            "restore_dataset": lambda: Seeder(cloud, region).object(self.world.dataset_uri, demo_dataset()),
            "scenario": lambda: setattr(self.aws, "scenario", self.scenario_with(value)),
            "domain": lambda: self.names.update(domain=self.names["domain_arn"].rpartition("/")[2]),
            "environment": lambda: (os.environ.clear(), os.environ.update(self.environment)),
        }
        moves[kind]()

    def _run(self, command: str, save: dict[str, str]) -> None:
        answer = run_aws(self.aws, command)
        for name, path in save.items():
            self.names[name] = functools.reduce(lambda part, key: part[key], path.split("."), answer)

    def command(self, text: str) -> None:
        """Run a command as a user would paste it into a shell."""
        if text.startswith("aws "):
            run_aws(self.aws, text)
        elif text.startswith("unset "):
            for name in text.split()[1:]:
                del os.environ[name]
        elif text.startswith("export "):
            for word in text.split()[1:]:
                name, _, value = word.partition("=")
                os.environ[name] = value
        else:
            _, command, *rest = shlex.split(text)
            if command == "answer":
                give_answer(str(self.project), rest[0], rest[1])
            elif command != "preflight":
                assert command == "revise", text

    def mend(self, fault: dict[str, Any], entry: CheckEntry) -> None:
        """Undo the fault. In ``mend``, "FIX" runs every pasteable line of the check's fix as it stands, "FIX word"
        those that hold the word; everything else is a move of its own."""
        for move in fault["mend"]:
            if isinstance(move, str) and move.startswith("FIX"):
                word = move.removeprefix("FIX").strip()
                commands = [line for line in commands_in(entry["fix"]) if word in line]
                assert commands, f"the fix has no command with {word!r}: {entry['fix']!r}"
                for line in commands:
                    self.command(line)
            else:
                self.move(move)

    def _change(self, table: dict[str, Any], record_id: str, changes: dict[str, Any] | None) -> None:
        if changes is None:
            table.pop(record_id, None)
        else:
            table[record_id].update(changes)

    def scenario_with(self, changes: dict[str, Any]) -> Scenario:
        changes = dict(changes)
        judges = changes.pop("judges", {})
        models = tuple(replace(judge, **judges.get(judge.model_id, {})) for judge in DEFAULT_JUDGES)
        part = Judges(models, changes.pop("judge_list", "ok"))
        known = {field.name for field in fields(Trouble)}
        assert changes.keys() <= known, changes.keys() - known
        return with_trouble(self.usual, parts=(part,), **changes)

    def filled(self, text: str) -> str:
        for name, value in self.names.items():
            text = text.replace(f"<{name}>", value)
        return text

    def _named(self, value: Any) -> Any:
        return value if value is None else json.loads(self.filled(json.dumps(value)))


def play(fault: dict[str, Any], aws: LocalAws, project: Path, *, whole: bool = False) -> Outcome:
    """Set the fault up, run preflight, mend it as the fix says, and run the same check again.

    ``whole`` runs every check and so measures what a user waits for; else only the check that is to catch it runs.
    """
    with_state = configured(aws)
    with stage(aws, project) as scene:
        scene.state.write_text(with_state, "utf-8")
        scene.set(fault)
        before = len(scene.aws.calls)
        began = time.perf_counter()
        wanted = scene.filled(fault["check"] or "")
        check = {wanted.partition(".")[0]}
        entries = scene.preflight(None if whole else check)
        seconds = time.perf_counter() - began
        _assert_only_reading(scene, before)
        entry = next((item for item in entries if item["id"] == wanted), None)
        caught = entry is not None and entry["status"] == fault["status"]
        if not caught or entry is None:
            return Outcome(False, seconds, False, entry)
        scene.mend(fault, entry)
        after = scene.preflight(check)
        mended = all(item["status"] == "pass" for item in after if item["id"] == wanted)
        decided = any(item["status"] == "pass" for item in after)  # a finding that is gone leaves its check behind
        return Outcome(True, seconds, mended and decided, entry)


def _assert_only_reading(scene: Stage, before: int) -> None:
    """Nothing that preflight calls creates, changes or uploads anything."""
    writing = [call.operation for call in list(scene.aws.calls)[before:] if not call.operation.startswith(READING)]
    assert writing == []


def _merge(target: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value


def _moment(text: str) -> str:
    if not text.startswith("+"):
        return text
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=float(text))
    return moment.isoformat(timespec="seconds")
