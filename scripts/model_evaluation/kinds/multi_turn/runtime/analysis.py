"""From a run's aggregates and rollouts to its analysis: paired by prompt where rollouts exist, else unpaired means."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.results.aggregates import Aggregate, Aggregates, aggregates_summary
from model_evaluation.runtime.results.cautions import mean_cautions
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side
from model_evaluation.runtime.results.examples import examples_table
from model_evaluation.runtime.results.paired_scores import ScoreComparison, compare_scores, paired_scores
from model_evaluation.runtime.results.records import Record, ScoredAnswer, pair_records, plain_text
from model_evaluation.runtime.results.summary import scores_summary, summary_of
from model_evaluation.runtime.rows import DatasetRow, whole_text
from model_evaluation.runtime.statistics.adjustment import holm
from model_evaluation.runtime.statistics.differences import settle_verdicts
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.statistics.verdicts import COVERAGE_FLOOR, PAIRED_FLOOR, signed
from model_evaluation.runtime.summary import Fairness, FairnessCheck, fairness_check

from .recipe import REWARD, TEMPERATURE
from .tracked_rollouts import ModelRollouts, Rollout
from .words import report_words

FEWEST_READ = 0.5  # of a model's prompts must have rollouts that can be read, else its aggregates are used
REPORTED = {REWARD: "reward/mean"}
"""What MLflow calls a metric, where that is not ``reward/NAME``."""


@dataclass(frozen=True)
class Asked:
    """What the run was asked for: rollouts per prompt, values of k, the reward from which one counts as solved, and the
    sampling settings."""

    group: int
    pass_k: Sequence[int]
    threshold: float
    sampling: Mapping[str, int | float]

    @property
    def names(self) -> list[str]:
        return [*(f"pass_at_{k}" for k in self.pass_k), REWARD]


def analyse(
    evaluation: Evaluation, models: Mapping[Side, ModelRollouts], rows: Sequence[DatasetRow], asked: Asked
) -> Analysis:
    """Compare the models. ``rows`` are the dataset's."""
    if all(_is_read(models[side]) for side in evaluation.sides):
        return _by_prompt(evaluation, models, rows, asked)
    return _by_means(evaluation, models, asked)


def _is_read(own: ModelRollouts) -> bool:
    """Whether enough of a model's rollouts can be read to go by them."""
    prompts = len({rollout.prompt for rollout in own.rollouts})
    return prompts > 0 and prompts >= FEWEST_READ * own.metrics.get("reward/num_prompts", 0)


def pass_at(k: int, rollouts: int, solved: int) -> float | None:
    """The unbiased estimate of the chance that one of k rollouts is solved (Chen et al. 2021); ``None`` for fewer than
    k rollouts."""
    if rollouts < k:
        return None
    return 1.0 - math.comb(rollouts - solved, k) / math.comb(rollouts, k)


# -- with rollouts -------------------------------------------------------------------------------------------------


def _by_prompt(
    evaluation: Evaluation, models: Mapping[Side, ModelRollouts], rows: Sequence[DatasetRow], asked: Asked
) -> Analysis:
    distinct = list({plain_text(row.prompt): row for row in reversed(rows)}.values())[::-1]
    # A dataset's reference answers have no part in this: the environment gives the rewards.
    distinct = [replace(row, reference=None) for row in distinct]
    answers = {side: prompt_answers(models[side].rollouts, asked) for side in evaluation.sides}
    records = pair_records(distinct, answers)
    names = sorted(asked.names, key=lambda name: name != evaluation.primary_metric)
    metrics = [_metric(name, [r.reward for own in models.values() for r in own.rollouts]) for name in names]
    # What stands for an answer is our own listing of rollouts, whose length says nothing.
    paired = replace(paired_scores(records, metrics, evaluation.sides), lengths={})
    comparison = compare_scores(paired, metrics)
    checks = [
        _prompts(records, evaluation),
        _rewards(models, evaluation),
        _settings(models, evaluation, asked),
    ]
    if evaluation.scope == "compare":
        checks.insert(2, _unknown_as_zero(records, models, evaluation, comparison))
    fairness: Fairness = {"checks": checks, "sound_rows": None}
    warnings = [
        *([f"{len(rows) - len(distinct)} rows repeat another row's prompt: a prompt counts once."]
          if len(rows) > len(distinct) else []),
        *(text for side in evaluation.sides for text in mean_cautions(
            evaluation.names[side], _reported(models[side], names), side, comparison.metrics)),
        *(text for side in evaluation.sides for text in _successes(models[side], evaluation.names[side], asked)),
        *comparison.remarks,
    ]  # fmt: skip
    summary = scores_summary(evaluation, comparison, warnings=warnings, fairness=fairness)
    return Analysis(summary, report_words(summary), examples_table(records, metrics))


