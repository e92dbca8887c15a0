"""The notebook's process is killed at a chosen moment of a run, and run again: what AWS and the disk hold then."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e.script_runs import Bench, ScriptOutcome, interpreter
from model_evaluation.localaws import LocalAws
from model_evaluation.localaws.cloud import Call

READS = ("Get", "List", "Describe", "Head", "Search", "BatchGet")


@dataclass(frozen=True)
class Moment:
    """When to kill, counted from the moment the intent to start is on record (not earlier: then nothing was begun).

    ``call`` is a call's number from 0, or an operation, of which ``skipped`` calls pass.
    ``phase`` is ``before`` (the call never takes effect), ``effect`` (it took effect, the answer is lost), ``after``
    (``delay`` seconds after the answer was sent); ``clock``: ``delay`` seconds after the intent; or ``export``: while
    the results are being written, whichever ``call``.
    """

    call: int | str
    phase: str
    delay: float = 0.0
    skipped: int = 0


class Killer:
    """Watches a bench's calls and kills its process at one moment. ``where`` says where that was, in words."""

    def __init__(self, bench: Bench, moment: Moment) -> None:
        self._bench, self._moment = bench, moment
        self._lock = threading.Lock()
        self._number = -1
        self._to_skip = moment.skipped
        self._chosen: Call | None = None
        self._timer: threading.Timer | None = None
        self.where = ""

    def run(self) -> ScriptOutcome:
        self._bench.aws.calls.observer = self._observe
        if self._moment.phase == "export":
            self.where, self._bench.deadly_file = "while the results were written", "report.html"
        try:
            return self._bench.run()
        finally:
            self._bench.deadly_file = ""
            self._bench.aws.calls.observer = lambda call, moment: None
            if self._timer is not None:  # a moment that comes after the end must not hit the next run
                self._timer.cancel()
                self._timer.join()

    def _observe(self, call: Call, moment: str) -> None:
        with self._lock:
            wanted = self._moment
            if moment == "arrived":
                if not any(self._bench.launches.glob("*.json")):
                    return
                self._number += 1
                if wanted.phase == "clock":
                    if self._number == 0:
                        self._kill_later(f"{wanted.delay:.2f} s after the intent was recorded")
                    return
                if self._chosen is None and wanted.call in (self._number, call.operation):
                    if self._to_skip:
                        self._to_skip -= 1
                        return
                    self._chosen = call
                    if wanted.phase == "before":
                        self._kill_now(f"before {call.operation}")
            elif call is self._chosen and wanted.phase == "effect":
                self._kill_now(f"{call.operation} took effect, answer lost")
            elif call is self._chosen and wanted.phase == "after":
                self._kill_later(f"{1000 * wanted.delay:.0f} ms after {call.operation} was answered")

    def _kill_now(self, where: str) -> None:
        self.where = where
        interpreter().kill()
        raise ConnectionAbortedError(where)

    def _kill_later(self, where: str) -> None:
        self.where = where
        self._timer = threading.Timer(self._moment.delay, interpreter().kill)
        self._timer.start()


@dataclass(frozen=True)
class Trial:
    """What one configuration came to after all its kills. ``found_by`` is how the last run learnt of an execution that
    was there already; ``changes`` are the calls by which it changed anything in AWS."""

    killed: tuple[str, ...]
    existed: bool
    found_by: str
    executions: tuple[str, ...]
    starts: int
    changes: tuple[str, ...]
    paired_rows: int
    files: frozenset[str]

    @property
    def kept_its_promise(self) -> bool:
        """One execution, complete results, and no finished work done again."""
        complete = self.paired_rows == 12 and self.files >= {"summary.json", "per_example.parquet", "report.html"}
        return self.executions == ("Succeeded",) and complete and not (self.existed and self.changes)


def play(bench: Bench, moments: Sequence[Moment]) -> Trial:
    """Runs and kills once per moment, then runs to the end."""
    killed = []
    for moment in moments:
        killer = Killer(bench, moment)
        outcome = killer.run()
        if outcome.killed:
            killed.append(killer.where)
        else:
            assert outcome.ok, outcome  # it ended before its moment came
    existed = bool(bench.executions)
    recorded = any(attempt["execution_arn"] for attempt in attempts(bench))
    before = len(bench.aws.calls)
    outcome = bench.run()
    assert outcome.ok, outcome
    names = [call.operation for call in bench.aws.calls[before:] if call.service != "telemetry"]
    (folder,) = bench.result_folders
    return Trial(
        killed=tuple(killed),
        existed=existed,
        found_by=("its record" if recorded else "its name") if existed else "",
        executions=tuple(bench.executions),
        starts=bench.calls_of("StartPipelineExecution"),
        changes=tuple(name for name in names if not name.startswith(READS)),
        paired_rows=bench.summary["rows"]["paired"],
        files=frozenset(path.name for path in folder.iterdir()),
    )


def attempts(bench: Bench) -> list[dict[str, str]]:
    """What the record beside the notebook says."""
    (record,) = bench.launches.glob("*.json")
    found: list[dict[str, str]] = json.loads(record.read_text(encoding="utf-8"))["attempts"]
    return found


def kill_at_start_of_job(program: Path, aws: LocalAws, moment: str) -> None:
    """Runs a program until it starts a training job, and kills it when the call ``arrived``, which then has no effect,
    or when it was ``answered``."""

    def kill(call: Call, now: str) -> None:
        if (call.operation, now) == ("CreateTrainingJob", moment):
            interpreter().kill()
            if moment == "arrived":
                raise ConnectionAbortedError

    aws.calls.observer = kill
    outcome = interpreter().run(program, program.parent, aws.child_environment(), ["--poll-seconds=0.1"])
    aws.calls.observer = lambda call, now: None
    assert outcome.killed, outcome
