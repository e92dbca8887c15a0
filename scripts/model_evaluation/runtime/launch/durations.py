"""How long the steps of an evaluation take by its size: what was published, or better, what earlier runs here took."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Minutes a job takes to start and to load its model, low to high; then seconds per row that is answered, or per call
# of the judge. Two anchors have been published: 15 to 20 minutes for a handful of rows, 45 to 55 for 123 long rows;
# how many metrics those had is not told, five are assumed. Both models are answered and judged side by side.
JOB_MINUTES = (7.5, 12.0)
SECONDS_PER_ANSWER = (1.5, 6.0)
SECONDS_PER_CALL = (0.5, 2.0)
SHORT_STEP_MINUTES = (0.0, 0.5)
ANSWER_STEPS = frozenset({"EvaluateBaseInferenceModel", "EvaluateCustomInferenceModel", "InspectAIInference"})
SCORE_STEPS = frozenset({"EvaluateBaseModelMetrics", "EvaluateCustomModelMetrics", "EvaluateWithJudge"})
# One model's steps, which follow one another.
CHAIN = ("CreateEvaluationAction", "EvaluateCustomInferenceModel", "EvaluateCustomModelMetrics", "AssociateLineage")
# How far another run of the same size may be from the quickest and the slowest so far. An assumption.
OWN_SPREAD = 1.25
OWN_RUNS_USED = 10
LONGEST_USUAL = (90.0, 15.0)  # minutes after which a long or a short step of any size is worth a look
UNKNOWN_ROWS = 100  # assumed where the dataset cannot be read
DURATIONS_FILE = "durations.jsonl"


@dataclass(frozen=True)
class PastRun:
    """An evaluation that succeeded: its size, and the minutes each step took."""

    execution: str
    rows: int
    metrics: int
    minutes: Mapping[str, float]


@dataclass(frozen=True)
class UsualDurations:
    """What an evaluation of ``rows`` rows and ``metrics`` metrics usually takes; ``own`` are earlier runs."""

    rows: int
    metrics: int
    own: tuple[PastRun, ...] = ()

    def minutes(self, step_name: str) -> tuple[float, float]:
        """Minutes of one step, low to high.

        With earlier runs: the published figures' middle, times how the quickest and the slowest of them compared
        with theirs, and a spread for what they did not show.
        """
        kind = next((kind for kind in (ANSWER_STEPS, SCORE_STEPS) if step_name in kind), None)
        if kind is None:
            return SHORT_STEP_MINUTES
        published = _published_minutes(kind, self.rows, self.metrics)
        compared = [
            took / _middle(_published_minutes(kind, run.rows, run.metrics))
            for run in self.own[-OWN_RUNS_USED:]
            for name, took in run.minutes.items()
            if name in kind
        ]
        if not compared:
            return published
        middle = _middle(published)
        return middle * min(compared) / OWN_SPREAD, middle * max(compared) * OWN_SPREAD

    def whole(self, jobs: int = 1) -> tuple[float, float]:
        """Minutes from start to results. ``jobs`` evaluations, one after another, share the rows."""
        share = UsualDurations(math.ceil(self.rows / jobs), self.metrics, self.own)
        parts = [share.minutes(name) for name in CHAIN]
        return jobs * sum(low for low, _ in parts), jobs * sum(high for _, high in parts)

    def stuck_after(self, step_name: str) -> float:
        """Minutes after which somebody should look at a step that still runs: twice the usual, at least 90 (15 for
        the steps that only keep the books)."""
        long = step_name in ANSWER_STEPS | SCORE_STEPS
        return max(2 * self.minutes(step_name)[1], LONGEST_USUAL[0 if long else 1])


def _published_minutes(kind: frozenset[str], rows: int, metrics: int) -> tuple[float, float]:
    low, high = (
        (rows * SECONDS_PER_ANSWER[0], rows * SECONDS_PER_ANSWER[1])
        if kind is ANSWER_STEPS
        else (rows * metrics * SECONDS_PER_CALL[0], rows * metrics * SECONDS_PER_CALL[1])
    )
    return JOB_MINUTES[0] + low / 60, JOB_MINUTES[1] + high / 60


def _middle(minutes: tuple[float, float]) -> float:
    return math.sqrt(minutes[0] * minutes[1])


def read_past_runs(results_dir: str) -> tuple[PastRun, ...]:
    """The evaluations whose durations were kept in a results folder, oldest first; damaged lines are left out."""
    runs: dict[str, PastRun] = {}
    with suppress(OSError):
        for line in _durations_path(results_dir).read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, TypeError, KeyError, AttributeError):
                item = json.loads(line)
                minutes = {str(name): float(took) for name, took in item["minutes"].items() if float(took) > 0}
                run = PastRun(str(item["execution"]), int(item["rows"]), int(item["metrics"]), minutes)
                runs[run.execution] = run
    return tuple(runs.values())


def keep_past_run(results_dir: str, run: PastRun) -> None:
    """Adds a run's durations for later estimates, beside the launch records; without such a folder nothing is kept."""
    path = _durations_path(results_dir)
    known = {past.execution for past in read_past_runs(results_dir)}
    if run.execution in known or not path.parent.is_dir():
        return
    kept = {
        "execution": run.execution,
        "rows": run.rows,
        "metrics": run.metrics,
        "minutes": {name: round(took, 2) for name, took in run.minutes.items()},
    }
    with suppress(OSError), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(kept) + "\n")


def _durations_path(results_dir: str) -> Path:
    return Path(results_dir) / "launches" / DURATIONS_FILE


def in_words(minutes: tuple[float, float]) -> str:
    """ "about 20 to 45 minutes", "about 2 to 5 hours"."""
    low, high = minutes
    if high < 120:
        return f"about {5 * round(low / 5):.0f} to {5 * -(-high // 5):.0f} minutes"
    return f"about {low / 60:.1f} to {high / 60:.1f} hours"
