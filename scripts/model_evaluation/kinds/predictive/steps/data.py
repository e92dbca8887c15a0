"""data: what the whole test set looks like."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.predictive.recorded import open_test_set, test_source
from model_evaluation.kinds.predictive.tables.profile import MOST_COLUMNS, TableProfile, profile_table
from model_evaluation.kinds.predictive.tables.suggest import in_order

MOST_SHOWN = 12  # columns on the card


def check(text: str, context: Context) -> Answer:
    if text.lower().strip(" .!") not in ("ok", "yes"):
        from model_evaluation.kinds.predictive.tables.operations import OPERATIONS, prepare

        word = text.split()[0].lower()
        if word not in OPERATIONS:
            raise Refused(
                f"{text[:100]!r} was received; `ok` or one of {', '.join(OPERATIONS)} is expected.",
                fix="Answer `ok` if the profile is what you expect.",
            )
        raise prepare(context, text)
    profile = _profile(context)
    facts = {"profile": profile.as_facts(), "etag": context.facts("dataset")["etag"]}
    return Answer("ok", facts=facts, findings=_findings(profile))


def _profile(context: Context) -> TableProfile:
    known = context.document.get("offers", {}).get("data", {}).get("facts")
    if known and "columns" in known and known.get("etag") == context.facts("dataset")["etag"]:
        test_source(context)
        return TableProfile.of(known)
    with open_test_set(context, once=True) as table:
        if len(table.names) > MOST_COLUMNS:
            raise Refused(
                f"The rows have {len(table.names):,} columns; up to {MOST_COLUMNS:,} are looked at.",
                fix="Leave out what the model does not need.",
                code="dataset_unusable",
            )
        profile = profile_table(table)
    if not profile.rows:
        raise Refused(f"{context.value('dataset')} has no rows.", fix="Give a file with rows.", code="dataset_unusable")
    return profile


def _findings(profile: TableProfile) -> list[JsonObject]:
    findings = []
    if profile.rows < 2:
        text = "There is one row: nothing can be said about how good a model is."
        findings.append(finding("one_row", text, level="warning"))
    if profile.duplicates:
        note = f"{profile.duplicates:,} rows are equal to an earlier one in every column."
        findings.append(finding("duplicate_rows", note, level="warning", fix="To keep each once: answer data dedupe"))
    for kind, names, text in (
        ("empty_columns", [c.name for c in profile.columns if c.type == "empty"], "nothing at all"),
        ("constant_columns", [c.name for c in profile.columns if c.type != "empty" and c.constant and not c.missing],
         "the same value in every row"),
        ("odd_numbers", [c.name for c in profile.columns if c.odd], "NaN or an infinite number"),
    ):  # fmt: skip
        if names and profile.rows > 1:
            level = "warning" if kind == "odd_numbers" else "info"
            subject = "1 column holds" if len(names) == 1 else f"{len(names)} columns hold"
            findings.append(finding(kind, f"{subject} {text}: {_listed(names)}.", level=level))
    return findings


def _listed(names: list[str], most: int = 8) -> str:
    shown = ", ".join(name[:60] for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def offer(context: Context) -> Offer:
    profile = _profile(context)
    choices = [{"value": "ok", "label": "Use the rows as they are"}]
    if profile.duplicates:
        choices.append({"value": "dedupe", "label": f"Write a file without the {profile.duplicates:,} repeated rows"})
    facts = {**profile.as_facts(), "etag": context.facts("dataset")["etag"]}
    return Offer(choices=choices, suggested="ok", text=card(profile, context), facts=facts)


def card(profile: TableProfile, context: Context) -> str:
    """The profile for a person: a line a column; of many the first, with the label and its like before others."""
    lines = [f"{profile.rows:,} rows, {len(profile.columns)} columns in {context.value('dataset')}"]
    columns = in_order(profile) if len(profile.columns) > MOST_SHOWN else list(profile.columns)
    width = max(len(column.name[:40]) for column in columns[:MOST_SHOWN])
    for column in columns[:MOST_SHOWN]:
        parts = [f"{column.distinct:,} values"]
        if 0 < len(column.values) <= 6:
            parts = [", ".join(f"{value} ({n:,})" for value, n in column.values.items())]
        elif column.low:
            parts.append(f"{column.low} to {column.high}")
        if column.missing:
            parts.append(f"{column.missing:,} missing")
        lines.append(f"  {column.name[:40]:<{width}}  {column.type:<6}  {'; '.join(parts)}")
    if len(profile.columns) > MOST_SHOWN:
        lines.append(f"  and {len(profile.columns) - MOST_SHOWN} more columns")
    lines += [f"{'!' if item['level'] == 'warning' else '-'} {item['message']}" for item in _findings(profile)]
    return "\n".join(lines)


STEP = Step(
    "data",
    title="What the test set holds",
    question="Is this what you expect?",
    expects="`ok`, or one of: dedupe, drop-invalid, sample N [SEED]",
    example="ok",
    reference="references/predictive.md",
    closed=True,
    check=check,
    offer=offer,
)