def prompt_answers(rollouts: Sequence[Rollout], asked: Asked) -> list[ScoredAnswer]:
    """An answer per prompt: its rollouts are one cluster, whose scores are those of the prompt."""
    groups: dict[str, list[Rollout]] = defaultdict(list)
    for rollout in rollouts:
        groups[plain_text(rollout.prompt)].append(rollout)
    return [_answer(group, asked) for group in groups.values()]


def _answer(group: Sequence[Rollout], asked: Asked) -> ScoredAnswer:
    rewards = [rollout.reward for rollout in group if rollout.reward is not None]
    solved = sum(reward >= asked.threshold for reward in rewards)
    scores: dict[str, float | str | None] = {f"pass_at_{k}": pass_at(k, len(rewards), solved) for k in asked.pass_k}
    scores[REWARD] = math.fsum(rewards) / len(rewards) if rewards else None
    missing = {name: "absent" for name, score in scores.items() if score is None}
    texts = [
        f"Rollout {number}: {'no reward' if rollout.reward is None else f'reward {rollout.reward:g}'}, "
        f"{rollout.turns} turns\n{rollout.last}".rstrip()
        for number, rollout in enumerate(group, 1)
    ]
    return ScoredAnswer(whole_text(group[0].prompt), None, whole_text("\n\n".join(texts)), scores, missing=missing)


def _metric(name: str, rewards: Sequence[float | None]) -> Metric:
    unit = name != REWARD or all(reward is None or 0 <= reward <= 1 for reward in rewards)
    return Metric(name, "higher", (0.0, 1.0) if unit else None)


def _prompts(records: Sequence[Record], evaluation: Evaluation) -> FairnessCheck:
    """Prompts that a model has no rollout of: the comparison rests on the others."""
    counts = {
        f"prompts of the {evaluation.names[side]}": sum(side in r.answers for r in records) for side in evaluation.sides
    }
    both = sum(all(side in record.answers for side in evaluation.sides) for record in records)
    counts["prompts"] = len(records)
    if both == len(records):
        return fairness_check("prompts", counts, "Every prompt has rollouts.")
    text = f"Only {both} of {len(records)} prompts have rollouts that can be read of every model."
    return fairness_check("prompts", counts, text, "warn", held_back=both < PAIRED_FLOOR * len(records))


def _rewards(models: Mapping[Side, ModelRollouts], evaluation: Evaluation) -> FairnessCheck:
    """Rollouts without a reward, or whose traces cannot be read: unknown, not zero."""
    counts: dict[str, int] = {}
    parts, worst = [], 0.0
    for side in evaluation.sides:
        own, label = models[side], evaluation.names[side]
        unknown = sum(rollout.reward is None for rollout in own.rollouts)
        lost = own.unread + unknown
        counts |= {f"rollouts of the {label}": len(own.rollouts) + own.unread, f"{label}, unknown": lost}
        worst = max(worst, lost / max(1, len(own.rollouts) + own.unread))
        if lost:
            parts.append(f"{lost} of the {label} ({unknown} without a reward, {own.unread} whose trace is unreadable)")
    if not parts:
        return fairness_check("rewards", counts, "Every rollout has a reward.")
    text = f"Rollouts whose reward is not known: {'; '.join(parts)}. They are missing, not zero."
    return fairness_check("rewards", counts, text, "warn", held_back=worst > 1 - COVERAGE_FLOOR)


