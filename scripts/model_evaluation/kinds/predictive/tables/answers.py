"""A file of predictions beside the test set: whether it is for these rows, and what is odd about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model_evaluation.conversation.workflow import finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.predictive.recorded import aws_for, columns_of, problem_of, test_source
from model_evaluation.kinds.predictive.runtime.reading.answer_columns import AnswerColumns, answer_columns
from model_evaluation.kinds.predictive.runtime.reading.table_files import TableError

from .duck import Table, open_table
from .source import Source, find_table

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

SAMPLE = 1_000
FEW_SCORES = 10


@dataclass(frozen=True)
class AnswerFile:
    """What was found: facts for the answer, and findings for the user."""

    source: Source
    columns: AnswerColumns
    facts: dict[str, Any]
    findings: list[dict[str, Any]]


def look_at_answers(context: Context, uri: str) -> AnswerFile:
    """The predictions at ``uri``, an S3 URI or a path. Raises Refused when they cannot be those of the test set."""
    columns, problem = columns_of(context), problem_of(context)
    if not columns.id:
        raise Refused(
            "The test set has no id column, so predictions from a file cannot be put to its rows: that is done by id, "
            "never by position.",
            fix="Name the column that both files have: evaluate.py answer columns 'label=..., id=...'",
            code="no_id",
        )
    test, given = test_source(context), find_table(aws_for(context, uri), uri)
    if given.uri == test.uri:
        raise Refused(
            f"{uri} is the test set itself, not predictions.", fix="Give the file of the predictions.", code="same_file"
        )
    with open_table(aws_for(context, test.uri), test, given, aws_for(context, uri)) as table:
        classes = list(context.facts("problem").get("classes", {}))
        try:
            found = answer_columns(
                table.other_names, columns.id, problem, classes, lambda name: _sample(table, name), label=columns.label
            )
        except TableError as error:
            raise Refused(
                f"{given.uri}: {error}.", fix="Name the columns so and answer again.", code="no_predictions"
            ) from error
        counts = _counts(table, table.place(columns.id), table.other_place(found.id))
        if not counts["matched"]:
            raise Refused(
                f"{given.uri} is for other rows: none of its {counts['given']:,} ids is in the test set's column "
                f"{columns.id!r}.",
                fix="Give the predictions for this test set, or name the id column that both files share.",
                code="other_rows",
            )
        findings = [_found(given, found, counts), *_odd_counts(counts), *_odd_answers(table, found, context)]
    facts = {**given.as_facts(), "source": "file", "scores": found.scores, "counts": counts, "columns": str(found)}
    return AnswerFile(given, found, facts, findings)


def _sample(table: Table, name: str) -> list[str]:
    place = table.other_place(name)
    rows = table.query(f"SELECT DISTINCT {place} FROM others WHERE {place} IS NOT NULL LIMIT {SAMPLE}")  # noqa: S608
    return [str(row[0]) for row in rows]


def _counts(table: Table, ours: str, theirs: str) -> dict[str, int]:
    ((given, distinct, blank),) = table.query(
        f"SELECT count(*), count(DISTINCT trim({theirs})), count(*) FILTER (WHERE {theirs} IS NULL) FROM others"  # noqa: S608
    )
    ((rows, matched),) = table.query(
        f"SELECT count(*), count(*) FILTER (WHERE trim({ours}) IN (SELECT trim({theirs}) FROM others)) FROM rows"  # noqa: S608
    )
    return {
        "rows": int(rows),
        "given": int(given),
        "matched": int(matched),
        "missing": int(rows) - int(matched),
        "surplus": int(distinct) - int(matched),
        "duplicate": int(given) - int(blank) - int(distinct),
    }


def _found(given: Source, found: AnswerColumns, counts: dict[str, int]) -> dict[str, Any]:
    note = f"{given.uri}: {given.format}, {counts['matched']:,} of {counts['rows']:,} rows have a prediction ({found})."
    return finding("predictions", note)


def _odd_counts(counts: dict[str, int]) -> list[dict[str, Any]]:
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


def _odd_answers(table: Table, found: AnswerColumns, context: Context) -> list[dict[str, Any]]:
    problem = problem_of(context)
    findings = []
    numeric = [name for name, read in found.names.items() if read.strip().casefold() == "score"]
    if problem.type == "regression":
        numeric = list(found.names)[:1]
    for name in numeric:
        place = table.other_place(name)
        value = f"try_cast({place} AS DOUBLE)"
        ((unread, low, high, distinct),) = table.query(
            f"SELECT count(*) FILTER (WHERE {value} IS NULL OR NOT isfinite({value})), "  # noqa: S608
            f"min({value}) FILTER (isfinite({value})), max({value}) FILTER (isfinite({value})), "
            f"count(DISTINCT {value}) FROM others"
        )
        if low is None:
            raise Refused(f"The column {name!r} holds no number.", fix="Give scores as numbers.", code="no_predictions")
        if unread:
            note = f"{unread:,} values of {name} are no finite numbers; these rows count as missing."
            findings.append(finding("unread_scores", note, level="warning"))
        if problem.type != "regression" and (low < 0 or high > 1):
            note = f"{name} lies between {low:.4g} and {high:.4g}: no probabilities, so nothing is said of calibration."
            findings.append(finding("no_probabilities", note, level="warning"))
        if problem.type != "regression" and distinct <= 2:
            raise Refused(
                f"The column {name!r} holds {distinct} different values: rounded classes, no scores.",
                fix="Give the probabilities, or call the column prediction if there are only classes.",
                code="no_scores",
            )
        if problem.type != "regression" and distinct < FEW_SCORES:
            note = f"{name} has only {distinct} different values: ranking by it says little."
            findings.append(finding("few_scores", note, level="warning"))
    return findings
