"""Finished evaluations on disk, made by the kernel's own comparison from scores the test chooses."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model_evaluation.kinds.llm_as_judge.runtime.metrics import read_metrics
from model_evaluation.runtime.results.cautions import score_cautions
from model_evaluation.runtime.results.evaluation import SIDES, Evaluation, Side, named_model
from model_evaluation.runtime.results.examples import examples_table
from model_evaluation.runtime.results.fairness import FairnessReview
from model_evaluation.runtime.results.paired_scores import compare_scores, paired_scores
from model_evaluation.runtime.results.records import ScoredAnswer, pair_records
from model_evaluation.runtime.results.summary import scores_summary
from model_evaluation.runtime.rows import DatasetRow

PACKAGE = "arn:aws:sagemaker:us-west-2:111122223333:model-package/support-assistant/3"
BASE = "meta-textgeneration-llama-3-2-3b-instruct"
HOSTILE = "<script>alert(1)</script> | [x](javascript:y) @team =1+1"


def put_results(
    project: Path,
    execution: str = "abc123def456",
    *,
    tuned: Sequence[float | None] = (1.0, 0.75, 1.0, 0.5) * 10,
    base: Sequence[float | None] = (0.5, 0.5, 0.75, 0.5) * 10,
    created: str = "2026-11-01T10:00:00+00:00",
    judge: str = "judge-one",
    base_model: str | None = BASE,
    tuned_model: str | None = PACKAGE,
    simulated: bool = False,
    scope: str = "compare",
    prompts: str = "prompt",
    metrics: Sequence[str] = ("Correctness", "Harmfulness"),
    extra: Sequence[str] = (),
    other: float | str | tuple[float, float] = 0.0,
) -> Path:
    """``project/results/EXECUTION`` with summary.json and per_example.csv; returns the folder.

    Correctness has the given scores, every other metric ``other``, for both models or for each.
    """
    lists = (tuple(tuned), tuple(base), tuple(metrics), tuple(extra))
    summary, table = _compared(*lists, judge, (tuned_model, base_model), simulated, scope, prompts, other)
    arn = f"arn:aws:sagemaker:us-west-2:111122223333:pipeline/p/execution/{execution}"
    folder = project / "results" / execution
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(summary | {"execution_arn": arn, "created": created}))
    (folder / "per_example.csv").write_text(table, encoding="utf-8", newline="")
    return folder


@functools.cache
def _compared(
    tuned: Sequence[float | None],
    base: Sequence[float | None],
    metrics: Sequence[str],
    problems: Sequence[str],
    judge: str,
    models: tuple[str | None, str | None],
    simulated: bool,
    scope: str,
    prompts: str,
    other: float | str | tuple[float, float],
) -> tuple[dict[str, Any], str]:
    """The summary of these scores, and the text of per_example.csv."""
    dataset: list[DatasetRow] = []
    answers: dict[Side, list[ScoredAnswer]] = {side: [] for side in SIDES[scope]}
    for number, (mine, its) in enumerate(zip(tuned, base, strict=True), start=1):
        row = DatasetRow(number, f"{prompts} {number}", f"reference {number}", None, "ab"[number % 2], {})
        dataset.append(row)
        for side, own in answers.items():
            score = mine if side == "tuned" else its
            rest = other[side == "base"] if isinstance(other, tuple) else other
            scores: dict[str, Any] = dict.fromkeys(metrics, rest) | {metrics[0]: score}
            missing = {metrics[0]: "null"} if score is None else {}
            own.append(ScoredAnswer(row.prompt, row.reference, f"{side} answer {number}", scores, {}, missing))
    chosen = read_metrics(metrics, None)
    records = pair_records(dataset, answers)
    paired = paired_scores(records, chosen, SIDES[scope])
    comparison = compare_scores(paired, chosen)
    fairness = FairnessReview(records, paired, comparison, chosen[0]).fairness() if scope == "compare" else None
    evaluation = Evaluation(
        "llm_as_judge",
        {"judge": judge},
        *map(named_model, models),
        scope=scope,
        primary_metric=metrics[0],
        simulated=simulated,
    )
    warnings = [*problems, *score_cautions(records, comparison, SIDES[scope]), *comparison.remarks]
    summary = scores_summary(evaluation, comparison, warnings=warnings, fairness=fairness)
    return dict(summary), examples_table(records, chosen).to_pandas().to_csv(index=False, lineterminator="\n")


def edit_summary(folder: Path, **changes: Any) -> None:
    path = folder / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")


def summary_of(folder: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return summary
