"""The runs of one project side by side: only what can be compared is put on one line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.registry import report_words
from model_evaluation.results_folder import project_summaries
from model_evaluation.runtime.report.words import short_time
from model_evaluation.runtime.summary import Difference, Entry, Summary, compared, model_name

from .examples import dataset_fingerprint
from .summaries import read_summary
from .words import execution_id, interval, signed

ROWS = "rows of the dataset"  # the condition; a kind may have one of its own that is called dataset
NUMBERS: tuple[Literal["mean", "ci_low", "ci_high"], ...] = ("mean", "ci_low", "ci_high")


class Run(NamedTuple):
    """A finished comparison. ``dataset`` is its fingerprint, ``None`` when the rows are not at hand."""

    folder: str
    summary: Summary
    dataset: str | None

    @property
    def conditions(self) -> dict[str, str]:
        """What must be equal for two runs to be compared, by name, those of the kind's own among it."""
        summary = self.summary
        own = {
            name: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            for name, value in sorted(summary["conditions"].items())
        }
        return {
            "simulated": str(summary["simulated"]),
            ROWS: self.dataset or f"{summary['rows']['dataset']} rows, otherwise unknown",
            "kind": summary["kind"],
            **own,
            "base model": model_name(summary, "base"),
            "primary metric": summary["primary_metric"],
        }


class Runs(NamedTuple):
    """The comparisons among some summaries, oldest first, and what was left out and why."""

    runs: list[Run]
    left_out: list[str]


class Group(NamedTuple):
    """Runs under the same conditions, oldest first; ``differs`` says how from those of the newest run."""

    runs: list[Run]
    differs: list[str]


def read_runs(paths: Iterable[str]) -> Runs:
    """The comparisons among these summaries; of a run whose results were written to several folders, one."""
    runs: dict[tuple[str, str], Run] = {}
    left_out = []
    for path in sorted(paths):
        try:
            summary = read_summary(path)
        except Refused as error:
            left_out.append(error.message)
            continue
        if summary["verdict"]["decision"] in ("none", "invalid"):
            left_out.append(f"{path}: nothing was compared ({summary['verdict']['sentence']})")
            continue
        folder = os.path.dirname(path)
        runs[summary["execution_arn"], summary["created"]] = Run(folder, summary, dataset_fingerprint(folder))
    return Runs(sorted(runs.values(), key=lambda run: (run.summary["created"], run.folder)), left_out)


def project_runs(project: str) -> list[Run]:
    """The project's comparisons, oldest first."""
    return read_runs(file.path for file in project_summaries(project)).runs


def comparable_groups(runs: Sequence[Run]) -> list[Group]:
    """Runs by their conditions, the newest run's group first."""
    by_conditions: dict[tuple[tuple[str, str], ...], list[Run]] = {}
    for run in reversed(runs):
        by_conditions.setdefault(tuple(run.conditions.items()), []).insert(0, run)
    groups = list(by_conditions.values())
    return [Group(group, differences(group[-1], groups[0][-1])) for group in groups]


def differences(run: Run, other: Run, but: Sequence[str] = ()) -> list[str]:
    """In which conditions a run departs from the other, in words; empty when in none. Those of ``but`` do not count."""
    mine, its = run.conditions, other.conditions
    texts = []
    for name in dict.fromkeys([*mine, *its]):
        own, theirs = mine.get(name, ""), its.get(name, "")
        if own == theirs or name in but:
            continue
        if name == "simulated":
            texts.append(
                "these are SIMULATED" if run.summary["simulated"] else "these are real, the newest is SIMULATED"
            )
        elif name == ROWS:
            texts.append(f"another dataset ({_other_rows(run, other)})")
        else:
            texts.append(f"another {name} ({own or 'unnamed'}, not {theirs or 'unnamed'})")
    return texts


def _other_rows(run: Run, other: Run) -> str:
    rows, other_rows = (own.summary["rows"]["dataset"] for own in (run, other))
    text = f"{rows} rows, not {other_rows}" if rows != other_rows else f"{rows} rows as well, but others"
    if run.dataset is None or other.dataset is None:
        text += "; per_example.csv is missing, so the rows themselves cannot be compared"
    return text


class Trend(NamedTuple):
    """One metric over the runs of a group: its entry in each run, ``None`` where the run lacks it."""

    metric: str
    direction: str
    entries: list[Entry | None]
    note: str = ""


