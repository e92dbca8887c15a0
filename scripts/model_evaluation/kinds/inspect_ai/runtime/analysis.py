"""From Inspect's logs to the analysis: samples paired, scores compared, errors counted."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from markupsafe import Markup

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.results.cautions import score_cautions
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side
from model_evaluation.runtime.results.examples import examples_table
from model_evaluation.runtime.results.fairness import FairnessReview
from model_evaluation.runtime.results.paired_scores import ScoreComparison, compare_scores
from model_evaluation.runtime.results.records import Record
from model_evaluation.runtime.results.summary import scores_summary
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.summary import Fairness

from .logs import Log
from .pairing import chosen_logs, log_checks, pair_samples, sample_scores
from .words import report_words

OF_TEXTS = frozenset({"finished_answers", "different_answers", "varied_answers", "language"})
LABELS = {"tuned": "candidate", "base": "reference"}


@dataclass(frozen=True)
class LogsAnalysis(Analysis):
    """``places`` are where each model's logs lie, by what the model is called."""

    places: Mapping[str, str] = field(default_factory=dict)

    def sections(self) -> Sequence[tuple[str, str, Markup]]:
        """The way to every sample's transcript: Inspect's own log viewer."""
        items = Markup("").join(
            Markup("<li>{}: {}<br>{}: <code>{}</code></li>").format(
                label.capitalize(), _link(place), "In the log viewer", viewer_command(place)
            )
            for label, place in self.places.items()
        )
        text = "Every sample's messages, tool calls and errors are in the logs. Inspect's log viewer shows them:"
        return (("logs", "Logs", Markup("<p>{}</p><ul>{}</ul>").format(text, items)),) if self.places else ()


def viewer_command(place: str) -> str:
    """The command that opens the logs at an S3 prefix, in a folder, or beside a file."""
    folder = posixpath.dirname(place) if place.endswith((".json", ".eval")) else place
    return f"inspect view --log-dir {folder or '.'}"


def _link(place: str) -> Markup:
    if not place.startswith("s3://"):
        return Markup("{}").format(place)
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    page = f"https://console.aws.amazon.com/s3/buckets/{bucket}?prefix={quote(prefix)}"
    return Markup('<a href="{}">{}</a>').format(page, place)


def analyse(
    evaluation: Evaluation,
    logs: Mapping[Side, Sequence[Log]],
    *,
    tasks: Sequence[str] = (),
    places: Mapping[Side, str] | None = None,
) -> LogsAnalysis:
    """Compare the models of these logs. ``tasks`` are those that were asked for, without any all of them. Without a
    primary metric the first score of the first task decides. Raises :class:`ResultsError` when nothing is scored."""
    chosen, remarks = {}, []
    for side in evaluation.sides:
        chosen[side], left_out = chosen_logs(logs[side], tasks)
        remarks += left_out
        if not chosen[side]:
            raise ResultsError(
                f"There is no log of the {LABELS[side]} (tasks: {', '.join(tasks) or 'any'}).",
                fix="Check that its run succeeded, and that the logs are Inspect's.",
            )
    scorers: dict[str, list[str]] = {}
    for own in chosen.values():
        for log in own:
            scorers[log.task] = list(dict.fromkeys([*scorers.get(log.task, []), *log.scorers]))
    names = list(dict.fromkeys(name for own in scorers.values() for name in own))
    primary = evaluation.primary_metric or (names[0] if names else "")
    if primary not in names:
        raise ResultsError(
            f"The logs have no score {primary or 'at all'}; they have {', '.join(names) or 'none'}.",
            fix="Set PRIMARY_METRIC to one of them and run the results cell again."
            if names
            else "Look at the samples' errors in the log viewer.",
        )
    evaluation = replace(evaluation, primary_metric=primary, conditions=_conditions(evaluation, chosen))
    names.sort(key=lambda name: name != primary)
    paired = pair_samples(chosen, scorers)
    records = paired.records
    metrics = [_metric(name, records) for name in names]
    scores = sample_scores(paired, names, evaluation.sides)
    comparison = compare_scores(scores, metrics)
    fairness = None
    if evaluation.scope == "compare":
        review = FairnessReview(records, scores, comparison, metrics[0], evaluation.names)
        fairness = _softened(review.fairness(log_checks(chosen, paired, primary, evaluation.names)))
    warnings = [
        *([] if fairness else _alone(chosen[evaluation.sides[0]])),
        *(text for side in evaluation.sides for text in _own_means(chosen[side], evaluation.names[side])),
        *score_cautions(records, _of_every_task(comparison, scorers), evaluation.sides, evaluation.names),
        *_of_some_tasks(names, scorers),
        *comparison.remarks,
        *remarks,
        *(
            f"{log.name}: {log.unreadable} samples could not be read."
            for own in chosen.values()
            for log in own
            if log.unreadable
        ),
    ]
    summary = scores_summary(evaluation, comparison, warnings=warnings, fairness=fairness)
    shown = {evaluation.names[side]: place for side, place in (places or {}).items()}
    summary["inputs"] = {f"logs of the {label}": place for label, place in shown.items()}
    return LogsAnalysis(summary, report_words(summary), examples_table(records, metrics), shown)


