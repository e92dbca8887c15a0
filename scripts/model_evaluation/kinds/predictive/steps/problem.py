"""problem: what kind of answer the model gives, and for two classes which one it is meant to find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.predictive.recorded import columns_of, open_test_set, profile_of
from model_evaluation.kinds.predictive.runtime.problem import Columns, Problem
from model_evaluation.kinds.predictive.runtime.reading.labels import canonical_label, spelled_like
from model_evaluation.kinds.predictive.tables.duck import Table
from model_evaluation.kinds.predictive.tables.leaks import telling_columns

NEGATIVES = frozenset({"0", "-1", "no", "false", "negative"})
MOST_CLASSES = 200  # more than that is an id or a number
FEW_POSITIVES = 20
COUNTED = 12  # whole numbers with so many values may be classes or counts: it is asked


def check(text: str, context: Context) -> Answer:
    try:
        problem = Problem.parse(text)
    except ValueError as error:
        raise Refused(str(error), fix="For example: evaluate.py answer problem 'binary positive=1'") from error
    columns = columns_of(context)
    if not columns.label:
        if problem.type != "clustering":
            raise Refused(
                f"{problem.type} needs the true answers, and no column is the label.",
                fix="Name it: evaluate.py revise columns",
                code="no_label",
            )
        return Answer("clustering")
    with open_test_set(context) as table:
        if problem.type == "regression":
            return _regression(columns, table)
        classes = classes_in(table.counts(table.place(columns.label)))
        if problem.type == "binary":
            problem = _two_classes(problem, classes, columns.label)
        elif problem.type == "multiclass" and len(classes) < 2:
            raise _one_class(classes, columns.label)
        if len(classes) > MOST_CLASSES:
            raise Refused(
                f"The label {columns.label!r} has {len(classes):,} different values, too many for classes.",
                fix="If it is a number: evaluate.py answer problem regression - else choose another label.",
                code="too_many_classes",
            )
        findings = _class_findings(problem, classes)
        if problem.type == "binary":
            findings += telling_columns(table, columns, problem)
    facts = {"classes": classes, "rows": sum(classes.values())}
    if problem.type == "binary":
        facts["prevalence"] = classes[problem.positive] / sum(classes.values())
    return Answer(str(problem), facts=facts, findings=findings)


def classes_in(values: Mapping[str, int], positive: str = "") -> dict[str, int]:
    """Classes in their one spelling, of two in that of the positive one, the most frequent first."""
    counts: dict[str, int] = {}
    for value, n in values.items():
        name = spelled_like(positive, canonical_label(value))
        counts[name] = counts.get(name, 0) + int(n)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _two_classes(problem: Problem, classes: dict[str, int], label: str) -> Problem:
    problem = Problem("binary", spelled_like(next(iter(classes), ""), canonical_label(problem.positive)))
    shown = ", ".join(f"{name!r} ({n:,})" for name, n in list(classes.items())[:6])
    if len(classes) > 2:
        raise Refused(
            f"The label {label!r} has {len(classes)} classes, not two: {shown}.",
            fix="Answer multiclass, or choose a label with two classes.",
            code="not_binary",
        )
    if problem.positive not in classes:
        raise Refused(
            f"{problem.positive!r} is not a value of {label!r}; there are {shown}.",
            fix="Give the positive class as the file writes it: binary positive=VALUE",
            code="no_such_class",
        )
    if len(classes) < 2:
        raise _one_class(classes, label)
    return problem


def _one_class(classes: dict[str, int], label: str) -> Refused:
    only = next(iter(classes))
    return Refused(
        f"Every row of the test set has the label {only!r}: nothing can be said about how a model tells classes apart.",
        fix=f"Give a test set with every class in {label!r}.",
        code="one_class",
    )


def _class_findings(problem: Problem, classes: dict[str, int]) -> list[JsonObject]:
    total = sum(classes.values())
    if problem.type == "binary":
        positives = classes[problem.positive]
        note = f"{positives:,} of {total:,} rows are positive ({problem.positive!r}): {positives / total:.1%}."
        findings = [finding("prevalence", note)]
        rarer = min(classes, key=lambda name: classes[name])
        if classes[rarer] < FEW_POSITIVES:
            text = f"Only {classes[rarer]} rows have the label {rarer!r}: every number about them is rough."
            findings.append(finding("few_positives", text, level="warning"))
        if classes[problem.positive] > 0.5 * total and problem.positive in NEGATIVES:
            text = f"{problem.positive!r} is the class to be found, and the more frequent one: make sure it is meant."
            findings.append(finding("positive_class", text, level="warning"))
        return findings
    shown = ", ".join(f"{name} ({n:,})" for name, n in list(classes.items())[:10])
    findings = [finding("classes", f"{len(classes)} classes: {shown}{' ...' if len(classes) > 10 else ''}.")]
    rare = [name for name, n in classes.items() if n < 10]
    if rare:
        text = f"{len(rare)} classes have fewer than 10 rows, such as {rare[0]!r}: what is said of each is rough."
        findings.append(finding("rare_classes", text, level="warning"))
    return findings


def _regression(columns: Columns, table: Table) -> Answer:
    label = columns.label
    place = table.place(label)
    value = f"try_cast({place} AS DOUBLE)"
    unreadable = f"{place} IS NOT NULL AND ({value} IS NULL OR NOT isfinite({value}))"
    if unread := table.count(unreadable):
        example = table.one(f"SELECT {place} FROM rows WHERE {unreadable} LIMIT 1")  # noqa: S608
        raise Refused(
            f"The label {label!r} is not a number in {unread:,} rows, such as {str(example)[:60]!r}.",
            fix="A regression predicts numbers: choose another label, or answer binary or multiclass.",
            code="label_is_text",
        )
    ((low, high, mean, deviation),) = table.query(
        f"SELECT min({value}), max({value}), avg({value}), stddev_samp({value}) FROM rows"  # noqa: S608
    )
    findings = [finding("target", f"The target {label} lies between {low:.6g} and {high:.6g}, its mean is {mean:.6g}.")]
    if low == high:
        text = "Every row has the same target: nothing can be said of how much of it a model explains."
        findings.append(finding("constant_target", text, level="warning"))
    findings += telling_columns(table, columns, Problem("regression"))
    target = {"low": low, "high": high, "mean": mean, "deviation": deviation or 0.0}
    return Answer("regression", {"rows": table.count(f"{place} IS NOT NULL"), "target": target}, findings)


def settle(context: Context) -> Answer | None:
    """What is not two classes, where the label's content leaves no doubt; the positive class is always asked for."""
    columns = columns_of(context)
    if not columns.label:
        return Answer("clustering", origin="lookup", findings=[finding("problem", "Clustering: there is no label.")])
    label = profile_of(context).column(columns.label)
    if label.type == "number" and not label.whole:
        kind, reason = "regression", "the label is a number with fractions"
    elif label.type == "number" and label.distinct > MOST_CLASSES:
        kind, reason = "regression", f"the label is a number with {label.distinct:,} values"
    elif label.type == "text" and 2 < label.distinct <= MOST_CLASSES:
        kind, reason = "multiclass", f"the label has {label.distinct} classes"
    else:
        return None
    answer = check(kind, context)
    note = finding("problem", f"{kind.capitalize()}: {reason}.", fix="If not: evaluate.py answer problem ...")
    return replace(answer, origin="lookup", findings=[note, *answer.findings], facts={**answer.facts, "reason": reason})


