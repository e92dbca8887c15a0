"""One eval played: a local AWS world, a simulated user, an assistant, and the record of what happened."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from model_evaluation import state
from model_evaluation.conversation.answers import give_answer
from model_evaluation.conversation.provenance import present
from model_evaluation.errors import StateError
from model_evaluation.kinds.custom_scorer.localaws.player import ScorerWorld
from model_evaluation.kinds.inspect_ai.localaws.player import tasks_place
from model_evaluation.kinds.llm_as_judge.localaws.player import World
from model_evaluation.kinds.multi_turn.localaws.player import MultiTurnWorld
from model_evaluation.kinds.nova.functions.writing import function_source
from model_evaluation.kinds.nova.localaws.world import deploy_function
from model_evaluation.kinds.registry import DEFAULT, kind_of, load_kind
from model_evaluation.localaws import Call, LocalAws
from model_evaluation.localaws.seeding import Seeder
from predictive_tables import TABLES
from trouble import with_trouble

HERE = Path(__file__).parent
MAX_TURNS = 25
# What a user says at a step when the eval says nothing else. `None`: yes to the suggestion.
USUAL: dict[str, str | None] = {
    "task": "Answer the questions of our customers, briefly and politely",
    "dataset": "{dataset_uri}",
    "data": None,
    "custom_metrics": None,
    "builtin_metrics": None,
    "primary_metric": None,
    "model": "{group_name}",
    "judge": "{judge}",
    "role": "{role_arn}",
    "mlflow": "{mlflow_app_arn}",
    "output": None,
    "confirm": "yes",
    "terms": "I agree",
    "notebook": None,
    # Of further kinds.
    "benchmark": "math",
    "subtasks": None,
    "decoding": None,
    "smallest_effect": None,
    "scorer": "{evaluator_arn}",
    "scorer_trial": "skip",
    "agent": "{agent_arn}",
    "rollouts": None,
    "sampling": None,
    "success": None,
    "benchmarks": "{tasks_uri}",
    "tasks": "capitals",
    "reference": "fernway-assistant-v2",
}
# The same about a predictive model; its files lie in the project's folder (`tables` of an eval's world).
PREDICTIVE: dict[str, str | None] = {
    "task": "Tell malignant tumours from harmless ones",
    "dataset": "test.csv",
    "data": None,
    "problem": None,
    "model": "candidate.csv",
    "reference": "champion.csv",
    "threshold": None,
    "primary_metric": None,
    "confirm": "yes",
}


@dataclass
class Ran:
    """One command that the assistant ran, with its exit code and its object."""

    arguments: list[str]
    code: int
    body: dict[str, Any]


@dataclass
class Turn:
    """What the user said, what the assistant replied, and the state around it."""

    said: str
    reply: str
    before: dict[str, Any]
    after: dict[str, Any]
    ran: list[Ran]


@dataclass
class Played:
    """A finished conversation: all that expectations are held against."""

    project: Path
    turns: list[Turn]
    references: list[str]
    calls: list[Call]
    state_at_start: bytes | None
    document: dict[str, Any]
    finished: bool
    files: Mapping[str, str] = field(default_factory=dict)


class Assistant(Protocol):
    """Whoever holds the conversation. ``means`` is what the words mean, for assistants that cannot read them."""

    ran: list[Ran]
    references: list[str]

    def reply(self, said: str, means: list[dict[str, Any]]) -> str: ...


class User:
    """Says the eval's words: at each open step its next reply, else the usual answer."""

    def __init__(self, replies: Mapping[str, list[Any]], usual: Mapping[str, Mapping[str, str | None]]) -> None:
        self.replies = {step: list(items) for step, items in replies.items()}
        self.usual = usual
        self.kind = DEFAULT

    def next(self, document: dict[str, Any] | None) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
        """Words, their meaning, and what happens to the world before they are said."""
        step = open_step(document)
        self.kind = kind_of(document).id if document and "answers" in document else DEFAULT
        waiting = self.replies.get(step or "*", [])
        item = waiting.pop(0) if waiting else self._usual(step)
        if isinstance(item, str):
            item = {"say": item}
        return item["say"], item.get("means", [{"answer": [step, item["say"]]}]), item.get("world", {})

    def _usual(self, step: str | None) -> Any:
        if step is None:
            return {"say": "Yes, go on.", "means": [{"next": True}]}
        usual = self.usual.get(self.kind, self.usual[DEFAULT]).get(step)
        return {"say": "Yes, take that.", "means": [{"accept": step}]} if usual is None else usual


