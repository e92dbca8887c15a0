"""Two models' samples put together by task, id and epoch, and what speaks against comparing the two sets of logs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from model_evaluation.runtime.results.evaluation import BOTH_SIDES, ResultsError, Side
from model_evaluation.runtime.results.paired_scores import PairedScores, Scores
from model_evaluation.runtime.results.records import Record, ScoredAnswer, plain_text
from model_evaluation.runtime.results.slices import Clusters, slice_groups
from model_evaluation.runtime.rows import DatasetRow
from model_evaluation.runtime.statistics.verdicts import COVERAGE_FLOOR, PAIRED_FLOOR
from model_evaluation.runtime.summary import FairnessCheck, fairness_check

from .logs import Log, Sample, SampleKey

FAILED = "absent"  # the reasons of missing scores are those of the summary's schema
NO_SCORE = "unparsable"
NO_TEXT = "[no closing text]"  # agents may end with a call of a tool


@dataclass(frozen=True)
class PairedSamples:
    """A record per task, id and epoch. ``keys`` are theirs; ``changed`` those keys under which the two logs have
    different inputs: they are not the same sample, so none of them is paired."""

    records: list[Record]
    keys: list[SampleKey]
    changed: tuple[SampleKey, ...]


def chosen_logs(logs: Iterable[Log], tasks: Sequence[str] = ()) -> tuple[list[Log], list[str]]:
    """One log per task, and what was left out, a sentence each. Of several logs of a task that counts which has the
    most samples with a score, and of these the newest. Logs of tasks that were not asked for are left out: the
    container takes a task's name as a part of names."""
    best: dict[str, Log] = {}
    left_out = []
    for log in sorted(logs, key=lambda log: (sum(bool(sample.scores) for sample in log.samples), log.created)):
        if tasks and log.task not in tasks:
            left_out.append(f"{log.name} was left out: its task {log.task} was not asked for.")
            continue
        if log.task in best:
            left_out.append(f"{best[log.task].name} was left out: {log.name} is of the same task.")
        best[log.task] = log
    return [best[task] for task in sorted(best)], left_out


def pair_samples(logs: Mapping[Side, Sequence[Log]], scorers: Mapping[str, Sequence[str]]) -> PairedSamples:
    """The records in the order of task, id and epoch. ``scorers`` are the names of each task's scores. What a log does
    not hold although it was meant to is a record without an answer of that model."""
    samples: dict[Side, dict[SampleKey, Sample]] = {
        side: {key: sample for log in own for key, sample in log.keyed().items()} for side, own in logs.items()
    }
    keys = sorted({key for own in samples.values() for key in own}, key=_in_order)
    if not keys:
        raise ResultsError("The logs hold no samples.", fix="Run the tasks again, without --no-log-samples.")
    records: list[Record] = []
    places: list[SampleKey] = []
    changed: list[SampleKey] = []
    for key in keys:
        own = {side: given[key] for side, given in samples.items() if key in given}
        if len({plain_text(sample.input) for sample in own.values()}) > 1:
            changed.append(key)
            continue
        first = own.get("base") or own["tuned"]
        task, sample_id, epoch = key
        row = DatasetRow(
            len(records) + 1, first.input, first.target or None, category=task, metadata=dict(first.metadata)
        )
        answers = {side: _answer(sample, scorers[task]) for side, sample in own.items()}
        records.append(Record(f"{task}/{sample_id}/{epoch}", epoch, row, answers))
        places.append(key)
    return PairedSamples(records, places, tuple(changed))


def _in_order(key: SampleKey) -> tuple[str, int, int, str, int]:
    """By task, id and epoch; ids that are numbers by their value."""
    task, sample_id, epoch = key
    number = int(sample_id) if sample_id.isdecimal() and sample_id.isascii() else -1
    return task, number < 0, number, sample_id, epoch


def _answer(sample: Sample, names: Sequence[str]) -> ScoredAnswer:
    reason = FAILED if sample.error else NO_SCORE
    missing = {name: reason for name in names if sample.scores.get(name) is None}
    explanations = dict(sample.explanations) | (dict.fromkeys(names, sample.error) if sample.error else {})
    scores: dict[str, float | str | None] = {name: sample.scores.get(name) for name in names}
    answer = sample.answer or (f"[failed: {sample.error}]" if sample.error else NO_TEXT)
    return ScoredAnswer(
        sample.input, sample.target or None, answer, scores, explanations, missing, context=sample.context
    )


def sample_scores(paired: PairedSamples, names: Sequence[str], sides: Sequence[Side]) -> PairedScores:
    """The scores by name. A score that a task does not give is neither there nor missing. All epochs of a sample are
    one cluster, whatever they say; samples that are worded alike stay different ones."""
    records = paired.records
    samples = {key: number for number, key in enumerate(dict.fromkeys(key[:2] for key in paired.keys))}
    numbers = np.array([samples[key[:2]] for key in paired.keys], np.int64)
    several = len(samples) < len(records)
    return PairedScores(
        {name: {side: _side_scores(records, name, side) for side in sides} for name in names},
        {side: np.array([side in record.answers for record in records], bool) for side in sides},
        len(records),
        {
            side: np.array([len(a.response) if (a := r.answers.get(side)) else np.nan for r in records], float)
            for side in sides
        },
        {"task" if name == "category" else name: groups for name, groups in slice_groups(records).items()},
        Clusters("the same sample", numbers) if several else None,
        np.full(len(records), -1, np.int64),
        len(samples),
    )


