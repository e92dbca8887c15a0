"""train_data: the rows that the model was trained on, to see whether test rows are among them."""

from __future__ import annotations

from dataclasses import replace

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Step, finding
from model_evaluation.errors import EvaluationError, Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.predictive.recorded import (
    columns_of,
    features_of,
    find_for,
    located,
    open_test_set,
    problem_of,
)
from model_evaluation.kinds.predictive.tables.duck import Table

from .problem import classes_in


def check(text: str, context: Context) -> Answer:
    if text.lower() == "none":
        note = "Whether test rows were trained on is not checked."
        return Answer("none", facts={"notes": [note]}, findings=[finding("train_data", note)])
    train = find_for(context, located(context, text))
    if train.etag == context.facts("dataset")["etag"]:
        raise Refused(
            f"{train.uri} is the test set itself.",
            fix="If the model was trained on it, give another test set; else name its training rows.",
            code="same_file",
        )
    with open_test_set(context, train) as table:
        pairs = _feature_pairs(table, context)
        facts, findings = _overlap(table, pairs, context)
    return Answer(train.uri, facts={**train.as_facts(), **facts}, findings=findings)


def _feature_pairs(table: Table, context: Context) -> list[tuple[str, str]]:
    """Places of each feature in the test set and in the training set: by name, else as SageMaker trains, with the label
    first and no names."""
    features = features_of(context)
    if set(features) <= set(table.other_names):
        return [(table.place(name), table.other_place(name)) for name in features]
    numbered = table.other_names == tuple(str(number) for number in range(len(table.other_names)))
    if numbered and len(table.other_names) == len(features) + 1:
        return [(table.place(name), f"c{number}") for number, name in enumerate(features, 1)]
    absent = [name for name in features if name not in table.other_names]
    raise Refused(
        f"The training set has {len(table.other_names)} columns and lacks {', '.join(absent[:5])[:200]}.",
        fix="Give rows with the test set's columns, or without a header the label first and then the features.",
        code="other_columns",
    )


def _overlap(table: Table, pairs: list[tuple[str, str]], context: Context) -> tuple[JsonObject, list[JsonObject]]:
    def cells(places: list[str], rounded: bool) -> str:
        number = "try_cast({0} AS DOUBLE)"
        form = f"printf('%.6g', {number})" if rounded else f"CAST({number} AS VARCHAR)"
        text = "lower(trim({0}))" if rounded else "trim({0})"
        return ", ".join(f"coalesce({form}, {text}, '')".format(place) for place in places)

    ours, theirs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    counts = {
        name: table.count(f"hash({cells(ours, rounded)}) IN (SELECT hash({cells(theirs, rounded)}) FROM others)")  # noqa: S608
        for name, rounded in (("rows", False), ("near", True))
    }
    key = columns_of(context).id
    counts["ids"] = 0
    named = bool(key) and key in table.other_names
    if named:
        counts["ids"] = table.count(f"{table.place(key)} IN (SELECT {table.other_place(key)} FROM others)")  # noqa: S608
    return _told(counts, table.count(), _shift(table, context), named)


def _shift(table: Table, context: Context) -> str:
    """Classes of the test set that training never had, and the share of positives here and in training."""
    columns, problem = columns_of(context), problem_of(context)
    if problem.type not in ("binary", "multiclass") or not columns.label or columns.label not in table.other_names:
        return ""
    counts = classes_in(table.counts(table.other_place(columns.label), "others"), problem.positive)
    if not counts:
        return ""
    unseen = [name for name in context.facts("problem")["classes"] if name not in counts]
    if unseen:
        more = f" (and {len(unseen) - 1} more)" if len(unseen) > 1 else ""
        return f"The class {unseen[0]!r}{more} of the test set is not in the training set."
    if problem.type == "multiclass":
        return ""
    trained = counts.get(problem.positive, 0) / sum(counts.values())
    here = float(context.facts("problem")["prevalence"])
    return f"Positives: {trained:.1%} of the training rows, {here:.1%} of the test rows."


def _told(counts: dict[str, int], total: int, shift: str, named: bool) -> tuple[JsonObject, list[JsonObject]]:
    """``named``: both tables have ids."""
    findings, notes = [], []
    if counts["rows"] and named and not counts["ids"]:
        text = (
            f"{counts['rows']:,} of {total:,} test rows equal a training row in every feature, and no id is in both: "
            "with few features that is usual, else they may be the same cases."
        )
        findings.append(finding("equal_features", text))
        notes.append(text)
    elif counts["rows"] or counts["ids"]:
        what = [f"{counts['rows']:,} of {total:,} test rows are in the training set"] if counts["rows"] else []
        what += [f"{counts['ids']:,} ids are in both"] if counts["ids"] else []
        text = f"{' and '.join(what)}: the model has seen them, and results on them flatter it."
        findings.append(
            finding("overlap", text, level="warning", fix="Take them out of the test set, and answer it again.")
        )
        notes.append(text)
    elif counts["near"]:
        text = f"{counts['near']:,} test rows are in the training set up to rounding and case."
        findings.append(finding("near_overlap", text, level="warning"))
        notes.append(text)
    else:
        findings.append(finding("no_overlap", f"None of the {total:,} test rows is in the training set."))
    if shift:
        findings.append(finding("shift", shift, level="warning" if "is not in" in shift else "info"))
        notes += [shift] if "is not in" in shift else []
    return {"overlap": counts, "notes": notes}, findings


def settle(context: Context) -> Answer | None:
    """What the training job names, where it can be read and has the test set's columns; else it is not checked."""
    named = list(context.facts("model").get("training_data", []))
    for uri in named[:1]:
        try:
            answer = check(str(uri), context)
        except EvaluationError as error:
            note = f"The training job names {uri}; it could not be compared with the test set: {error.message}"
            return Answer("none", {"notes": [note]}, [finding("train_data", note, level="warning")], "default")
        return replace(answer, origin="lookup", facts={**answer.facts, "reason": "named by the training job"})
    note = "Whether test rows were trained on is not checked: the training set is not known."
    fix = "To check it: evaluate.py answer train_data URI"
    return Answer("none", {"notes": [note]}, [finding("train_data", note, fix=fix)], "default")


STEP = Step(
    "train_data",
    title="Training set",
    question="Where are the rows that the model was trained on? They are compared with the test set.",
    expects="s3://bucket/key, a prefix, a local file, or `none`",
    example="s3://my-bucket/churn/train.csv",
    reference="references/predictive.md",
    check=check,
    settle=settle,
)