@functools.cache
def all_evals() -> list[dict[str, Any]]:
    """The evals as they are written: those of the default kind, then each further kind's file, numbered on."""
    evals: list[dict[str, Any]] = json.loads((HERE / "evals.json").read_text(encoding="utf-8"))["evals"]
    for path in sorted((HERE / "kinds").glob("*.json")):
        further = json.loads(path.read_text(encoding="utf-8"))["evals"]
        evals += [{"id": len(evals) + number, **item} for number, item in enumerate(further, 1)]
    return evals


def load_evals(world: World, *names: str) -> list[dict[str, Any]]:
    """The evals of these names (default: all) with ``{name}`` replaced by the world's values, in every string."""
    chosen = [item for item in all_evals() if not names or item["name"] in names]
    result: list[dict[str, Any]] = _filled(chosen, _names(world))
    return result


def usual_answers(world: World) -> dict[str, str]:
    """An answer to every step that is asked; suggestions are written out."""
    chosen = {"data": "ok", "custom_metrics": "none", "builtin_metrics": "Correctness,Completeness",
              "primary_metric": "Correctness", "output": f"s3://{world.bucket}/results", "notebook": "new",
              "subtasks": "ALL", "decoding": "defaults", "smallest_effect": "2",
              "rollouts": "1", "sampling": "defaults", "success": "1"}  # fmt: skip
    return {step: chosen.get(step) or _filled(value or "", _names(world)) for step, value in USUAL.items()}


def _names(world: World) -> dict[str, str]:
    further = (ScorerWorld(world.account, world.region), MultiTurnWorld(world.account, world.region))
    names = {**world.names(), **{name: text for one in further for name, text in vars(one).items()}}
    return {**names, "tasks_uri": tasks_place(world.bucket)}


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace("{" + name + "}", text)
        return value
    if isinstance(value, list):
        return [_filled(item, names) for item in value]
    if isinstance(value, dict):
        return {_filled(key, names): _filled(item, names) for key, item in value.items()}
    return value


def read_state(project: Path) -> dict[str, Any] | None:
    """The state file's document; ``None`` while it is damaged."""
    try:
        return state.load(str(project)).document
    except StateError:
        return None


def open_step(document: dict[str, Any] | None) -> str | None:
    """The first step without an answer; ``None`` when there is none, or no document."""
    if document is None:
        return None
    answers = present(document)["answers"] if "answers" in document else {}
    kind = kind_of(document) if "answers" in document else load_kind(DEFAULT)
    return next((step for step in kind.steps if step not in answers), None)


