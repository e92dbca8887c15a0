"""From an execution's files to its analysis: paired questions where there are rows, else unpaired means."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.results.aggregates import (
    Aggregate,
    Aggregates,
    PartEntry,
    aggregates_summary,
    macro_difference,
    standard_error_of_mean,
)
from model_evaluation.runtime.results.cautions import mean_cautions
from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Evaluation, ResultsError, Side
from model_evaluation.runtime.results.examples import examples_table
from model_evaluation.runtime.results.paired_scores import (
    SEED,
    ScoreComparison,
    Scores,
    compare_scores,
    metric_rng,
)
from model_evaluation.runtime.results.records import Record
from model_evaluation.runtime.results.summary import summary_of
from model_evaluation.runtime.session import Client
from model_evaluation.runtime.statistics.adjustment import holm
from model_evaluation.runtime.statistics.differences import NOTHING_COMPARED, compare_paired, settle_verdicts
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.statistics.verdicts import COVERAGE_FLOOR, PAIRED_FLOOR, metric_verdict, overall_verdict
from model_evaluation.runtime.summary import (
    MODEL_LABELS,
    Fairness,
    FairnessCheck,
    MetricEntry,
    ModelScores,
    SoundRows,
    Summary,
    fairness_check,
)
from model_evaluation.runtime.tasks.files import PartMeans, Question, TaskMeans, part_name
from model_evaluation.runtime.tasks.questions import PairedQuestions, pair_questions, question_scores, score_of
from model_evaluation.runtime.tasks.results import Reported, Unfinished, read_step_results

from .answered import reliable_mark, unanswered, why_unanswered, words_of
from .tasks import TASKS
from .words import report_words

PART_FIELD = "subtask"
Labels = Mapping[str, str]
"""What sentences call the models."""


@dataclass(frozen=True)
class ModelFiles:
    """What one model's steps left: means by part, and rows by part where there are any."""

    means: TaskMeans
    questions: Mapping[str, Sequence[Question]] = field(default_factory=dict)


def read_model(s3: Client, output_uri: str, execution_ids: Sequence[str], side: Side, label: str = "") -> ModelFiles:
    """A model's files of all these executions; ``label`` is what sentences call it. Raises :class:`ResultsError` when
    there are none, or unreadable ones."""
    results = read_step_results(s3, output_uri, execution_ids, side, label or MODEL_LABELS[side])
    means = {part: own for result in results for part, own in result.means.parts.items()}
    whole = results[0].means.whole if len(results) == 1 else PartMeans({}, {})
    questions = {part_name(task): rows for result in results for task, rows in result.questions.items()}
    return ModelFiles(TaskMeans(means, whole), questions)


def analyse(
    evaluation: Evaluation, files: Mapping[Side, ModelFiles], benchmark: str, *, smallest_effect: float | None = None
) -> Analysis:
    """Compare the models. ``smallest_effect`` is the smallest difference of shares that matters, in 0..1; smaller ones
    count as none."""
    names = list(dict.fromkeys(name for own in files.values() for name in own.means.metrics))
    if not names:
        raise ResultsError(
            "The files of means hold no metric.", fix="Look at them below S3_OUTPUT; run the evaluation again."
        )
    suffix = TASKS[benchmark].metric if benchmark in TASKS else ""
    primary = next((name for name in names if suffix and name.endswith(suffix)), names[0])
    evaluation = replace(evaluation, primary_metric=primary)
    if all(own.questions for own in files.values()):
        return _by_question(evaluation, files, benchmark, names, smallest_effect)
    return _by_means(evaluation, files, primary, smallest_effect)


# -- with rows -----------------------------------------------------------------------------------------------------


