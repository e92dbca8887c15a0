"""Two runs on the same rows: is the newer fine-tuned model better than the one before?"""

from __future__ import annotations

import os
from collections.abc import Sequence

from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Evaluation, Side
from model_evaluation.runtime.results.fairness import FairnessReview
from model_evaluation.runtime.results.paired_scores import compare_scores, paired_scores
from model_evaluation.runtime.results.records import ScoredAnswer, pair_records
from model_evaluation.runtime.results.slices import CLUSTER_FIELDS
from model_evaluation.runtime.results.summary import scores_summary
from model_evaluation.runtime.rows import DatasetRow
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.summary import Summary

from .examples import read_examples
from .history import NUMBERS, Group, Run, differences, project_runs, read_runs
from .words import execution_id, finite_number

LABELS = {"tuned": "newer fine-tuned model", "base": "fine-tuned model of the run before"}


def run_before(project: str, newest: Run, which: str) -> Run:
    """The run whose fine-tuned model the newest one's is compared with: ``previous``, the last one before it that can
    be compared; a run's id; or the folder of its results. Raises Refused."""
    runs = project_runs(project)
    if which == "previous":
        earlier = [run for run in runs if run.summary["created"] < newest.summary["created"]]
        comparable = [run for run in earlier if not unlike(newest, run)]
        if comparable:
            return comparable[-1]
        if not earlier:
            raise Refused(
                "This project has no earlier run to compare with.",
                fix="Run a second evaluation first, or name a run of another folder: --against RUN",
                code="no_results",
            )
        raise Refused(
            f"None of {len(earlier)} earlier runs of this project is on the same rows under the same conditions.",
            fix="See what sets them apart: evaluate.py report --history; or name a run: --against RUN",
            code="no_results",
        )
    named = [run for run in runs if execution_id(run.summary) == which]
    path = os.path.join(os.path.abspath(os.path.expanduser(which)), "summary.json")
    if not named and os.path.isfile(path):
        named = read_runs([path]).runs
    if not named:
        raise Refused(
            f"There is no run {which!r} whose results can be compared.",
            fix=f"Runs of this project: {', '.join(execution_id(run.summary) for run in runs) or 'none'}.",
            code="no_results",
        )
    if reasons := unlike(newest, named[0]):
        raise Refused(
            f"The fine-tuned models of these two runs cannot be compared: {'; '.join(reasons)}.",
            fix="Name a run on the same rows under the same conditions.",
            code="not_comparable",
        )
    return named[0]


def unlike(newer: Run, older: Run) -> list[str]:
    """Why the fine-tuned models of two runs cannot be compared; empty when they can. Their base models may differ."""
    reasons = differences(newer, older, but=("base model",))
    mine, its = (
        {name: (entry["direction"], entry["limits"]) for name, entry in run.summary["metrics"].items()}
        for run in (newer, older)
    )
    if other := [name for name in {**mine, **its} if mine.get(name) != its.get(name)]:
        reasons.append(f"other metrics or scales ({', '.join(other)})")
    if newer.dataset is None or older.dataset is None:
        reasons.append("the rows of one of them are not at hand")
    return reasons


def compare_runs(newer: Run, older: Run) -> Summary:
    """The comparison of the two runs' fine-tuned models as a summary, in which the older one stands as ``base``."""
    new, old = newer.summary, older.summary
    metrics = [
        Metric(name, entry["direction"], (limits[0], limits[1]) if (limits := entry["limits"]) else None,
               guard=entry["guard"])
        for name, entry in new["metrics"].items()
        if name in old["metrics"]
    ]  # fmt: skip
    rows = [row for row in read_examples(newer.folder) if not row["record_id"].startswith("unlisted-")]
    answers: dict[Side, list[ScoredAnswer]] = {
        "tuned": _tuned_answers(newer.folder, metrics),
        "base": _tuned_answers(older.folder, metrics),
    }
    records = pair_records([_dataset_row(line, row) for line, row in enumerate(rows, start=1)], answers)
    paired = paired_scores(records, metrics, BOTH_SIDES)
    comparison = compare_scores(paired, metrics)
    evaluation = Evaluation(
        new["kind"], new["conditions"], new["models"]["tuned"], old["models"]["tuned"],
        primary_metric=new["primary_metric"], execution_arn=new["execution_arn"], created=new["created"],
        simulated=new["simulated"], labels=LABELS,
    )  # fmt: skip
    primary = next((metric for metric in metrics if metric.name == new["primary_metric"]), None)
    review = FairnessReview(records, paired, comparison, primary, LABELS) if primary else None
    fairness = review.fairness() if review else None
    return scores_summary(evaluation, comparison, warnings=comparison.remarks, fairness=fairness)


def _dataset_row(line: int, row: dict[str, str]) -> DatasetRow:
    fields = {name: value for name in CLUSTER_FIELDS if (value := row.get(name))}
    return DatasetRow(line, row["prompt"], row["reference"] or None, None, row.get("category") or None, fields)


def _tuned_answers(folder: str, metrics: Sequence[Metric]) -> list[ScoredAnswer]:
    """The fine-tuned model's answers, as far as the table has any."""
    answers = []
    for row in read_examples(folder):
        cells = {metric.name: row.get(f"{metric.name}__tuned", "") for metric in metrics}
        if row["tuned_response"] or any(cells.values()):
            scores = {name: finite_number(cell) for name, cell in cells.items()}
            answers.append(ScoredAnswer(row["prompt"], row["reference"] or None, row["tuned_response"], {**scores}))
    return answers


def change_since_last(group: Group) -> JsonObject | None:
    """What became of the fine-tuned model between the two newest runs of a group, on the primary metric; ``None`` when
    there are not two runs whose rows are at hand and which have the metric on one scale."""
    if len(group.runs) < 2 or unlike(group.runs[-1], group.runs[-2]):
        return None
    newer, older = group.runs[-1], group.runs[-2]
    summary = compare_runs(newer, older)
    entry = summary["metrics"].get(summary["primary_metric"])
    if entry is None or (difference := entry["difference"]) is None:
        return None
    return {
        "metric": summary["primary_metric"], "direction": entry["direction"],
        "newer": execution_id(newer.summary), "older": execution_id(older.summary),
        **{name: difference[name] for name in NUMBERS},
        "confidence": difference["confidence"], "method": difference["method"], "n_paired": entry["n_paired"],
        "decision": summary["verdict"]["decision"], "sentence": summary["verdict"]["sentence"],
    }  # fmt: skip
