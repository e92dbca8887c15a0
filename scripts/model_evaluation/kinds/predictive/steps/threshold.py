"""threshold: from which score on a row counts as positive, and how that is decided."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.predictive.recorded import (
    FILE,
    aws_for,
    columns_of,
    find_for,
    open_test_set,
    problem_of,
    sides_of,
)
from model_evaluation.kinds.predictive.runtime.problem import ThresholdRule
from model_evaluation.kinds.predictive.tables.answers import SPELLINGS
from model_evaluation.kinds.predictive.tables.duck import open_table
from model_evaluation.kinds.predictive.tables.source import Source

RARE = 0.2  # the rarer class's share below which what errors cost decides more than a default


def check(text: str, context: Context) -> Answer:
    try:
        rule = ThresholdRule.parse(text)
    except ValueError as error:
        raise Refused(str(error), fix="For example: evaluate.py answer threshold 'cost 1 50 cross-fit'") from error
    if problem_of(context).type != "binary":
        if rule.rule != "none":
            raise Refused(f"There is no threshold in a {problem_of(context).type} problem.", fix="Answer `none`.")
        return Answer("none")
    if rule.rule == "none" and has_scores(context):
        raise Refused(
            "The model gives scores: without a threshold they are not decisions.",
            fix="Give one, such as 0.5, or how it is found: cost FP FN, recall R or precision P.",
        )
    if rule.rule != "none" and not has_scores(context):
        raise Refused(
            "The predictions are classes without scores: their threshold was applied already.", fix="Answer `none`."
        )
    findings: list[JsonObject] = []
    facts: JsonObject = {}
    if rule.rule == "fixed" and (0 <= rule.values[0] <= 1) == (odd := _without_probabilities(context)):
        note = f"{rule.values[0]:g} is not a probability; that is right only for a model whose scores are none."
        if odd:
            note = f"{rule.values[0]:g} looks like a probability, and there are scores that are none."
        findings.append(finding("threshold", note, level="warning"))
    if rule.validation:
        facts, findings = _validation(rule, context)
    elif rule.is_chosen:
        note = (
            "With a test set only, the threshold is found on four fifths of it and used on the last, five times over: "
            "the number is honest, and the threshold to deploy is the one of all rows."
        )
        findings.append(finding("cross_fit", note))
    return Answer(str(rule), facts=facts, findings=findings)


def has_scores(context: Context) -> bool:
    """Whether both models give scores, as far as it is known before they are asked."""
    return all(context.facts(side).get("scores", True) for side in sides_of(context))


def _without_probabilities(context: Context) -> bool:
    """Whether a file has scores that are no probabilities."""
    return any(context.facts(side).get("probabilities") is False for side in sides_of(context))


def _validation(rule: ThresholdRule, context: Context) -> tuple[JsonObject, list[JsonObject]]:
    """The validation set: the same columns, other rows."""
    columns = columns_of(context)
    source = find_for(context, rule.validation)
    with open_test_set(context, source) as table:
        needed = [name for name in (columns.label, columns.id) if name]
        absent = [name for name in needed if name not in table.other_names]
        if absent or not columns.id:
            what = f"it has no column {', '.join(absent)}" if absent else "there is no id column"
            raise Refused(
                f"{source.uri} cannot serve as the validation set: {what}.",
                fix="Give rows with the test set's columns.",
                code="other_columns",
            )
        ours, theirs = table.place(columns.id), table.other_place(columns.id)
        shared = table.count(f"{ours} IN (SELECT {theirs} FROM others)")  # noqa: S608
        rows = table.count(source="others")
    if shared:
        raise Refused(
            f"{shared:,} ids of the validation set are in the test set: a threshold would be chosen on rows that the "
            "number is reported on.",
            fix="Give other rows, or: cross-fit.",
            code="validation_overlaps",
        )
    note = f"The threshold is chosen on {rows:,} rows of {source.uri}, and the number is reported on the test set."
    findings = [finding("validation", note)]
    for side in (side for side, where in sides_of(context).items() if where == FILE):
        findings += _without_prediction(source, context, side, rows)
    return {**source.as_facts(), "rows": rows}, findings


def _without_prediction(source: Source, context: Context, side: str, rows: int) -> list[JsonObject]:
    """Validation rows that a file of predictions lacks. Raises Refused where it lacks all."""
    said, key = find_for(context, str(context.value(side))), str(context.facts(side)["id"])
    with open_table(aws_for(context, source.uri), source, said, aws_for(context, said.uri)) as table:
        ours, theirs = table.place(columns_of(context).id), table.other_place(key)
        ways = [f"{form.format(ours)} IN (SELECT {form.format(theirs)} FROM others)" for form in SPELLINGS]  # noqa: S608
        there = max(map(table.count, ways))
    if not there:
        raise Refused(
            f"{said.uri} has no prediction for the {rows:,} rows of {source.uri}, on which the threshold is chosen.",
            fix="Add the predictions for the validation rows to the file, or answer cross-fit in place of validation.",
            code="no_predictions",
        )
    if there == rows:
        return []
    note = f"{said.uri} lacks predictions for {rows - there:,} of the {rows:,} validation rows."
    return [finding("validation_predictions", note, level="warning")]


def moot(context: Context) -> bool:
    return problem_of(context).type != "binary" or not has_scores(context)


def settle(context: Context) -> Answer | None:
    if problem_of(context).type != "binary":
        return Answer("none", origin="default")
    if not has_scores(context):
        return Answer("none", origin="lookup", findings=[finding("threshold", "The predictions are classes already.")])
    return None


def offer(context: Context) -> Offer:
    prevalence = float(context.facts("problem")["prevalence"])
    choices = [
        {"value": "0.5", "label": "A fixed threshold, such as the one in use"},
        {"value": "cost 1 10 cross-fit", "label": "What a false positive and a false negative cost (here 1 and 10)"},
        {"value": "recall 0.9 cross-fit", "label": "A share of the positives that must be found"},
        {"value": "precision 0.9 cross-fit", "label": "A share of the alarms that must be right"},
    ]
    if _without_probabilities(context):
        text = "There are scores that are no probabilities, so 0.5 is no middle: costs or a share choose the threshold."
        return Offer(choices=choices[1:], text=text)
    if min(prevalence, 1 - prevalence) < RARE:
        text = f"{prevalence:.1%} of the rows are positive. With so few, 0.5 is rarely best: what do errors cost?"
        return Offer(choices=choices, suggested="0.5", text=text)
    choices[0]["note"] = "suggested: both classes are frequent"
    return Offer(choices=choices, suggested="0.5")


STEP = Step(
    "threshold",
    title="Threshold",
    question="From which score on does a row count as positive? A fixed number, or what errors cost, or what share "
    "must be found or be right?",
    expects="a number, or cost FP FN, recall R or precision P, each followed by cross-fit or validation URI",
    example="cost 1 50 cross-fit",
    reference="references/predictive.md",
    check=check,
    offer=offer,
    settle=settle,
    moot=moot,
)