def _unknown_as_zero(
    records: Sequence[Record],
    models: Mapping[Side, ModelRollouts],
    evaluation: Evaluation,
    comparison: ScoreComparison,
) -> FairnessCheck:
    """What the mean reward's difference would be with 0 for every reward that is not known: as an agent that crashes
    deserves, should that be the reason."""
    sums: dict[Side, dict[str, list[float]]] = {}
    for side, own in models.items():
        sums[side] = defaultdict(list)
        for rollout in own.rollouts:
            sums[side][plain_text(rollout.prompt)].append(rollout.reward or 0.0)
    both = [plain_text(record.source.prompt) for record in records if len(record.answers) == 2]
    means = [[math.fsum(sums[side][prompt]) / len(sums[side][prompt]) for prompt in both] for side in ("tuned", "base")]
    other = math.fsum(a - b for a, b in zip(*means, strict=True)) / len(both) if both else None
    difference = comparison.metrics[REWARD]["difference"]
    seen = difference["mean"] if difference else None
    text = f"Mean reward: {signed(seen)}; with 0 for every reward that is not known {signed(other)}."
    changes = other is not None and seen is not None and seen * other < 0
    return fairness_check(
        "unknown_as_zero", {"prompts": len(both)}, text, "warn" if changes else "pass", held_back=changes
    )


def _settings(models: Mapping[Side, ModelRollouts], evaluation: Evaluation, asked: Asked) -> FairnessCheck:
    """Whether the settings reached the jobs, as far as what they left shows it."""
    odd, counts, alike = [], {}, False
    for side in evaluation.sides:
        own, label = models[side], evaluation.names[side]
        told = own.metrics.get("reward/rollouts_per_prompt")
        if told is not None:
            counts[f"rollouts per prompt of the {label}"] = round(told)
        if told is not None and abs(told - asked.group) > 0.01:
            odd.append(f"the {label} made {told:g} rollouts per prompt, not {asked.group}")
        limit = own.metrics.get("reward/success_threshold")
        if limit is not None and abs(limit - asked.threshold) > 1e-9:
            odd.append(f"the {label} was measured at a threshold of {limit:g}, not {asked.threshold:g}")
        if asked.group > 1 and asked.sampling.get(TEMPERATURE) and _all_alike(own.rollouts):
            odd.append(f"all rollouts of a prompt are alike for the {label}, as at temperature 0")
            alike = True
    if not odd:
        return fairness_check("settings", counts, "The settings reached the jobs.")
    text = f"Settings that may not have reached the jobs: {'; '.join(odd)}."
    decides = alike and evaluation.primary_metric not in (REWARD, "pass_at_1")
    if decides:
        text += f" Then {evaluation.primary_metric} says nothing beyond pass_at_1."
    return fairness_check("settings", counts, text, "warn", held_back=decides)


def _all_alike(rollouts: Sequence[Rollout]) -> bool:
    """Whether every prompt's rollouts are copies of one another, where there are several."""
    groups: dict[str, list[Rollout]] = defaultdict(list)
    for rollout in rollouts:
        groups[rollout.prompt].append(rollout)
    several = [group for group in groups.values() if len(group) > 1]
    return bool(several) and all(len({(r.reward, r.last, r.turns) for r in group}) == 1 for group in several)


def _successes(own: ModelRollouts, label: str, asked: Asked) -> list[str]:
    """AWS's pages disagree on what a succeeded rollout is: above 0, or from the threshold."""
    told = own.metrics.get("reward/succeeded_rollouts")
    known = [rollout.reward for rollout in own.rollouts if rollout.reward is not None]
    solved = sum(reward >= asked.threshold for reward in known)
    if told is None or round(told) == solved or own.unread or len(known) < len(own.rollouts):
        return []
    above = sum(reward > 0 for reward in known)
    why = ", as many as have a reward above 0" if round(told) == above else ""
    text = f"Succeeded rollouts of the {label}: the service says {told:g}{why}; {solved} reach {asked.threshold:g}"
    return [f"{text}, and these count as solved."]


