"""The test set and what each model said of it, put together by id: the rows that everything is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from model_evaluation.runtime.results.evaluation import ResultsError, Side
from model_evaluation.runtime.summary import Rows

from .problem import Problem
from .reading.labels import all_spelled_like, canonical_label, class_order, encode, spelled_like
from .tables import Booleans, Codes, Floats, Predictions, TestSet, Texts, cut

FEWEST_SCORES = 3  # distinct ones: two are classes, and an area under a curve of classes is none
SUM_SLACK = 1e-9
SUM_TOLERANCE = 0.01  # class scores that add up to 1 within this are probabilities that were rounded


@dataclass(frozen=True)
class Said:
    """What one model said of the joined rows: ``score`` (n,), the positive class's or the predicted number, or
    (n, classes) in the classes' order; ``codes`` (n,), the predicted class's place among the classes, or the cluster;
    each ``None`` where the model does not give it. ``probabilities``: whether scores are that. ``threshold``: from
    which score on ``codes`` are positive; ``None`` where the model said the class itself. ``bounds`` (n, 2): within
    which the model says that a number lies."""

    score: Floats | None = None
    codes: Codes | None = None
    probabilities: bool = False
    threshold: float | None = None
    bounds: Floats | None = None

    def at(self, places: Booleans) -> Said:
        """Of the rows ``places``."""
        return replace(
            self, score=cut(self.score, places), codes=cut(self.codes, places), bounds=cut(self.bounds, places)
        )


@dataclass(frozen=True)
class Joined:
    """Rows with a truth and a prediction of every model. ``truth`` (n,) are places among ``classes`` or numbers;
    ``clusters`` (n,) equal where rows belong together. ``rows`` counts what there was before; ``missing`` by model."""

    ids: Texts
    truth: Codes | Floats | None
    classes: tuple[str, ...]
    said: Mapping[Side, Said]
    rows: Rows
    weight: Floats | None = None
    clusters: Codes | None = None
    slices: Mapping[str, Texts] = field(default_factory=dict)
    features: Floats | None = None
    missing: Mapping[Side, int] = field(default_factory=dict)
    surplus: Mapping[Side, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def plain(self) -> bool:
        """Whether every row counts once and stands for itself."""
        return self.weight is None and self.clusters is None

    def at(self, places: Booleans) -> Joined:
        """The rows ``places``."""
        return replace(
            self,
            ids=self.ids[places],
            truth=None if self.truth is None else self.truth[places],
            said={side: own.at(places) for side, own in self.said.items()},
            weight=cut(self.weight, places),
            clusters=cut(self.clusters, places),
            slices={name: own[places] for name, own in self.slices.items()},
            features=cut(self.features, places),
        )


def join(test: TestSet, predictions: Mapping[Side, Predictions], problem: Problem) -> Joined:
    """The rows of the test set that every model said something of, in the test set's order.

    Raises :class:`ResultsError` when there is none, and when what was said cannot be an answer to the problem.
    """
    notes: list[str] = list(test.notes)
    positive = canonical_label(problem.positive)
    places: dict[Side, Codes] = {}
    surplus: dict[Side, int] = {}
    for side, own in predictions.items():
        places[side], remarks = _places(test.ids, own.ids)
        # Surplus answers may be counted and still be there.
        surplus[side] = max(own.surplus, len(own) - int((places[side] >= 0).sum()))
        notes += [*own.notes, *remarks]
    counted = np.ones(len(test), bool) if test.weight is None else test.weight > 0
    if not counted.all():
        notes.append(f"{int((~counted).sum())} rows have a weight of 0 and are left out.")
    total = int(counted.sum())
    predicted = {side: counted & (at >= 0) for side, at in places.items()}
    there = np.logical_and.reduce(list(predicted.values()))
    counts = {side: int(own.sum()) for side, own in predicted.items()}
    if not there.any():
        raise ResultsError(
            f"None of the {len(test)} rows (ids such as {_examples(test.ids)}) has a prediction of "
            f"{'each of the models' if len(predictions) > 1 else 'the model'} (ids such as "
            f"{'; '.join(_examples(own.ids) or 'none' for own in predictions.values())}).",
            fix="Check that the predictions were made for these rows and name them by the same ids.",
        )
    picked: dict[Side, Predictions] = {}
    for side, own in predictions.items():
        answers = own.at(places[side][there])
        texts = None if answers.prediction is None else all_spelled_like(positive, answers.prediction)
        names = tuple(spelled_like(positive, name) for name in own.classes)
        picked[side] = replace(answers, prediction=texts, classes=names)
    label = None if test.label is None else test.label[there]
    classes, remarks = _classes(label, picked, problem)
    notes += remarks
    said: dict[Side, Said] = {}
    for side, own in picked.items():
        said[side], remarks = _said(side, own, classes, problem)
        notes += remarks
    truth: Codes | Floats | None = None
    if label is not None:
        truth = np.asarray(label, float) if problem.type == "regression" else encode(label, classes)
    groups = None if test.group is None else np.asarray(pd.factorize(test.group[there])[0], np.int64)
    both = int(there.sum()) if len(predictions) == 2 else 0
    return Joined(
        test.ids[there],
        truth,
        classes,
        said,
        {"dataset": total, "tuned": counts.get("tuned"), "base": counts.get("base"), "paired": both},
        weight=cut(test.weight, there),
        clusters=groups if groups is not None and len(np.unique(groups)) < len(groups) else None,
        slices={name: values[there] for name, values in test.slices.items()},
        features=cut(test.features, there),
        missing={side: total - count for side, count in counts.items()},
        surplus=surplus,
        notes=tuple(dict.fromkeys(notes)),
    )


def constant_predictions(test: TestSet, problem: Problem) -> Predictions:
    """The best constant answer for these rows: the share of the positive class, the classes' shares, or the mean.

    It knows the test set's own shares, which no model does: what beats it does so against the best constant.
    """
    n = len(test)
    if test.label is None or problem.type == "clustering":
        raise ResultsError("Without a truth there is no constant answer.", fix="Choose none as the reference.")
    if problem.type == "regression":
        return Predictions(test.ids, np.full(n, np.average(np.asarray(test.label, float), weights=test.weight)))
    names = class_order(np.unique(np.asarray(test.label, str)).tolist())
    counts = np.bincount(encode(test.label, names), weights=test.weight, minlength=len(names))
    shares = counts / counts.sum()
    majority = np.full(n, names[int(shares.argmax())], object)
    if problem.type == "binary":
        positive = canonical_label(problem.positive)
        share = float(shares[names.index(positive)]) if positive in names else 0.0
        return Predictions(test.ids, np.full(n, share), majority)
    return Predictions(test.ids, np.tile(shares, (n, 1)), majority, names)


def _places(ids: Texts, other: Texts) -> tuple[Codes, list[str]]:
    """Where each id stands among the others, -1 where it does not."""
    at = np.asarray(pd.Index(np.asarray(other, object)).get_indexer(pd.Index(np.asarray(ids, object))), np.int64)
    if (at >= 0).any():
        return at, []
    mine, theirs = (pd.Index([canonical_label(value) for value in own]) for own in (ids, other))
    if mine.is_unique and theirs.is_unique and (places := theirs.get_indexer(mine)).max(initial=-1) >= 0:
        ways = f"{_examples(ids, 1)} and {_examples(other, 1)}"
        return np.asarray(places, np.int64), [f"Ids were written in two ways, such as {ways}; they were matched."]
    return at, []


def _examples(values: Texts, most: int = 3) -> str:
    return ", ".join(repr(str(value)) for value in values[:most])


def _classes(
    label: Texts | Floats | None, predictions: Mapping[Side, Predictions], problem: Problem
) -> tuple[tuple[str, ...], list[str]]:
    """The classes in their order; of a binary problem the negative one first."""
    if problem.type == "regression" or label is None:
        return (), []
    truth = set(pd.unique(np.asarray(label, object)))
    if problem.type == "clustering":
        return class_order(truth), []
    known = set(truth)
    for own in predictions.values():
        known.update(own.classes, () if own.prediction is None else pd.unique(own.prediction))
    if problem.type == "multiclass":
        return class_order(known), []
    positive = canonical_label(problem.positive)
    if len(truth - {positive}) > 1:
        raise ResultsError(
            f"The label has more than one value beside the positive class {positive!r}: "
            f"{', '.join(map(repr, class_order(truth - {positive})))}.",
            fix="Choose multiclass as the type of problem, or check the label's column and the positive class.",
        )
    negative = next(iter(class_order(truth - {positive}) or class_order(known - {positive})), f"not {positive}")
    notes = []
    if positive not in truth:
        notes.append(
            f"No row of the test set is of the positive class {positive!r}: nothing can be said of finding it."
        )
    return (negative, positive), notes


def _said(side: Side, own: Predictions, classes: tuple[str, ...], problem: Problem) -> tuple[Said, list[str]]:
    """What a model said, in the classes' order, and what is odd about it."""
    if problem.type == "regression":
        if own.score is None or own.score.ndim != 1:
            hold = "none" if own.score is None else f"{own.score.shape[1]} per row"
            raise ResultsError(
                f"A regression needs one number per row, but the {side} predictions hold {hold}.",
                fix="Check the type of problem and the column of the predictions.",
            )
        return Said(own.score, bounds=own.bounds), []
    if problem.type == "clustering":
        if own.prediction is None:
            raise ResultsError("A clustering needs a cluster per row.", fix="Name the column prediction.")
        return Said(codes=np.asarray(pd.factorize(own.prediction)[0], np.int64)), []
    if problem.type == "binary":
        return _said_binary(side, own, classes)
    return _said_multiclass(side, own, classes)