def _softened(fairness: Fairness) -> Fairness:
    """What the texts of answers show is a warning at most: an agent's last words, such as "done", are not its work."""
    for check in fairness["checks"]:
        if check["id"] in OF_TEXTS and check["status"] == "fail":
            check["status"] = "warn"
    return fairness


def _of_every_task(comparison: ScoreComparison, scorers: Mapping[str, Sequence[str]]) -> ScoreComparison:
    """Without the scores that some tasks do not give at all: nothing is missing there."""
    every = {
        name: entry for name, entry in comparison.metrics.items() if all(name in given for given in scorers.values())
    }
    return comparison._replace(metrics=every)


def _of_some_tasks(names: Sequence[str], scorers: Mapping[str, Sequence[str]]) -> list[str]:
    cautions = []
    for name in names:
        giving = [task for task, given in scorers.items() if name in given]
        if len(giving) < len(scorers):
            cautions.append(f"{name} is given by {', '.join(giving)} only.")
    return cautions


def _conditions(evaluation: Evaluation, logs: Mapping[Side, Sequence[Log]]) -> dict[str, object]:
    every = [log for own in logs.values() for log in own]
    return {
        **evaluation.conditions,
        "tasks": sorted({log.task for log in every}),
        "epochs": max(log.epochs for log in every),
    }


def _metric(name: str, records: Sequence[Record]) -> Metric:
    """A scale of 0 to 1 where every score lies on it; else none is known, and nobody has said which way is better."""
    given = [score for r in records for a in r.answers.values() if isinstance(score := a.scores.get(name), float)]
    unit = all(0 <= score <= 1 for score in given)
    return Metric(name, "higher", (0.0, 1.0) if unit else None, declared=unit)


def _alone(logs: Sequence[Log]) -> list[str]:
    """What the checks of a comparison would tell."""
    failed = sum(bool(sample.error) for log in logs for sample in log.keyed().values())
    states = [f"{log.task} is {log.status}, not success." for log in logs if log.status != "success"]
    note = f"Samples that failed with an error: {failed}. They are missing, not zero; Inspect's averages lack them."
    return [*states, *([note] if failed else [])]


def _own_means(logs: Sequence[Log], label: str) -> list[str]:
    """Where a log's own average is not that of its samples: of each sample's mean over its epochs, as Inspect's."""
    cautions = []
    for log in logs:
        samples: dict[str, dict[str, list[float]]] = {}
        for (_, sample_id, _), sample in log.keyed().items():
            for name, score in sample.scores.items():
                if score is not None:
                    samples.setdefault(name, {}).setdefault(sample_id, []).append(score)
        for name, said in log.means.items():
            own = [sum(scores) / len(scores) for scores in samples.get(name, {}).values()]
            if own and abs(sum(own) / len(own) - said) > 0.005:
                cautions.append(
                    f"{log.task}, {name}: the log of the {label} says {said:.4g}, its samples give "
                    f"{sum(own) / len(own):.4g} over {len(own)}; the samples are used."
                )
    return cautions