def _by_question(
    evaluation: Evaluation,
    files: Mapping[Side, ModelFiles],
    benchmark: str,
    names: Sequence[str],
    smallest_effect: float | None,
) -> Analysis:
    primary = evaluation.primary_metric
    parts = {
        part: {side: files[side].questions[part] for side in evaluation.sides if part in files[side].questions}
        for part in sorted({part for own in files.values() for part in own.questions})
    }
    paired = pair_questions(parts, lambda question: _scores(question, names))
    records = paired.records
    metrics = [_metric(name, benchmark, records) for name in names]
    metrics.sort(key=lambda metric: metric.name != primary)
    scores = question_scores(records, metrics, evaluation.sides, PART_FIELD)
    comparison = compare_scores(scores, metrics)
    cells = {part: entries[primary] for part, entries in comparison.slices.get(PART_FIELD, {}).items()}
    with_margin(comparison, primary, smallest_effect)
    table = dict(comparison.metrics)
    chosen = [metric for metric in metrics if metric.chosen]
    settle_verdicts([table[metric.name] for metric in chosen], chosen, holm)
    if cells:
        settle_verdicts(cells.values(), [metrics[0]] * len(cells), holm)
        table[f"macro_{primary}"] = macro_entry(table[primary], cells, metrics[0])
    entries = cells or {next(iter(parts), "all"): table[primary]}
    mark = reliable_mark(benchmark, records, primary)
    reasons: dict[Side, list[str | None]] = {
        side: [
            why_unanswered(record.answers[side].response, mark) if side in record.answers else None
            for record in records
        ]
        for side in evaluation.sides
    }
    sound = _both_answered(scores.scores[primary], reasons, table[primary], metrics[0])
    lacking = {side: unanswered(own) for side, own in reasons.items()}
    unfinished: Unfinished = {"tuned": lacking.get("tuned"), "base": lacking.get("base"), "both_finished": sound}
    fairness: Fairness | None = None
    if evaluation.scope == "compare":
        fairness = {"checks": _checks(paired, files, unfinished, evaluation.names), "sound_rows": sound}
    summary = summary_of(
        evaluation,
        rows=comparison.rows,
        metrics=table,
        slices=comparison.slices,
        warnings=[
            *_samples(files, evaluation.names),
            *_mean_cautions(files, entries, primary, evaluation.names),
            *comparison.remarks,
        ],
        fairness=fairness,
    )
    summary["parts"] = {part: _part(entry) for part, entry in entries.items()}
    return _finished(summary, files, unfinished, examples_table(records, metrics))


def _scores(question: Question, names: Sequence[str]) -> dict[str, float | None]:
    metrics = question.metrics or {}
    return {name: score_of(metrics[name]) if name in metrics else None for name in names}


def _metric(name: str, benchmark: str, records: Sequence[Record]) -> Metric:
    """A share of right answers, unless a score lies outside 0 to 1."""
    given = [score for record in records for answer in record.answers.values() if (score := answer.scores[name])]
    unit = all(isinstance(score, float) and 0 <= score <= 1 for score in given)
    known = benchmark in TASKS and TASKS[benchmark].metric in ("accuracy", "exact_match")
    return Metric(name, "higher", (0.0, 1.0) if unit else None, declared=known)


def with_margin(comparison: ScoreComparison, primary: str, smallest_effect: float | None) -> None:
    """Put the smallest difference that matters into the primary metric's entries, over all and by part."""
    if smallest_effect is None:
        return
    cells = [entries[primary] for group in comparison.slices.values() for entries in group.values()]
    for entry in (comparison.metrics[primary], *cells):
        if entry["limits"]:
            entry["margin"] = smallest_effect
            entry["margin_share"] = smallest_effect / (entry["limits"][1] - entry["limits"][0])


def macro_entry(micro: MetricEntry, cells: Mapping[str, MetricEntry], metric: Metric) -> MetricEntry:
    """The metric with every part weighing the same."""
    entry: MetricEntry = {
        **micro,
        **NOTHING_COMPARED,
        "tuned": _macro_scores(micro, cells, "tuned"),
        "base": _macro_scores(micro, cells, "base"),
    }
    difference = macro_difference(list(cells.values())) if micro["difference"] is not None else None
    if difference is not None:
        entry["difference"], entry["n_paired"] = difference, micro["n_paired"]
        entry["margin"], entry["margin_share"] = micro["margin"], micro["margin_share"]
        settle_verdicts([entry], [metric], holm)
    entry.pop("length_effect", None)
    return entry


def _macro_scores(micro: MetricEntry, cells: Mapping[str, MetricEntry], side: Side) -> ModelScores | None:
    own = micro[side]
    if own is None:
        return None
    means = [part[side]["mean"] for part in cells.values() if part[side]]  # type: ignore[index]
    known = [mean for mean in means if mean is not None]
    return {**own, "mean": math.fsum(known) / len(known) if known else None}


def _both_answered(
    scores: Mapping[Side, Scores],
    reasons: Mapping[Side, Sequence[str | None]],
    micro: MetricEntry,
    metric: Metric,
) -> SoundRows | None:
    """The comparison among the questions that both models gave an answer to."""
    if len(scores) < 2:
        return None
    where = np.array([all(own[at] == "" for own in reasons.values()) for at in range(len(reasons["tuned"]))], bool)
    tuned, base = (scores[side].numbers[where] for side in BOTH_SIDES)
    among = compare_paired(metric, tuned, base, rng=metric_rng(SEED, metric.name))
    difference, n = among["difference"], among["n_paired"]
    assert difference is not None
    verdict = metric_verdict(difference, n, metric.direction, micro["margin"])
    return {"metric": metric.name, "n_paired": n, "difference": difference, "verdict": verdict}


