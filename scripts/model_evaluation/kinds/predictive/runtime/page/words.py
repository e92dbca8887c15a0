"""What reports of a predictive model say beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping

from model_evaluation.kinds.predictive.runtime.problem import CROSS_FIT
from model_evaluation.runtime.report.words import ReportWords, paragraphs
from model_evaluation.runtime.results.evaluation import NamedModel, Side
from model_evaluation.runtime.summary import Summary, scope_of

CANDIDATE, CHAMPION, CONSTANT = "candidate", "champion", "constant baseline"
METHOD = """
{models} predicted every row of a held-out test set. Predictions are put to rows by their id, never by their position. A
row without a prediction is left out of every number and counted.{threshold}
"""
LIMITS = """
The numbers hold for rows like those of the test set. They say nothing of other times, places or customers, and nothing
of what acting on the predictions changes.

The test set must not have been used to train the model or to choose it: the numbers would be too good, and no
statistics can see that.
"""
LOSSES = """
have Student's t on the log scale, and above Hall's, which takes account of skew losses. Degrees of freedom fall where
few rows carry the variance. Where rows belong together, groups take the place of rows.
"""
INTERVALS: dict[str, str] = {
    "binary": f"""
Shares of rows (accuracy, precision, recall, specificity) have Wilson's interval; F1 has Wilson's of tp / (tp + fp +
fn), F0.5 and F2 of as many rows as their variance says; balanced accuracy puts those of recall and specificity
together, the expected cost those of both kinds of errors. ROC-AUC has Newcombe's score interval where a class has fewer
than 500 rows, because the usual ones cover too rarely there, else DeLong's on the logit scale; average precision an
interval from what each row contributes, on the logit scale. MCC is drawn again from the joint counts of truth and
predictions. Log loss and Brier score {LOSSES.strip()}

Both models are compared on the same rows. Accuracy, recall and specificity differ by Tango's interval of paired shares
and McNemar's mid-p test; ROC-AUC by DeLong's paired test; other metrics by what each row contributes to either model's
number, or by drawing the joint counts of truth and both predictions again. With fewer than ten rows of a class the
intervals of what rests on it are not to be trusted, and nothing is claimed.
""",
    "multiclass": f"""
Accuracy has Wilson's interval; averages over classes and MCC are drawn again from the joint counts of truth and
predictions. ROC-AUC is that of each class against the rest, DeLong's, averaged. Log loss and Brier score
{LOSSES.strip()}

Both models are compared on the same rows. Accuracy differs by Tango's interval of paired shares and McNemar's mid-p
test; averages over classes and MCC by drawing the joint counts of truth and both predictions again; other metrics by
what each row contributes to either model's number.
""",
    "regression": f"""
Means of errors, and what follows from them, {LOSSES.strip()} The median error has the order statistics that hold it.

Both models are compared on the same rows, by what each row contributes to either model's number; medians by drawing
rows again.
""",
    "clustering": """
The silhouette is a mean over rows. Davies-Bouldin and Calinski-Harabasz are computed again of rows that are drawn
again; agreement with the true classes of their joint counts. For stability half of the rows, drawn by chance, are
clustered again by k-means, which stands in for the model's own algorithm: it is how well the other half then agrees
with the model's clusters, the median and the middle 95 of 100 draws. Of very many rows all but agreement looks at a
sample. Both models are compared on the same rows and draws; the clusters are taken as they are.
""",
}
"""How intervals and differences are made, by the type of problem."""
STATISTICS = """
The primary metric was chosen beforehand and decides alone, at 5%. The other metrics share one correction (Holm), the
segments another (Benjamini and Hochberg).
"""
WITH_THRESHOLD = " A row counts as positive from a score of {} on."


def model_labels(base: NamedModel | None) -> dict[Side, str]:
    """What the models are called; a reference named ``constant`` is the constant baseline."""
    return {"tuned": CANDIDATE, "base": CONSTANT if base is not None and base["name"] == "constant" else CHAMPION}


def report_words(summary: Summary) -> ReportWords:
    """The words for this summary."""
    conditions, both = summary["conditions"], scope_of(summary) == "compare"
    labels, entry = model_labels(summary["models"]["base"]), conditions.get("threshold")
    positive = f", positive class {conditions['positive']}" if conditions.get("positive") else ""
    shown = [("Problem", f"{conditions.get('problem', '')}{positive}")]
    if entry:
        shown.append(("Threshold", threshold_words(entry)))
    method = METHOD.format(
        models=f"The {labels['tuned']} and the {labels['base']}" if both else "The model",
        threshold=WITH_THRESHOLD.format(threshold_words(entry)) if entry and entry["value"] is not None else "",
    )
    return ReportWords(
        conditions=tuple(shown),
        method=" ".join(method.split()),
        limits=tuple(paragraphs(LIMITS)),
        statistics=tuple(paragraphs(INTERVALS.get(str(conditions.get("problem")), "") + STATISTICS)),
        margin=margin_words(summary) if both else "",
        absent="No model of an account was asked.",
        checks_id="trust",
        checks_heading="Can the numbers be trusted?",
    )


def margin_words(summary: Summary) -> str:
    """What counts as no difference."""
    primary = summary["primary_metric"]
    entry = summary["metrics"].get(primary)
    margin = entry["margin"] if entry else None
    text = (
        "No worse and practically the same need a margin: the largest loss on the primary metric that is taken not to "
        "matter. No worse: even the unfavourable end of the interval lies within it. Practically the same: both ends "
        "do."
    )
    if margin is None:
        return f"{text} No margin was given for {primary}, so neither is claimed."
    return f"{text} The margin here is {margin:g} on {primary}; the other metrics have none."


def threshold_words(entry: Mapping[str, object]) -> str:
    """The threshold in words, for a report."""
    value, origin = entry["value"], entry["origin"]
    text = f"{value:.4g}" if isinstance(value, float) else "the model's own classes"
    if origin in ("fixed", "the model's own classes"):
        return text
    where = {CROSS_FIT: ", cross-fitted on the test set", "validation": ", chosen on the validation set"}
    return f"{text} ({origin}{where.get(str(entry['set']), '')})"