def _said_binary(side: Side, own: Predictions, classes: tuple[str, ...]) -> tuple[Said, list[str]]:
    score, prediction, notes = own.score, own.prediction, []
    if score is not None and score.ndim == 2:
        if (width := score.shape[1]) > 2:
            raise ResultsError(
                f"The {side} predictions hold {width} scores per row, which are those of {width} classes, but the "
                "problem is binary.",
                fix="Choose multiclass, or a model that was trained for two classes.",
            )
        order = own.classes if classes[1] in own.classes else class_order(classes)
        if width == 2 and order != own.classes:
            told = " and ".join(map(repr, order))
            notes.append(f"The order of the two {side} scores is not known; they were read as those of {told}.")
        score = score[:, order.index(classes[1]) if width == 2 else 0]
    # A look at the first rows saves sorting very many.
    if score is not None and len(np.unique(score[: 1 << 16])) < FEWEST_SCORES > len(distinct := np.unique(score)):
        names = {spelled_like(classes[1], canonical_label(value)) for value in distinct.tolist()}
        if prediction is None and names <= set(classes):
            prediction = np.array([spelled_like(classes[1], canonical_label(own)) for own in score.tolist()], object)
            notes.append(
                f"The {side} scores have no values but {' and '.join(sorted(names))}: they are predicted classes, not "
                "scores. Metrics of scores, such as ROC-AUC, are not computed from them."
            )
            score = None
    codes = None
    if prediction is not None:
        codes, remarks = _codes(side, prediction, classes)
        codes, notes = np.maximum(codes, 0), [*notes, *remarks]
    probabilities = score is not None and bool(((score >= 0) & (score <= 1)).all())
    if score is not None and not probabilities:
        notes.append(
            f"The {side} scores are not probabilities: they reach from {score.min():.4g} to {score.max():.4g}. Log "
            "loss, Brier score and calibration are not computed from them."
        )
    return Said(score, codes, probabilities), notes