def _part(entry: MetricEntry) -> PartEntry:
    counts = [own["n_scored"] for own in (entry["tuned"], entry["base"]) if own]
    tuned, base = (own["mean"] if own else None for own in (entry["tuned"], entry["base"]))
    n = entry["n_paired"] or min(counts, default=0)
    return {"n": n, "tuned": tuned, "base": base, "difference": entry["difference"]}


# -- with means only -----------------------------------------------------------------------------------------------


def _by_means(
    evaluation: Evaluation, files: Mapping[Side, ModelFiles], primary: str, smallest_effect: float | None
) -> Analysis:
    """Two independent samples of the same questions, which is what means alone allow: wider than need be."""
    parts: dict[str, dict[Side, Aggregate]] = {}
    unknown = []
    for side in evaluation.sides:
        for name, part in files[side].means.parts.items():
            aggregate = aggregate_of(part, primary)
            if aggregate is None:
                unknown.append(f"{name} of the {evaluation.names[side]}")
            else:
                parts.setdefault(name, {})[side] = aggregate
    if not parts:
        raise ResultsError(
            f"The files of means do not say of how many questions {primary} is the mean.",
            fix="Run the evaluation again; its files of answers, one per subtask, are missing.",
        )
    shares = all(own.deviation is None for part in parts.values() for own in part.values())
    metric = Metric(primary, "higher", (0.0, 1.0) if shares else None)
    lacking = [evaluation.names[side] for side in evaluation.sides if not files[side].questions]
    warnings = [
        (
            f"There are no rows of the {' and the '.join(lacking)}, so the questions cannot be paired: the models are "
            "compared by their means as if they had answered different questions, which makes the interval wider than "
            "need be, and who left how many questions without an answer is not known."
        )
    ]
    warnings += _samples(files, evaluation.names)
    warnings += [f"Left out, since its number of questions is not known: {name}." for name in unknown]
    summary = aggregates_summary(evaluation, Aggregates(metric, parts), warnings=warnings)
    if smallest_effect is not None and shares:
        entries = list(summary["metrics"].values())
        for entry in entries:
            entry["margin"] = entry["margin_share"] = smallest_effect if entry["difference"] else None
        settle_verdicts(entries, [metric] * len(entries), holm)
    if evaluation.scope == "compare":
        summary["fairness"] = {"checks": [_same_prompts(files)], "sound_rows": None}
    summary["verdict"] = overall_verdict(
        summary["metrics"], primary, evaluation.scope, summary["rows"], summary.get("fairness"), evaluation.labels
    )
    return _finished(summary, files, None, examples_table([], [metric]))


def aggregate_of(part: PartMeans, metric: str) -> Aggregate | None:
    """A part's mean with its true n: the one that the file names, else the one that a share's standard error implies.
    ``None`` without either."""
    value, error, n = part.values.get(metric), part.errors.get(metric), part.n
    if value is None:
        return None
    spread = value * (1 - value)
    if n is None:
        n = round(spread / error**2) + 1 if error and spread > 0 else None
    if n is None:
        return None
    is_share = 0 <= value <= 1 and (
        error is None or n < 2 or math.isclose(error, math.sqrt(max(spread, 0) / (n - 1)), rel_tol=0.02, abs_tol=1e-9)
    )
    return Aggregate(value, n, None if is_share else (error or 0.0) * math.sqrt(n))


# -- what both have ------------------------------------------------------------------------------------------------


def _finished(
    summary: Summary, files: Mapping[Side, ModelFiles], unfinished: Unfinished | None, table: pa.Table
) -> Analysis:
    if unfinished is not None:
        summary["unfinished"] = unfinished
    primary = summary["primary_metric"]
    reported = {side: _reported(own.means, primary) for side, own in files.items()}
    summary["reported"] = {side: own for side, own in reported.items() if own}
    return Analysis(summary, report_words(summary), table)


def _reported(means: TaskMeans, metric: str) -> Reported | None:
    """The container's ``all`` and its standard error, and the error that the mean of these parts really has."""
    value = means.whole.values.get(metric)
    if value is None:
        return None
    errors = [part.errors[metric] for part in means.parts.values() if metric in part.errors]
    return {
        "value": value,
        "stderr": means.whole.errors.get(metric),
        "standard_error": standard_error_of_mean(errors) if errors else None,
    }


def _checks(
    paired: PairedQuestions, files: Mapping[Side, ModelFiles], unfinished: Unfinished, labels: Labels
) -> list[FairnessCheck]:
    return [
        _same_questions(paired.records, labels),
        _whole_sets(files, labels),
        _given_alike(paired),
        _answers_given(unfinished, labels),
    ]


