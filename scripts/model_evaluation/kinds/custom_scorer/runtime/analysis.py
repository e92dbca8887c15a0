"""From an execution's files to its analysis: the scorer's scores row by row, paired and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.dataset_files import SourceRows
from model_evaluation.runtime.results.cautions import mean_cautions, score_cautions
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side
from model_evaluation.runtime.results.examples import examples_table
from model_evaluation.runtime.results.fairness import FairnessReview
from model_evaluation.runtime.results.paired_scores import compare_scores, paired_scores
from model_evaluation.runtime.results.records import Record, ScoredAnswer, pair_records
from model_evaluation.runtime.results.summary import scores_summary
from model_evaluation.runtime.rows import canonical_prompt, is_conversation, message_text, read_dataset_rows, whole_text
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.statistics.verdicts import COVERAGE_FLOOR, signed
from model_evaluation.runtime.summary import FairnessCheck, fairness_check
from model_evaluation.runtime.tasks.files import Question, literal
from model_evaluation.runtime.tasks.questions import score_of
from model_evaluation.runtime.tasks.results import read_step_results

from .words import report_words

# The container adds these to every evaluation; they compare texts and know nothing of a scorer's rule.
TEXT_METRICS = frozenset(
    [
        *("rouge1", "rouge2", "rougeL", "rougeLsum", "em", "qem", "f1", "f1_score_quasi"),
        *("bleu", "bleu1", "bleu4", "quasi_exact_match", "exact_match"),
    ]
)
OWN_METRICS = "custom_lambda_metric"
FAILURES = "byoc_failure_count"
TOTAL = "aggregate_reward_score"
FAILED = "absent"  # the reason of a score that the scorer did not give


@dataclass(frozen=True)
class ModelFiles:
    """One model's rows, the container's own means by metric, and how many rows it says that the scorer failed on."""

    questions: Sequence[Question]
    means: Mapping[str, float]
    failures: int


def read_model(s3: Any, output_uri: str, execution_ids: Sequence[str], side: Side, label: str) -> ModelFiles:
    """A model's files of all these executions; ``label`` is what sentences call it. Raises :class:`ResultsError`."""
    results = read_step_results(s3, output_uri, execution_ids, side, label, needs_rows=True)
    questions = [question for result in results for rows in result.questions.values() for question in rows]
    parts = [part.values for result in results for part in result.means.parts.values()]
    means = {name: mean for values in parts for name, mean in values.items()} if len(results) == 1 else {}
    return ModelFiles(questions, means, sum(int(values.get(FAILURES, 0)) for values in parts))


def analyse(
    evaluation: Evaluation,
    files: Mapping[Side, ModelFiles],
    dataset_lines: Iterable[bytes] | Iterable[str],
    *,
    direction: str = "higher",
    limit: int | None = None,
    source: SourceRows | None = None,
) -> Analysis:
    """Pair the models' rows by record and compare their scores. ``direction`` is that of the primary metric's better
    scores, ``limit`` how many tokens an answer may have, where that is known; ``source`` names the rows' lines."""
    dataset_rows = read_dataset_rows(dataset_lines)
    rows = dataset_rows.rows
    if source is not None and source.lines:
        rows = [replace(row, line=source.lines[row.line - 1]) for row in rows]
    given = {side: [own_scores(question) for question in own.questions] for side, own in files.items()}
    names = list(dict.fromkeys(name for own in given.values() for scores in own for name in scores))
    primary = evaluation.primary_metric or (TOTAL if TOTAL in names else next(iter(names), ""))
    if primary not in names:
        raise ResultsError(
            f"The results have no {primary or 'metric of the scorer'}; they have {', '.join(names) or 'none of it'}.",
            fix="Set PRIMARY_METRIC to one of them and run the results cell again."
            if names
            else "The scorer failed on every row: look at its log, and try it with `evaluate.py metric try`.",
        )
    evaluation = replace(evaluation, primary_metric=primary)
    names.sort(key=lambda name: name != primary)
    answers = {
        side: [
            answer_of(question, scores, names)
            for question, scores in zip(files[side].questions, given[side], strict=True)
        ]
        for side in evaluation.sides
    }
    records = pair_records(rows, answers)
    metrics = [_metric(name, primary, direction, records) for name in names]
    paired = paired_scores(records, metrics, evaluation.sides)
    comparison = compare_scores(paired, metrics)
    fairness = None
    if evaluation.scope == "compare":
        review = FairnessReview(records, paired, comparison, metrics[0], evaluation.names, limit=limit)
        fairness = review.fairness([_scorer_failures(records, files, metrics[0], evaluation.names)])
    warnings = [
        *([f"Lines of the dataset that are not usable rows: {dataset_rows.skipped}."] if dataset_rows.skipped else []),
        *(
            text
            for side in reversed(evaluation.sides)
            for text in mean_cautions(evaluation.names[side], files[side].means, side, comparison.metrics)
        ),
        *score_cautions(records, comparison, evaluation.sides, evaluation.names),
        *comparison.remarks,
    ]
    summary = scores_summary(evaluation, comparison, warnings=warnings, fairness=fairness, source=source)
    return Analysis(summary, report_words(summary), examples_table(records, metrics))