class Stage:
    """A seeded local AWS on which evals are played one after another."""

    def __init__(self, aws: LocalAws, world: World, folder: Path) -> None:
        self.aws = aws
        self.world = world
        self.folder = folder
        self.calm = aws.scenario
        self.caller = aws.cloud.caller_arn
        self._prepared: dict[str, bytes] = {}

    def prepare(self, item: Mapping[str, Any]) -> Path:
        """The project folder as the eval's user has it, and the objects that lie in S3."""
        project = self.folder / f"{item['id']:02}-{item['name']}"
        project.mkdir()
        given = item.get("world", {})
        for name, text in given.get("files", {}).items():
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
        if "tables" in given:
            TABLES[given["tables"]](project)
        for uri, lines in given.get("objects", {}).items():
            body = "".join(json.dumps(line) + "\n" for line in _repeated(lines))
            Seeder(self.aws.cloud, self.world.region).object(uri, body.encode())
        for name, template in given.get("functions", {}).items():
            arn = f"arn:aws:lambda:{self.world.region}:{self.world.account}:function:{name}"
            source, _ = function_source(template, "class")
            deploy_function(Seeder(self.aws.cloud, self.world.region), arn, source)
        if "answered_until" in given:
            (project / state.FILE_NAME).write_bytes(self._answered(given["answered_until"], given.get("answers", {})))
        return project

    def _answered(self, until: str, changes: Mapping[str, str]) -> bytes:
        """The state file with every usual answer before ``until``, made once per variant."""
        key = json.dumps([until, dict(changes)])
        if key not in self._prepared:
            project = self.folder / f"prepared-{len(self._prepared)}"
            project.mkdir()
            with self.environment({}):
                given = {**usual_answers(self.world), **changes}
                kind = load_kind(changes.get("evaluation", DEFAULT))
                for step in kind.steps:
                    if step == until:
                        break
                    if step in given:
                        give_answer(str(project), step, given[step])
            self._prepared[key] = (project / state.FILE_NAME).read_bytes()
        return self._prepared[key]

    @contextmanager
    def environment(self, changes: Mapping[str, str | None]) -> Iterator[None]:
        """AWS's variables of this world in this process, with an eval's changes (``None`` removes one)."""
        before = dict(os.environ)
        os.environ.update(self.aws.env)
        for name, value in changes.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _change(self, world: Mapping[str, Any]) -> None:
        self.aws.cloud.caller_arn = world.get("caller", self.aws.cloud.caller_arn)
        if "scenario" in world:
            wanted = {key: tuple(item) if isinstance(item, list) else item for key, item in world["scenario"].items()}
            self.aws.scenario = with_trouble(self.calm, **wanted)
        for name, value in world.get("env", {}).items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def play(self, item: Mapping[str, Any], project: Path, assistant: Assistant) -> Played:
        """Hold the conversation to its end (or to MAX_TURNS)."""
        path = project / state.FILE_NAME
        at_start = path.read_bytes() if path.exists() else None
        user = User(item.get("replies", {}), _filled({DEFAULT: USUAL, "predictive": PREDICTIVE}, _names(self.world)))
        said, means = item["prompt"], item.get("means", [])
        turns: list[Turn] = []
        first_call = len(self.aws.calls)
        with self.environment({}):
            self._change(item.get("world", {}))
            try:
                while True:
                    before, ran_before = read_state(project), len(assistant.ran)
                    reply = assistant.reply(said, means)
                    after = read_state(project)
                    turns.append(Turn(said, reply, before or {}, after or {}, assistant.ran[ran_before:]))
                    done = _ended(item.get("ends", "rendered"), after, len(turns))
                    if done or len(turns) >= MAX_TURNS:
                        break
                    said, means, world = user.next(after)
                    self._change(world)
            finally:
                self.aws.scenario = self.calm
                self.aws.cloud.caller_arn = self.caller
        return Played(
            project,
            turns,
            assistant.references,
            list(self.aws.calls[first_call:]),
            at_start,
            after or {},
            done,
            item.get("world", {}).get("files", {}),
        )


def _ended(ends: Any, document: dict[str, Any] | None, turns: int) -> bool:
    if ends == "rendered":
        return bool(document and document.get("rendered"))
    if "step" in ends:
        return document is not None and open_step(document) == ends["step"]
    return turns >= int(ends["turns"])


def _repeated(lines: Any) -> list[Any]:
    """``{"rows": N, "of": [...]}`` stands for N numbered rows; a list is taken as it is."""
    if isinstance(lines, list):
        return lines
    pattern = json.dumps(lines["of"])
    return [json.loads(pattern.replace("#", str(number))) for number in range(lines["rows"])]
