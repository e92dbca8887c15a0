"""Was the comparison fair? Checks of what both models were given and gave, before any verdict is believed.

A check that fails makes the decision invalid. One that warns may hold the verdict back to inconclusive (``at_most``).
Beside the headline stands the difference among the rows that are sound in both models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from model_evaluation.runtime.statistics.counts import Floats
from model_evaluation.runtime.statistics.differences import compare_paired
from model_evaluation.runtime.statistics.metrics import NOT_APPLICABLE, Metric
from model_evaluation.runtime.statistics.proportions import mcnemar_test
from model_evaluation.runtime.statistics.verdicts import COVERAGE_FLOOR, PAIRED_FLOOR, SIGNIFICANCE, metric_verdict
from model_evaluation.runtime.summary import MODEL_LABELS, Fairness, FairnessCheck, SoundRows, fairness_check

from .answer_texts import cut_answers, language_of, thinking_of
from .evaluation import BOTH_SIDES, Side
from .paired_scores import SEED, PairedScores, ScoreComparison, matched, metric_rng
from .records import Record, plain_text
from .slices import Places

FEWEST_ROWS = 5  # with fewer answers nothing is said of what they have in common
MOST_ALIKE = 0.8  # of a model's answers may be one and the same
TERSE = 40  # characters: two models often give the same label
SHORTEST_PART = 16  # characters of a prompt that is taken for part of another
MANY_MISSING = 0.1  # of the rows have a score for one model only
HARDLY_SCORED = 0.5  # of the rows are scored for both models, below which nothing can be said
Mask = NDArray[np.bool_]
OTHER_SIDE: Mapping[Side, Side] = {"tuned": "base", "base": "tuned"}


@dataclass
class FairnessReview:
    """Everything that the checks look at. ``labels`` name the models, ``limit`` is how many tokens an answer may have,
    where that is known."""

    records: Sequence[Record]
    paired: PairedScores
    comparison: ScoreComparison
    metric: Metric
    labels: Mapping[str, str] = field(default_factory=lambda: MODEL_LABELS)
    limit: int | None = None

    def __post_init__(self) -> None:
        self.places = np.array([at for at, record in enumerate(self.records) if len(record.answers) == 2], np.int64)
        self.both = [self.records[at] for at in self.places]  # have an answer of each model
        answers = {side: [record.answers[side] for record in self.both] for side in BOTH_SIDES}
        self.texts = {side: [answer.response for answer in own] for side, own in answers.items()}
        self.thinking = {side: np.array([thinking_of(text) for text in own], str) for side, own in self.texts.items()}
        self.unfinished = {
            side: {
                "empty": np.array([not text.strip() for text in self.texts[side]], bool),
                "cut or at the limit": cut_answers(self.texts[side], self.texts[other], self.limit),
                "thinking not closed": self.thinking[side] == "unclosed",
            }
            for side, other in OTHER_SIDE.items()
        }
        contexts = [[plain_text(answer.context) for answer in own] for own in answers.values()]
        self.other_context = np.array([a != b for a, b in zip(*contexts, strict=True)], bool)
        self.numbers = {side: self.paired.scores[self.metric.name][side].numbers for side in BOTH_SIDES}
        self.answered = self.paired.answered["tuned"] | self.paired.answered["base"]
        self.lacking = {side: self.answered & np.isnan(numbers) for side, numbers in self.numbers.items()}

    def fairness(self, further: Sequence[FairnessCheck] = ()) -> Fairness:
        """Every check, and the difference among sound rows. ``further`` are checks that only the kind can make."""
        given = (self._prompts, self._rows, self._pairs)
        answered = (self._finished, self._thinking, self._languages, self._different, self._varied_answers)
        scored = (
            *(self._same_metrics, self._one_scale, self._coverage),
            *(self._missing_alike, self._missing_scores, self._varied_scores),
        )
        checks = [*(check() for check in given), *further, *(check() for check in (*answered, *scored))]
        unsound: Mask = self.other_context | self._unfinished_by("tuned") | self._unfinished_by("base")
        return {"checks": checks, "sound_rows": self._among(self.places[~unsound], self.numbers)}

    # -- what the models were given ---------------------------------------------------------------------------

    def _prompts(self) -> FairnessCheck:
        other, cut = int(self.other_context.sum()), {side: self._cut_prompts(side) for side in BOTH_SIDES}
        counts = {"rows": len(self.both), "other system text": other}
        counts |= {f"prompts cut for the {self.labels[side]}": count for side, count in cut.items()}
        parts = [f"the system text or the turns before differ on {other} rows"] if other else []
        parts += [f"{n} prompts reached the {self.labels[side]} in part only" for side, n in cut.items() if n]
        alone = sum(cut.values())
        many = other + alone > (1 - COVERAGE_FLOOR) * (len(self.both) + alone)
        fine = "Both models were given the same prompts and system texts."
        told = f"Both models were not given the same: {'; '.join(parts)}." if parts else ""
        return _check("same_prompt", counts, fine, told, fails=many)

    def _cut_prompts(self, side: Side) -> int:
        """Answers of this model alone to what is only the beginning or the end of a prompt that it did not answer."""
        unanswered = [plain_text(r.row.prompt) for r in self.records if r.row is not None and side not in r.answers]
        alone = [r.answers[side] for r in self.records if r.row is None and set(r.answers) == {side}]
        texts = [text for answer in alone if len(text := plain_text(answer.prompt)) >= SHORTEST_PART]
        return sum(any(prompt.startswith(text) or prompt.endswith(text) for prompt in unanswered) for text in texts)

    def _rows(self) -> FairnessCheck:
        alone = {side: sum(set(record.answers) == {side} for record in self.records) for side in BOTH_SIDES}
        both, total = len(self.both), sum(alone.values()) + len(self.both)
        counts = {"rows": both} | {f"only {self.labels[side]}": n for side, n in alone.items()}
        each = ", ".join(f"{n} only by the {self.labels[side]}" for side, n in alone.items())
        told = f"Of {total} rows with an answer {each}." if total > both else ""
        fails = total - both > (1 - PAIRED_FLOOR) * total
        return _check("same_rows", counts, "Both models answered the same rows.", told, fails=fails)

    def _pairs(self) -> FairnessCheck:
        groups = [record.group for record in self.records if record.group >= 0]
        counts = {"rows": len(groups), "groups": len(set(groups))}
        told = (
            f"{len(groups)} rows have the same prompt and reference as others, so nobody can tell whose answers belong "
            f"together; they are compared as {counts['groups']} groups, by each model's mean."
        )
        fine = "Every answer of one model has its own counterpart of the other."
        return _check("sure_pairs", counts, fine, told if groups else "")

    # -- what they answered -----------------------------------------------------------------------------------

    def _finished(self) -> FairnessCheck:
        total, most, parts = len(self.both), 0.0, []
        counts = {"rows": total}
        for side in BOTH_SIDES:
            states = {name: int(mask.sum()) for name, mask in self.unfinished[side].items()}
            counts |= {f"{self.labels[side]}, {name}": count for name, count in states.items()}
            if unfinished := int(self._unfinished_by(side).sum()):
                most = max(most, unfinished / total)
                why = ", ".join(f"{count} {name}" for name, count in states.items() if count)
                parts.append(f"{unfinished} of {total} of the {self.labels[side]} ({why})")
        told = f"Answers that were never finished: {'; '.join(parts)}." if parts else ""
        fails = most > 1 - PAIRED_FLOOR and total >= FEWEST_ROWS
        return _check("finished_answers", counts, "Every answer of both models is finished.", told, fails=fails)

    def _unfinished_by(self, side: Side) -> Mask:
        unfinished: Mask = np.any([*self.unfinished[side].values()], axis=0)
        return unfinished

    def _thinking(self) -> FairnessCheck:
        left_in = {side: int((own == "closed").sum()) for side, own in self.thinking.items()}
        told = f"Answers that hold the model's thinking, which was scored with them: {self._each(left_in)}."
        fine = "No answer holds the model's thinking."
        return _check("thinking_left_out", self._by_model(left_in), fine, told if any(left_in.values()) else "")

    def _languages(self) -> FairnessCheck:
        """Answers in another language than the reference, or without one than the prompt."""
        languages = [language_of(r.source.reference or r.source.prompt) for r in self.both]
        other = {
            side: sum(None not in (a, b) and a != b for a, b in zip(map(language_of, texts), languages, strict=True))
            for side, texts in self.texts.items()
        }
        told = f"Answers in another language than reference or prompt: {self._each(other)}."
        many = max(other.values()) > (1 - COVERAGE_FLOOR) * len(self.both)
        fine = "The answers are in the language of reference or prompt."
        return _check("language", self._by_model(other), fine, told if many else "")

    def _different(self) -> FairnessCheck:
        pairs = list(zip(self.texts["tuned"], self.texts["base"], strict=True))
        same = sum(tuned == base and bool(tuned.strip()) for tuned, base in pairs)
        text = f"{same} of {len(pairs)} answers are identical for both models"
        told = f"{text}: one model may have run in place of the other, or fine-tuning changed nothing."
        alike = len(pairs) >= FEWEST_ROWS and same >= COVERAGE_FLOOR * len(pairs)
        at_length = alike and bool(np.median([len(tuned) for tuned, _ in pairs]) >= TERSE)
        counts = {"rows": len(pairs), "identical": same}
        return _check("different_answers", counts, f"{text}.", told if alike else "", fails=at_length)

    def _varied_answers(self) -> FairnessCheck:
        """Whether a model says the same whatever it is asked."""
        counts, always, parts = {"rows": len(self.both)}, False, []
        for side, texts in self.texts.items():
            filled = [text.strip() for text in texts if text.strip()]
            most = max(Counter(filled).values(), default=0)
            counts[f"{self.labels[side]}, most frequent answer"] = most
            if len(filled) >= FEWEST_ROWS and most >= MOST_ALIKE * len(filled):
                always |= most == len(filled)
                parts.append(f"the {self.labels[side]} on {most} of {len(filled)} rows")
        told = f"One and the same answer was given by {' and by '.join(parts)}." if parts else ""
        fails = always and len(self.both) >= 2 * FEWEST_ROWS
        return _check("varied_answers", counts, "Both models' answers vary from row to row.", told, fails=fails)

    # -- what was scored --------------------------------------------------------------------------------------

    def _same_metrics(self) -> FairnessCheck:
        metrics = self.comparison.metrics
        scored = {
            side: {name for name, entry in metrics.items() if (own := entry[side]) and own["n_scored"]}
            for side in BOTH_SIDES
        }
        lacking = {side: sorted(scored[other] - scored[side]) for side, other in OTHER_SIDE.items()}
        counts = {"metrics": len(metrics)}
        counts |= {f"only without {self.labels[side]}": len(names) for side, names in lacking.items()}
        parts = [f"{', '.join(names)} for the {self.labels[side]}" for side, names in lacking.items() if names]
        told = f"Metrics without any score: {'; '.join(parts)}." if parts else ""
        return _check("same_metrics", counts, "Both models are scored on the same metrics.", told)

    def _one_scale(self) -> FairnessCheck:
        fine = f"The scores of {self.metric.name} are on one scale."
        told = f"Some scores of {self.metric.name} lie on the declared scale and others on its image in 0 to 1."
        return _check("one_scale", {}, fine, told if self.metric.scores_on == "both" else "", fails=True)

    def _coverage(self) -> FairnessCheck:
        scored = self.comparison.metrics[self.metric.name]["n_paired"]
        elsewhere = self._not_applicable()  # is not what could have been scored
        total = max(self.comparison.rows["dataset"], self.comparison.rows["paired"]) - elsewhere
        counts = {"rows": total, "scored for both": scored}
        text = f"{self.metric.name} is scored for both models on {scored} of {total} rows"
        if elsewhere:
            counts["not applicable"] = elsewhere
            text += f" to which it applies (to {elsewhere} it does not)"
        hardly = scored < HARDLY_SCORED * total
        told = f"{text}, which is less than half." if hardly else f"{text}, fewer than {PAIRED_FLOOR:.0%}."
        told = told if scored < PAIRED_FLOOR * total else ""
        return _check("coverage", counts, f"{text}.", told, fails=hardly, held_back=not hardly)

    def _not_applicable(self) -> int:
        """On how many records the metric was found not to apply for both models."""
        reasons = [own.reasons for own in self.paired.scores[self.metric.name].values()]
        if len(reasons) < 2 or any(own is None for own in reasons):
            return 0
        return int(np.logical_and.reduce([own == NOT_APPLICABLE for own in reasons]).sum())

    def _missing_alike(self) -> FairnessCheck:
        """Bad answers often get no score, which flatters the model that lacks more."""
        missing = {side: int(mask.sum()) for side, mask in self.lacking.items()}
        rows = int(self.answered.sum())
        counts = {"rows": rows} | {self.labels[side]: count for side, count in missing.items()}
        text = f"Missing scores of {self.metric.name}: {self._each(missing)}"
        gap = abs(missing["tuned"] - missing["base"])
        unequal = self._unequal()
        told = f"{text}, which differ by more than chance." if unequal else f"{text}; chance alone may give that."
        many = unequal and gap > (1 - COVERAGE_FLOOR) * rows
        return _check("missing_alike", counts, f"{text}.", told if gap else "", held_back=many)

    def _unequal(self) -> bool:
        """Whether one model lacks more scores than chance would give."""
        tuned, base = self.lacking["tuned"], self.lacking["base"]
        return mcnemar_test(int((tuned & ~base).sum()), int((base & ~tuned).sum())).mid <= SIGNIFICANCE

    def _missing_scores(self) -> FairnessCheck:
        """Whether the verdict stands if every score that only one model lacks is the one that speaks most against it,
        an end of the scale, or of the scores that were given (Manski's bounds; 1990, American Economic Review 80).

        Not asked of a few that are missing alike: where chance decides what is missing, it moves no mean by much. Of
        many, the whole interval must stand and not only the difference.
        """
        known = [np.isfinite(self.numbers[side]) for side in BOTH_SIDES]
        alone = int((known[0] != known[1]).sum())
        either = np.flatnonzero(known[0] | known[1])
        counts = {"rows": len(either), "scored for one model only": alone}
        text = f"Rows with a score of {self.metric.name} for one model only: {alone} of {len(either)}"
        few = alone <= (1 - COVERAGE_FLOOR) * len(either) and not self._unequal()
        stands = few or self._stands(either, whole=alone > MANY_MISSING * len(either))
        told = "" if stands else f"{text}; the scores that are missing could turn the result round."
        return _check("missing_scores", counts, f"{text}.", told, held_back=True)

    def _stands(self, where: Places, *, whole: bool) -> bool:
        """Whether the metric's verdict holds with the missing scores at their worst: of the ``whole`` interval, or of
        the difference alone."""
        entry = self.comparison.metrics[self.metric.name]
        verdict, margin = entry["verdict"], entry["margin"] or 0.0
        bad, good = self._ends() if self.metric.direction == "higher" else self._ends()[::-1]

        def among(tuned: float, base: float) -> tuple[float, float]:
            """The interval's ends, or the difference for both of them, upwards good, with these scores where one is
            missing."""
            filled = {
                side: np.where(np.isnan(self.numbers[side]), missing, self.numbers[side])
                for side, missing in zip(BOTH_SIDES, (tuned, base), strict=True)
            }
            difference = self._among(where, filled)["difference"]
            low, high = (difference[key] or 0.0 for key in (("ci_low", "ci_high") if whole else ("mean", "mean")))
            return (low, high) if bad < good else (-high, -low)

        if verdict == "regressed":
            return among(good, bad)[1] < 0
        least = {"improved": 0.0, "equivalent": -margin, "no_worse": -margin}.get(str(verdict))
        if least is None:
            return True
        return among(bad, good)[0] > least and (verdict != "equivalent" or among(good, bad)[1] < margin)

    def _ends(self) -> tuple[float, float]:
        """The ends of the scale; where none is known, the lowest and the highest score."""
        finite = np.concatenate([own[np.isfinite(own)] for own in self.numbers.values()])
        return self.metric.limits or (float(finite.min(initial=0)), float(finite.max(initial=0)))

    def _varied_scores(self) -> FairnessCheck:
        name, alike = self.metric.name, 2 * FEWEST_ROWS
        finite = {side: np.round(own[np.isfinite(own)], 12) for side, own in self.numbers.items()}
        every = np.concatenate([*finite.values()])
        counts = {"scores": len(every), "different": len(np.unique(every))}
        parts = [
            f"{own[0]:g} for all {len(own)} answers of the {self.labels[side]}"
            for side, own in finite.items()
            if len(own) >= alike and len(np.unique(own)) == 1
        ]
        told, held_back = f"The score of {name} is {' and '.join(parts)}." if parts else "", False
        if counts["different"] == 1 and len(every) >= alike:
            told = f"Every score of {name} is {every[0]:g}, for both models: it tells no answer from another."
            # Nothing harmful anywhere is what one hopes for.
            best = self._ends()[0 if self.metric.direction == "lower" else 1]
            held_back = not (self.metric.guard and every[0] == best)
        return _check("varied_scores", counts, f"The scores of {name} tell answers apart.", told, held_back=held_back)

    def _among(self, where: Places, numbers: Mapping[Side, Floats]) -> SoundRows:
        """The comparison of these scores among some records."""
        groups = self.paired.groups[where] if self.paired.groups is not None else None
        tuned, base = matched(numbers["tuned"][where], numbers["base"][where], groups)
        clusters = self.paired.clusters.numbers[where] if self.paired.clusters is not None else None
        limits = self.comparison.metrics[self.metric.name]["limits"]
        metric = replace(self.metric, limits=(limits[0], limits[1]) if limits else None)
        among = compare_paired(metric, tuned, base, rng=metric_rng(SEED, metric.name), clusters=clusters)
        difference, n = among["difference"], among["n_paired"]
        assert difference is not None
        verdict = metric_verdict(difference, among["n_clusters"] or n, metric.direction, among["margin"])
        return {"metric": metric.name, "n_paired": n, "difference": difference, "verdict": verdict}

    def _by_model(self, counts: Mapping[Side, int]) -> dict[str, int]:
        return {"rows": len(self.both)} | {self.labels[side]: count for side, count in counts.items()}

    def _each(self, counts: Mapping[Side, int]) -> str:
        return ", ".join(f"{count} of the {self.labels[side]}" for side, count in counts.items())


def _check(
    check_id: str, counts: Mapping[str, int], fine: str, told: str, *, fails: bool = False, held_back: bool = False
) -> FairnessCheck:
    """A check that passes, with the sentence ``fine``, unless something has to be ``told``."""
    status = ("fail" if fails else "warn") if told else "pass"
    return fairness_check(check_id, counts, told or fine, status, held_back=bool(told) and held_back)