def own_scores(question: Question) -> dict[str, float | None]:
    """The scorer's scores of a row: those in ``custom_lambda_metric``, which may be the repr of a dictionary once more,
    else whatever the container did not add itself. Empty where the scorer gave none."""
    metrics = question.metrics or {}
    own = literal(metrics.get(OWN_METRICS))
    if isinstance(own, list) and own and isinstance(own[0], dict):
        own = {str(item["name"]): item.get("value") for item in own if "name" in item}
    if not isinstance(own, dict):
        own = {name: value for name, value in metrics.items() if name not in TEXT_METRICS | {OWN_METRICS, FAILURES}}
    return {str(name): score_of(value) for name, value in own.items() if not str(name).endswith("_stderr")}


def answer_of(question: Question, scores: Mapping[str, float | None], names: Sequence[str]) -> ScoredAnswer:
    """A row as a scored answer. A score that the scorer did not give is missing, never zero."""
    chat = literal(question.full_prompt)
    context = ""
    if isinstance(chat, list) and is_conversation(chat):
        context = "\n\n".join(message_text(turn.get("content")) for turn in chat if turn["role"] != "user")
    prompt = canonical_prompt(chat) or question.example
    missing = {name: "unparsable" if name in scores else FAILED for name in names if scores.get(name) is None}
    return ScoredAnswer(
        whole_text(prompt),
        None,
        whole_text(question.answer),
        {name: scores.get(name) for name in names},
        missing=missing,
        context=whole_text(context),
    )


def _metric(name: str, primary: str, direction: str, records: Sequence[Record]) -> Metric:
    """A scale of 0 to 1 where every score lies on it; else none is known."""
    given = [score for record in records for answer in record.answers.values() if (score := answer.scores.get(name))]
    unit = all(isinstance(score, float) and 0 <= score <= 1 for score in given)
    better = direction if name == primary else "higher"
    return Metric(name, better, (0.0, 1.0) if unit else None, declared=name in (primary, TOTAL))


def _scorer_failures(
    records: Sequence[Record], files: Mapping[Side, ModelFiles], metric: Metric, labels: Mapping[str, str]
) -> FairnessCheck:
    """Rows on which the scorer failed: they are missing, and averages over the others flatter whoever fails more."""
    counts = {labels[side]: own.failures for side, own in files.items()}
    lacking = {
        side: sum(a.missing.get(metric.name) == FAILED for r in records if (a := r.answers.get(side))) for side in files
    }
    counts |= {f"{labels[side]}, rows without a score": count for side, count in lacking.items()}
    if not any(counts.values()):
        return fairness_check("scorer_failures", counts, "The scorer scored every row.")
    each = ", ".join(f"{max(files[side].failures, count)} of the {labels[side]}" for side, count in lacking.items())
    text = f"Rows on which the scorer failed: {each}. They are missing, not zero"
    text += f"; counted as 0 the difference would be {signed(_with_zeros(records, metric))}."
    most = max(lacking.values()) / max(1, len(records))
    return fairness_check("scorer_failures", counts, text, "warn", held_back=most > 1 - COVERAGE_FLOOR)


def _with_zeros(records: Sequence[Record], metric: Metric) -> float | None:
    """The mean difference with 0 for every answer that the scorer failed on."""
    differences = []
    for record in records:
        if len(record.answers) == 2:
            tuned, base = (record.answers[side].scores.get(metric.name) or 0.0 for side in ("tuned", "base"))
            differences.append(float(tuned) - float(base))
    return float(np.mean(differences)) if differences else None