def trends(group: Group) -> list[Trend]:
    """The group's metrics, the primary metric first. A metric whose direction or scale changed is
    compared only with runs that have the newest one's, and says so."""
    newest = group.runs[-1].summary
    names = [newest["primary_metric"], *newest["metrics"], *(n for run in group.runs for n in run.summary["metrics"])]
    lines = []
    for name in dict.fromkeys(names):
        every = [run.summary["metrics"].get(name) for run in group.runs]
        entries: list[Entry | None] = [entry if entry and entry["difference"] else None for entry in every]
        last = next((entry for entry in reversed(entries) if entry), None)
        if last is None:
            continue
        like_last = [entry if entry and _scale(entry) == _scale(last) else None for entry in entries]
        others = sum(a is not None and b is None for a, b in zip(entries, like_last, strict=True))
        note = f"{name}: older runs with another direction or scale, left out: {others}." if others else ""
        lines.append(Trend(name, last["direction"], like_last, note))
    return lines


def _scale(entry: Entry) -> tuple[object, ...]:
    return entry["direction"], tuple(entry.get("limits") or ())


def history_json(groups: Sequence[Group]) -> list[JsonObject]:
    """The groups as JSON: their conditions, their runs, and how each metric's difference went."""
    return [_group_json(group, trends(group)) for group in groups]


def _group_json(group: Group, metrics: Sequence[Trend]) -> JsonObject:
    newest = group.runs[-1].summary
    conditions = group.runs[-1].conditions
    del conditions["base model"], conditions["primary metric"]
    return {
        "dataset": conditions.pop(ROWS),
        **conditions,
        "simulated": newest["simulated"],
        "base": model_name(newest, "base"),
        "primary_metric": newest["primary_metric"],
        "rows": newest["rows"]["dataset"],
        "differs": group.differs,
        "notes": [trend.note for trend in metrics if trend.note],
        "runs": [_run_json(run) for run in group.runs],
        "trends": [_trend_json(trend, group.runs) for trend in metrics],
    }


def _run_json(run: Run) -> JsonObject:
    summary = run.summary
    return {
        "execution": execution_id(summary),
        "created": summary["created"],
        "tuned": model_name(summary, "tuned"),
        "primary_metric": summary["primary_metric"],
        "decision": summary["verdict"]["decision"],
        "results": run.folder,
    }


def _trend_json(trend: Trend, runs: Sequence[Run]) -> JsonObject:
    points = [
        {
            "execution": execution_id(run.summary),
            **{name: compared(entry)[name] for name in NUMBERS},
            "n_paired": entry["n_paired"],
            "verdict": entry["verdict"],
        }
        for run, entry in zip(runs, trend.entries, strict=True)
        if entry
    ]
    return {"metric": trend.metric, "direction": trend.direction, "points": points}


def history_sentences(groups: Sequence[Group]) -> list[str]:
    """What the history says, in plain words: the newest group's primary metric, then what stands apart and why."""
    newest = groups[0]
    trend = trends(newest)[0]
    last, before, *_ = [
        f"({short_time(run.summary['created'])}): {_evidence(compared(entry))}"
        for run, entry in zip(reversed(newest.runs), reversed(trend.entries), strict=True)
        if entry
    ] + [""]
    further = f"the run before {before}" if before else "there is no comparable run before it"
    sentences = [f"{trend.metric}, newest run {last}; {further}."]
    if newest.runs[-1].summary["simulated"]:
        sentences.insert(0, report_words(newest.runs[-1].summary).simulated)
    for group in groups[1:]:
        runs = "1 run" if len(group.runs) == 1 else f"{len(group.runs)} runs"
        sentences.append(f"Not compared with these: {runs}; {'; '.join(group.differs)}.")
    return sentences


def _evidence(difference: Difference) -> str:
    return f"{signed(difference['mean'])} ({interval(difference)})"


def project_history(project: str) -> tuple[list[Group], list[str]]:
    """All groups of a project's runs, and what was left out. Raises Refused when the project has no results."""
    paths = [summary.path for summary in project_summaries(project)]
    if not paths:
        raise Refused(
            f"{project} has no results yet (looked in notebooks/results and results).",
            fix="Run the notebook to its end; if it ran in Studio, copy its results folder here.",
            code="no_results",
        )
    every = read_runs(paths)
    return comparable_groups(every.runs), every.left_out
