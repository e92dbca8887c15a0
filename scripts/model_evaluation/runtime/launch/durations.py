"""How long the steps of a run take by its size: what a kind knows of them, or better, what earlier runs here took."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SHORT_STEP_MINUTES = (0.0, 0.5)
# How far another run of the same size may be from the quickest and the slowest so far. An assumption.
OWN_SPREAD = 1.25
OWN_RUNS_USED = 10
LONGEST_USUAL = (90.0, 15.0)  # minutes after which a long or a short step of any size is worth a look
UNKNOWN_ROWS = 100  # assumed where the dataset cannot be read
Minutes = tuple[float, float]
"""Low and high."""


@dataclass(frozen=True)
class Load:
    """Seconds, low to high, for each of what a job handles; how many these are is the product of the sizes named in
    ``per``."""

    seconds: tuple[float, float]
    per: tuple[str, ...]


@dataclass(frozen=True)
class Work:
    """What some steps of a kind have in common: minutes until a job of theirs begins, low to high, and its loads."""

    steps: frozenset[str]
    minutes: Minutes
    loads: tuple[Load, ...] = ()

    def published(self, sizes: Mapping[str, int]) -> Minutes:
        low, high = self.minutes
        for load in self.loads:
            count = math.prod(sizes.get(name, 0) for name in load.per)
            low, high = low + count * load.seconds[0] / 60, high + count * load.seconds[1] / 60
        return low, high

    def middle(self, sizes: Mapping[str, int]) -> float:
        """The geometric mean of low and high."""
        return math.sqrt(math.prod(self.published(sizes)))


@dataclass(frozen=True)
class PastRun:
    """A run that succeeded: its sizes, and the minutes each step took."""

    run_id: str
    sizes: Mapping[str, int]
    minutes: Mapping[str, float]


@dataclass(frozen=True)
class UsualDurations:
    """What a run of these sizes usually takes; ``own`` are earlier runs."""

    work: Sequence[Work]
    sizes: Mapping[str, int]
    own: tuple[PastRun, ...] = ()

    def work_of(self, step_name: str) -> Work | None:
        return next((work for work in self.work if step_name in work.steps), None)

    def minutes(self, step_name: str) -> Minutes:
        """Minutes of one step. With earlier runs: the published figures' middle, times how the quickest and the slowest
        of them compared with theirs, and a spread for what they did not show."""
        work = self.work_of(step_name)
        if work is None:
            return SHORT_STEP_MINUTES
        ratios = [
            took / work.middle(run.sizes)
            for run in self.own[-OWN_RUNS_USED:]
            for name, took in run.minutes.items()
            if name in work.steps
        ]
        if not ratios:
            return work.published(self.sizes)
        middle = work.middle(self.sizes)
        return middle * min(ratios) / OWN_SPREAD, middle * max(ratios) * OWN_SPREAD

    def stuck_after(self, step_name: str) -> float:
        """Minutes after which somebody should look at a step that still runs: twice the usual, at least 90 (15 for
        the steps that only keep the books)."""
        return max(2 * self.minutes(step_name)[1], LONGEST_USUAL[self.work_of(step_name) is None])


def read_past_runs(results_dir: str) -> tuple[PastRun, ...]:
    """The runs whose durations were kept in a results folder, oldest first; damaged lines are left out."""
    runs: dict[str, PastRun] = {}
    with suppress(OSError):
        for line in _file(results_dir).read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, TypeError, KeyError, AttributeError):
                sizes = json.loads(line)
                run_id, minutes = str(sizes.pop("execution")), sizes.pop("minutes")
                took = {str(name): float(minute) for name, minute in minutes.items() if float(minute) > 0}
                runs[run_id] = PastRun(run_id, {str(name): int(size) for name, size in sizes.items()}, took)
    return tuple(runs.values())


def keep_past_run(results_dir: str, run: PastRun) -> None:
    """Adds a run's durations for later estimates, beside the launch records; without such a folder nothing is kept."""
    path = _file(results_dir)
    if run.run_id in {past.run_id for past in read_past_runs(results_dir)} or not path.parent.is_dir():
        return
    minutes = {name: round(took, 2) for name, took in run.minutes.items()}
    with suppress(OSError), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"execution": run.run_id, **run.sizes, "minutes": minutes}) + "\n")


def _file(results_dir: str) -> Path:
    return Path(results_dir) / "launches" / "durations.jsonl"


def in_words(minutes: Minutes) -> str:
    """ "about 20 to 45 minutes", "about 2 to 5 hours"."""
    low, high = minutes
    if high < 120:
        return f"about {5 * round(low / 5):.0f} to {5 * -(-high // 5):.0f} minutes"
    return f"about {low / 60:.1f} to {high / 60:.1f} hours"
