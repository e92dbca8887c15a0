"""A file of predictions beside the test set: whether it is for these rows, and what is odd about it."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.predictive.recorded import columns_of, find_for, open_test_set, problem_of
from model_evaluation.kinds.predictive.runtime.problem import Problem
from model_evaluation.kinds.predictive.runtime.reading.answer_columns import AnswerColumns, answer_columns
from model_evaluation.kinds.predictive.runtime.reading.table_files import TableError

from .duck import Table

SAMPLE = 1_000
SPELLINGS = ("trim({})", "regexp_replace(trim({}), '^([+-]?[0-9]+)[.]0*$', '\\1')")
"""Ids as they are written; and where none is found, 585.0 as 585."""
FEW_SCORES = 10


def look_at_answers(context: Context, uri: str) -> Answer:
    """The answer that names the predictions at ``uri``, an S3 URI or a path. Raises Refused when they cannot be those
    of the test set."""
    columns, problem = columns_of(context), problem_of(context)
    if not columns.id:
        raise Refused(
            "The test set has no id column, so predictions from a file cannot be put to its rows: that is done by id, "
            "never by position.",
            fix="Name the column that both files have: evaluate.py answer columns 'label=..., id=...' - or write one "
            "into both, such as the rows' numbers.",
            code="no_id",
        )
    source = find_for(context, uri)
    if source.uri == context.facts("dataset")["uri"]:
        raise Refused(
            f"{uri} is the test set itself, not predictions.", fix="Give the file of the predictions.", code="same_file"
        )
    with open_test_set(context, source) as table:
        classes = list(context.facts("problem").get("classes", {}))
        try:
            answers = answer_columns(
                table.other_names, columns.id, problem, classes, lambda name: _sample(table, name), label=columns.label
            )
        except TableError as error:
            raise Refused(
                f"{source.uri}: {error}.", fix="Name the columns so and answer again.", code="no_predictions"
            ) from error
        ours, theirs = table.place(columns.id), table.other_place(answers.id)
        every = (_counts(table, form.format(ours), form.format(theirs)) for form in SPELLINGS)
        counts = next((own for own in every if own["matched"]), None)
        if counts is None:
            raise Refused(
                f"{source.uri} is for other rows: none of its ids{_such(table, answers.id)} is in "
                f"the test set's column {columns.id!r}{_such(table, columns.id, ours=True)}.",
                fix="Give the predictions for this test set, or name the id column that both files share.",
                code="other_rows",
            )
        matched = f"{counts['matched']:,} of {counts['rows']:,} rows have a prediction ({answers})"
        findings = [finding("predictions", f"{source.uri}: {source.format}, {matched}."), *_odd_counts(counts)]
        findings += _odd_answers(table, answers, problem)
    facts = {"source": "file", "scores": answers.scores, "id": answers.id, "counts": counts, "columns": str(answers)}
    if any(own["kind"] == "no_probabilities" for own in findings):
        facts["probabilities"] = False
    return Answer(source.uri, facts={**source.as_facts(), **facts}, findings=findings)


def _such(table: Table, name: str, *, ours: bool = False) -> str:
    """An example of an id."""
    place, view = (table.place(name), "rows") if ours else (table.other_place(name), "others")
    rows = table.query(f"SELECT {place} FROM {view} WHERE {place} IS NOT NULL LIMIT 1")  # noqa: S608
    return f" (such as {rows[0][0][:40]!r})" if rows else ""


def _sample(table: Table, name: str) -> list[str]:
    place = table.other_place(name)
    rows = table.query(f"SELECT DISTINCT {place} FROM others WHERE {place} IS NOT NULL LIMIT {SAMPLE}")  # noqa: S608
    return [str(row[0]) for row in rows]


def _counts(table: Table, ours: str, theirs: str) -> dict[str, int]:
    rows = table.count()
    matched = table.count(f"{ours} IN (SELECT {theirs} FROM others)")  # noqa: S608
    named = table.count(f"{theirs} IS NOT NULL", "others")
    distinct = int(table.one(f"SELECT count(DISTINCT {theirs}) FROM others"))  # noqa: S608
    return {
        "rows": rows,
        "given": table.count(source="others"),
        "matched": matched,
        "missing": rows - matched,
        "surplus": distinct - matched,
        "duplicate": named - distinct,
    }


def _odd_counts(counts: dict[str, int]) -> list[JsonObject]:
    texts = {
        "missing": ("row of the test set has", "rows of the test set have",
                    "no prediction: results are shown with their best and worst case"),
        "surplus": ("prediction is", "predictions are", "for rows that the test set does not have and left out"),
        "duplicate": ("prediction repeats", "predictions repeat", "an id; the first of an id counts"),
    }  # fmt: skip
    return [
        finding(
            f"{kind}_predictions", f"{counts[kind]:,} {one if counts[kind] == 1 else more} {rest}.", level="warning"
        )
        for kind, (one, more, rest) in texts.items()
        if counts[kind] > 0
    ]


def _odd_answers(table: Table, answers: AnswerColumns, problem: Problem) -> list[JsonObject]:
    name = answers.column("score")
    if problem.type == "regression":
        name = name or answers.column("prediction")
    if name is None:
        return []
    value = f"try_cast({table.other_place(name)} AS DOUBLE)"
    ((unread, low, high, distinct),) = table.query(
        f"SELECT count(*) FILTER (WHERE {value} IS NULL OR NOT isfinite({value})), "  # noqa: S608
        f"min({value}) FILTER (isfinite({value})), max({value}) FILTER (isfinite({value})), "
        f"count(DISTINCT {value}) FROM others"
    )
    if low is None:
        raise Refused(f"The column {name!r} holds no number.", fix="Give scores as numbers.", code="no_predictions")
    findings = []
    if unread:
        note = f"{unread:,} values of {name} are not finite numbers; these rows count as missing."
        findings.append(finding("unread_scores", note, level="warning"))
    if problem.type == "regression":
        return findings
    if distinct <= 2:
        raise Refused(
            f"The column {name!r} holds {distinct} different values: rounded classes, no scores.",
            fix="Give the probabilities, or call the column prediction if there are only classes.",
            code="no_scores",
        )
    if low < 0 or high > 1:
        note = f"{name} lies between {low:.4g} and {high:.4g}: no probabilities, so nothing is said of calibration."
        findings.append(finding("no_probabilities", note, level="warning"))
    if distinct < FEW_SCORES:
        note = f"{name} has only {distinct} different values: ranking by it says little."
        findings.append(finding("few_scores", note, level="warning"))
    return findings