# -- with aggregates only ------------------------------------------------------------------------------------------


def _reported(own: ModelRollouts, names: Sequence[str]) -> dict[str, float]:
    """The service's own figure of each metric."""
    figures = {name: own.metrics.get(REPORTED.get(name, f"reward/{name}")) for name in names}
    return {name: figure for name, figure in figures.items() if figure is not None}


def _by_means(evaluation: Evaluation, models: Mapping[Side, ModelRollouts], asked: Asked) -> Analysis:
    evaluation = replace(evaluation, conditions={**evaluation.conditions, "aggregates_only": True})
    names = sorted(asked.names, key=lambda name: name != evaluation.primary_metric)
    given = {side: _means(models[side], names) for side in evaluation.sides}
    usable = [name for name in names if all(name in given[side] for side in evaluation.sides)]
    if evaluation.primary_metric not in usable:
        raise ResultsError(
            f"The runs in MLflow have no {evaluation.primary_metric} of every model, or do not say over how many "
            f"prompts; usable are {', '.join(usable) or 'none'}.",
            fix="Set PRIMARY_METRIC to one of them and run the results cell again."
            if usable
            else "Look at the run in MLflow, and at the job's log; run the evaluation again.",
        )
    ends = [own.metrics.get(f"reward/{end}", math.inf) for own in models.values() for end in ("min", "max")]
    metrics = [_metric(name, ends) for name in usable]
    summaries = [
        aggregates_summary(
            replace(evaluation, primary_metric=metric.name),
            Aggregates(metric, {"": {side: given[side][metric.name] for side in evaluation.sides}}),
        )
        for metric in metrics
    ]
    entries = {name: summary["metrics"][name] for name, summary in zip(usable, summaries, strict=True)}
    settle_verdicts(entries.values(), metrics, holm)
    why = "MLflow holds no rollouts" if not any(own.rollouts or own.unread for own in models.values()) else (
        "too few rollouts can be read"
    )  # fmt: skip
    n = summaries[0]["rows"]["dataset"]
    unpaired = f"Only aggregates: {why}, so the models are compared unpaired."
    warnings = [
        f"{unpaired} Of independent observations there are {n}, as many as prompts and not as rollouts.",
        *(text for side in evaluation.sides for text in _failed(models[side], evaluation.names[side])),
    ]
    if nobodys := max(own.nobodys for own in models.values()):
        warnings.append(f"Traces of the experiment that name no run: {nobodys}. Whose rollouts they are is not known.")
    fairness: Fairness = {"checks": [_settings(models, evaluation, asked)], "sound_rows": None}
    rows = summaries[0]["rows"]
    summary = summary_of(evaluation, rows=rows, metrics=entries, warnings=warnings, fairness=fairness)
    return Analysis(summary, report_words(summary), examples_table([], metrics))


def _means(own: ModelRollouts, names: Sequence[str]) -> dict[str, Aggregate]:
    """The aggregates that can be compared. Prompts are what is independent: with a group of rollouts each, the spread
    of the prompts' means is at most that of the rollouts, so that these intervals are conservative."""
    prompts = round(own.metrics.get("reward/num_prompts", 0))
    aggregates: dict[str, Aggregate] = {}
    for name, figure in _reported(own, names).items():
        spread = own.metrics.get("reward/std") if name == REWARD else None
        if prompts < 1 or (name == REWARD and spread is None) or (name != REWARD and not 0 <= figure <= 1):
            continue
        aggregates[name] = Aggregate(figure, prompts, spread)
    return aggregates


def _failed(own: ModelRollouts, label: str) -> list[str]:
    failed = own.metrics.get("reward/failed_rollouts", 0)
    return [f"Rollouts of the {label} that failed: {failed:g}. Nothing says how they count."] if failed else []