def _same_questions(records: Sequence[Record], labels: Labels) -> FairnessCheck:
    alone = {side: sum(set(record.answers) == {side} for record in records) for side in BOTH_SIDES}
    both = len(records) - sum(alone.values())
    counts = {"questions": both} | {f"only {labels[side]}": count for side, count in alone.items()}
    if both == len(records):
        return fairness_check("same_questions", counts, "Both models were asked the same questions.")
    each = ", ".join(f"{count} only of the {labels[side]}" for side, count in alone.items())
    status = "fail" if both < PAIRED_FLOOR * len(records) else "warn"
    return fairness_check("same_questions", counts, f"Of {len(records)} questions with a row there are {each}.", status)


def _whole_sets(files: Mapping[Side, ModelFiles], labels: Labels) -> FairnessCheck:
    """Whether there is a row for every question that the means are said to be of."""
    lacking, total = {}, 0
    for side, own in files.items():
        said = sum(part.n or 0 for part in own.means.parts.values())
        total = max(total, said)
        rows = sum(len(own.questions.get(name, ())) for name, part in own.means.parts.items() if part.n)
        lacking[side] = max(0, said - rows)
    counts = {"questions": total} | {f"without a row, {labels[side]}": n for side, n in lacking.items()}
    if not any(lacking.values()):
        return fairness_check("whole_sets", counts, "Every question of the benchmark has its row.")
    each = ", ".join(f"{n} of the {labels[side]}" for side, n in lacking.items() if n)
    return fairness_check("whole_sets", counts, f"Questions without a row in the files: {each}.", "warn")


def _given_alike(paired: PairedQuestions) -> FairnessCheck:
    counts = {"questions": len(paired.records), "given in other words": paired.other_prompts}
    if not paired.other_prompts:
        return fairness_check("same_prompts", counts, "Both models were given the same words with every question.")
    text = f"{paired.other_prompts} questions came with other words around them for one model than for the other."
    many = paired.other_prompts > (1 - COVERAGE_FLOOR) * len(paired.records)
    return fairness_check("same_prompts", counts, text, "fail" if many else "warn")


def _same_prompts(files: Mapping[Side, ModelFiles]) -> FairnessCheck:
    """The same by the hashes of all prompts of a part, which need no rows."""
    tuned, base = (files[side].means.parts for side in ("tuned", "base"))
    known = [part for part in tuned if part in base and tuned[part].prompts and base[part].prompts]
    other = [part for part in known if tuned[part].prompts != base[part].prompts]
    counts = {"parts": len(known), "other prompts": len(other)}
    if not known:
        text = "Whether both models were given the same prompts is not known: the files hold no hashes of them."
        return fairness_check("same_prompts", counts, text, "warn")
    if other:
        text = f"The models were not given the same prompts in {', '.join(other[:5])}, by the hashes of all prompts."
        return fairness_check("same_prompts", counts, text, "fail")
    return fairness_check("same_prompts", counts, "The hashes of all prompts are the same for both models.")


def _answers_given(unfinished: Unfinished, labels: Labels) -> FairnessCheck:
    counts, parts, most = {}, [], 0.0
    for label, own in ((labels["tuned"], unfinished["tuned"]), (labels["base"], unfinished["base"])):
        if own is None:
            continue
        counts[f"{label}, rows"] = own["n"]
        counts |= {f"{label}, {reason}": count for reason, count in own["reasons"].items()}
        most = max(most, own["share"])
        if own["unanswered"]:
            parts.append(f"{own['unanswered']} of {own['n']} of the {label} ({words_of(own['reasons'])})")
    if not parts:
        return fairness_check("answers_given", counts, "Both models answered every question.")
    text = f"Questions left without an answer, which count as wrong: {'; '.join(parts)}."
    return fairness_check("answers_given", counts, text, "warn" if most > 1 - COVERAGE_FLOOR else "pass")


def _mean_cautions(
    files: Mapping[Side, ModelFiles], entries: Mapping[str, MetricEntry], primary: str, labels: Labels
) -> list[str]:
    """Where the file of means says something else than its own rows, part by part."""
    return [
        f"{part}, {text}"
        for side, own in files.items()
        for part, means in own.means.parts.items()
        if part in entries
        for text in mean_cautions(labels[side], means.values, side, {primary: entries[part]})
    ]


def _samples(files: Mapping[Side, ModelFiles], labels: Labels) -> list[str]:
    """Where only some of a benchmark's questions were asked."""
    asked = {
        labels[side]: [(part.n, part.of) for part in own.means.parts.values() if part.n and part.of]
        for side, own in files.items()
    }
    return [
        f"The {label} was asked {sum(n for n, _ in counts):,} of the benchmark's {sum(of for _, of in counts):,} "
        "questions."
        for label, counts in asked.items()
        if any(n < of for n, of in counts)
    ]