def offer(context: Context) -> Offer:
    label = profile_of(context).column(columns_of(context).label)
    # Of two classes of one size the one that says that something is there.
    counts = dict(
        sorted(label.values.items(), key=lambda item: (item[1], canonical_label(item[0]).casefold() in NEGATIVES))
    )
    if len(counts) == 2:
        rarer, other = counts
        label_of = "The model is meant to find {0!r} ({1:,} rows)".format
        choices = [{"value": f"binary positive={value}", "label": label_of(value, n)} for value, n in counts.items()]
        choices[0]["note"] = "suggested: the rarer class" if counts[rarer] < counts[other] else "suggested"
        text = f"{label.name} has two values: {rarer} ({counts[rarer]:,} rows) and {other} ({counts[other]:,} rows)."
        return Offer(choices=choices, suggested=f"binary positive={rarer}", text=text)
    if label.distinct == 1:
        only = next(iter(counts))
        return Offer(text=f"{label.name} holds one value, {only}, in every row: there are no classes to tell apart.")
    choices = [
        {"value": "multiclass", "label": f"Classes: {label.distinct} of them"},
        {"value": "regression", "label": "A number"},
    ]
    few = label.distinct <= COUNTED
    text = f"{label.name} holds {label.distinct:,} different values, from {label.low} to {label.high}."
    return Offer(choices=choices, suggested="multiclass" if few else "regression", text=text if label.low else None)


STEP = Step(
    "problem",
    title="Kind of problem",
    question="What does the model answer? With two classes: which one is it meant to find (the positive class)?",
    expects="binary positive=VALUE, multiclass, regression or clustering",
    example="binary positive=1",
    reference="references/predictive.md",
    closed=True,
    check=check,
    offer=offer,
    settle=settle,
    in_turn=True,
)
