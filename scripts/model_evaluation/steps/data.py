"""data: is this what you expect? The whole dataset was read; here is what it holds."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from model_evaluation.conversation.workflow import Answer, Offer, Step
from model_evaluation.errors import Refused
from model_evaluation.kinds.llm_as_judge.steps.reference_answers import (
    metrics_that_compare,
    reference_findings,
    rows_without,
)

from .data_card import card, samples, where

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context
    from model_evaluation.dataset import DatasetReport, JoinedFiles
    from model_evaluation.lookups.s3.objects import S3Object

JOB_ROWS = 1000  # one judge job takes no more
TOLD_ONCE = frozenset({"personal_data"})  # by the card that `ok` agrees to: it changes nothing in the evaluation


class Reading:
    """The recorded dataset, read to the end."""

    __slots__ = ("files", "joined", "report")

    def __init__(self, report: DatasetReport, files: list[S3Object], joined: JoinedFiles) -> None:
        self.report = report
        self.files = files
        self.joined = joined


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
    shown: list[dict[str, Any]] = []
    if facts is None:
        reading = _read(context)
        if word != "ok":
            from .data_prepared import prepare

            raise prepare(context, text, reading)
        if not reading.report.usable:
            raise Refused(
                f"The dataset cannot be used as it is. {faults_of(reading.report)}",
                fix=suggested_fix(reading.report),
                code="dataset_unusable",
                details={"findings": [found.as_json() for found in reading.report.findings]},
            )
        facts, shown = _facts(context, reading), [samples(reading.report)]
    kept = facts.pop("findings")
    lacking = reference_findings(facts, context.value("builtin_metrics"), context.value("custom_metrics"))
    before = context.facts("data")
    if before.get("overlap") and before.get("etag") == facts["etag"]:
        facts["overlap"] = before["overlap"]
    return Answer("ok", facts=facts, findings=[*kept, *lacking, *shown])


def offer(context: Context) -> Offer:
    from model_evaluation.dataset import useful_operations

    reading = _read(context)
    report = reading.report
    facts = _facts(context, reading) if report.usable else {}
    lacking: list[dict[str, Any]] = []
    if facts:
        try:
            lacking = reference_findings(facts, context.value("builtin_metrics"), context.value("custom_metrics"))
        except Refused as error:
            lacking = [{"level": "error", "message": error.message, "fix": error.fix, "count": 0}]
    choices = [{"value": "ok", "label": "Use the dataset as it is"}] if report.usable else []
    useful = useful_operations(report, [str(entry.get("fix", "")) for entry in lacking])
    choices += [{"value": value, "label": label} for value, label in useful]
    problems = [found.as_json() for found in report.findings if found.level != "info"]
    text = card(report, reading.joined.rows, [*problems, *lacking], with_fixes=not choices)
    return Offer(
        choices=choices,
        suggested=choices[0]["value"] if choices else None,
        text=text,
        findings=[samples(report)],
        facts=facts,
    )


def _known_facts(context: Context) -> dict[str, Any] | None:
    """What the reading for the question found, if the files are still the same."""
    known: dict[str, Any] = context.document.get("offers", {}).get("data", {}).get("facts", {})
    if not known or known.get("nova") != is_nova(context) or known.get("etag") != context.facts("dataset")["etag"]:
        return None
    from model_evaluation.lookups.s3.dataset_files import unchanged_files

    unchanged_files(context.aws, context.facts("dataset"))
    return dict(known)


def _facts(context: Context, reading: Reading) -> dict[str, Any]:
    """What is recorded about a usable dataset, ``findings`` among it; no text of a row."""
    from model_evaluation.lookups.s3.dataset_files import joined_etag

    report = reading.report
    facts: dict[str, Any] = {
        "profile": report.profile.as_json(),
        "etag": joined_etag(reading.files),
        "nova": is_nova(context),
        "without_reference": rows_without(report),
        "findings": [
            found.as_json() for found in report.findings if found.level != "info" and found.kind not in TOLD_ONCE
        ],
    }
    if "files" in context.facts("dataset"):
        facts["file_rows"] = reading.joined.rows
    return facts


def is_nova(context: Context) -> bool:
    """Whether the model is known to be an Amazon Nova one, whose jobs take fewer formats."""
    return str(context.facts("model").get("base_model", "")).startswith("nova-")


def _read(context: Context) -> Reading:
    """Check every row of the recorded dataset; refuse it when its files are no longer those that were recorded."""
    from functools import partial

    from model_evaluation.dataset import JoinedFiles, Terms, check_stream
    from model_evaluation.dataset.tokens import context_tokens
    from model_evaluation.lookups.s3.dataset_files import read_object, unchanged_files
    from model_evaluation.progress import read_so_far

    facts = context.facts("dataset")
    files = unchanged_files(context.aws, facts)
    joined = JoinedFiles([(item.uri.key.rpartition("/")[2], partial(read_object, context.aws, item)) for item in files])
    report = check_stream(
        joined.chunks(),
        source=str(facts["uri"]),
        terms=Terms(nova=is_nova(context)),
        look_through=JOB_ROWS,
        row_limit=JOB_ROWS if len(files) == 1 else None,
        context_tokens=context_tokens(str(context.facts("model").get("base_model", ""))),
        on_progress=read_so_far(sum(item.size for item in files)),
    )
    return Reading(joined.by_file(report, JOB_ROWS), files, joined)


def wants_references(context: Context) -> bool:
    """Whether a recorded metric compares with reference answers."""
    return bool(metrics_that_compare(context.value("custom_metrics") or []))


def faults_of(report: DatasetReport) -> str:
    """Every error and where it is, the gravest first."""
    return " ".join(f"{found.message}{where(found.as_json())}" for found in report.errors()[:5])


def suggested_fix(report: DatasetReport, lead: str = "Prepare a new file", *, alone: bool = False) -> str:
    """What to do about the errors, and after ``lead`` the operations that mend them. ``alone``: outside a conversation,
    where a file can be converted right away."""
    from model_evaluation.dataset import convert_command, useful_operations

    fixes = [found.fix for found in report.errors() if found.fix]
    useful = [value for value, _ in useful_operations(report)]
    text = " ".join(dict.fromkeys(fixes[:3]))
    if alone and useful and useful[0].startswith("convert"):
        return f"{text} The command: {convert_command(report.source, report.renaming)}"
    commands = [f"evaluate.py answer data {_quoted(value)}" for value in useful]
    return text + (f" {lead}: {' or '.join(commands)}" if commands else "")


def _quoted(operation: str) -> str:
    return shlex.quote(operation) if "'" in operation else f"'{operation}'"


STEP = Step(
    "data",
    title="What the dataset holds",
    question="Is this what you expect?",
    expects="`ok`, or one of: sample N [SEED], dedupe, drop-invalid, drop-overlap, convert, shard",
    example="ok",
    reference="references/datasets.md",
    check=check,
    offer=offer,
)
