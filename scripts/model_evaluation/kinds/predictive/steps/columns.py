"""columns: which column is the truth, which tells rows apart, and what the model is not given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.predictive.recorded import open_test_set, profile_of
from model_evaluation.kinds.predictive.runtime.problem import Columns
from model_evaluation.kinds.predictive.tables.duck import Table
from model_evaluation.kinds.predictive.tables.profile import TableProfile
from model_evaluation.kinds.predictive.tables.suggest import is_named_id, looks_later, suggest_columns

EXAMPLES = 3


def check(text: str, context: Context) -> Answer:
    try:
        columns = Columns.parse(text)
    except ValueError as error:
        raise Refused(str(error), fix="For example: evaluate.py answer columns label=churn,id=customer_id") from error
    with open_test_set(context) as table:
        _refuse_absent(columns, table)
        facts, findings = _look(columns, table)
    return Answer(str(columns), facts=facts, findings=findings)


def _refuse_absent(columns: Columns, table: Table) -> None:
    absent = ", ".join(repr(name) for name in columns.named if name not in table.names)[:200]
    if absent:
        numbered = table.names == tuple(str(number) for number in range(len(table.names)))
        hint = " The file has no header: its columns are called 0, 1, 2 and so on." if numbered else ""
        raise Refused(
            f"The test set has no column {absent}; it has {_listed(table.names, 20)}.{hint}",
            fix="Name the columns as the file does.",
            code="no_such_column",
        )


def _listed(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(name[:40] for name in names[:most]) + more


def _look(columns: Columns, table: Table) -> tuple[JsonObject, list[JsonObject]]:
    facts: JsonObject = {"names": list(table.names)}
    findings: list[JsonObject] = []
    if columns.id:
        _refuse_repeated_ids(columns, table)
    if columns.label:
        rows, unlabelled = table.count(), table.count(f"{table.place(columns.label)} IS NULL")
        if unlabelled == rows:
            raise Refused(
                f"No row has a value in the column {columns.label!r}.", fix="Choose the column of the true answers."
            )
        if unlabelled:
            note = f"{unlabelled:,} of {rows:,} rows have no label; they are left out and counted."
            findings.append(finding("unlabelled", note, level="warning"))
        facts["unlabelled"] = unlabelled
        findings += _conflicts(columns, table)
    if columns.weight:
        _refuse_bad_weights(columns, table)
    return facts, findings


def _refuse_repeated_ids(columns: Columns, table: Table) -> None:
    place = table.place(columns.id)
    missing = table.count(f"{place} IS NULL")
    repeated = table.query(
        f"SELECT {place}, count(*) FROM rows WHERE {place} IS NOT NULL GROUP BY 1 "  # noqa: S608
        "HAVING count(*) > 1 ORDER BY 2 DESC, 1"
    )
    if missing or repeated:
        shown = ", ".join(repr(str(value)[:40]) for value, _ in repeated[:EXAMPLES])
        what = f"repeats: {len(repeated):,} ids stand in more than one row, such as {shown}" if repeated else ""
        blank = f"is empty in {missing:,} rows" if missing else ""
        raise Refused(
            f"The column {columns.id!r} {' and '.join(filter(None, (what, blank)))}. Predictions could not be put to "
            "their rows.",
            fix="Choose a column that is different in every row, leave id out, or if rows are repeated: "
            "evaluate.py answer data dedupe. A column that several rows share may be the group.",
            code="ids_repeat",
        )


def _conflicts(columns: Columns, table: Table) -> list[JsonObject]:
    """Rows that are equal in all that the model is given and have different labels: nobody gets all of them right."""
    features = ", ".join(table.place(name) for name in columns.features(table.names))
    if not features:
        return []
    count = table.one(
        f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM rows GROUP BY hash({features}) "  # noqa: S608
        f"HAVING count(DISTINCT {table.place(columns.label)}) > 1)"
    )
    if not count:
        return []
    note = f"{int(count):,} rows are equal in every feature and have different labels: no model gets all of them right."
    return [finding("conflicting_duplicates", note, level="warning")]


def _refuse_bad_weights(columns: Columns, table: Table) -> None:
    weight = f"try_cast({table.place(columns.weight)} AS DOUBLE)"
    wrong = table.count(f"{weight} IS NULL OR NOT isfinite({weight}) OR {weight} < 0")
    if wrong or not table.count(f"{weight} > 0"):
        reason = f"is not a number of at least 0 in {wrong:,} rows" if wrong else "is 0 in every row"
        raise Refused(
            f"The weight {columns.weight!r} {reason}.",
            fix="A weight says how many rows one stands for. Correct it, or leave weight out.",
            code="bad_weight",
        )


def settle(context: Context) -> Answer | None:
    """Where the names are plain: one label, and at most one column that tells rows apart."""
    suggestion = suggest_columns(profile_of(context))
    if not suggestion.plain:
        return None
    try:
        answer = check(str(suggestion.columns), context)
    except Refused:
        return None
    repeated = "" if suggestion.columns.id else _repeated(profile_of(context))
    note = f"Columns: {suggestion.columns} ({suggestion.reason}); every other column is given to the model.{repeated}"
    fix = "If that is wrong: evaluate.py answer columns 'label=COLUMN,id=COLUMN' with the right ones."
    return replace(
        answer,
        origin="lookup",
        facts={**answer.facts, "reason": suggestion.reason},
        findings=[finding("columns", note, fix=fix), *answer.findings],
    )


def _repeated(profile: TableProfile) -> str:
    """Why a column with the name of an id is none."""
    column = next((column for column in profile.columns if is_named_id(column)), None)
    if column is None:
        return ""
    unique = not column.missing and column.distinct == profile.rows
    why = "holds times or fractions" if unique else "is empty or the same in several rows"
    return f" {column.name!r} is not taken as id: it {why}."


def offer(context: Context) -> Offer:
    profile = profile_of(context)
    suggestion = suggest_columns(profile)
    lines = [f"The columns are {_listed(profile.names, 30)}."]
    if suggestion.columns.group:
        lines.append(
            f"Several rows share a value of {suggestion.columns.group}: as group, they count as belonging together."
        )
    if suggestion.columns.id and not suggestion.columns.label:
        lines.append(f"{suggestion.columns.id} differs in every row: it may be the id.")
    later = [c.name for c in profile.columns if looks_later(c) and c.name != suggestion.columns.label]
    lines += [
        f"! {name[:60]} sounds like something that is known only afterwards; a model that was trained with it would "
        "look better than it is."
        for name in later[:5]
    ]
    suggested = str(suggestion.columns) if suggestion.columns.label else None
    earlier = context.document.get("reopened", {}).get("columns")
    if isinstance(earlier, str) and set(Columns.parse(earlier).named) <= set(profile.names):
        suggested = earlier
    return Offer(suggested=suggested, text="\n".join(lines))


STEP = Step(
    "columns",
    title="Columns",
    question="Which column holds the true answer (label), and which tells the rows apart (id)? Which ones does the "
    "model not get (ignore), which rows belong together (group), when was each (time)?",
    expects="label=NAME,id=NAME,ignore=NAME,group=NAME,time=NAME,weight=NAME; only label is needed (a clustering may "
    "do without); columns without names are 0, 1, 2 ...",
    example="label=churn,id=customer_id,ignore=signup_date",
    reference="references/predictive.md",
    closed=True,
    check=check,
    offer=offer,
    settle=settle,
    in_turn=True,
)
