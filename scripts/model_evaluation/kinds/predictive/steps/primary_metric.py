"""primary_metric: the number that decides, and the smallest difference on it that matters."""

from __future__ import annotations

import re

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.predictive.recorded import columns_of, problem_of, threshold_of
from model_evaluation.kinds.predictive.runtime.problem import METRICS, SCORE_METRICS, PrimaryMetric, ProblemType
from model_evaluation.naming import letters

from .threshold import RARE, has_scores

NAMES = {
    "auc": "roc_auc",
    "rocauc": "roc_auc",
    "prauc": "average_precision",
    "aucpr": "average_precision",
    "ap": "average_precision",
    "mcc": "matthews_corrcoef",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "rmse": "root_mean_squared_error",
    "mape": "mean_absolute_percentage_error",
    "rsquared": "r2",
    "cost": "expected_cost",
    "f1score": "f1",
    "sensitivity": "recall",
    "brier": "brier_score",
    "ari": "adjusted_rand",
}
BOTH_ERRORS = "both kinds of error in one number"
SUITED: dict[ProblemType, dict[str, str]] = {
    "binary": {
        "roc_auc": "how well the scores put positives above negatives, whatever the threshold",
        "f1": BOTH_ERRORS,
        "matthews_corrcoef": "both kinds of error, fair to either class",
        "accuracy": "the share of rows that are right",
    },
    "multiclass": {
        "macro_f1": "every class counts the same, however rare",
        "accuracy": "every row counts the same",
        "log_loss": "how good the probabilities are",
    },
    "regression": {
        "mean_absolute_error": "an error of 2 counts twice an error of 1, in the target's own unit",
        "root_mean_squared_error": "large errors count more than their share",
        "r2": "the share of the variation that the model explains",
    },
    "clustering": {
        "adjusted_rand": "agreement with the true classes, 0 for chance",
        "silhouette": "how far apart the clusters lie",
    },
}
"""What is suggested for a problem whatever else is known, and why."""
LABELLED = ("adjusted_rand", "adjusted_mutual_info")
GOALS = (
    (re.compile(r"spam|search|rank|recommend|relevan", re.IGNORECASE), "precision",
     "a false alarm is what annoys: of what is shown, how much is right"),
    (re.compile(r"cancer|disease|diagnos|patient|tumou?r|medical|safety|default|intrusion", re.IGNORECASE), "recall",
     "a case that is missed is what hurts: of the cases, how many are found"),
)  # fmt: skip


def check(text: str, context: Context) -> Answer:
    problem = problem_of(context)
    word, space, rest = text.partition(" ")
    known = {letters(name): name for name in METRICS[problem.type]}
    plain = letters(word.removeprefix("macro ") if problem.type != "multiclass" else word)
    name = known.get(plain) or NAMES.get(plain, word)
    if problem.type == "multiclass" and name in ("f1", "precision", "recall", "roc_auc"):
        name = f"macro_{name}"
    try:
        metric = PrimaryMetric.parse(f"{name}{space}{rest}", problem.type)
    except ValueError as error:
        example = METRICS[problem.type][0]
        fix = f"Give a metric's name alone, or with a number as its margin: {example} margin=0.01"
        raise Refused(str(error), fix=fix, code="no_such_metric") from error
    if refusal := _refusal(metric.name, context):
        raise refusal
    reason = suggestions(context).get(metric.name)
    if reason is None:
        return Answer(str(metric))
    return Answer(str(metric), {"reason": reason}, [finding("primary_metric", f"{metric.name}: {reason}.")])


def _refusal(name: str, context: Context) -> Refused | None:
    """Why this metric cannot be had of these rows and predictions."""
    if name in SCORE_METRICS and not has_scores(context):
        return Refused(f"{name} needs scores; the predictions are classes only.", fix="Choose a metric of classes.")
    if name == "expected_cost" and threshold_of(context).rule != "cost":
        return Refused(
            "expected_cost needs to know what a false positive and a false negative cost.",
            fix="Say it first: evaluate.py answer threshold 'cost FP FN cross-fit'",
            code="no_costs",
        )
    if name in LABELLED and not columns_of(context).label:
        return Refused(f"{name} compares with true classes, and there are none.", fix="Choose silhouette.")
    return None


def suggestions(context: Context) -> dict[str, str]:
    """Metrics that suit, the best first, each with its reason: by costs, by what the task is about, by prevalence."""
    problem = problem_of(context)
    suited = _binary(context) if problem.type == "binary" else SUITED[problem.type]
    usable = {name: why for name, why in suited.items() if not _refusal(name, context)}
    return usable or {"f1": BOTH_ERRORS}


def _binary(context: Context) -> dict[str, str]:
    prevalence = float(context.facts("problem")["prevalence"])
    suited: dict[str, str] = {}
    if threshold_of(context).rule == "cost":
        suited["expected_cost"] = "you said what errors cost: this is what the model costs per row"
    task = str(context.value("task") or "")
    suited |= {name: why for goal, name, why in GOALS if goal.search(task)}
    if min(prevalence, 1 - prevalence) < RARE:
        suited["average_precision"] = f"with {prevalence:.1%} positives, accuracy and ROC-AUC look good on anything"
        suited.setdefault("recall", "of the cases, how many are found")
    return suited | SUITED["binary"]


def offer(context: Context) -> Offer:
    best = suggestions(context)
    choices = [{"value": name, "label": name, "note": why} for name, why in best.items()]
    choices[0]["note"] = f"suggested: {choices[0]['note']}"
    others = [name for name in METRICS[problem_of(context).type] if name not in best and not _refusal(name, context)]
    text = f"Also: {', '.join(others)}." if others else None
    return Offer(choices=choices, suggested=choices[0]["value"], text=text)


STEP = Step(
    "primary_metric",
    title="Primary metric",
    question="Which one number decides, and from which difference on does it matter to you?",
    expects="a metric's name, and if you like the margin: NAME margin=X",
    example="average_precision margin=0.01",
    reference="references/predictive.md",
    check=check,
    offer=offer,
)
