"""data: is this what you expect? The whole dataset was read; here is what it holds."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import Facts, JsonObject
from model_evaluation.runtime.settings import Json

from .rows.card import card, samples, where

if TYPE_CHECKING:
    from model_evaluation.dataset import DatasetReport, JoinedFiles, Terms
    from model_evaluation.lookups.s3.objects import S3Object

LOOKED_THROUGH = 1000  # rows whose texts are looked at one by one


class Reading(NamedTuple):
    """The recorded dataset, read to the end."""

    report: DatasetReport
    files: list[S3Object]
    joined: JoinedFiles


def check(text: str, context: Context) -> Answer:
    from model_evaluation.dataset import OPERATIONS

    word, *more = text.split()
    word = word.lower().replace("_", "-")
    if word not in OPERATIONS and (word, more) != ("ok", []):
        raise Refused(
            f"{text[:100]!r} was received; `ok` or one of {', '.join(OPERATIONS)} is expected.",
            fix="Answer `ok` if the profile is what you expect; see references/datasets.md for the others.",
        )
    facts = _known_facts(context) if word == "ok" else None
    shown: list[JsonObject] = []
    if facts is None:
        reading = _read(context)
        if word != "ok":
            from .rows.preparation import prepare

            raise prepare(context, text, reading)
        if not reading.report.usable:
            raise Refused(
                f"The dataset cannot be used as it is. {faults_of(reading.report)}",
                fix=suggested_fix(reading.report),
                code="dataset_unusable",
                details={"findings": [problem.as_json() for problem in reading.report.findings]},
            )
        facts, shown = _facts(context, reading), [samples(reading.report)]
    findings = facts.pop("findings")
    lacking = context.kind.dataset_findings(context, facts)
    before = context.facts("data")
    if before.get("overlap") and before.get("etag") == facts["etag"]:
        facts["overlap"] = before["overlap"]
    return Answer("ok", facts=facts, findings=[*findings, *lacking, *shown])


def settle(context: Context) -> Answer | None:
    """Accepts a dataset in which nothing is the matter; the card says what it holds. Anything else is asked about."""
    reading = _read(context)
    report = reading.report
    if not report.usable or any(problem.level != "info" for problem in report.findings):
        return None
    facts = _facts(context, reading)
    del facts["findings"]
    try:
        if context.kind.dataset_findings(context, facts):
            return None
    except Refused:
        return None
    profile = finding("profile", card(report, reading.joined.rows, []))
    return Answer("ok", facts=facts, findings=[profile, samples(report)], origin="lookup")


def offer(context: Context) -> Offer:
    from model_evaluation.dataset import useful_operations

    reading = _read(context)
    report = reading.report
    facts: Json = {}
    lacking: list[JsonObject] = []
    choices: list[dict[str, str]] = []
    if report.usable:
        facts = _facts(context, reading)
        choices.append({"value": "ok", "label": "Use the dataset as it is"})
        try:
            lacking = context.kind.dataset_findings(context, facts)
        except Refused as error:
            lacking = [{"level": "error", "message": error.message, "fix": error.fix, "count": 0}]
    useful = useful_operations(report, [str(entry.get("fix", "")) for entry in lacking])
    choices += [{"value": value, "label": label} for value, label in useful]
    problems = [problem.as_json() for problem in report.findings if problem.level != "info"]
    text = card(report, reading.joined.rows, [*problems, *lacking], with_fixes=not choices)
    suggested = choices[0]["value"] if choices else None
    return Offer(choices=choices, suggested=suggested, text=text, findings=[samples(report)], facts=facts)


def _known_facts(context: Context) -> Json | None:
    """What was read for the question, or when the step was settled without one, if the files are still the same. What
    the user answers once more is read again."""
    known: Facts = context.document.get("offers", {}).get("data", {}).get("facts", {})
    entry = context.document["answers"].get("data")
    if not known and entry and entry["origin"] != "user":
        known = {**entry.get("facts", {}), "findings": entry.get("warnings", [])}
    if not known or known.get("terms") != _terms(context) or known.get("etag") != context.facts("dataset")["etag"]:
        return None
    from model_evaluation.lookups.s3.dataset_files import unchanged_files

    unchanged_files(context.aws, context.facts("dataset"))
    return dict(known)


def _facts(context: Context, reading: Reading) -> Json:
    """What is recorded about a usable dataset, ``findings`` among it; no text of a row."""
    from model_evaluation.lookups.s3.dataset_files import joined_etag

    report = reading.report
    facts: Json = {
        "profile": report.profile.as_json(),
        "etag": joined_etag(reading.files),
        "terms": _terms(context),
        "without_reference": rows_without(report),
        "findings": [problem.as_json() for problem in report.findings if problem.level != "info"],
    }
    if "files" in context.facts("dataset"):
        facts["file_rows"] = reading.joined.rows
    return facts


def _terms(context: Context) -> JsonObject:
    """What makes rows usable, as the state file keeps it."""
    from dataclasses import asdict

    terms = asdict(_terms_of(context))
    return {name: list(value) if isinstance(value, tuple) else value for name, value in terms.items()}


def _terms_of(context: Context) -> Terms:
    from model_evaluation.dataset import Terms

    return context.kind.dataset_terms(context) or Terms()


def _read(context: Context) -> Reading:
    """Check every row of the recorded dataset; refuse it when its files are no longer those that were recorded. It is
    read once for a command."""
    from model_evaluation.dataset import check_stream
    from model_evaluation.dataset.tokens import context_tokens
    from model_evaluation.lookups.s3.dataset_files import joined_files, unchanged_files
    from model_evaluation.progress import read_so_far

    facts = context.facts("dataset")
    key = ("data", str(facts["etag"]), str(_terms(context)))
    kept = context.kept.get(key)
    if isinstance(kept, Reading):
        return kept
    files = unchanged_files(context.aws, facts)
    joined = joined_files(context.aws, files)
    report = check_stream(
        joined.chunks(),
        source=str(facts["uri"]),
        terms=_terms_of(context),
        look_through=LOOKED_THROUGH,
        row_limit=context.kind.job_rows if len(files) == 1 else None,
        context_tokens=context_tokens(str(context.facts("model").get("base_model", ""))),
        on_progress=read_so_far(sum(item.size for item in files)),
    )
    reading = Reading(joined.by_file(report, context.kind.job_rows), files, joined)
    context.kept[key] = reading
    return reading


def rows_without(report: DatasetReport) -> JsonObject:
    """``count`` of the usable rows without reference answer and ``lines``, the first of them; with ``places`` when the
    dataset has several files."""
    kinds = ("no_reference", "empty_reference", "missing_reference")
    about = [finding for finding in report.findings if finding.kind in kinds]
    count = report.profile.usable_rows - report.profile.with_reference
    lacking: JsonObject = {"count": count, "lines": sorted(line for each in about for line in each.lines)[:5]}
    places = [place for each in about for place in each.places][:5]
    return {**lacking, "places": places} if places else lacking


def faults_of(report: DatasetReport) -> str:
    """Every error and where it is, the gravest first."""
    return " ".join(f"{problem.message}{where(problem.as_json())}" for problem in report.errors()[:5])


def suggested_fix(report: DatasetReport, lead: str = "Prepare a new file", *, alone: bool = False) -> str:
    """What to do about the errors, and after ``lead`` the operations that mend them. ``alone``: outside a conversation,
    where a file can be converted right away."""
    from model_evaluation.dataset import convert_command, useful_operations

    fixes = [problem.fix for problem in report.errors() if problem.fix]
    useful = [value for value, _ in useful_operations(report)]
    text = " ".join(dict.fromkeys(fixes[:3]))
    if alone and useful and useful[0].startswith("convert"):
        return f"{text} The command: {convert_command(report.source, report.renaming)}"
    quoted = [shlex.quote(value) if "'" in value else f"'{value}'" for value in useful]
    commands = " or ".join(f"evaluate.py answer data {value}" for value in quoted)
    return f"{text} {lead}: {commands}" if commands else text


STEP = Step(
    "data",
    title="What the dataset holds",
    question="Is this what you expect?",
    expects="`ok`, or one of: sample N [SEED], dedupe, drop-invalid, drop-overlap, convert, shard",
    example="ok",
    reference="references/datasets.md",
    closed=True,
    check=check,
    offer=offer,
    settle=settle,
    in_turn=True,
)