def _said_multiclass(side: Side, own: Predictions, classes: tuple[str, ...]) -> tuple[Said, list[str]]:
    notes: list[str] = []
    score, codes, probabilities = own.score, None, False
    if own.prediction is not None:
        codes, notes = _codes(side, own.prediction, classes)
    if score is not None and score.ndim == 1:
        if codes is None:
            raise ResultsError(
                f"The {side} predictions hold one score per row, which cannot tell {len(classes)} classes apart.",
                fix="Give the predicted class (prediction) or one score per class (score_CLASS), not the highest one.",
            )
        score = None
    if score is not None:
        order = own.classes or (classes if score.shape[1] == len(classes) else ())
        if not order or len(order) != score.shape[1]:
            raise ResultsError(
                f"The {side} predictions hold {score.shape[1]} scores per row, but there are {len(classes)} classes: "
                f"{', '.join(classes[:12])}.",
                fix="Name the classes of the scores (columns score_CLASS, or labels beside probabilities).",
            )
        if not own.classes:
            notes.append(f"The order of the {side} scores is not known; they were read as {', '.join(classes[:12])}.")
        given, score = score, np.zeros((len(score), len(classes)))
        score[:, [classes.index(name) for name in order]] = given
        total = score.sum(axis=1)
        if score.min() >= 0 and np.abs(total - 1).max() < SUM_TOLERANCE:
            probabilities = True
            if np.abs(total - 1).max() > SUM_SLACK:  # dividing by a rounding error would break ties
                score = score / total[:, None]
        else:
            notes.append(
                f"The {side} scores do not add up to 1: they are not probabilities, and are used for ranks only."
            )
        if codes is None:
            codes = np.asarray(score.argmax(axis=1), np.int64)
    assert codes is not None
    return Said(score, codes, probabilities), notes


def _codes(side: Side, prediction: Texts, classes: tuple[str, ...]) -> tuple[Codes, list[str]]:
    """Predicted classes as places; one that is not a class is -1 and counts as wrong."""
    codes = encode(prediction, classes)
    unknown = codes < 0
    if unknown.all():
        raise ResultsError(
            f"No {side} prediction is one of the classes {', '.join(map(repr, classes))}; they are such as "
            f"{_examples(pd.unique(prediction))}.",
            fix="Map the predictions to the labels of the test set, or check the positive class.",
        )
    names = _examples(pd.unique(prediction[unknown]))
    notes = [f"{int(unknown.sum())} {side} predictions are not classes of the test set, such as {names}."]
    return codes, notes if unknown.any() else []