def _side_scores(records: Sequence[Record], name: str, side: Side) -> Scores:
    numbers = np.full(len(records), np.nan)
    reasons = np.full(len(records), None, object)
    for at, record in enumerate(records):
        answer = record.answers.get(side)
        if answer is None or name not in answer.scores:
            continue
        score = answer.scores[name]
        if isinstance(score, float):
            numbers[at] = score
        else:
            reasons[at] = answer.missing[name]
    return Scores(numbers, None, reasons)


# -- checks ------------------------------------------------------------------------------------------------------------


def log_checks(
    logs: Mapping[Side, Sequence[Log]], paired: PairedSamples, primary: str, labels: Mapping[str, str]
) -> list[FairnessCheck]:
    """What only Inspect's logs show: settings, samples that changed, that failed, that are missing, that were cut."""
    return [
        _same_settings(logs),
        _same_samples(paired),
        _whole_logs(logs, labels),
        _failed_samples(logs, paired, primary, labels),
        _cut_off(logs, labels),
    ]


def _same_settings(logs: Mapping[Side, Sequence[Log]]) -> FairnessCheck:
    tuned, base = ({log.task: log.settings for log in logs[side]} for side in BOTH_SIDES)
    texts = [f"only one model ran {task}" for task in sorted(tuned.keys() ^ base.keys())]
    for task in sorted(tuned.keys() & base.keys()):
        for name, value in tuned[task].items():
            if value != base[task].get(name):
                texts.append(f"{name} of {task}: {_short(value)} and {_short(base[task].get(name))}")
    counts = {"tasks": len(tuned | base), "differences": len(texts)}
    if not texts:
        return fairness_check("same_settings", counts, "Both models ran the same tasks with the same settings.")
    return fairness_check("same_settings", counts, f"The two runs differ: {'; '.join(texts)}.", "warn")


def _same_samples(paired: PairedSamples) -> FairnessCheck:
    total, changed = len(paired.records) + len(paired.changed), len(paired.changed)
    counts = {"samples": total, "changed": changed}
    if not changed:
        return fairness_check("same_samples", counts, "Samples with the same id have the same input in both logs.")
    text = (
        f"{changed} of {total} samples have the same task, id and epoch but another input in the two logs, such as "
        f"{'/'.join(map(str, paired.changed[0]))}: they are not the same sample and were left out. Samples without an "
        "id of their own are numbered, and the numbers move when the dataset changes."
    )
    return fairness_check("same_samples", counts, text, "fail" if changed > (1 - PAIRED_FLOOR) * total else "warn")


def _whole_logs(logs: Mapping[Side, Sequence[Log]], labels: Mapping[str, str]) -> FairnessCheck:
    counts, texts, most = {}, [], 0.0
    for side, own in logs.items():
        lacking = sum(log.expected - len(log.keyed()) for log in own)
        counts[f"{labels[side]}, not in the log"] = lacking
        states = [f"{log.task} is {log.status}" for log in own if log.status != "success"]
        if lacking:
            most = max(most, lacking / max(1, sum(log.expected for log in own)))
            states.append(f"{lacking} of {sum(log.expected for log in own)} samples are not there")
        if states:
            texts.append(f"{labels[side]}: {', '.join(states)}")
    if not texts:
        return fairness_check("whole_logs", counts, "Both runs went to their end.")
    text = f"Not every run went to its end ({'; '.join(texts)}): what is missing is not a random part of the samples."
    return fairness_check("whole_logs", counts, text, "warn", held_back=most > 1 - COVERAGE_FLOOR)


def _failed_samples(
    logs: Mapping[Side, Sequence[Log]], paired: PairedSamples, primary: str, labels: Mapping[str, str]
) -> FairnessCheck:
    """Errors, which Inspect's own averages leave out without a word, and what the difference would be with them as
    wrong."""
    counts = {
        labels[side]: sum(bool(s.error) for log in own for s in log.keyed().values()) for side, own in logs.items()
    }
    if not any(counts.values()):
        return fairness_check("failed_samples", counts, "No sample failed.")
    each = ", ".join(f"{count} of the {label}" for label, count in counts.items())
    as_wrong = []
    for record in paired.records:
        answers = [record.answers.get(side) for side in BOTH_SIDES]
        if all(answer is not None and primary in answer.scores for answer in answers):
            tuned, base = (float(answer.scores[primary] or 0.0) for answer in answers if answer)
            as_wrong.append(tuned - base)
    text = (
        f"Samples that failed with an error: {each}. They are missing, not zero; Inspect's own averages leave them out"
    )
    if as_wrong:
        text += f". Counted as wrong, the difference on {primary} would be {np.mean(as_wrong):+.3f}"
    many = max(counts.values()) > (1 - COVERAGE_FLOOR) * len(paired.records)
    return fairness_check("failed_samples", counts, f"{text}.", "warn", held_back=many)


def _cut_off(logs: Mapping[Side, Sequence[Log]], labels: Mapping[str, str]) -> FairnessCheck:
    counts = {labels[side]: sum(s.cut_off for log in own for s in log.keyed().values()) for side, own in logs.items()}
    silent = {
        f"{labels[side]}, no closing text": sum(not s.answer and not s.error for log in own for s in log.samples)
        for side, own in logs.items()
    }
    if not any(counts.values()):
        return fairness_check("cut_off", counts | silent, "No answer ended at the token limit.")
    each = ", ".join(f"{count} of the {label}" for label, count in counts.items())
    most = max(sum(s.cut_off for s in log.samples) / max(1, len(log.samples)) for own in logs.values() for log in own)
    text = f"Answers that ended at the token limit (stop reason max_tokens): {each}. They are scored as they stand."
    return fairness_check("cut_off", counts | silent, text, "warn" if most > 1 - COVERAGE_FLOOR else "pass")


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."
